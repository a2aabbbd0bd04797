"""One hash and one set of card ids for a chart, also where something of it could not be had, whatever the way.

Prefetched, fetched, or some of each: each way has its own words for what it could not bring.
"""

import itertools
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest
from msgspec.structs import replace

from cds_service.chart.gather import Gathered
from cds_service.chart.input_hash import ON_THE_WAY, input_hash, lasting_gaps
from cds_service.fhir_client.fhir_get import NotFetched, WhyNotFetched
from fhir_mappings.clinical_model.known_unknown import Gap, Lost, Part
from tests.builders import TODAY
from tests.fhir_client.charts import (
    BASE,
    CHART,
    MEDICATION,
    NOW,
    SUBJECT,
    TYPES,
    HeldChart,
    a_gatherer,
    a_request,
    prefetched,
)
from tests.fhir_client.stub import searchset

Json = dict[str, Any]
STUDY_BY_REFERENCE = {**CHART[Part.RESEARCH_SUBJECTS], "study": {"reference": "ResearchStudy/gone"}}
MEDICATION_GONE = {**CHART[Part.MEDICATION_REQUESTS], "medicationReference": {"reference": "Medication/gone"}}
WARNING = {"resourceType": "OperationOutcome", "issue": [{"severity": "warning", "code": "processing"}]}
ERROR = {"resourceType": "OperationOutcome", "issue": [{"severity": "error", "code": "exception"}]}
TORN = {"resourceType": "Observation", "id": "torn", "subject": SUBJECT, "status": ["final"]}
TORN_LEVEL = TORN | {"code": {"coding": [{"system": "http://loinc.org", "code": "29247-4"}]}}
SECOND = {**CHART[Part.OBSERVATIONS], "id": "o2", "effectiveDateTime": "2026-02-20T08:00:00+08:00"}
NEXT, ELSEWHERE = f"{BASE}?page=2", "https://elsewhere.example/fhir?page=2"


@dataclass(frozen=True)
class Fault:
    """What prefetch brings (None: not that key) and what the server answers, where they are not CHART's."""

    name: str
    prefetch: Mapping[Part, Json | None]
    server: Mapping[Part, Json] = field(default_factory=dict)
    failing: tuple[str, ...] = ()
    lost: frozenset[Part] = frozenset()
    pages: Mapping[str, Json] = field(default_factory=dict)


def alike(name: str, part: Part, *entries: Json, **more: Any) -> Fault:
    """The same Bundle on every way."""
    given = {part: searchset(*entries)}
    return Fault(name, given, given, **more)


FAULTS = [
    Fault("nothing", {}),
    alike("a study nobody brings", Part.RESEARCH_SUBJECTS, STUDY_BY_REFERENCE),
    alike("a study that the server refuses", Part.RESEARCH_SUBJECTS, STUDY_BY_REFERENCE, failing=("ResearchStudy",)),
    alike("a medication nobody brings", Part.MEDICATION_REQUESTS, MEDICATION_GONE),
    alike("a medication that is refused", Part.MEDICATION_REQUESTS, MEDICATION_GONE, failing=("Medication",)),
    alike("a warning among the entries", Part.OBSERVATIONS, CHART[Part.OBSERVATIONS], WARNING),
    Fault("a warning on one way only", {Part.OBSERVATIONS: searchset(WARNING, CHART[Part.OBSERVATIONS])}),
    alike(
        "an error among the entries",
        Part.OBSERVATIONS,
        CHART[Part.OBSERVATIONS],
        ERROR,
        lost=frozenset({Part.OBSERVATIONS}),
    ),
    Fault(
        "an error where the server says nothing at all",
        {Part.CONSENTS: searchset(ERROR)},
        failing=("Consent",),
        lost=frozenset({Part.CONSENTS}),
    ),
    Fault(
        "a second page that is not to be had",
        {Part.OBSERVATIONS: searchset(CHART[Part.OBSERVATIONS], next_link=ELSEWHERE)},
        {Part.OBSERVATIONS: searchset(CHART[Part.OBSERVATIONS], next_link=ELSEWHERE)},
        lost=frozenset({Part.OBSERVATIONS}),
    ),
    Fault(
        "a torn entry, on the second page of the server",
        {Part.OBSERVATIONS: searchset(CHART[Part.OBSERVATIONS], SECOND, TORN_LEVEL)},
        {Part.OBSERVATIONS: searchset(CHART[Part.OBSERVATIONS], next_link=NEXT)},
        pages={NEXT: searchset(TORN_LEVEL, SECOND)},
    ),
    Fault(
        "two torn entries, one on each page",
        {Part.OBSERVATIONS: searchset(TORN, TORN, CHART[Part.OBSERVATIONS])},
        {Part.OBSERVATIONS: searchset(TORN, CHART[Part.OBSERVATIONS], next_link=NEXT)},
        pages={NEXT: searchset(TORN)},
    ),
    Fault(
        "a stranger among what was asked for",
        {Part.CONSENTS: searchset(CHART[Part.CONSENTS], CHART[Part.PROCEDURES])},
    ),
]  # fmt: skip
FAULTS += [
    Fault(f"no {part.value}", {part: None}, failing=(TYPES[part],), lost=frozenset({part}))
    for part in Part
    if part not in (Part.PATIENT, Part.RESEARCH_SUBJECTS)
]


