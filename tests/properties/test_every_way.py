"""Law: prefetched, fetched, some of each, a page missing, or from a file: the same findings for what all saw."""

import copy
from collections.abc import Callable, Sequence
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cds_service.cards.card_set import cards_for
from cds_service.chart.chart_queries import RESOURCE_TYPES
from cds_service.chart.concern import ANYBODY_OF_THE_TRIAL, CANDIDATES, PARTICIPANTS
from cds_service.chart.context_bundle import ContextResources
from cds_service.services.chart_file import assessment_of, read_chart
from cds_service.trials.nct06802055.assess import assess
from fhir_mappings.clinical_model.known_unknown import Part
from tests.builders import NOW
from tests.cards.assessments import cards_of, context
from tests.properties.ways import POINTED_AT, Broken, Server, Told, assessed, pages, prefetch, told, ways
from tests.scenarios.fhir_charts import as_bytes, clinic_of
from tests.scenarios.visits import PATIENTS

Json = dict[str, Any]
SEEN_AT_THE_BEDSIDE = (*RESOURCE_TYPES.values(), *POINTED_AT)
CONCERN_OF = {
    "aa-trial-eligibility": CANDIDATES,
    "aa-trial-titration": PARTICIPANTS,
    "aa-trial-visit": PARTICIPANTS,
}


def chart_of(patient_id: str) -> list[Json]:
    """What can be asked for of this patient; a file may hold more, such as a list or a practitioner."""
    return [r for r in PATIENTS[patient_id].resources if r["resourceType"] in SEEN_AT_THE_BEDSIDE]


def assert_all_alike(found: Sequence[tuple[str, Told]]) -> None:
    """All ways say the same. A file is assessed also of whom the trial does not concern, or who is not there."""
    name, first = found[0]
    for other, seen in found[1:]:
        if first.assessment is None and other.startswith("a file"):
            continue
        assert seen.findings == first.findings, (name, other)


# ---------------------------------------------------------------- the demo patients


@pytest.mark.parametrize("patient_id", sorted(PATIENTS))
def test_every_way_says_the_same_of_a_demo_patient(patient_id: str) -> None:
    chart = chart_of(patient_id)
    found = [*ways(chart)]
    (_, sent), (_, fetched), *_ = found
    assert_all_alike(found)
    if patient_id == "demo-18":  # whom the trial does not concern
        assert sent.findings == fetched.findings == ()
        return
    assert sent.assessment is not None
    assert sent.record is not None
    assert fetched.record is not None
    hashed = sent.assessment["inputHash"]
    for record in (sent.record, fetched.record):
        assert assessed(record, hashed) == sent.assessment
    told_of_file = assessment_of(clinic_of(), read_chart(as_bytes(*chart)), ContextResources(), NOW)
    assert told_of_file == sent.assessment


@pytest.mark.parametrize("patient_id", sorted(PATIENTS))
def test_whichever_page_is_missing_every_way_says_the_same(patient_id: str) -> None:
    """The first page of each part, which is all of it, and the last one."""
    chart = chart_of(patient_id)
    for part, kind in RESOURCE_TYPES.items():
        for page in {1, len(pages(chart, kind))}:
            found = [*ways(chart, Broken(part, page))]
            assert_all_alike(found)
            _, first = found[0]
            assert first.record is None or part in first.record.unavailable
            if part is Part.PATIENT:
                assert first.silent_for == ("patient",)


# ---------------------------------------------------------------- generated charts

Spoil = Callable[[Json], Json]
MODIFIER = [{"url": "urn:x", "valueBoolean": True}]
SPOILS: list[Spoil] = [
    lambda entry: entry | {"status": ["x"], "clinicalStatus": "active"},
    lambda entry: entry | {"modifierExtension": MODIFIER},
    lambda entry: entry | {"subject": {"display": "Li"}},
    lambda entry: entry | {"code": {"text": "sirolimus"}},
    lambda entry: entry | {"effectiveDateTime": "9999-12-31", "onsetDateTime": "9999-12-31"},
    lambda entry: entry | {"study": {"reference": "ResearchStudy/gone"}},
    lambda entry: entry | {"medicationReference": {"reference": "Medication/gone"}, "medicationCodeableConcept": None},
    lambda entry: {"resourceType": entry["resourceType"], "id": entry["id"], "meta": 5},
]  # fmt: skip


