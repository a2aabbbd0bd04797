"""How a level was timed: a trough by proof, by assumption, or none (DECISIONS 24, 56, 61)."""

from collections.abc import Sequence
from datetime import datetime

from cds_service.rules.answers.dosing_answers import Validity
from cds_service.trials.nct06802055.patient_state.doses.current_dose import DoseInForce
from cds_service.trials.nct06802055.patient_state.levels.level_limits import LevelLimits
from cds_service.trials.nct06802055.two_drugs import Drug
from fhir_mappings.clinical_model.calendar import When, hours_between
from fhir_mappings.clinical_model.results import NOTHING_TOLD, Result, SampleTiming


def sample_timing(result: Result, dose: DoseInForce, limits: LevelLimits) -> Validity:
    """VALID, ASSUMED_TROUGH or NOT_TROUGH.

    A code that says trough is proof, or a documented dose; such a dose has the last word. A sample of a day
    off the drug is no trough. One that its specimen dates otherwise is at most assumed, and none as soon as
    either time is none.
    """
    if dose.off and result.when and any(off.holds(result.when.last) for off in dose.off):
        return Validity.NOT_TROUGH
    told = result.level or NOTHING_TOLD
    coded = told.timing
    if told.is_after_dose:
        return Validity.NOT_TROUGH
    if coded is SampleTiming.TWELVE_HOURS and dose.drug == Drug.SIROLIMUS:
        return Validity.NOT_TROUGH
    first, last = limits.of[dose.drug].hours
    by_dose = [first <= hours <= last for hours in hours_since_dose(result, dose.given, limits)]
    if False in by_dose:
        return Validity.NOT_TROUGH
    proven = bool(by_dose) or coded is not SampleTiming.UNSTATED
    return Validity.VALID if proven and not times_differ(result, limits) else Validity.ASSUMED_TROUGH


def hours_since_dose(result: Result, given: Sequence[datetime], limits: LevelLimits) -> list[float]:
    """From the last documented dose to the sample, by each time that the sample is said to have."""
    found: list[float] = []
    for collected in _instants(result):
        before = [moment for moment in given if moment < collected]
        hours = hours_between(max(before), collected) if before else None
        if hours is not None and hours <= limits.last_dose_hours_max:
            found.append(hours)
    return found


def _instants(result: Result) -> list[datetime]:
    found: list[datetime] = []
    for when in (result.when, result.level.sampled if result.level else None):
        if when is not None and when.instant is not None:
            found.append(when.instant)
    return found


def times_differ(result: Result, limits: LevelLimits) -> bool:
    """Does the specimen say another time than the result, by more than the limit or on another day?"""
    said, sampled = result.when, result.level.sampled if result.level else None
    if said is None or sampled is None:
        return False
    if said.instant and sampled.instant:
        return abs(hours_between(said.instant, sampled.instant)) > limits.specimen_time_hours
    return _apart(said, sampled)


def _apart(one: When, other: When) -> bool:
    return one.last < other.first or other.last < one.first


def is_after_a_dose(result: Result, given: Sequence[datetime], limits: LevelLimits) -> bool:
    """Was it taken to see the peak? By its code, or by a documented dose shortly before it.

    A sample that is said to have two times is so only by both.
    """
    if (result.level or NOTHING_TOLD).timing is SampleTiming.POST_DOSE:
        return True
    first, last = limits.post_dose_hours_min, limits.post_dose_hours_max
    shortly = [
        any(first <= hours_between(moment, collected) <= last for moment in given if moment < collected)
        for collected in _instants(result)
    ]
    return bool(shortly) and all(shortly) and (len(shortly) > 1 or not times_differ(result, limits))
