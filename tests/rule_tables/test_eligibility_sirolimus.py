"""Exclusion 5: previous use of sirolimus, or allergy to it (DECISIONS 10)."""

from typing import Any

import pytest
from msgspec.structs import replace

from fhir_mappings.clinical_model.diagnoses import Certainty
from fhir_mappings.clinical_model.medications import MedicationSource, MedicationStatus
from fhir_mappings.clinical_model.results import Reading
from fhir_mappings.clinical_model.studies import StudyState
from tests.builders import attested as form
from tests.builders import dispense, given, level, medication
from tests.rule_tables.eligibility_cases import ABSENT, PRESENT, UNKNOWN, allergy, asked, said, study

S = "sirolimus"
Status = MedicationStatus
DISPENSE, STATEMENT = MedicationSource.DISPENSE, MedicationSource.STATEMENT


@pytest.mark.parametrize(
    ("facts", "verdict", "shown"),
    [
        pytest.param([], UNKNOWN, 0, id="nothing"),
        pytest.param([medication(S, 2, status=Status.COMPLETED)], PRESENT, 1, id="order completed"),
        pytest.param([medication(S, 2, start=9000, status=Status.COMPLETED)], PRESENT, 1, id="25 years ago"),
        pytest.param([medication(S, 2)], UNKNOWN, 1, id="order active, no sign of start"),
        pytest.param([medication(S, 2, start=1)], UNKNOWN, 1, id="ordered yesterday"),
        pytest.param([medication(S, 2, status=Status.STOPPED)], UNKNOWN, 1, id="order stopped"),
        pytest.param([medication(S, 2, status=Status.ON_HOLD)], UNKNOWN, 1, id="order on hold"),
        pytest.param([medication(S, 2, status=Status.UNKNOWN)], UNKNOWN, 1, id="order status unknown"),
        pytest.param([medication(S, 2, status=Status.CANCELLED)], UNKNOWN, 0, id="order cancelled"),
        pytest.param([medication(S, 2, status=Status.DRAFT)], UNKNOWN, 0, id="draft"),
        pytest.param([medication(S, 2, is_order_intent=False)], UNKNOWN, 0, id="proposal"),
        pytest.param([dispense(S, 2)], PRESENT, 1, id="dispensed"),
        pytest.param([medication(S, 2, start=None, source=DISPENSE)], PRESENT, 1, id="dispensed, undated"),
        pytest.param(
            [medication(S, 2, source=DISPENSE, status=Status.CANCELLED)], UNKNOWN, 0, id="dispense cancelled"
        ),
        pytest.param([given(S, 2, "2020-01-01T08:00+08:00")], PRESENT, 1, id="given"),
        pytest.param([medication(S, 2, source=STATEMENT)], PRESENT, 1, id="reported as taken"),
        pytest.param(
            [medication(S, 2, source=STATEMENT, status=Status.NOT_TAKEN)], UNKNOWN, 0, id="not taken"
        ),
        pytest.param([medication(S, 2, source=STATEMENT, status=Status.INTENDED)], UNKNOWN, 1, id="intended"),
        pytest.param([replace(dispense(S, 2), systemic=False)], UNKNOWN, 1, id="ointment"),
        pytest.param([replace(dispense(S, 2), systemic=None)], PRESENT, 1, id="route not told"),
        pytest.param([replace(dispense(S, 2), for_study=True)], UNKNOWN, 0, id="study drug by its order"),
        pytest.param([dispense(S, 2, ago=-1)], UNKNOWN, 0, id="tomorrow"),
        pytest.param([dispense("temsirolimus", 25)], UNKNOWN, 1, id="temsirolimus becomes sirolimus"),
        pytest.param([dispense("everolimus", 10)], UNKNOWN, 0, id="everolimus is not sirolimus"),
        pytest.param([level(S, "4.2")], PRESENT, 1, id="a level"),
        pytest.param([level(S, "<0.3")], UNKNOWN, 1, id="a level below quantification"),
        pytest.param([level(S, "<=0.3")], UNKNOWN, 1, id="at most 0.3"),
        pytest.param([level(S, "0")], UNKNOWN, 1, id="a level of zero"),
        pytest.param([level(S, ">30")], PRESENT, 1, id="a level above the range"),
        pytest.param([level(S, "4.2", reading=Reading.PRELIMINARY)], UNKNOWN, 0, id="a preliminary level"),
        pytest.param([allergy(S)], PRESENT, 1, id="allergy"),
        pytest.param([allergy(S, active=False)], UNKNOWN, 1, id="allergy no longer active"),
        pytest.param([allergy(S, certainty=Certainty.PROVISIONAL)], UNKNOWN, 1, id="allergy not confirmed"),
        pytest.param([allergy("ciclosporin")], UNKNOWN, 0, id="allergy to something else"),
        pytest.param([allergy(S, ago=-1)], UNKNOWN, 0, id="allergy recorded tomorrow"),
    ],
)
def test_only_a_sign_that_it_was_taken_decides(facts: list[Any], verdict: Any, shown: int) -> None:
    found = asked("E5", *facts)
    assert (found.verdict, len(found.evidence)) == (verdict, shown)
    if verdict is UNKNOWN:
        assert asked("E5", *facts, form(1, E5=False)).verdict is ABSENT


