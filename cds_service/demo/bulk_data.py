"""`$export` of the demo's FHIR server: FHIR Bulk Data Access 2.0 for the system, all patients, or a group."""

import json
import re
import secrets
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask import Blueprint, Response, jsonify, request
from sekmet.fhir.common import FhirError, instant

from cds_service.demo.fhir_store import MOST_PER_PAGE, TYPES, ChartStore

_NDJSON = "application/fhir+ndjson"
_FORMATS = frozenset({_NDJSON, "application/ndjson", "ndjson", ""})
_FILTER = re.compile(r"([A-Z][A-Za-z]+)\?(.+)")
_OF_NOBODY = frozenset(
    {"Medication", "Organization", "Practitioner", "PractitionerRole", "Questionnaire", "ResearchStudy"}
)
_DELETED = "deleted"
Lines = dict[str, bytes]


@dataclass(slots=True)
class _Export:
    """What was asked for, as it was at that moment; the first question about it is answered with "wait"."""

    asked: str
    moment: str
    files: Lines
    was_asked: bool = False


def add_bulk_data(store: ChartStore, base_url: str, check: Callable[[tuple[str, ...]], None]) -> Blueprint:
    """The endpoints below the FHIR base. `check` raises FhirError for types that the caller may not read."""
    routes = Blueprint("bulk_data", __name__, url_prefix="/" + base_url.split("/", 3)[3])
    exports: dict[str, _Export] = {}
    _add_kick_off(routes, store, base_url, exports, check)

    def find(key: str) -> _Export:
        check(())
        if key not in exports:
            raise FhirError(404, "no such export", "not-found")
        return exports[key]

    @routes.get("/bulk/<key>")
    def status(key: str) -> Response:
        export = find(key)
        if not export.was_asked:
            export.was_asked = True
            return Response(status=202, headers={"Retry-After": "1", "X-Progress": "gathering"})
        return jsonify(_manifest(export, f"{base_url}/bulk/{key}"))

    @routes.get("/bulk/<key>/<kind>")
    def file(key: str, kind: str) -> Response:
        lines = find(key).files.get(kind)
        if lines is None:
            raise FhirError(404, "no such file", "not-found")
        answer = Response(lines, content_type=_NDJSON, headers={"ETag": f'"{key}"'})
        answer.make_conditional(request.environ, accept_ranges=True, complete_length=len(lines))
        return answer

    @routes.delete("/bulk/<key>")
    def delete(key: str) -> Response:
        find(key)
        del exports[key]
        return Response(status=202)

    return routes


def _add_kick_off(
    routes: Blueprint,
    store: ChartStore,
    base_url: str,
    exports: dict[str, _Export],
    check: Callable[[tuple[str, ...]], None],
) -> None:
    @routes.get("/$export")
    @routes.get("/Patient/$export")
    @routes.get("/Group/<group>/$export")
    def kick_off(group: str | None = None) -> Response:
        kinds = _kinds()
        check(kinds)
        members = _members(store, group) if group else None
        moment = instant()
        files = dict(_gathered(store, kinds, members))
        key = secrets.token_urlsafe(16)
        exports[key] = _Export(request.url, moment, files)
        return Response(status=202, headers={"Content-Location": f"{base_url}/bulk/{key}"})


def _kinds() -> tuple[str, ...]:
    """The types asked for. Raises FhirError for what would not be honoured."""
    if "respond-async" not in request.headers.get("Prefer", ""):
        raise FhirError(400, "an export needs Prefer: respond-async", "invalid")
    unknown = request.args.keys() - {"_type", "_typeFilter", "_since", "_outputFormat"}
    if unknown or request.args.get("_outputFormat", "") not in _FORMATS:
        raise FhirError(400, "parameter or format not supported", "not-supported")
    kinds = tuple(filter(None, request.args.get("_type", "").split(","))) or TYPES
    for kind in kinds:
        if kind not in TYPES:
            raise FhirError(400, f"this demo keeps no {kind}", "not-supported")
    return kinds


