"""Adverse events: what was seen, how bad it was, and what it is put down to."""

from typing import Any

import pytest

from fhir_mappings.clinical_model.clinical_events import AdverseEventSeen
from fhir_mappings.clinical_model.concepts import Concept
from tests.mapping.charts import PATIENT, RXNORM, Json, order, problems
from tests.mapping.entries import ICD10CM, chart, concept, condition

TMA = concept(ICD10CM, "M31.19", "Thrombotic microangiopathy")
CICLOSPORIN = {"instance": {"display": "ciclosporin capsules"}}


def event(**parts: Any) -> Json:
    base = {
        "resourceType": "AdverseEvent",
        "id": "ae1",
        "actuality": "actual",
        "subject": PATIENT,
        "event": TMA,
        "date": "2025-11-02",
        "suspectEntity": [CICLOSPORIN],
    }
    return {name: value for name, value in (base | parts).items() if value is not None}


def read_one(*many: Json) -> AdverseEventSeen:
    (only,) = chart(*many).adverse_events
    return only


def test_an_event_is_read_with_its_harm_suspect_and_date() -> None:
    seen = read_one(event())
    assert (seen.concepts, seen.suspects, seen.text) == (
        {Concept.TMA_HUS},
        {"ciclosporin"},
        "Thrombotic microangiopathy",
    )
    assert seen.when is not None
    assert (seen.when.text, seen.severe) == ("2025-11-02", None)


def test_a_potential_event_never_happened() -> None:
    record = chart(event(actuality="potential"))
    assert (record.adverse_events, record.gaps) == ((), ())


def test_an_actuality_nobody_knows_is_a_gap() -> None:
    record = chart(event(actuality="perhaps"))
    assert (record.adverse_events, problems(record)) == ((), ["STATUS_NOT_RECOGNISED"])


@pytest.mark.parametrize(
    ("parts", "severe"),
    [
        ({}, None),
        ({"severity": concept("x", "severe")}, True),
        ({"severity": concept("x", "moderate")}, False),
        ({"severity": concept("x", "mild")}, False),
        ({"severity": concept("x", "mild"), "seriousness": concept("x", "serious")}, True),
        ({"seriousness": concept("x", "SeriousIsLifeThreatening")}, True),
        ({"seriousness": concept("x", "non-serious")}, None),
        ({"outcome": concept("x", "fatal")}, True),
        ({"outcome": concept("x", "resolved")}, None),
        ({"severity": {"text": "severe"}}, None),
    ],
)
def test_severity_seriousness_and_outcome_say_how_bad_it_was(parts: Json, severe: bool | None) -> None:
    assert read_one(event(**parts)).severe is severe


PRODUCT = {"resourceType": "Medication", "id": "med", "code": concept(RXNORM, "3008")}


@pytest.mark.parametrize(
    ("instance", "suspects"),
    [
        ({"reference": "MedicationRequest/m1"}, {"sirolimus"}),
        ({"reference": "Medication/med"}, {"ciclosporin"}),
        ({"reference": "#inside"}, {"ciclosporin"}),
        ({"reference": "Medication/lost", "display": "环孢素"}, {"ciclosporin"}),
        ({"reference": "Medication/lost"}, set()),
        ({"identifier": {"value": "1"}}, set()),
    ],
)
def test_the_suspect_is_found_wherever_it_stands(instance: Json, suspects: set[str]) -> None:
    inside = {"resourceType": "Medication", "id": "inside", "code": concept(RXNORM, "3008")}
    seen = read_one(event(contained=[inside], suspectEntity=[{"instance": instance}]), PRODUCT, order())
    assert seen.suspects == suspects


def test_an_order_of_a_drug_nobody_asks_about_is_no_suspect() -> None:
    other = order("amlodipine")
    seen = read_one(event(suspectEntity=[{"instance": {"reference": "MedicationRequest/m1"}}]), other)
    assert seen.suspects == set()


def test_a_suspect_without_a_reference_is_nobody() -> None:
    assert read_one(event(suspectEntity=[{}])).suspects == set()


def test_the_harm_may_stand_in_the_condition_it_led_to() -> None:
    led_to = event(
        event={"text": "kidney trouble"},
        resultingCondition=[{"reference": "Condition/lost"}, {"reference": "Condition/c1"}],
    )
    assert read_one(led_to, condition(TMA)).concepts == {Concept.TMA_HUS}


@pytest.mark.parametrize(
    ("said", "concepts", "by_text_only"),
    [
        (TMA, {Concept.TMA_HUS}, False),
        ({"text": "血栓性微血管病"}, {Concept.TMA_HUS}, True),
        ({"text": "interstitial pneumonitis"}, {Concept.PNEUMONITIS}, True),
        (concept("urn:hospital", "1", "深静脉血栓"), {Concept.THROMBOSIS_DOUBTFUL}, True),
        ({**TMA, "text": "血栓性微血管病待排"}, {Concept.TMA_HUS}, True),
        ({"text": "tremor"}, set(), False),
        ({"text": "无过敏性休克"}, set(), False),
    ],
)
def test_a_harm_in_words_is_kept_as_one_in_words(
    said: Json, concepts: set[Concept], by_text_only: bool
) -> None:
    seen = read_one(event(event=said))
    assert (seen.concepts, seen.by_text_only, seen.suspects) == (concepts, by_text_only, {"ciclosporin"})


def test_a_harm_in_words_with_no_suspect_is_not_lost() -> None:
    assert read_one(event(event={"text": "过敏性休克"}, suspectEntity=None)).concepts == {Concept.ANAPHYLAXIS}
    assert read_one(event(event={"text": "过敏性休克"}), condition(TMA)).by_text_only


def test_a_code_goes_before_words() -> None:
    led_to = event(
        event={"text": "interstitial pneumonitis"}, resultingCondition=[{"reference": "Condition/c1"}]
    )
    seen = read_one(led_to, condition(TMA))
    assert (seen.concepts, seen.by_text_only) == ({Concept.TMA_HUS}, False)


@pytest.mark.parametrize(
    ("dates", "text"),
    [
        ({"date": None, "detected": "2025-10"}, "2025-10"),
        ({"date": None, "recordedDate": "2025-12-01"}, "2025-12-01"),
    ],
)
def test_an_event_is_dated_as_well_as_may_be(dates: Json, text: str) -> None:
    when = read_one(event(**dates)).when
    assert when is not None
    assert when.text == text


def test_an_event_that_is_nothing_of_ours_leaves_no_trace() -> None:
    record = chart(event(event={"text": "headache"}, suspectEntity=None))
    assert (record.adverse_events, record.gaps) == ((), ())
