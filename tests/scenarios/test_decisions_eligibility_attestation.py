"""DECISIONS 1, 2 and 6 from FHIR: which forms count, for how long, and what they say beside the data."""

from typing import Any

import pytest

from tests.scenarios import fhir_charts as chart
from tests.scenarios.fhir_charts import (
    adverse_event,
    ago,
    attestation,
    condition,
    count,
    holds,
    icd,
    observation,
    order,
    patient,
    procedure,
    snomed,
    text,
)

AA = condition(icd("D61.3"))
FORM = "urn:aa-cds:Questionnaire/eligibility-attestation"


@pytest.mark.parametrize(
    "more",
    [
        {},
        {"status": "amended"},
        {"questionnaire": FORM + "|1.2.0"},
        {"author": {"reference": "PractitionerRole/r1"}},
        {"author": {"reference": "https://ehr.example.org/fhir/Practitioner/dr1"}},
        {"author": {"type": "Practitioner", "identifier": {"value": "0042"}}},
        {"item": [{"linkId": "group", "item": [{"linkId": "I2", "answer": [{"valueBoolean": True}]}]}]},
    ],
    ids=str,
)
def test_a_finished_form_by_a_practitioner_counts(more: Any) -> None:
    holds("I2 met mixed", AA, attestation({"I2": True}, **more))


@pytest.mark.parametrize(
    "more",
    [
        {"status": "in-progress"},
        {"status": "stopped"},
        {"status": "entered-in-error"},
        {"authored": None},
        {"author": None},
        {"author": {"reference": "Patient/p1"}},
        {"author": {"reference": "RelatedPerson/r1"}},
        {"questionnaire": "urn:aa-cds:Questionnaire/another-form"},
        {"questionnaire": FORM + "-2"},
        {"questionnaire": None},
        {"subject": {"reference": "Patient/other"}},
        {"item": [{"linkId": "I2", "answer": [{"valueString": "yes"}]}]},
        {"item": [{"linkId": "I2", "answer": [{"valueBoolean": True}, {"valueBoolean": False}]}]},
        {"item": [{"linkId": "I2"}]},
        {"item": [{"linkId": "i2", "answer": [{"valueBoolean": True}]}]},
    ],
    ids=str,
)
def test_any_other_form_does_not_count(more: Any) -> None:
    holds("I2 unknown data", AA, attestation({"I2": True}, **more))


def test_a_form_that_does_not_count_is_shown() -> None:
    told = chart.assessed(AA, attestation({"I2": True}, author={"reference": "Patient/p1"}))
    assert "does not count" in chart.criterion(told, "I2")["seen"]


@pytest.mark.parametrize(("days", "counts"), [(0, True), (29, True), (30, True), (31, False)])
def test_an_answer_counts_for_30_days_that_day_included(days: int, counts: bool) -> None:
    answers = attestation({"I2": True, "I4.2": True, "E4": False, "E9": False}, ago(days))
    state = ("met", "absent") if counts else ("unknown", "unknown")
    holds(f"I2 {state[0]}; I4.2 {state[0]}; E4 {state[1]}; E9 {state[1]}", AA, answers)


@pytest.mark.parametrize(("days", "counts"), [(0, True), (7, True), (8, False)])
def test_infection_and_pregnancy_are_attested_for_seven_days(days: int, counts: bool) -> None:
    woman = patient(birth="1990-01-01", gender="female")
    test = observation("2118-8", "negative", when=2)
    infection = "met" if counts else "unknown"
    pregnancy = ("met", "absent") if counts else ("unknown", "unknown")
    holds(
        f"I5 {infection}; I6 {pregnancy[0]}; E11 {pregnancy[1]}",
        AA,
        woman,
        test,
        attestation({"I5": True, "I6": True, "E11": False}, ago(days)),
    )


def test_an_answer_of_tomorrow_does_not_count_today() -> None:
    holds("I2 unknown data", AA, attestation({"I2": True}, -1))


def test_the_day_of_an_answer_is_that_of_the_hospital() -> None:
    """30 January, 23:30 in Beijing, written as UTC: 31 days before 2 March; half an hour later 30 days."""
    holds("I2 unknown data", AA, attestation({"I2": True}, "2026-01-30T15:30:00Z"))
    holds("I2 met mixed", AA, attestation({"I2": True}, "2026-01-30T16:30:00Z"))


def test_a_later_answer_wins_item_by_item() -> None:
    earlier = attestation({"I2": False, "E4": True, "E9": True}, 10)
    later = attestation({"I2": True, "E4": False}, 3)
    for forms in ((earlier, later), (later, earlier)):
        holds("I2 met; E4 absent; E9 present", AA, *forms)


def test_later_means_the_instant_not_the_text() -> None:
    morning = attestation({"I2": False}, "2026-03-01T09:00:00+08:00")
    noon = attestation({"I2": True}, "2026-03-01T04:00:00Z")
    holds("I2 met", AA, morning, noon)


def test_two_answers_of_one_instant_that_differ_count_as_none() -> None:
    holds("I2 unknown data", AA, attestation({"I2": True}, 3), attestation({"I2": False}, 3))


