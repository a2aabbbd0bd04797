"""The FHIR server that keeps the list: searches by POST (no id in an address), and transactions."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec
import requests
import urllib3

from cds_service.cds_hooks.strict_json import NOT_JSON
from cds_service.fhir_client.base_url_allow_list import FhirBase, NotAnAddress
from cds_service.fhir_client.compute_turns import waiting_outside
from cds_service.fhir_client.create_resource import WriteRefused
from cds_service.fhir_client.deadline import deadline_in
from cds_service.fhir_client.fhir_get import NotFetched, WhyNotFetched, reason_in, refusal_reason
from cds_service.rules.trial_record import TrialRecord
from cds_service.study_list.subject_codes import Json

_FHIR = "application/fhir+json"
_AT_ONCE = 200
"""Ids asked for in one request."""
_MOST_PAGES = 500
_MOST_BYTES = 60_000_000
_TRANSPORT_FAULTS = (requests.RequestException, urllib3.exceptions.HTTPError, OSError)


@dataclass(frozen=True, slots=True)
class ListServer:
    """The server as it keeps the list of one trial.

    `session` comes from `bounded_session`; `token` gives a bearer token, None for an open server.

    `seconds` bound one request. `other_names` are bases that the server writes into its links.
    """

    base: FhirBase
    session: requests.Session
    trial: TrialRecord
    token: Callable[[], str | None] = lambda: None
    seconds: float = 20.0
    other_names: tuple[FhirBase, ...] = ()

    def search(self, kind: str, parameters: Mapping[str, str]) -> list[Json]:
        """Every resource of the type that is found, all pages. Raises NotFetched.

        A server may pass over a parameter: whoever asks looks at what came.
        """
        body = {**parameters, "_count": "1000"}
        page = self._send("POST", self.base.address(f"{kind}/_search"), kind, data=body)
        found = list(_resources(page, kind))
        for _ in range(_MOST_PAGES):
            link = next((one["url"] for one in page.get("link", ()) if one.get("relation") == "next"), None)
            if link is None:
                return found
            page = self._send("GET", self._next(link, kind), kind)
            found += _resources(page, kind)
        raise NotFetched(WhyNotFetched.TOO_MANY_PAGES, kind)

    def by_id(self, kind: str, ids: Iterable[str], elements: str = "") -> dict[str, Json]:
        """The resources with these ids that are there, by id. Raises NotFetched."""
        more = {"_elements": elements} if elements else {}
        return {
            one["id"]: one
            for some in parts_of(sorted(set(ids)))
            for one in self.search(kind, {"_id": ",".join(some), **more})
            if one.get("id") in some
        }

    def transact(self, entries: Sequence[Json]) -> list[Json]:
        """Carry out all of it or nothing. Raises WriteRefused or NotFetched."""
        bundle = {"resourceType": "Bundle", "type": "transaction", "entry": list(entries)}
        headers = {"Content-Type": _FHIR}
        answer = self._send(
            "POST", self.base.url, "Bundle", data=msgspec.json.encode(bundle), headers=headers
        )
        return list(answer.get("entry", ()))

    def _next(self, link: str, kind: str) -> str:
        try:
            return self.base.link(link, self.other_names)
        except NotAnAddress:
            raise NotFetched(WhyNotFetched.OTHER_BASE, kind) from None

    def _send(self, method: str, url: str, path: str, **more: Any) -> Json:
        deadline = deadline_in(self.seconds)
        word = self.token()
        headers = {"Accept": _FHIR, "Accept-Encoding": "identity", "Cache-Control": "no-cache"}
        headers |= {"Authorization": f"Bearer {word}"} if word else {}
        more["headers"] = {**headers, **more.get("headers", {})}
        try:
            with (
                waiting_outside(self.base.url),
                self.session.request(
                    method,
                    url,
                    timeout=(min(self.seconds, 5.0), self.seconds),
                    allow_redirects=False,
                    stream=True,
                    **more,
                ) as answer,
            ):
                return _read(answer, path)
        except _TRANSPORT_FAULTS as error:
            raise NotFetched(reason_in(error, deadline), path) from None


def _read(answer: requests.Response, path: str) -> Json:
    body = answer.raw.read(_MOST_BYTES + 1)
    if answer.status_code in (400, 404, 409, 412, 422) and path == "Bundle":
        raise WriteRefused(answer.status_code, "")
    if answer.status_code not in (200, 201):
        raise NotFetched(refusal_reason(answer.status_code), path)
    if len(body) > _MOST_BYTES:
        raise NotFetched(WhyNotFetched.TOO_LARGE, path)
    try:
        found = msgspec.json.decode(body, type=dict[str, Any])
    except NOT_JSON:
        raise NotFetched(WhyNotFetched.NOT_FHIR, path) from None
    if found.get("resourceType") != "Bundle":
        raise NotFetched(WhyNotFetched.OTHER_TYPE, path)
    return found


def _resources(page: Json, kind: str) -> Iterator[Json]:
    """What the search has found; an error among the entries means that not everything came."""
    for entry in page.get("entry", ()):
        one = entry.get("resource", {})
        if one.get("resourceType") == "OperationOutcome" and _is_error(one):
            raise NotFetched(WhyNotFetched.OUTCOME, kind)
        if one.get("resourceType") == kind and one.get("id"):
            yield one


def _is_error(outcome: Json) -> bool:
    return any(issue.get("severity") in ("fatal", "error") for issue in outcome.get("issue", ()))


def parts_of(ids: Sequence[Any], size: int = _AT_ONCE) -> Iterator[Sequence[Any]]:
    """The same in order, so many at once."""
    return (ids[start : start + size] for start in range(0, len(ids), size))


def update_entry(resource: Json) -> Json:
    """The transaction entry that writes a resource, unless somebody else has since it was read."""
    request = {"method": "PUT", "url": f"{resource['resourceType']}/{resource['id']}"}
    version = resource.get("meta", {}).get("versionId")
    return {"resource": resource, "request": request | ({"ifMatch": f'W/"{version}"'} if version else {})}
