"""One chart on every way by which it can come: in a file, prefetched, fetched page by page, some of each.

`Broken` names a page of one part that cannot be had; every way then brings what stands before it.
"""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from msgspec.structs import replace

from cds_service.cards.assessment_json import assessment_json
from cds_service.cds_hooks.errors import DataNotAvailable
from cds_service.cds_hooks.request import HookRequest, read_hook_request
from cds_service.chart.chart_queries import RESOURCE_TYPES
from cds_service.chart.concern import ANYBODY_OF_THE_TRIAL, Concern
from cds_service.chart.gather import Gatherer
from cds_service.chart.input_hash import input_hash
from cds_service.fhir_client.base_url_allow_list import read_base
from cds_service.fhir_client.fhir_get import NotFetched, WhyNotFetched
from cds_service.services.chart_file import read_chart
from cds_service.trials.nct06802055.assess import assess
from fhir_mappings.clinical_model.known_unknown import Part
from fhir_mappings.clinical_model.record import ClinicalRecord
from fhir_mappings.readers.read_record import read_record
from tests.builders import NOW
from tests.hook_calls import call_body
from tests.scenarios.fhir_charts import as_bytes, clinic_of

Json = dict[str, Any]
Chart = Sequence[Any]
BASE = "https://ehr.example/fhir"
TOKEN = {
    "access_token": "a-token",
    "token_type": "Bearer",
    "expires_in": 300,
    "scope": "user/*.read",
    "subject": "cds-service",
}
PAGE = 12
"""Entries on a page: few enough that a chart has several, and no more than are followed."""

POINTED_AT = ("Medication", "ResearchStudy")


@dataclass(frozen=True)
class Broken:
    """The page (from 1) of a part that the server refuses."""

    part: Part
    page: int


@dataclass(frozen=True)
class Told:
    """What one way led to; `silent_for`: the parts for want of which nobody is advised (412)."""

    assessment: Json | None = None
    record: ClinicalRecord | None = None
    silent_for: tuple[str, ...] = ()

    @property
    def findings(self) -> Any:
        """All that is said, but for how it came."""
        if self.assessment is None:
            return self.silent_for
        return {name: part for name, part in self.assessment.items() if name != "dataQuality"}


class Server:
    """A FHIR server that holds a chart and gives a few entries at a time."""

    def __init__(self, chart: Chart, broken: Broken | None = None) -> None:
        self.chart = chart
        self.broken = broken
        self.asked: list[str] = []

    def fetch(self, url: str, path: str, token: str | None, deadline: Any) -> bytes:
        """A search page, or one resource. Raises NotFetched."""
        self.asked.append(path)
        relative = url.removeprefix(f"{BASE}/")
        if "?" not in relative:
            return self._one(relative, path)
        number = int(relative.partition("page=")[2] or 1)
        if self.broken and RESOURCE_TYPES[self.broken.part] == path and self.broken.page == number:
            raise NotFetched(WhyNotFetched.FORBIDDEN, path)
        return json.dumps(pages(self.chart, path)[number - 1]).encode()

    def _one(self, name: str, path: str) -> bytes:
        found = [
            r for r in self.chart if isinstance(r, dict) and f"{r['resourceType']}/{r.get('id')}" == name
        ]
        if not found or (self.broken and path == "Patient" and self.broken.part is Part.PATIENT):
            raise NotFetched(WhyNotFetched.NOT_FOUND, path)
        return json.dumps(found[0]).encode()


def pages(chart: Chart, kind: str) -> list[Json]:
    """The answer to a search for one type, cut into pages; one page at least."""
    found = [r for r in chart if isinstance(r, dict) and r.get("resourceType") == kind]
    cut = [found[n : n + PAGE] for n in range(0, len(found), PAGE)] or [[]]
    return [_page(kind, part, number + 1 if number < len(cut) else 0) for number, part in enumerate(cut, 1)]


def _page(kind: str, resources: Chart, following: int) -> Json:
    entries = [{"resource": resource} for resource in resources]
    page: Json = {"resourceType": "Bundle", "type": "searchset", "entry": entries}
    if following:
        page["link"] = [{"relation": "next", "url": f"{BASE}/{kind}?page={following}"}]
    return page


