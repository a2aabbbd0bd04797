"""What shows that a study drug was really taken: doses given, dispensed, stated, or measured in blood.

An order is a wish. It becomes a dose only by a sign that it was followed (DECISIONS 22).
"""

from collections.abc import Iterable, Iterator
from datetime import date, datetime
from decimal import Decimal

import msgspec
from msgspec.structs import replace

from cds_service.rules.as_of import AsOf
from cds_service.rules.stops import STOPPED
from cds_service.trials.nct06802055.patient_state.doses.regimens import EVERY_HOURS, whole_days
from cds_service.trials.nct06802055.two_drugs import Drug
from fhir_mappings.clinical_model.calendar import When, days_after
from fhir_mappings.clinical_model.known_unknown import Evidence, Known, Unknown, WhyUnknown
from fhir_mappings.clinical_model.medications import (
    Dose,
    MedicationEvent,
    MedicationSource,
    MedicationStatus,
    begun_on,
)
from fhir_mappings.clinical_model.record import ClinicalRecord, once_a_record
from fhir_mappings.clinical_model.results import Analyte, Comparator, Reading

_HAPPENED = {
    MedicationSource.ADMINISTRATION: frozenset({MedicationStatus.COMPLETED, MedicationStatus.ACTIVE}),
    MedicationSource.DISPENSE: frozenset({MedicationStatus.COMPLETED}),
    MedicationSource.STATEMENT: frozenset(
        {MedicationStatus.ACTIVE, MedicationStatus.COMPLETED, MedicationStatus.STOPPED}
    ),
    MedicationSource.ORDER: frozenset[MedicationStatus](),
}
_NEVER_AN_ORDER = frozenset(
    {
        MedicationStatus.CANCELLED,
        MedicationStatus.DRAFT,
        MedicationStatus.INTENDED,
        MedicationStatus.NOT_TAKEN,
    }
)


class IntakeSign(msgspec.Struct, frozen=True):
    """One sign that a dose was taken.

    `day`: the first day of it, the latest that a partial date may mean. `until`: the day on which it is used
    up, None while it goes on. `supply_told`: whether `until` was written, so that a gap after it is a gap.
    `stopped`: it was stopped on that day. `dose`: None when neither the sign nor an order of the time tells.
    """

    day: date
    until: date | None
    supply_told: bool
    dose: Dose | None
    source: MedicationSource
    evidence: Evidence
    stopped: bool = False


class Signs(msgspec.Struct, frozen=True):
    """Everything a chart tells of one study drug up to one moment, each list oldest first.

    `given`: the instants of documented doses, by whatever route. `missed`: days of doses recorded as not
    given. `refused`: the latest day of a statement that the drug is not taken, or on hold; `denied`: the days
    from which it was not taken, by statements that tell the day; `on_hold`: days of statements that it is on
    hold, where they tell no day of it. `injected`: days of doses by another route than the mouth,
    which are no doses of this trial; `to_inject`: orders of such. `stated_stops`: statements of a course that
    was stopped. `drafts`: orders not yet signed. `undated`: it was taken some day that nobody
    wrote down. `measured`: days on which it was found in blood.
    """

    taken: tuple[IntakeSign, ...]
    orders: tuple[MedicationEvent, ...]
    given: tuple[datetime, ...]
    missed: tuple[date, ...]
    refused: date | None
    denied: tuple[date, ...]
    on_hold: tuple[date, ...]
    injected: tuple[date, ...]
    to_inject: tuple[MedicationEvent, ...]
    stated_stops: tuple[MedicationEvent, ...]
    drafts: tuple[MedicationEvent, ...]
    undated: bool
    measured: tuple[date, ...]


@once_a_record
def signs_of(record: ClinicalRecord, drug: Drug, as_of: AsOf) -> Signs:
    """The signs of one drug; eye drops, creams and what lies ahead of `as_of` are left out."""
    begun = (e for e in record.taking(drug.value) if not (e.start and as_of.is_before(e.start)))
    known = [e for e in begun if e.systemic is not False]
    swallowed = [_as_needed_is_no_dose(e) if e.as_needed else e for e in known if e.oral is not False]
    events = whole_days(swallowed, drug)
    injected = [e for e in known if e.oral is False]
    ordered = [e for e in events if e.source is MedicationSource.ORDER]
    orders = tuple(e for e in ordered if _is_order(e))
    happened = [e for e in events if e.status in _HAPPENED[e.source]]
    dated = [e for e in happened if e.start]
    doses = [e for e in dated if e.source is MedicationSource.ADMINISTRATION]
    others = (e for e in dated if e.source is not MedicationSource.ADMINISTRATION)
    taken = [sign for e in others for sign in _in_order_steps(e, orders, as_of.day)]
    taken += _intakes(doses, orders, drug, as_of.day)
    skipped = [e for e in events if e.status is MedicationStatus.NOT_TAKEN and e.start]
    missed = [e for e in skipped if e.source is MedicationSource.ADMINISTRATION]
    said = [e for e in events if e.source is MedicationSource.STATEMENT]
    infused = [e for e in injected if e.start and e.status in _HAPPENED[e.source]]
    single = [*doses, *(e for e in infused if e.source is MedicationSource.ADMINISTRATION)]
    return Signs(
        taken=tuple(sorted(taken, key=lambda sign: sign.day)),
        orders=orders,
        given=tuple(sorted(e.start.instant for e in single if e.start and e.start.instant)),
        missed=tuple(sorted(_day(e.start, as_of.day) for e in missed)),
        refused=max((_day(e.start, as_of.day) for e in said if e.start and _is_denial(e)), default=None),
        denied=tuple(sorted(_denied(said, as_of.day))),
        on_hold=tuple(sorted(_day(e.start, as_of.day) for e in said if e.start and _is_held_untold(e))),
        injected=tuple(sorted(_day(e.start, as_of.day) for e in infused)),
        to_inject=tuple(e for e in injected if _is_order(e)),
        stated_stops=tuple(e for e in said if e.status is MedicationStatus.STOPPED),
        drafts=tuple(e for e in ordered if e.status is MedicationStatus.DRAFT),
        undated=len(dated) < len(happened),
        measured=_measured(record, drug, as_of),
    )


