"""A CDS Hooks client as any record system may be one: it knows CDS Hooks and FHIR, and nothing of this service."""

import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import requests

from cds_service.demo.json_http import JsonHttp
from cds_service.demo.prefetch_modes import Prefetch, prefetch
from cds_service.demo.record_client import FhirClient
from tests.builders import NOW
from tests.hook_calls import call_body, order_context
from tests.scenarios.test_modes import TOKEN

Json = dict[str, Any]
SECONDS = 300  # a busy machine, and a server that has just started


class Refused(Exception):
    """The FHIR server would not do it; `status` is what it answered."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(f"HTTP {status}: {text[:500]}")
        self.status = status


@dataclass
class PlainClient:
    """Reads and writes charts at `fhir`, asks the service at `cds`; bases without trailing slash."""

    fhir: str
    cds: str
    _http: requests.Session = field(default_factory=requests.Session)
    _templates: dict[str, dict[str, str]] = field(default_factory=dict)
    _read: dict[tuple[str, str], Any] = field(default_factory=dict)

    def ask(self, service: str, patient: str, drafts: Iterable[Json] = ()) -> list[Json]:
        """The cards of a call that brings all that the service wants."""
        queries = self._wanted(service)
        sent = {key: self._filled(query, patient) for key, query in queries.items()}
        return self._cards(service, call_body(service, patient, sent, **_context(service, drafts)))

    def ask_to_fetch(self, service: str, patient: str) -> list[Json]:
        """The cards of a call that brings nothing, and lets the service read for itself."""
        access = {"fhirServer": self.fhir, "fhirAuthorization": TOKEN}
        return self._cards(service, call_body(service, patient, None) | access)

    def carry_out(self, suggestion: Json) -> list[str]:
        """Do all its actions or none: one by itself, several as a transaction (CH-096). What was created."""
        actions = suggestion["actions"]
        if len(actions) > 1:
            entries = [_entry(action) for action in actions]
            done = self._send("POST", "", {"resourceType": "Bundle", "type": "transaction", "entry": entries})
            places = [_place(one["response"]["location"]) for one in done["entry"]]
            return [at for at, one in zip(places, actions, strict=True) if one["type"] == "create"]
        (entry,) = map(_entry, actions)
        request = entry["request"]
        done = self._send(
            request["method"], f"/{request['url']}", entry.get("resource"), request.get("ifMatch")
        )
        return [f"{done['resourceType']}/{done['id']}"] if request["method"] == "POST" else []

    def create(self, resource: Json) -> str:
        """Put a resource at the server under an id that it gives; the reference."""
        made = self._send("POST", f"/{resource['resourceType']}", resource)
        return f"{made['resourceType']}/{made['id']}"

    def load(self, resources: Iterable[Json]) -> None:
        """Write all of these under their own ids, as one transaction."""
        entries = [{"resource": one, "request": {"method": "PUT", "url": _name(one)}} for one in resources]
        self._send("POST", "", {"resourceType": "Bundle", "type": "transaction", "entry": entries})

    def write(self, resource: Json) -> Json:
        """Write a resource under its own id, unless there is a later version."""
        return self._send("PUT", f"/{_name(resource)}", resource, _version(resource))

    def read(self, reference: str) -> Json:
        """One resource."""
        return self._send("GET", f"/{reference}")

    def orders(self, patient: str, kind: str = "MedicationRequest") -> list[Json]:
        """All orders of a kind, of whatever status."""
        found = self._send("GET", f"/{kind}?patient={patient}&_count=500")
        return [entry["resource"] for entry in found.get("entry", ())]

    def _filled(self, query: str, patient: str) -> Any:
        """What a prefetch template finds, read anew after each thing that was written."""
        if (patient, query) not in self._read:
            reader = FhirClient(JsonHttp(), self.fhir)
            found = prefetch(reader, {"it": query}, {"patientId": patient}, Prefetch.ALL, NOW.day)
            reader.close()
            assert found is not None
            self._read[patient, query] = found["it"]
        return self._read[patient, query]

    def _wanted(self, service: str) -> dict[str, str]:
        if not self._templates:
            told = self._http.get(f"{self.cds}/cds-services", timeout=SECONDS).json()["services"]
            self._templates |= {one["id"]: one["prefetch"] for one in told}
        return self._templates[service]

    def _cards(self, service: str, body: Json) -> list[Json]:
        answer = self._http.post(f"{self.cds}/cds-services/{service}", json=body, timeout=SECONDS)
        assert answer.status_code == 200, answer.text
        return list(answer.json()["cards"])

    def _send(self, method: str, path: str, body: Json | None = None, version: str | None = None) -> Json:
        headers = {"Cache-Control": "no-cache", "Content-Type": "application/fhir+json"}
        headers |= {"If-Match": version} if version else {}
        if method != "GET":
            self._read.clear()
        answer = self._http.request(method, f"{self.fhir}{path}", json=body, headers=headers, timeout=SECONDS)
        if answer.status_code >= 400:
            raise Refused(answer.status_code, answer.text)
        return dict(answer.json()) if answer.content else {}


def lasting(resource: Json) -> Json:
    """A resource without what a server, or a change of its status, makes another."""
    return {name: value for name, value in resource.items() if name not in ("status", "meta")}


def _context(service: str, drafts: Iterable[Json]) -> Json:
    listed = list(drafts)
    return order_context(service, listed) if listed else {}


def _entry(action: Json) -> Json:
    """An action as an entry of a transaction; what is updated must still be what was read."""
    if action["type"] == "delete":
        return {"request": {"method": "DELETE", "url": action["resourceId"]}}
    resource = action["resource"]
    if action["type"] == "create":
        request = {"method": "POST", "url": resource["resourceType"]}
        return {"fullUrl": f"urn:uuid:{uuid.uuid4()}", "resource": resource, "request": request}
    version = _version(resource)
    only = {"ifMatch": version} if version else {}
    return {"resource": resource, "request": {"method": "PUT", "url": _name(resource)} | only}


def _name(resource: Mapping[str, Any]) -> str:
    return f"{resource['resourceType']}/{resource['id']}"


def _version(resource: Mapping[str, Any]) -> str | None:
    version = (resource.get("meta") or {}).get("versionId")
    return f'W/"{version}"' if version else None


def _place(location: str) -> str:
    """ "Type/id" out of a location like "http://host/fhir/Type/id/_history/1"."""
    return "/".join(location.partition("/_history")[0].split("/")[-2:])