def ways(fault: Fault) -> dict[str, Gathered]:
    """The chart prefetched, fetched, and each half of it prefetched."""
    everything: Json = prefetched(Part) | {
        Part.MEDICATION_REQUESTS.value: searchset(CHART[Part.MEDICATION_REQUESTS], MEDICATION)
    }
    for part, given in fault.prefetch.items():
        everything[part.value] = given
        if given is None:
            del everything[part.value]
    keys = sorted(everything)
    found = {"prefetched": _gathered(fault, everything, with_server=False), "fetched": _gathered(fault, {})}
    for name, half in (("one half", keys[::2]), ("other half", keys[1::2])):
        found[name] = _gathered(fault, {key: everything[key] for key in half})
    return found


def _gathered(fault: Fault, prefetch: Json, with_server: bool = True) -> Gathered:
    server = HeldChart(failing=fault.failing)
    for path in list(server.answers):
        kind = path.partition("?")[0]
        server.answers[path] = next(
            (answer for part, answer in fault.server.items() if TYPES[part] == kind), server.answers[path]
        )
    server.answers |= dict(fault.pages)
    return a_gatherer(server).gather(a_request(prefetch=prefetch, with_server=with_server), NOW)


def hash_of(gathered: Gathered) -> str:
    return input_hash(gathered.record, TODAY, (), "v1")


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
def test_the_hash_is_the_same_on_every_way(fault: Fault) -> None:
    found = ways(fault)
    assert {way: hash_of(one) for way, one in found.items()} == dict.fromkeys(
        found, hash_of(found["fetched"])
    )
    for one in found.values():
        assert one.record.unavailable >= fault.lost


def test_what_is_lost_makes_another_hash() -> None:
    """But not whether a warning stood beside it, or something that nobody asked for."""
    same = {
        "nothing",
        "a warning among the entries",
        "a warning on one way only",
        "a stranger among what was asked for",
    }
    hashes = {fault.name: hash_of(ways(fault)["prefetched"]) for fault in FAULTS}
    assert {name for name, found in hashes.items() if found == hashes["nothing"]} == same
    assert hashes["a study nobody brings"] != hashes["a medication nobody brings"]
    assert (
        hashes["a torn entry, on the second page of the server"]
        != hashes["two torn entries, one on each page"]
    )


@pytest.mark.parametrize("why", [why for why in WhyNotFetched if why is not WhyNotFetched.NOT_KEPT])
@pytest.mark.parametrize("part", [Part.OBSERVATIONS, Part.CONDITIONS])
def test_why_a_part_could_not_be_had_is_not_in_the_hash(why: WhyNotFetched, part: Part) -> None:
    class Refusing(HeldChart):
        def fetch(self, url: str, path: str, token: str | None, deadline: Any) -> bytes:
            if path == TYPES[part]:
                raise NotFetched(why, path)
            return bytes(super().fetch(url, path, token, deadline))

    fetched = a_gatherer(Refusing()).gather(a_request(), NOW)
    assert fetched.record.unavailable == {part}
    prefetch = prefetched(set(Part) - {part}) | {
        Part.MEDICATION_REQUESTS.value: searchset(CHART[Part.MEDICATION_REQUESTS], MEDICATION)
    }
    sent = a_gatherer(HeldChart()).gather(a_request(prefetch=prefetch, with_server=False), NOW)
    assert hash_of(sent) == hash_of(fetched)


# ---------------------------------------------------------------- which words of a gap last

LEVEL = Lost("Observation", "sirolimus", "25 ng/mL", "2026-03-01", "2026-03-01", ("sirolimus",))


@pytest.mark.parametrize(
    ("gap", "lasting"),
    [
        (Gap("ENTRY_UNREADABLE", "Observation/1", "entry[3]: Expected `str`", (LEVEL,)), ""),
        (Gap("LINE_UNREADABLE", "", "line 7: broken", (LEVEL,)), ""),
        (Gap("ENTRY_MENDED", "Observation/1", "line 7: status"), "status"),
        (Gap("ENTRY_MENDED", "Observation/1", "entry[12]: status"), "status"),
        (Gap("ENTRY_MENDED", "Observation/1", "line 7: entry[12]: status"), "status"),
        (Gap("ARM_NOT_RECOGNISED", "ResearchSubject/1", "line 7"), "line 7"),
        (Gap("ARM_NOT_RECOGNISED", "ResearchSubject/1", "arm entry[1]: A"), "arm entry[1]: A"),
        (Gap("STUDY_UNRESOLVED", "ResearchSubject/1", "ResearchStudy/7"), "ResearchStudy/7"),
    ],
)
def test_of_a_gap_only_its_place_is_left_out(gap: Gap, lasting: str) -> None:
    assert lasting_gaps([gap]) == (replace(gap, detail=lasting),)


@pytest.mark.parametrize("problem", sorted(ON_THE_WAY))
def test_how_something_came_is_no_gap_that_lasts(problem: str) -> None:
    assert lasting_gaps([Gap(problem, "Observation/1", "x")]) == ()


def test_the_order_of_gaps_and_their_number_are_not_in_the_hash() -> None:
    gaps = [Gap("ENTRY_UNREADABLE", "", f"entry[{n}]: x", (LEVEL,)) for n in range(3)]
    for order in itertools.permutations([*gaps, Gap("SUBJECT_ASSUMED", "Observation/1")]):
        assert lasting_gaps(order) == (
            Gap("ENTRY_UNREADABLE", "", "", (LEVEL,)),
            Gap("SUBJECT_ASSUMED", "Observation/1"),
        )