def _members(store: ChartStore, group: str) -> frozenset[str]:
    found = store.store.read("Group", group)
    if found is None:
        raise FhirError(404, "no such group", "not-found")
    named = (one.get("entity", {}).get("reference", "") for one in found.get("member", ()))
    return frozenset(name.removeprefix("Patient/") for name in named)


def _gathered(
    store: ChartStore, kinds: tuple[str, ...], members: frozenset[str] | None
) -> Iterator[tuple[str, bytes]]:
    """The files of an export by name; a type without resources has none."""
    since = _since()
    fitting = _fitting(store)
    for kind in kinds:
        question = "SELECT id, json FROM resources WHERE type=? AND deleted=0 AND last_updated>=? ORDER BY id"
        rows = store.store.query(question, (kind, since))
        lines = [row["json"] for row in rows if _is_wanted(store, kind, row["id"], members, fitting)]
        if lines:
            yield kind, "".join(f"{line}\n" for line in lines).encode()
    if since and (gone := _gone(store, kinds, since)):
        yield _DELETED, gone


def _since() -> str:
    text = request.args.get("_since", "")
    try:
        return text and datetime.fromisoformat(text).isoformat().replace("+00:00", "Z")
    except ValueError:
        raise FhirError(400, "_since is no instant", "value") from None


def _is_wanted(
    store: ChartStore,
    kind: str,
    key: str,
    members: frozenset[str] | None,
    fitting: Mapping[str, frozenset[str]],
) -> bool:
    if kind in fitting and key not in fitting[kind]:
        return False
    if members is None or kind in _OF_NOBODY or (kind == "Patient" and key in members):
        return True
    question = "SELECT rid FROM idx WHERE type=? AND id=? AND rtype='Patient'"
    return any(row["rid"] in members for row in store.store.query(question, (kind, key)))


def _fitting(store: ChartStore) -> dict[str, frozenset[str]]:
    """By type, the ids that some `_typeFilter` lets through."""
    found: dict[str, frozenset[str]] = {}
    for text in request.args.getlist("_typeFilter"):
        parts = _FILTER.fullmatch(text)
        if parts is None:
            raise FhirError(400, "_typeFilter is no search of a type", "value")
        asked = [(name, value) for name, _, value in (p.partition("=") for p in parts[2].split("&"))]
        bundle: Any = store.search(parts[1], [*asked, ("_count", str(MOST_PER_PAGE))]).body
        ids = frozenset(entry["resource"]["id"] for entry in bundle.get("entry", ()))
        found[parts[1]] = found.get(parts[1], frozenset()) | ids
    return found


def _gone(store: ChartStore, kinds: tuple[str, ...], since: str) -> bytes:
    question = "SELECT type, id FROM resources WHERE deleted=1 AND last_updated>=? ORDER BY type, id"
    rows = store.store.query(question, (since,))
    urls = [f"{row['type']}/{row['id']}" for row in rows if row["type"] in kinds]
    entries = [{"request": {"method": "DELETE", "url": url}} for url in urls]
    bundle = {"resourceType": "Bundle", "type": "transaction", "entry": entries}
    return f"{json.dumps(bundle)}\n".encode() if entries else b""


def _manifest(export: _Export, address: str) -> dict[str, Any]:
    counted = {name: lines.count(b"\n") for name, lines in export.files.items()}
    output = [
        {"type": kind, "url": f"{address}/{kind}", "count": count}
        for kind, count in counted.items()
        if kind != _DELETED
    ]
    deleted = [{"type": "Bundle", "url": f"{address}/{_DELETED}"}] if _DELETED in counted else []
    return {
        "transactionTime": export.moment,
        "request": export.asked,
        "requiresAccessToken": True,
        "output": output,
        "deleted": deleted,
        "error": [],
    }
