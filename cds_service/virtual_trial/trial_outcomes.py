"""What one course comes to: shares of days in range, changes, harm, and why a patient failed."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from cds_service.pharmacokinetics.population_model import Floats
from cds_service.rules.answers.dosing_answers import State
from cds_service.trials.nct06802055.trial_arms import Arm
from cds_service.trials.nct06802055.two_drugs import Drug
from cds_service.virtual_trial.assumptions import Assumptions
from cds_service.virtual_trial.bounds import CICLOSPORIN_BAND, DOSES, SIROLIMUS_BAND, within_bounds
from cds_service.virtual_trial.course_of_trial import PatientCourse
from cds_service.virtual_trial.program_policy import Said
from cds_service.virtual_trial.true_renal_state import impaired_from

DANGER, HIGH = 20.0, 15.0
_APART = 7
_FORECAST_FOR = {Drug.SIROLIMUS: (7, 21), Drug.CICLOSPORIN: (4, 14)}


@dataclass(frozen=True, slots=True)
class Forecasted:
    """One forecast of a measured trough, ng/mL, and what was measured then."""

    drug: str
    low: float
    median: float
    high: float
    measured: float


@dataclass(frozen=True, slots=True)
class TrialOutcome:
    """One patient under one policy. Shares are of days; None where the arm has no ciclosporin.

    `stable_day`: the second of two measured sirolimus troughs in range, a week apart; None if never.
    `cap_spells`: how often AT_CAP_BELOW_TARGET began; `cap_visits`: at how many visits it held; both drugs.
    """

    policy: str
    number: int
    arm: str
    truth: str
    age: int
    interacting: str | None
    in_band: float
    below: float
    above: float
    above_danger: float
    above_high: float
    changes: int
    stable_day: int | None
    ciclosporin_in_band: float | None
    ciclosporin_in_band_unharmed: float | None
    renal_safe: bool | None
    outside_record: int
    cap_spells: int
    cap_visits: int
    visits: int
    seconds: float
    troughs: Floats
    why: str
    forecasts: tuple[Forecasted, ...] = ()


def trial_outcome(course: PatientCourse, said: Sequence[Said], known: Assumptions) -> TrialOutcome:
    """Sum one course up; `said` is what the program answered, empty for other policies."""
    person = course.person
    counted = course.sirolimus[known.counted_from_day :]
    low, high = SIROLIMUS_BAND
    combined = person.arm == Arm.COMBINED
    in_band = float(np.mean(within_bounds(counted, SIROLIMUS_BAND)))
    spells, visits_at_cap = _at_cap(said)
    return TrialOutcome(
        policy=course.policy,
        number=person.number,
        arm=person.arm.value,
        truth=person.truth,
        age=person.age,
        interacting=person.interaction.drug if person.interaction else None,
        in_band=in_band,
        below=float(np.mean(counted < low)),
        above=float(np.mean(counted > high)),
        above_danger=float(np.mean(course.sirolimus > DANGER)),
        above_high=float(np.mean(course.sirolimus > HIGH)),
        changes=_changes([seen.doses.sirolimus for seen in course.visits]),
        stable_day=_stable_day(course),
        ciclosporin_in_band=_ciclosporin_share(course, known) if combined else None,
        ciclosporin_in_band_unharmed=_while_unharmed(course, known) if combined else None,
        renal_safe=_renal_safe(course, known) if combined else None,
        outside_record=_outside(course),
        cap_spells=spells,
        cap_visits=visits_at_cap,
        visits=len(course.visits),
        seconds=course.seconds,
        troughs=course.sirolimus.astype(np.float32),
        why=_why(course, in_band, known),
        forecasts=tuple(_forecasts(course, said)),
    )


def _changes(doses: Sequence[float]) -> int:
    """How often a taken dose was followed by another taken dose; a hold by itself is none."""
    return sum(before != after for before, after in pairwise([mg for mg in doses if mg > 0]))


def _stable_day(course: PatientCourse) -> int | None:
    low, high = SIROLIMUS_BAND
    measured = [(seen.day, seen.sirolimus) for seen in course.visits if seen.sirolimus is not None]
    first: int | None = None
    for day, level in measured:
        if not low <= level <= high:
            first = None
        elif first is None:
            first = day
        elif day - first >= _APART:
            return day
    return None


def _ciclosporin_share(course: PatientCourse, known: Assumptions) -> float:
    counted = course.ciclosporin[known.counted_from_day :]
    return float(np.mean(within_bounds(counted, CICLOSPORIN_BAND)))


def _while_unharmed(course: PatientCourse, known: Assumptions) -> float | None:
    """Days in the band with kidneys that were never impaired until then, of all days that count.

    Once they are impaired the record has 25-50 mg and no target: days in the band are then against the
    record. None for a patient whose kidneys were impaired before the first dose.
    """
    limit = impaired_from(course.person)
    if course.person.creatinine >= limit:
        return None
    unharmed = ~np.logical_or.accumulate(course.creatinine >= limit)[known.counted_from_day :]
    counted = course.ciclosporin[known.counted_from_day :]
    return float(np.mean(within_bounds(counted, CICLOSPORIN_BAND) & unharmed))


def _renal_safe(course: PatientCourse, known: Assumptions) -> bool:
    """No rise of creatinine by 30 % or more that lasts for over two weeks."""
    longest = run = 0
    for value in course.creatinine:
        run = run + 1 if value >= (1 + known.renal_harm_rise) * course.person.creatinine else 0
        longest = max(longest, run)
    return longest <= known.renal_harm_days


def _outside(course: PatientCourse) -> int:
    """Prescriptions that the trial record does not allow; 0 mg is a hold."""
    return sum(
        mg > 0 and not doses[0] <= mg <= doses[-1]
        for seen in course.visits
        for drug, doses in DOSES.items()
        for mg in (getattr(seen.doses, drug.value),)
    )


def _at_cap(said: Sequence[Said]) -> tuple[int, int]:
    spells = visits = 0
    for drug in Drug:
        states = [s.decision.state is State.AT_CAP_BELOW_TARGET for s in said if s.decision.drug == drug]
        visits += sum(states)
        spells += sum(now and not before for before, now in pairwise([False, *states]))
    return spells, visits


def _why(course: PatientCourse, in_band: float, known: Assumptions) -> str:
    """In a word, why less than half of the days were in range; empty when they were."""
    if in_band >= 0.5:
        return ""
    counted = course.sirolimus[known.counted_from_day :]
    doses = [seen.doses.sirolimus for seen in course.visits if seen.day >= known.counted_from_day]
    usual = float(np.median(doses)) if doses else 0.0
    if np.median(counted) < SIROLIMUS_BAND[0]:
        return (
            "low at the highest dose" if usual == DOSES[Drug.SIROLIMUS][-1] else "low, and not raised enough"
        )
    if np.median(counted) > SIROLIMUS_BAND[1]:
        return "high at the lowest dose" if usual <= 1 else "high, and not lowered enough"
    return "unsteady"


def _forecasts(course: PatientCourse, said: Sequence[Said]) -> Iterator[Forecasted]:
    """Each forecast of the dose that was then taken, with the first level measured about when it was for."""
    for answer in said:
        told = answer.decision.outlook
        drug = Drug(answer.decision.drug)
        dose = next(getattr(v.doses, drug.value) for v in course.visits if v.day == answer.day)
        for one in told.doses if told else ():
            if float(one.dose.amount_mg) == dose:
                measured = _measured_later(course, drug, answer.day, dose)
                if measured is not None:
                    yield Forecasted(drug.value, float(one.low), float(one.median), float(one.high), measured)


def _measured_later(course: PatientCourse, drug: Drug, day: int, dose: float) -> float | None:
    """The next level in the days the forecast is for, if the dose stayed as it was until then."""
    first, last = _FORECAST_FOR[drug]
    for before, seen in pairwise(v for v in course.visits if v.day >= day):
        if getattr(before.doses, drug.value) != dose or before.held or seen.day > day + last:
            return None
        level = seen.sirolimus if drug == Drug.SIROLIMUS else seen.ciclosporin
        if level is not None and seen.day >= day + first:
            return level
    return None
