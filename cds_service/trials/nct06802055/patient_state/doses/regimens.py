"""Entries for different times of one day are one regimen: 100 mg mornings, 75 mg nights (DECISIONS 54)."""

from collections.abc import Iterable, Sequence
from datetime import date
from decimal import Decimal
from itertools import combinations

from msgspec.structs import replace

from cds_service.trials.nct06802055.two_drugs import Drug
from fhir_mappings.clinical_model.calendar import days_after, days_before, on_day
from fhir_mappings.clinical_model.known_unknown import Known
from fhir_mappings.clinical_model.medications import (
    Dose,
    MedicationEvent,
    MedicationSource,
    apart_in_a_day,
    begun_on,
    day_of_doses,
)

EVERY_HOURS = {Drug.SIROLIMUS: Decimal(24), Drug.CICLOSPORIN: Decimal(12)}
"""The intervals of the trial record. An administration tells an amount, never an interval."""


def whole_days(events: Sequence[MedicationEvent], drug: Drug) -> list[MedicationEvent]:
    """The entries, those for a part of the day with what is taken at its other times from the day both hold.

    Of two entries that hold together the younger one tells the dose of the whole day; the elder ends where
    the younger begins. An administration is one dose and stays one. Entries that come to more doses than the
    drug has in a day of the trial record stay apart: two times for a daily drug are a change of mind.
    """
    parts: list[MedicationEvent] = []
    found: list[MedicationEvent] = []
    for event in events:
        (parts if _is_part(event) else found).append(event)
    parts.sort(key=begun_on)
    told = {part.times for part in parts}  # a few times of day in many entries, and most say but one
    if not any(apart_in_a_day(one, other) for one, other in combinations(told, 2)):
        return [*found, *parts]
    companions = [_companions(part, parts[:place], drug) for place, part in enumerate(parts)]
    for place, part in enumerate(parts):
        later = zip(parts[place + 1 :], companions[place + 1 :], strict=True)
        younger = [begun_on(other) for other, its in later if part in its]
        found += _ended(_joined(part, companions[place]), min(younger, default=None))
    return found


def with_companions(part: MedicationEvent, others: Iterable[MedicationEvent], drug: Drug) -> MedicationEvent:
    """An order with the doses that other orders give at other times of the same day."""
    elders = [other for other in others if _is_part(other)]
    return _joined(part, _companions(part, elders, drug)) if _is_part(part) else part


def _is_part(event: MedicationEvent) -> bool:
    told = bool(event.times) and isinstance(event.dose, Known) and event.start is not None
    return told and event.source is not MedicationSource.ADMINISTRATION and not event.as_needed


def _go_together(elder: MedicationEvent, younger: MedicationEvent) -> bool:
    """Entries of one kind and state, at other times of the day; the elder holds when the younger begins."""
    alike = elder.source is younger.source and elder.status is younger.status
    return alike and apart_in_a_day(elder.times, younger.times) and begun_on(younger) <= _last(elder)


def _last(event: MedicationEvent) -> date:
    if event.source is MedicationSource.DISPENSE and event.supply_days is not None:
        return days_after(begun_on(event), int(event.supply_days))
    return event.end.last if event.end else date.max


def _companions(
    part: MedicationEvent, elders: Iterable[MedicationEvent], drug: Drug
) -> list[MedicationEvent]:
    """The newest entry of each other time that holds together with this one; none of too many doses."""
    chosen: list[MedicationEvent] = []
    for elder in sorted(elders, key=begun_on, reverse=True):
        if _go_together(elder, part) and all(apart_in_a_day(elder.times, c.times) for c in chosen):
            chosen.append(elder)
    doses = sum(len(_amounts(event)) for event in (part, *chosen))
    return chosen if doses * EVERY_HOURS[drug] <= 24 else []


def _joined(part: MedicationEvent, others: Sequence[MedicationEvent]) -> MedicationEvent:
    if not others:
        return part
    amounts = [amount for event in (part, *others) for amount in _amounts(event)]
    words = "; ".join(event.as_written for event in (*others, part) if event.as_written)
    return replace(part, dose=_same_evidence(part, amounts), as_written=words)


def _same_evidence(part: MedicationEvent, amounts: Sequence[Decimal]) -> Known[Dose]:
    assert isinstance(part.dose, Known)
    return Known(day_of_doses(amounts), part.dose.evidence)


def _amounts(event: MedicationEvent) -> list[Decimal]:
    assert isinstance(event.dose, Known)
    dose = event.dose.value
    return list(dose.parts) or [dose.amount_mg] * int(24 / dose.every_hours)


def _ended(event: MedicationEvent, before: date | None) -> list[MedicationEvent]:
    """The entry up to the day before the younger one; nothing where both began on one day."""
    if before is None:
        return [event]
    last = days_before(before, 1)
    if last < begun_on(event):
        return []
    supply = event.supply_days
    left = None if supply is None else min(supply, Decimal((before - begun_on(event)).days))
    return [replace(event, end=on_day(last), supply_days=left)]