@st.composite
def charts(draw: st.DrawFn) -> list[Json]:
    """A demo patient of whom some entries are gone, doubled or spoiled, in any order."""
    chart = copy.deepcopy(chart_of(draw(st.sampled_from(sorted(PATIENTS)))))
    person = next(r for r in chart if r["resourceType"] == "Patient")
    entries = [r for r in chart if r is not person]
    for spoil in draw(st.lists(st.sampled_from(SPOILS), max_size=3)):
        place = draw(st.integers(0, len(entries) - 1))
        if entries[place]["resourceType"] not in POINTED_AT:
            entries[place] = spoil(entries[place])
    for place in draw(st.lists(st.integers(0, len(entries) - 1), max_size=2)):
        entries.append(entries[place] | {"id": f"again-{place}"})
    gone = draw(st.sets(st.integers(0, len(entries) - 1), max_size=6))
    kept = [entry for place, entry in enumerate(entries) if place not in gone]
    return [person, *draw(st.permutations(kept))]


@settings(max_examples=25)
@given(charts())
def test_every_way_says_the_same_of_a_chart_that_is_not_whole(chart: list[Json]) -> None:
    assert_all_alike([*ways(chart)])


@settings(max_examples=25)
@given(charts(), st.data())
def test_every_way_says_the_same_where_any_page_is_missing(chart: list[Json], data: st.DataObject) -> None:
    part = data.draw(st.sampled_from(Part))
    page = data.draw(st.integers(1, len(pages(chart, RESOURCE_TYPES[part]))))
    assert_all_alike([*ways(chart, Broken(part, page))])


# ---------------------------------------------------------------- whom it concerns


def assert_silence_is_right(chart: list[Json]) -> None:
    """Who is not looked at whole would have had no card of this service; who is, is seen as by anybody else."""
    whole = told(chart, prefetch(chart), None, ANYBODY_OF_THE_TRIAL)
    for service, concern in CONCERN_OF.items():
        seen = told(chart, {}, Server(chart), concern)
        if seen.assessment is not None:
            assert seen.findings == whole.findings
        elif whole.record is not None and not seen.silent_for:
            assert kinds(service, whole) <= {"data-quality"}, (
                "but for a gap, which is then none of this service"
            )


def kinds(service: str, seen: Told) -> set[str]:
    """The kinds of cards that the service would give of what was seen."""
    assert seen.record is not None
    made = assess(seen.record, NOW, clinic_of().protocol)
    cards = cards_for(cards_of(service), made, seen.record, NOW.day, context(service))
    return {dict(card.extension or {})["org.aa-cds.decision"]["kind"] for card in cards}


@pytest.mark.parametrize("patient_id", sorted(PATIENTS))
def test_a_service_that_does_not_look_at_a_demo_patient_had_nothing_to_say(patient_id: str) -> None:
    assert_silence_is_right(chart_of(patient_id))


@settings(max_examples=25)
@given(charts())
def test_a_service_that_does_not_look_at_a_patient_had_nothing_to_say(chart: list[Json]) -> None:
    assert_silence_is_right(chart)


TELLS = {
    "aa-trial-eligibility": "Condition",
    "aa-trial-titration": "ResearchSubject",
    "aa-trial-visit": "ResearchSubject",
}
"""The resource type that tells whether a service concerns a patient."""


@pytest.mark.parametrize("patient_id", sorted(PATIENTS))
def test_no_service_falls_silent_because_what_would_tell_cannot_be_used(patient_id: str) -> None:
    """Torn, modified, nobody's, bare, or of a study that nobody can tell: a card, or no answer, but not "nothing"."""
    chart = chart_of(patient_id)
    whole = told(chart, prefetch(chart), None)
    for service, kind in TELLS.items():
        if whole.record is None or not kinds(service, whole):
            continue
        for spoil in (SPOILS[0], SPOILS[1], SPOILS[2], SPOILS[5], SPOILS[7]):
            lost = [
                spoil(r) if r["resourceType"] == kind else r
                for r in chart
                if r["resourceType"] != "ResearchStudy"
            ]
            seen = told(lost, {}, Server(lost), CONCERN_OF[service])
            assert seen.silent_for or kinds(service, seen), service
