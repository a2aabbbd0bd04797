"""From when to when a drug was taken, as the entries of a chart tell it."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import date

import msgspec
from msgspec.structs import replace

from cds_service.rules.stops import ended_orders
from fhir_mappings.clinical_model.calendar import When, days_after
from fhir_mappings.clinical_model.medications import MedicationEvent, MedicationSource, MedicationStatus


class InteractionLimits(msgspec.Struct, frozen=True):
    """Days that decide whether an entry means that the drug is taken."""

    order_is_current: int
    recent_change: int
    assumed_supply: int
    administration_counts: int
    same_course: int
    cause_ended: int


class Use(msgspec.Struct, frozen=True):
    """One entry read as a time of use; `last` is None while it goes on."""

    first: date | None
    last: date | None
    event: MedicationEvent


NEVER_TAKEN = frozenset(MedicationStatus(s) for s in ("cancelled", "draft", "not-taken", "intended"))
_GOING_ON = frozenset({MedicationStatus.ACTIVE, MedicationStatus.UNKNOWN})


def is_in_use(events: Iterable[MedicationEvent], day: date, limits: InteractionLimits) -> bool:
    """Does any of these entries of one ingredient say that it is taken now, by the rule above?"""
    return any(use.last is None for use in uses_of(events, day, limits))


def uses_of(events: Iterable[MedicationEvent], day: date, limits: InteractionLimits) -> list[Use]:
    """The time of use of each entry of one drug; a supply ends where the drug was stopped, used up or not."""
    known = [e for e in events if e.systemic is not False]
    taken = [e for e in known if e.status not in NEVER_TAKEN]
    signed = any(e.source is not MedicationSource.ORDER and _recent(e, day, limits) for e in taken)
    stops = sorted({*ended_orders(_orders(taken), day, limits.same_course), *_denied(known, day)})
    return [_up_to(use, stops) for e in taken if (use := _use(e, day, limits, signed=signed))]


def _orders(events: Iterable[MedicationEvent]) -> list[MedicationEvent]:
    return [e for e in events if e.source is MedicationSource.ORDER and e.is_order_intent]


def _denied(events: Iterable[MedicationEvent], day: date) -> Iterator[date]:
    """The days from which a statement says that it is not taken."""
    for event in events:
        said = event.source is MedicationSource.STATEMENT and event.status is MedicationStatus.NOT_TAKEN
        if said and event.start and event.start.first <= day:
            yield min(event.start.last, day)


def _up_to(use: Use, stops: Sequence[date]) -> Use:
    """What was supplied counts up to the first stop after it was handed over."""
    if use.event.source is not MedicationSource.DISPENSE or use.first is None:
        return use
    stop = next((stop for stop in stops if stop > use.first), None)
    return use if stop is None or (use.last and use.last <= stop) else replace(use, last=stop)


def _recent(event: MedicationEvent, day: date, limits: InteractionLimits) -> bool:
    return event.start is not None and _days_since(event.start, day) <= limits.order_is_current


def _days_since(when: When | None, day: date) -> int:
    return (day - min(when.last, day)).days if when else 0


def _use(event: MedicationEvent, day: date, limits: InteractionLimits, *, signed: bool) -> Use | None:
    """The time of use that one entry tells of; None for one that lies ahead or is too old to tell."""
    if event.start and event.start.first > day:
        return None
    first = min(event.start.last, day) if event.start else None
    if _goes_on(event, day, limits):
        order = event.source is MedicationSource.ORDER
        stale = order and _days_since(event.start, day) > limits.order_is_current
        return None if stale and not signed else Use(first, None, event)
    last = event.end.last if event.end else _last_day(event, first or day, limits)
    return Use(first, min(last, day), event)


def _goes_on(event: MedicationEvent, day: date, limits: InteractionLimits) -> bool:
    if event.source is MedicationSource.ADMINISTRATION:
        return _days_since(event.end or event.start, day) <= limits.administration_counts
    if event.end and event.end.last < day:
        return False
    if event.single_dose:
        return _days_since(event.start, day) == 0
    if event.source is MedicationSource.DISPENSE:
        return day <= _last_day(event, event.start.last if event.start else day, limits)
    return event.status in _GOING_ON


def _last_day(event: MedicationEvent, first: date, limits: InteractionLimits) -> date:
    """The last day of an entry that states no end."""
    if event.single_dose or event.source is MedicationSource.ADMINISTRATION:
        return first
    days = int(event.supply_days) if event.supply_days else limits.assumed_supply
    return days_after(first, max(days - 1, 0))
