"""What has led to a hold in the last weeks: a level, kidney injury, potassium (DECISIONS 58)."""

import math
from collections.abc import Iterator, Sequence
from datetime import date
from decimal import Decimal
from enum import StrEnum

import msgspec

from cds_service.rules.answers.renal_answers import RenalFinding
from cds_service.rules.as_of import AsOf
from cds_service.trials.nct06802055.patient_state.doses.current_dose import DoseInForce
from cds_service.trials.nct06802055.patient_state.doses.titration_limits import TitrationLimits
from cds_service.trials.nct06802055.patient_state.levels.drug_levels import (
    LevelLimits,
    blood_levels,
    is_dangerous,
    may_be_a_trough,
)
from cds_service.trials.nct06802055.two_drugs import Drug
from fhir_mappings.clinical_model.calendar import When, hours_between
from fhir_mappings.clinical_model.medications import Dose
from fhir_mappings.clinical_model.record import ClinicalRecord
from fhir_mappings.clinical_model.results import Analyte, Result, when_measured


class HoldTrigger(StrEnum):
    """What led to a hold."""

    LEVEL = "level"
    AKI = "aki"
    POTASSIUM = "potassium"


class Trigger(msgspec.Struct, frozen=True):
    """One thing that led to a hold: its day, the result that tells it, the dose in force on that day.

    `severe`: a level above what is dangerous by itself.
    """

    cause: HoldTrigger
    day: date
    result: Result | None = None
    former: Dose | None = None
    severe: bool = False


class Triggers(msgspec.Struct, frozen=True):
    """The newest of each cause, newest first; `refuted`: the newest level that a later one disproves."""

    open: tuple[Trigger, ...] = ()
    refuted: Result | None = None


def find_triggers(
    record: ClinicalRecord,
    dose: DoseInForce,
    renal: RenalFinding,
    as_of: AsOf,
    limits: TitrationLimits,
    level_limits: LevelLimits,
    unconfirmed: tuple[Result, ...] = (),
) -> Triggers:
    """What may hold the drug open still; kidneys and potassium hold ciclosporin only.

    `unconfirmed`: levels that a repeat did not confirm; they count only if dangerous by themselves.
    """
    levels = blood_levels(record, dose.drug, as_of, limits.hold_days)
    high = [t for r in levels if (t := _level_trigger(r, dose, limits, level_limits))]
    sure = blood_levels(record, dose.drug, as_of, limits.hold_days, surely=True) if high else ()
    disproved = [t.result for t in high if t.result and refuted_by(t.result, sure, dose.drug, limits)]
    standing = [t for t in high if t.result not in disproved and (t.severe or t.result not in unconfirmed)]
    found = standing[-1:]
    if dose.drug == Drug.CICLOSPORIN:
        found += _of_ciclosporin(record, dose, renal, as_of, limits)
    return Triggers(
        tuple(sorted(found, key=lambda t: t.day, reverse=True)), disproved[-1] if disproved else None
    )


def dose_on(dose: DoseInForce, day: date) -> Dose | None:
    """What was in force on a day, by the steps on record."""
    steps = [step for step in dose.steps if step.day <= day]
    return steps[-1].dose if steps else None


def _level_trigger(
    result: Result, dose: DoseInForce, limits: TitrationLimits, level_limits: LevelLimits
) -> Trigger | None:
    assert result.when is not None
    former = dose_on(dose, result.when.last)
    danger = is_dangerous(result, dose.drug, dose.given, level_limits)
    if not danger and not (_is_high(result, former, limits) and may_be_a_trough(result, dose, level_limits)):
        return None
    return Trigger(HoldTrigger.LEVEL, result.when.last, result, former, severe=danger)


def _is_high(result: Result, former: Dose | None, limits: TitrationLimits) -> bool:
    """Above what holds a dose; at the lowest dose, above the target."""
    if former is None:
        return False
    if result.analyte is Analyte.SIROLIMUS:
        lowest = former.daily_mg <= limits.sirolimus_min_mg
        edge = limits.sirolimus_target_high if lowest else limits.sirolimus_high
    else:
        lowest = former.daily_mg <= limits.ciclosporin_min_mg * 24 / limits.ciclosporin_every_hours
        edge = limits.ciclosporin_target_high if lowest else limits.ciclosporin_danger
    return result.above(edge) is True


def refuted_by(
    result: Result, levels: Sequence[Result], drug: Drug, limits: TitrationLimits
) -> Result | None:
    """A later sirolimus level that lies lower than the drug could have fallen: the first was no trough."""
    if drug != Drug.SIROLIMUS or result.number is None or result.when is None:
        return None
    for later in levels:
        if later.number is None or later.when is None or later.comparator is not None:
            continue
        hours = _at_most_hours(result.when, later.when)
        if 0 < hours <= limits.refute_hours and float(later.number) < _left(result.number, hours, limits):
            return later
    return None


def _left(level: Decimal, hours: float, limits: TitrationLimits) -> float:
    return float(level) * math.exp(-math.log(2) * hours / float(limits.refute_half_life_hours))


def _at_most_hours(first: When, second: When) -> float:
    """The hours between two samples; the most that whole days may mean, and 0 where they are not in order."""
    if first.instant and second.instant:
        return hours_between(first.instant, second.instant)
    days = (second.last - first.first).days
    return (days + 1) * 24.0 if second.first > first.last else 0.0


def _of_ciclosporin(
    record: ClinicalRecord, dose: DoseInForce, renal: RenalFinding, as_of: AsOf, limits: TitrationLimits
) -> Iterator[Trigger]:
    """Acute kidney injury and high potassium."""
    if renal.acute_on and (as_of.day - renal.acute_on).days <= limits.hold_days:
        yield Trigger(HoldTrigger.AKI, renal.acute_on, None, dose_on(dose, renal.acute_on))
    high = [r for r in potassiums(record, as_of, limits.hold_days) if r.below(limits.potassium_hold) is False]
    if high and high[-1].when:
        day = high[-1].when.last
        yield Trigger(HoldTrigger.POTASSIUM, day, high[-1], dose_on(dose, day))


def potassiums(record: ClinicalRecord, as_of: AsOf, days: int) -> list[Result]:
    """Readable potassiums of the last `days`, oldest first."""
    found = [
        r
        for r in record.usable(Analyte.POTASSIUM)
        if r.when and 0 <= (as_of.day - r.when.last).days <= days
        if not (r.when.instant and r.when.instant > as_of.instant)
    ]
    return sorted(found, key=when_measured)


def potassium_settled(record: ClinicalRecord, as_of: AsOf, limits: TitrationLimits) -> bool:
    """The newest potassiums, over `restart_potassium_hours` or more, all lie below the edge."""
    run: list[When] = []
    for result in reversed(potassiums(record, as_of, limits.hold_days)):
        if result.below(limits.restart_potassium) is not True or result.when is None:
            return False
        run.append(result.when)
        if _hours(run[-1], run[0]) >= limits.restart_potassium_hours:
            return True
    return False


def _hours(first: When, second: When) -> float:
    if first.instant and second.instant:
        return hours_between(first.instant, second.instant)
    return (second.last - first.last).days * 24.0