def test_the_form_needs_no_data_for_an_exclusion() -> None:
    lines = [f"E{n}" for n in (1, 2, 4, 5, 6, 7, 9, 10, 12)]
    present = attestation(dict.fromkeys(lines, True))
    absent = attestation(dict.fromkeys(lines, False))
    for line in lines:
        holds(f"{line} present attestation", AA, present)
        holds(f"{line} absent attestation", AA, absent)


# ---------------------------------------------------------------- attestation against data

TRANSPLANT = procedure(snomed("23719005"), when=400)


def test_agreement_is_mixed_and_contradiction_is_unknown() -> None:
    holds("E4 present mixed", AA, TRANSPLANT, attestation({"E4": True}))
    holds("E4 unknown mixed", AA, TRANSPLANT, attestation({"E4": False}))


@pytest.mark.parametrize(("done", "expected"), [(4, "unknown mixed"), (5, "unknown mixed"), (3, "present")])
def test_definite_data_dated_after_the_answer_win(done: int, expected: str) -> None:
    """The answer is of four days ago; on the day itself nobody can tell which came first."""
    holds(
        f"E4 {expected}",
        AA,
        procedure(snomed("23719005"), when=ago(done)),
        attestation({"E4": False}, ago(4)),
    )


def test_doubtful_data_give_way_to_the_answer() -> None:
    old_diagnosis = condition(icd("Z94.8"))
    holds("E4 unknown data", AA, old_diagnosis)
    holds("E4 absent", AA, old_diagnosis, attestation({"E4": False}))
    holds("E4 present", AA, old_diagnosis, attestation({"E4": True}))


@pytest.mark.parametrize("day", [1, 20])
def test_no_answer_clears_what_a_laboratory_decides(day: int) -> None:
    woman = patient(birth="1990-01-01", gender="female")
    results = (
        observation("2118-8", "positive", when=3),
        observation("90737-8", 55, "%", when=3),
        observation("5196-1", "positive", when=3),
        observation("89247-1", 3, "{score}", when=3),
    )
    answers = attestation({"I6": True, "E11": False, "E3": False, "E8": False, "I8": 1}, day)
    holds("I8 not-met; E3 present; E8 present", AA, *results, answers)
    if day <= 7:
        holds("I6 not-met; E11 present", AA, woman, *results, answers)


def test_a_blood_count_cannot_be_attested() -> None:
    holds("I3 unknown none", AA, attestation({"I3": True}))
    holds("I3 not-met data", AA, *count(110, 60, 1.2), attestation({"I3": True}))


def test_an_ecog_score_is_attested_as_a_number() -> None:
    for score, expected in ((0, "met"), (2, "met"), (3, "not-met"), (5, "not-met")):
        holds(f"I8 {expected} attestation", AA, attestation({"I8": score}))
    holds("I8 unknown none", AA, attestation({"I8": True}))
    holds("I8 unknown none", AA, attestation({"I8": 6}))
    holds("I8 unknown none", AA, attestation({"I8": -1}))


# ---------------------------------------------------------------- judgements


def test_intolerance_attested_is_met_whatever_the_data() -> None:
    holds("I4 met attestation; I4.2 met; I4.1 unknown", AA, attestation({"I4.2": True}))
    holds("I4 unknown; I4.2 not-met", AA, attestation({"I4.2": False}))
    holds("I4 not-met attestation", AA, attestation({"I4.1": False, "I4.2": False}))


def test_signs_of_intolerance_alone_only_ask() -> None:
    stopped = order(when=100, status="stopped", statusReason=text("adverse event: tremor"))
    holds("I4.2 unknown", AA, stopped)
    holds("I4 met attestation; I4.2 met", AA, stopped, attestation({"I4.2": True}))


def _severe(what: str) -> tuple[Any, ...]:
    given = order(when=500, id="csa", status="stopped")
    return AA, given, adverse_event(snomed(what), "MedicationRequest/csa", when=450)


def test_a_coded_severe_event_put_down_to_ciclosporin_asks_for_the_judgement_of_reuse() -> None:
    """SNOMED CT 126729006: thrombotic microangiopathy."""
    holds("E6 unknown data", *_severe("126729006"))
    holds("E6 present mixed", *_severe("126729006"), attestation({"E6": True}))
    holds("E6 unknown mixed", *_severe("126729006"), attestation({"E6": False}))


def test_an_intolerant_patient_may_be_excluded_by_the_same_event() -> None:
    holds(
        "I4 met; E6 present; overall ineligible",
        *_severe("126729006"),
        attestation({"I2": True, "I4.2": True, "E6": True}),
    )


def test_without_a_severe_event_the_answer_decides() -> None:
    holds("E6 absent attestation", AA, attestation({"E6": False}))
    holds("E6 present attestation", AA, attestation({"E6": True}))
    mild = adverse_event(text("gingival hyperplasia"), "MedicationRequest/csa", severity=text("mild"))
    holds("E6 absent", AA, order(when=500, id="csa"), mild, attestation({"E6": False}))


def test_a_potential_event_never_counts() -> None:
    given = order(when=500, id="csa")
    event = adverse_event(snomed("126729006"), "MedicationRequest/csa", actuality="potential")
    holds("E6 absent attestation", AA, given, event, attestation({"E6": False}))
