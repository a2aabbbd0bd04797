"""When a level was taken: by its specimen, by a documented dose, off the drug (DECISIONS 24, 56, 61)."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from cds_service.rules.answers.dosing_answers import Validity
from cds_service.trials.nct06802055.patient_state.doses.interruptions import Off
from cds_service.trials.nct06802055.patient_state.levels.drug_levels import dangerous_level
from cds_service.trials.nct06802055.patient_state.levels.sample_timing import (
    is_after_a_dose,
    sample_timing,
    times_differ,
)
from cds_service.trials.nct06802055.two_drugs import Drug
from fhir_mappings.clinical_model.calendar import read_when
from fhir_mappings.clinical_model.results import Analyte, LevelDetails, Result, SampleTiming
from tests.builders import NOW, ZONE, a_record, days_ago, level, result
from tests.dosing import LEVELS, dose
from tests.tables import cases

AT = datetime.fromisoformat("2026-03-01T08:00:00+08:00")


def after(hours: float, moment: datetime = AT) -> str:
    return (moment + timedelta(hours=hours)).isoformat()


def sample(
    drug: Drug, collected: str, specimen: str | None = None, timing: SampleTiming = SampleTiming.TROUGH
) -> Result:
    told = read_when(specimen, ZONE) if specimen else None
    return level(drug.value, 900, collected, level=LevelDetails(timing, sampled=told))


@pytest.mark.parametrize(
    "case",
    cases("""
    drug        | hours | danger
    ciclosporin | 0.4   | yes
    ciclosporin | 0.5   | no
    ciclosporin | 2     | no
    ciclosporin | 6     | no
    ciclosporin | 6.1   | yes
    ciclosporin | 12    | yes
    sirolimus   | 2     | yes
"""),
    ids=lambda case: f"{case['drug']} {case['hours']} h",
)
def test_a_documented_dose_shortly_before_excepts_ciclosporin_as_a_c2_code_does(case: dict[str, str]) -> None:
    drug = Drug(case["drug"])
    taken = sample(drug, after(float(case["hours"])))
    found = dangerous_level(a_record(taken), drug, (AT,), NOW, LEVELS)
    assert (found is not None) == (case["danger"] == "yes")
    assert dangerous_level(a_record(taken), drug, (), NOW, LEVELS) is not None, "without a dose it counts"


@pytest.mark.parametrize(
    ("collected", "specimen", "excepted"),
    [
        (after(2), after(2.5), True),
        (after(2), after(12), False),
        (after(12), after(2), False),
        (after(2), "2026-03-01", True),
        (after(2), "2026-02-27", False),
        ("2026-03-01", None, False),
        ("2026-03-01", after(2), True),
    ],
)
def test_a_sample_of_two_times_is_after_a_dose_only_by_both(
    collected: str, specimen: str | None, excepted: bool
) -> None:
    assert is_after_a_dose(sample(Drug.CICLOSPORIN, collected, specimen), (AT,), LEVELS) is excepted


def test_a_code_says_so_by_itself() -> None:
    coded = sample(Drug.CICLOSPORIN, "2026-03-01", timing=SampleTiming.POST_DOSE)
    assert is_after_a_dose(coded, (), LEVELS)
    noted = sample(Drug.CICLOSPORIN, "2026-03-01", timing=SampleTiming.NOTED_POST_DOSE)
    assert not is_after_a_dose(noted, (), LEVELS)  # a note takes no danger away
    assert not is_after_a_dose(result(Analyte.CICLOSPORIN, 900), (AT,), LEVELS)


SAMPLED: list[tuple[str, str, str | None, bool]] = [
    ("within the hour", after(0), after(1), False),
    ("more than an hour later", after(0), after(1.02), True),
    ("more than an hour before", after(0), after(-1.02), True),
    ("no specimen time", after(0), None, False),
    ("the specimen's day alone, the same", after(0), "2026-03-01", False),
    ("the specimen's day alone, another", after(0), "2026-02-28", True),
    ("a day alone, and another", "2026-03-01", "2026-03-02", True),
    ("a month alone", after(0), "2026-03", False),
]


@pytest.mark.parametrize(
    ("name", "collected", "specimen", "differs"), SAMPLED, ids=[row[0] for row in SAMPLED]
)
def test_times_that_differ_make_a_trough_an_assumption(
    name: str, collected: str, specimen: str | None, differs: bool
) -> None:
    found = sample(Drug.CICLOSPORIN, collected, specimen)
    assert times_differ(found, LEVELS) is differs
    expected = Validity.ASSUMED_TROUGH if differs else Validity.VALID
    assert sample_timing(found, dose(Drug.CICLOSPORIN, 75), LEVELS) is expected


def test_an_undated_result_differs_from_nothing() -> None:
    undated = level("ciclosporin", 150, None, level=LevelDetails(sampled=read_when("2026-03-01", ZONE)))
    assert not times_differ(undated, LEVELS)


def test_a_sample_is_no_trough_as_soon_as_one_of_its_times_is_none() -> None:
    taken = dose(Drug.CICLOSPORIN, 75, given=(AT,))
    assert sample_timing(sample(Drug.CICLOSPORIN, after(12), after(2)), taken, LEVELS) is Validity.NOT_TROUGH
    assert sample_timing(sample(Drug.CICLOSPORIN, after(12), after(12.5)), taken, LEVELS) is Validity.VALID
    assert (
        sample_timing(sample(Drug.CICLOSPORIN, after(11), after(13)), taken, LEVELS)
        is Validity.ASSUMED_TROUGH
    )


@pytest.mark.parametrize(
    ("day", "expected"), [(20, Validity.VALID), (19, Validity.NOT_TROUGH), (4, Validity.VALID)]
)
def test_off_the_drug_no_code_makes_a_trough(day: int, expected: Validity) -> None:
    off: Any = (Off(days_ago(20), days_ago(5)),)
    assert sample_timing(level("sirolimus", 8, day), dose(Drug.SIROLIMUS, 2, off=off), LEVELS) is expected


def test_the_time_of_the_specimen_makes_no_other_level_of_one() -> None:
    assert LevelDetails(sampled=read_when("2026-03-01", ZONE)) == LevelDetails()
