"""Asking the demo's FHIR server."""

import requests

from cds_service.demo.loopback import RunningServer


def get(server: RunningServer, path: str, **headers: str) -> requests.Response:
    return requests.get(f"{server.base_url}/{path}", headers=headers, timeout=5)


def ids(reply: requests.Response) -> set[str]:
    assert reply.status_code == 200, reply.text
    return {entry["resource"]["id"] for entry in reply.json().get("entry", [])}


def outcome(reply: requests.Response) -> str:
    body = reply.json()
    assert body["resourceType"] == "OperationOutcome"
    return str(body["issue"])