ON_TRIAL = study(StudyState.ENROLLED, start=60, ours=True)


@pytest.mark.parametrize(
    ("facts", "verdict", "shown"),
    [
        pytest.param([ON_TRIAL, dispense(S, 2, ago=60)], UNKNOWN, 0, id="on the first day: study drug"),
        pytest.param([ON_TRIAL, dispense(S, 2, ago=61)], PRESENT, 1, id="the day before"),
        pytest.param([ON_TRIAL, level(S, 5, 30)], UNKNOWN, 0, id="a level on study"),
        pytest.param([ON_TRIAL, level(S, 5, 61)], PRESENT, 1, id="a level before"),
        pytest.param([ON_TRIAL, medication(S, 2, start=None, source=DISPENSE)], UNKNOWN, 1, id="undated"),
        pytest.param(
            [study(StudyState.ENROLLED, 40, ours=True), medication(S, 2, start="2026-01", source=DISPENSE)],
            UNKNOWN,
            1,
            id="in the month of entry",
        ),
        pytest.param([replace(ON_TRIAL, start=None), dispense(S, 2, ago=30)], UNKNOWN, 1, id="entry undated"),
        pytest.param(
            [study(StudyState.COMPLETED, 60, 9, ours=True), dispense(S, 2, ago=50)],
            UNKNOWN,
            0,
            id="completed",
        ),
        pytest.param(
            [study(StudyState.SCREENING, 60, ours=True), dispense(S, 2, ago=50)],
            PRESENT,
            1,
            id="only screened",
        ),
        pytest.param(
            [study(StudyState.ENROLLED, 60), dispense(S, 2, ago=50)], PRESENT, 1, id="another trial"
        ),
    ],
)
def test_study_drug_is_no_previous_use(facts: list[Any], verdict: Any, shown: int) -> None:
    found = asked("E5", *facts)
    assert (found.verdict, len(found.evidence)) == (verdict, shown)


def test_an_order_without_a_start_says_so() -> None:
    assert "criterion.E5.no_sign_of_start" in said(asked("E5", medication(S, 2)))


def test_use_newer_than_the_attestation_wins_and_older_use_contradicts_it() -> None:
    assert asked("E5", dispense(S, 2, ago=4), form(5, E5=False)).verdict is PRESENT
    assert asked("E5", dispense(S, 2, ago=5), form(5, E5=False)).verdict is UNKNOWN


def test_a_stent_that_elutes_sirolimus_is_not_a_course_of_sirolimus() -> None:
    stent = medication(S, status=Status.COMPLETED, systemic=False)
    assert asked("E5", stent).verdict is UNKNOWN