def _is_denial(event: MedicationEvent) -> bool:
    return event.status in (MedicationStatus.NOT_TAKEN, MedicationStatus.ON_HOLD)


def _denied(said: Iterable[MedicationEvent], today: date) -> Iterator[date]:
    """The days from which statements say that it is not taken, where they tell the day of the stop."""
    for event in said:
        if event.status is MedicationStatus.NOT_TAKEN and event.start:
            yield _day(event.start, today)
        elif event.status in STOPPED and (end := stated_end(event)) and end <= today:
            yield end


def _is_held_untold(event: MedicationEvent) -> bool:
    return event.status is MedicationStatus.ON_HOLD and stated_end(event) is None


def stated_end(event: MedicationEvent) -> date | None:
    """The day on which a course ended; a single moment in it, which is told as its start and end, is none."""
    return event.end.first if event.end and event.end != event.start else None


def _as_needed_is_no_dose(event: MedicationEvent) -> MedicationEvent:
    """Nobody knows how much of a drug is taken that is taken only when needed."""
    return replace(event, dose=Unknown(WhyUnknown.UNREADABLE))


def _is_order(event: MedicationEvent) -> bool:
    wanted = event.is_order_intent and not event.single_dose and event.status not in _NEVER_AN_ORDER
    return event.source is MedicationSource.ORDER and wanted


def _day(when: When | None, today: date) -> date:
    return min(when.last, today) if when else today


def _in_order_steps(
    event: MedicationEvent, orders: tuple[MedicationEvent, ...], today: date
) -> list[IntakeSign]:
    """The sign; one that tells no dose follows the steps of its order, each from its own day (DECISIONS 54).

    A step of an order that was stopped or is on hold shows nothing: it may have come after the stop.
    """
    first = _day(event.start, today)
    until, told = _used_up(event, first)
    dose = event.dose.value if isinstance(event.dose, Known) else _ordered(orders, first)
    sign = IntakeSign(first, until, told, dose, event.source, _evidence(event, dose))
    own = None if isinstance(event.dose, Known) else _newest_begun(orders, first)
    last = today if until is None else min(today, until)
    same = [o for o in orders if own and o.reference == own.reference and o.status not in STOPPED]
    starts = sorted({o.start.first for o in same if o.start})
    days = [first, *(day for day in starts if first < day <= last)]
    return [
        replace(sign, day=day, until=following, dose=dose if day == first else _ordered(orders, day))
        for day, following in zip(days, [*days[1:], until], strict=True)
    ]


def _used_up(event: MedicationEvent, day: date) -> tuple[date | None, bool]:
    """When the supply or the stated course ends, and whether the chart says so."""
    if event.source is MedicationSource.DISPENSE and event.supply_days is not None:
        return days_after(day, int(event.supply_days)), True
    if event.end:
        return max(event.end.first, day), True
    if event.source is MedicationSource.STATEMENT and event.status is MedicationStatus.ACTIVE:
        return None, True
    return day, False


def _ordered(orders: Iterable[MedicationEvent], day: date) -> Dose | None:
    """The dose of the newest order that had begun by `day`."""
    newest = _newest_begun(orders, day)
    return newest.dose.value if newest and isinstance(newest.dose, Known) else None


def _newest_begun(orders: Iterable[MedicationEvent], day: date) -> MedicationEvent | None:
    begun = [o for o in orders if o.start and o.start.first <= day]
    return max(begun, key=begun_on, default=None)


def _intakes(
    doses: list[MedicationEvent], orders: tuple[MedicationEvent, ...], drug: Drug, today: date
) -> list[IntakeSign]:
    """One sign per intake: the capsules recorded for the same moment are one dose."""
    moments: dict[When | None, list[MedicationEvent]] = {}
    for event in doses:
        moments.setdefault(event.start, []).append(event)
    found = []
    for events in moments.values():
        day = _day(events[0].start, today)
        amounts = [e.dose.value.amount_mg for e in events if isinstance(e.dose, Known)]
        dose = _ordered(orders, day)
        # An uneven order (100 mg in the morning, 75 mg at night) has no amount that every intake must equal.
        if len(amounts) == len(events) and (dose is None or dose.every_hours == EVERY_HOURS[drug]):
            dose = Dose(sum(amounts, Decimal(0)), EVERY_HOURS[drug])
        seen = _evidence(events[-1], dose)
        found.append(IntakeSign(day, day, False, dose, MedicationSource.ADMINISTRATION, seen))
    return found


def _evidence(event: MedicationEvent, dose: Dose | None) -> Evidence:
    told = event.start.text if event.start else None
    return Evidence(event.reference, told, dose.daily_mg if dose else None, "mg/d" if dose else None)


def _measured(record: ClinicalRecord, drug: Drug, as_of: AsOf) -> tuple[date, ...]:
    """Days on which the drug was found in blood; "<0.3" and 0 are no sign that it was taken."""
    below = (Comparator.LESS, Comparator.AT_MOST)
    days = (
        r.when.last
        for r in record.of(Analyte(drug.value))
        if r.reading is Reading.USABLE and r.when and not as_of.is_before(r.when)
        if r.number is not None and r.number > 0 and r.comparator not in below
    )
    return tuple(sorted(day for day in days if day <= as_of.day))
