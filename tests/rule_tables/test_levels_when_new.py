"""Each level as the rule saw it when it was new, for who looks back (DECISIONS 91)."""

from typing import Any

import pytest

from cds_service.rules.answers.dosing_answers import Validity
from cds_service.trials.nct06802055.levels_when_new import level_course
from cds_service.trials.nct06802055.patient_state.participation import participation
from cds_service.trials.nct06802055.read_reviewed import load_protocol
from cds_service.trials.nct06802055.trial_arms import Arm
from cds_service.trials.nct06802055.two_drugs import Drug
from fhir_mappings.clinical_model.medications import MedicationSource
from fhir_mappings.clinical_model.results import LevelDetails, Reading, SampleTiming, Specimen
from tests.builders import NOW, a_record, dispense, level, medication, when
from tests.dosing import enrolled, measured

PROTOCOL = load_protocol()
V = Validity


def course(*facts: Any, drug: Drug = Drug.SIROLIMUS, start: int = 60) -> list[tuple[str, Validity | None]]:
    record = a_record(enrolled(Arm.SIROLIMUS, start=start), *facts)
    told = participation(record, NOW)
    seen = level_course(record, drug, told, NOW, PROTOCOL)
    return [(str(result.number), validity) for result, validity in seen]


def test_a_level_that_was_valid_then_is_valid_still_whatever_came_after() -> None:
    doses = dispense("sirolimus", 2, ago=50, days=30), dispense("sirolimus", 3, ago=19, days=40)
    found = course(*doses, level("sirolimus", 3, 20), level("sirolimus", 6, 2))
    assert found == [("3", V.VALID), ("6", V.VALID)]


def test_a_change_on_the_day_of_the_sample_is_not_what_the_sample_tells_of() -> None:
    doses = dispense("sirolimus", 2, ago=50, days=30), dispense("sirolimus", 3, ago=20, days=40)
    assert course(*doses, level("sirolimus", 3, 20), level("sirolimus", 6, 2))[0] == ("3", V.VALID)


@pytest.mark.parametrize(("days", "validity"), [(6, V.NOT_STEADY_STATE), (7, V.VALID), (8, V.VALID)])
def test_steady_state_is_judged_by_the_dose_of_that_day(days: int, validity: Validity) -> None:
    doses = dispense("sirolimus", 2, ago=40, days=90)
    found = course(doses, level("sirolimus", 3, 40 - days), level("sirolimus", 6, 2))
    assert found[0] == ("3", validity)


def test_only_the_newest_grows_old() -> None:
    doses = dispense("sirolimus", 2, ago=59, days=90)
    assert course(doses, level("sirolimus", 5, 50)) == [("5", V.STALE)]
    assert course(doses, level("sirolimus", 5, 50), level("sirolimus", 6, 2))[0] == ("5", V.VALID)


def test_a_drug_that_interacted_then_spoils_the_levels_of_then() -> None:
    azole = medication("voriconazole", start=32, end=when(25), source=MedicationSource.STATEMENT)
    doses = dispense("sirolimus", 2, ago=59, days=90)
    found = course(doses, azole, level("sirolimus", 9, 30), level("sirolimus", 6, 2))
    assert found == [("9", V.NOT_STEADY_STATE), ("6", V.VALID)]


def test_a_level_from_before_the_study_is_judged_by_no_rule() -> None:
    doses = dispense("sirolimus", 2, ago=59, days=90)
    assert course(doses, level("sirolimus", 5, 61), level("sirolimus", 6, 60))[0] == ("5", None)
    record = a_record(level("sirolimus", 5, 10))
    assert level_course(record, Drug.SIROLIMUS, participation(record, NOW), NOW, PROTOCOL)[0][1] is None


@pytest.mark.parametrize(
    ("more", "validity"),
    [
        ({"level": LevelDetails(timing=SampleTiming.POST_DOSE)}, V.NOT_TROUGH),
        ({"level": LevelDetails()}, V.ASSUMED_TROUGH),
        (
            {"level": LevelDetails(timing=SampleTiming.TROUGH, specimen=Specimen.SERUM_OR_PLASMA)},
            V.WRONG_SPECIMEN,
        ),
        ({"reading": Reading.UNIT_UNUSABLE}, V.UNIT_UNUSABLE),
        ({"reading": Reading.PRELIMINARY}, V.MISSING),
    ],
)
@pytest.mark.parametrize("ago", [2, 20])
def test_what_is_wrong_with_a_level_is_told_of_old_and_new(ago: int, more: Any, validity: Validity) -> None:
    doses = dispense("sirolimus", 2, ago=59, days=90)
    found = course(doses, level("sirolimus", 6, 1), level("sirolimus", 5, ago, **more))
    assert ("5", validity) in found


def test_the_newest_is_what_titration_sees() -> None:
    record = a_record(
        enrolled(Arm.SIROLIMUS), dispense("sirolimus", 2, ago=59, days=90), level("sirolimus", 6, 1)
    )
    (last,) = level_course(record, Drug.SIROLIMUS, participation(record, NOW), NOW, PROTOCOL)
    assert last[1] is measured(record).validity