def prefetch(chart: Chart, broken: Broken | None = None, first_page_only: bool = False) -> Json:
    """Every key; what is broken up to there, with the link that nobody can follow, or not at all.

    `first_page_only`: of each part no more than its first page.
    """
    sent: Json = {}
    for part, kind in RESOURCE_TYPES.items():
        if part is Part.PATIENT:
            persons = [r for r in chart if isinstance(r, dict) and r.get("resourceType") == "Patient"]
            sent[part.value] = persons[0]
            continue
        answer, cut = pages(chart, kind), 1 if first_page_only else None
        if broken and broken.part is part and broken.page <= len(answer):
            cut = min(cut or PAGE * len(chart), broken.page - 1)
        if cut != 0:
            sent[part.value] = _as_one(answer[:cut])
    if broken and broken.part is Part.PATIENT:
        del sent[Part.PATIENT.value]
    _add_what_is_pointed_at(sent, chart)
    return sent


def _as_one(answer: list[Json]) -> Json:
    links = {"link": answer[-1]["link"]} if "link" in answer[-1] else {}
    entries = [entry for page in answer for entry in page["entry"]]
    return {"resourceType": "Bundle", "type": "searchset", "entry": entries} | links


def _add_what_is_pointed_at(sent: Json, chart: Chart) -> None:
    """Studies and medications stand beside what points at them, as if the client had included them."""
    beside = [{"resource": r} for r in chart if isinstance(r, dict) and r.get("resourceType") in POINTED_AT]
    for key in sent:
        if key != Part.PATIENT.value:
            sent[key] = sent[key] | {"entry": [*sent[key]["entry"], *beside]}


# ---------------------------------------------------------------- the ways


def ways(chart: Chart, broken: Broken | None = None) -> Iterator[tuple[str, Told]]:
    """Each way with its name, and what is told at its end."""
    everything, firsts = prefetch(chart, broken), prefetch(chart, broken, first_page_only=True)
    keys = sorted(everything)
    yield "prefetched", told(chart, everything, None)
    yield "fetched", told(chart, {}, Server(chart, broken))
    for start in (0, 1):
        half = {key: everything[key] for key in keys[start::2]}
        yield f"half prefetched, from {start}", told(chart, half, Server(chart, broken))
    yield "first pages prefetched", told(chart, firsts, Server(chart, broken))
    if broken is None:
        yield "a file", _of_file(as_bytes(*chart))
    else:
        yield "a file of the call", _of_file(json.dumps(_call(chart, everything, with_server=False)).encode())


def told(chart: Chart, sent: Json, server: Server | None, concern: Concern = ANYBODY_OF_THE_TRIAL) -> Told:
    """What is told of a chart of which `sent` is prefetched, and the rest asked from the server if there is one."""
    try:
        gathered = gatherer(server).gather(request_of(chart, sent, server), NOW.instant, concern=concern)
    except DataNotAvailable as error:
        return Told(silent_for=error.keys)
    if not gathered.is_concerned:
        return Told()
    return Told(_assessment(gathered.record), gathered.record)


def gatherer(server: Server | None) -> Gatherer:
    """The bedside's own, at this server."""
    return replace(clinic_of().gatherer, server=server or Server(()), bases=_bases())


@cache
def _bases() -> tuple[Any, ...]:
    return (read_base(BASE),)


def request_of(chart: Chart, sent: Json, server: Server | None) -> HookRequest:
    """The hook call."""
    return read_hook_request(json.dumps(_call(chart, sent, server is not None)).encode())


def _call(chart: Chart, sent: Json, with_server: bool) -> Json:
    patient = next(r["id"] for r in chart if isinstance(r, dict) and r["resourceType"] == "Patient")
    access = {"fhirServer": BASE, "fhirAuthorization": TOKEN} if with_server else {}
    return call_body("aa-trial-titration", patient, sent) | access


def _assessment(record: ClinicalRecord) -> Json:
    """Equal records are assessed once: nothing but the record, the day and the texts goes into it."""
    hashed = input_hash(record, NOW.day, (), clinic_of().texts_version)
    if hashed not in _assessed:
        _assessed[hashed] = assessed(record, hashed)
    return _assessed[hashed]


def assessed(record: ClinicalRecord, hashed: str) -> Json:
    """The assessment as JSON."""
    installation = clinic_of()
    return assessment_json(assess(record, NOW, installation.protocol), installation.words, NOW.text, hashed)


_assessed: dict[str, Json] = {}


def _of_file(text: bytes) -> Told:
    """As `assess` reads it."""
    chart, reader = read_chart(text), clinic_of().gatherer.reader
    patient, now = chart.patient_id, NOW.instant
    record = read_record(chart.resources, patient, now, reader, chart.unavailable, chart.gaps)
    return Told(_assessment(record), record)
