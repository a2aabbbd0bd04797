"""Who is on the trial, in which arm, since when (contract section 3, DECISIONS 15, 22)."""

from datetime import date

import pytest

from cds_service.trials.nct06802055.trial_arms import Arm
from fhir_mappings.clinical_model.known_unknown import Gap, Part
from fhir_mappings.clinical_model.medications import MedicationSource, MedicationStatus
from fhir_mappings.clinical_model.studies import StudyState
from tests.builders import a_record, days_ago, dispense, given, medication, nobody, unreadable
from tests.dosing import enrolled, joined
from tests.tables import Case, cases, named


def test_a_chart_without_a_study_is_of_a_patient_who_is_in_none() -> None:
    found = joined(nobody())
    assert (found.status, found.arm, found.study_day, found.gaps) == (StudyState.NONE, None, None, ())


def test_a_search_that_failed_is_never_taken_for_no_participation() -> None:
    for some in ((), (enrolled(state=StudyState.SCREENING),), (enrolled(this_trial=None),)):
        found = joined(a_record(*some, **unreadable(Part.RESEARCH_SUBJECTS)))
        assert found.status is StudyState.UNKNOWN
        assert found.gaps == (Gap("PARTICIPATION_UNAVAILABLE"),)


def test_an_enrolment_that_came_in_part_is_an_enrolment() -> None:
    found = joined(a_record(enrolled(), **unreadable(Part.RESEARCH_SUBJECTS)))
    assert found.status is StudyState.ENROLLED


def test_a_study_that_cannot_be_told_leaves_participation_unknown() -> None:
    found = joined(a_record(enrolled(this_trial=None)))
    assert found.status is StudyState.UNKNOWN
    assert found.gaps == (Gap("STUDY_UNRESOLVED", "ResearchSubject/r1"),)
    assert found.study_day is None


def test_another_trial_is_not_this_trial() -> None:
    assert joined(a_record(enrolled(this_trial=False))).status is StudyState.NONE
    both = a_record(enrolled(this_trial=None), enrolled(state=StudyState.SCREENING))
    assert joined(both).status is StudyState.SCREENING


@pytest.mark.parametrize(
    "case",
    cases("""
    first     | second    | found
    none      | screening | screening
    screening | withdrawn | withdrawn
    withdrawn | enrolled  | enrolled
    screening | unknown   | unknown
    unknown   | enrolled  | enrolled
    enrolled  | completed | completed
    none      | none      | none
"""),
    ids=lambda c: f"{c['first']} and {c['second']}",
)
def test_of_several_entries_the_furthest_along_wins(case: Case) -> None:
    entries = (enrolled(state=StudyState(case["first"])), enrolled(state=StudyState(case["second"])))
    assert joined(a_record(*entries)).status.value == case["found"]
    assert joined(a_record(*reversed(entries))).status.value == case["found"]


@pytest.mark.parametrize(
    ("arms", "found", "problems"),
    [
        ((Arm.COMBINED,), Arm.COMBINED, []),
        ((Arm.SIROLIMUS, None), Arm.SIROLIMUS, []),
        ((None,), None, ["ARM_UNKNOWN"]),
        ((Arm.SIROLIMUS, Arm.COMBINED), None, ["ARM_CONFLICTING", "ARM_CONFLICTING"]),
    ],
)
def test_the_arm_is_told_once_or_not_at_all(arms, found, problems) -> None:
    seen = joined(a_record(*(enrolled(arm) for arm in arms)))
    assert seen.arm == found
    assert [gap.problem for gap in seen.gaps] == problems


def test_before_enrolment_nobody_has_an_arm_and_nothing_is_missing() -> None:
    found = joined(a_record(enrolled(None, state=StudyState.SCREENING)))
    assert (found.arm, found.gaps, found.study_day, found.first_dose) == (None, (), None, None)


@pytest.mark.parametrize(
    "case",
    cases("""
    what                                  | start | dose | day | first
    the first dose is day 1               | 60    | 30   | 31  | 30
    without a dose the start is day 1     | 60    | -    | 61  | -
    taken today                           | 60    | 0    | 1   | 0
    sirolimus from before does not count  | 20    | 30   | 21  | -
    on the day of the start               | 20    | 20   | 21  | 20
"""),
    ids=named,
)
def test_study_days_count_from_the_first_study_dose(case: Case) -> None:
    facts = [] if case["dose"] == "-" else [dispense("sirolimus", 2, ago=int(case["dose"]))]
    found = joined(a_record(enrolled(Arm.SIROLIMUS, int(case["start"])), *facts))
    assert found.study_day == int(case["day"])
    assert found.first_dose == (None if case["first"] == "-" else days_ago(int(case["first"])))


def test_an_order_alone_is_no_first_dose() -> None:
    assert joined(a_record(enrolled(), medication("sirolimus", 2))).first_dose is None


def test_ciclosporin_counts_as_study_drug_in_its_arm_only() -> None:
    csa = dispense("ciclosporin", 75, 12, ago=40)
    assert joined(a_record(enrolled(Arm.COMBINED), csa)).first_dose == days_ago(40)
    assert joined(a_record(enrolled(Arm.SIROLIMUS), csa)).first_dose is None


def test_a_start_that_is_not_told_to_the_day_is_no_day_to_count_from() -> None:
    found = joined(a_record(enrolled(start="2026-01")))
    assert (found.start, found.study_day) == (None, None)
    dosed = joined(a_record(enrolled(start="2026-01"), given("sirolimus", 2, "2026-02-28T08:00:00+08:00")))
    assert (dosed.first_dose, dosed.study_day) == (date(2026, 2, 28), 3)


def test_a_start_ahead_gives_no_study_day_yet() -> None:
    assert joined(a_record(enrolled(start=-5))).study_day is None


def test_a_completed_patient_still_has_study_days() -> None:
    assert joined(a_record(enrolled(start=200, state=StudyState.COMPLETED))).study_day == 201


def test_the_evidence_names_the_entry() -> None:
    entry = enrolled(fhir_status="on-study")
    (seen,) = joined(a_record(entry)).evidence
    assert (seen.reference, seen.date, seen.value) == ("ResearchSubject/r1", "2026-01-01", "on-study")
    assert joined(a_record(enrolled(start=None))).evidence[0].date is None


def test_a_dose_not_taken_is_no_dose() -> None:
    refused = medication(
        "sirolimus", 2, start=30, source=MedicationSource.ADMINISTRATION, status=MedicationStatus.NOT_TAKEN
    )
    assert joined(a_record(enrolled(), refused)).first_dose is None
