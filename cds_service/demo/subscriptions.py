"""R4 Subscriptions of the demo's FHIR server: after a write of the type, an empty POST to each rest-hook.

The criteria's type counts and nothing else of them: it notifies more often than it must, never less.
"""

import threading
from typing import Any

import requests
from flask import Flask, Response, request

from cds_service.demo.fhir_store import ChartStore

_SECONDS = 5.0


def add_subscriptions(app: Flask, store: ChartStore) -> None:
    """Deliver after every write that succeeded; nobody waits for it, and nothing is tried again."""

    @app.after_request
    def deliver(response: Response) -> Response:
        kind = (request.view_args or {}).get("kind")
        wrote = request.method in ("POST", "PUT") and response.status_code in (200, 201)
        if kind and wrote and not request.path.endswith("/_search"):
            for channel in _channels(store, kind):
                threading.Thread(target=_notify, args=(channel,), daemon=True).start()
        return response


def _channels(store: ChartStore, kind: str) -> list[dict[str, Any]]:
    found = store.search("Subscription", []).body
    kept = [entry["resource"] for entry in found.get("entry", ())]
    return [
        one["channel"]
        for one in kept
        if one["status"] in ("requested", "active") and one["criteria"].partition("?")[0] == kind
    ]


def _notify(channel: dict[str, Any]) -> None:
    headers = dict(line.split(": ", 1) for line in channel.get("header", ()))
    try:
        requests.post(channel["endpoint"], headers=headers, timeout=_SECONDS, allow_redirects=False)
    except requests.RequestException:
        return  # lost, as notifications are
