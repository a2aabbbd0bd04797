"""The course of one study drug in a chart: its signs, its doses one after another, its current orders."""

from collections.abc import Iterable
from datetime import date

import msgspec
from msgspec.structs import replace

from cds_service.rules.answers.trial_part import Participation
from cds_service.rules.as_of import AsOf
from cds_service.trials.nct06802055.patient_state.doses.intake_evidence import IntakeSign, Signs, signs_of
from cds_service.trials.nct06802055.patient_state.doses.interruptions import Off, cut, off_periods, stop_days
from cds_service.trials.nct06802055.trial_arms import Arm
from cds_service.trials.nct06802055.two_drugs import Drug
from fhir_mappings.clinical_model.calendar import days_after, days_before
from fhir_mappings.clinical_model.known_unknown import MEDICATION_PARTS, Known, Part
from fhir_mappings.clinical_model.medications import (
    Dose,
    MedicationEvent,
    MedicationSource,
    MedicationStatus,
    begun_on,
)
from fhir_mappings.clinical_model.record import ClinicalRecord


class DoseLimits(msgspec.Struct, frozen=True):
    """Days for which a sign of a dose holds."""

    supply_grace_days: int
    level_keeps_dose_days: int
    order_is_current_days: int
    switch_days: int
    missed_is_stop_days: int
    order_waits_days: int


class DoseStep(msgspec.Struct, frozen=True):
    """A dose, and the earliest sign that it was taken; a new start after an interruption is a new step."""

    day: date
    dose: Dose


class DoseChart(msgspec.Struct, frozen=True):
    """What a chart holds of one drug, sorted into what this study asks.

    `taken`: the signs of this study; `steps`: the doses they tell, oldest first; `current`: orders in force,
    of whatever study; `on_record`: an order of this study or an undated sign; `measured`: days on which the
    drug was found in blood; `pre_study`: only ciclosporin from before the study is on record. `off`:
    stretches off the drug; `stops`: days on which it was stopped, where they are told; `supplied_until`: when
    the last sign would be used up without any stop; `injected`: days of doses by another route.
    """

    signs: Signs
    taken: tuple[IntakeSign, ...]
    steps: tuple[DoseStep, ...]
    current: tuple[MedicationEvent, ...]
    on_record: bool
    pre_study: bool
    incomplete: bool
    measured: tuple[date, ...]
    off: tuple[Off, ...]
    stops: tuple[date, ...]
    supplied_until: date | None
    orders_unread: bool
    today: date
    limits: DoseLimits
    injected: tuple[date, ...] = ()


def dose_chart(
    record: ClinicalRecord, drug: Drug, participation: Participation, as_of: AsOf, limits: DoseLimits
) -> DoseChart:
    """The course of `drug` up to `as_of`; see `dose_in_force` for which ciclosporin counts."""
    signs = signs_of(record, drug, as_of)
    told = stop_days(signs, as_of.day, limits.switch_days, limits.missed_is_stop_days)
    stops = tuple(sorted({*told, *signs.on_hold}))
    supplied_until = used_up(signs.taken)
    signs = replace(signs, taken=cut(signs.taken, stops))
    off = off_periods(signs.taken, stops, limits.switch_days)
    start = participation.start
    only_study = drug == Drug.CICLOSPORIN and participation.arm == Arm.COMBINED
    measured = tuple(d for d in signs.measured if not (only_study and start and d < start))
    taken = signs.taken if start is None else _in_study(signs.taken, start, only_study, limits)
    current = tuple(o for o in signs.orders if is_current(o, as_of.day, limits))
    in_study = [o for o in signs.orders if not (only_study and start and begun_on(o) < start)]
    going_on = any(covers(s, as_of.day, limits) for s in signs.taken)
    return DoseChart(
        signs=signs,
        taken=taken,
        steps=_steps(taken, measured, off, limits),
        current=_standing(current),
        on_record=bool(in_study) or signs.undated,
        pre_study=only_study and not taken and not in_study and (going_on or bool(current)),
        incomplete=record.lacks(*MEDICATION_PARTS),
        measured=measured,
        off=off,
        stops=told,
        supplied_until=supplied_until,
        orders_unread=record.lacks(Part.MEDICATION_REQUESTS),
        today=as_of.day,
        limits=limits,
        injected=tuple(d for d in signs.injected if not (only_study and start and d < start)),
    )


def _in_study(
    taken: Iterable[IntakeSign], start: date, only_study: bool, limits: DoseLimits
) -> tuple[IntakeSign, ...]:
    if only_study:
        return tuple(sign for sign in taken if sign.day >= start)
    last = days_before(start, limits.supply_grace_days)
    return tuple(sign for sign in taken if sign.until is None or sign.until >= last)


def is_current(order: MedicationEvent, today: date, limits: DoseLimits) -> bool:
    """Is it an active order that has not ended, by its own dates, its supply or its age?"""
    if order.status is not MedicationStatus.ACTIVE:
        return False
    if order.end:
        return order.end.last >= today
    if order.start is None:
        return True
    if order.supply_days is not None:
        lasts = int(order.supply_days) + limits.supply_grace_days
        return days_after(order.start.last, lasts) >= today
    return (today - order.start.last).days <= limits.order_is_current_days


def _standing(current: tuple[MedicationEvent, ...]) -> tuple[MedicationEvent, ...]:
    """Without orders that another one replaces, and of an order and what carries it out the one that tells
    the dose (DECISIONS 65)."""
    gone = {name for order in current for name in order.replaces}
    for order in current:
        if isinstance(order.dose, Known):
            gone |= order.part_of
        elif order.part_of & {other.reference for other in current}:
            gone.add(order.reference)
    return tuple(order for order in current if order.reference not in gone)


def covers(sign: IntakeSign, today: date, limits: DoseLimits) -> bool:
    """Is the dose of this sign still in force? A stated end is an end; only a supply is given time."""
    if sign.until is None or sign.until >= today:
        return True
    exact = sign.stopped or sign.source is MedicationSource.STATEMENT
    grace = 0 if exact else limits.supply_grace_days
    return days_after(sign.until, grace) >= today


def _steps(
    taken: Iterable[IntakeSign], measured: tuple[date, ...], off: tuple[Off, ...], limits: DoseLimits
) -> tuple[DoseStep, ...]:
    steps: list[DoseStep] = []
    before: IntakeSign | None = None
    for sign in taken:
        if sign.dose is None:
            continue
        again = before and any(before.day <= stretch.since < sign.day for stretch in off)
        new = again or not steps or steps[-1].dose != sign.dose
        if new or _interrupted(before, sign, measured, limits):
            steps.append(DoseStep(sign.day, sign.dose))
        before = sign
    return tuple(steps)


def _interrupted(
    before: IntakeSign | None, sign: IntakeSign, measured: tuple[date, ...], limits: DoseLimits
) -> bool:
    if before is None or before.until is None or not before.supply_told or covers(before, sign.day, limits):
        return False
    return not any(before.until <= day <= sign.day for day in measured)


def used_up(taken: tuple[IntakeSign, ...]) -> date | None:
    """When the last of the signs is used up; None while one goes on, or when there is none."""
    if any(sign.until is None for sign in taken):
        return None
    return max((sign.until for sign in taken if sign.until), default=None)
