"""Each entry of ciclosporin as the days it surely covers (`eligibility.md` 2.1, DECISIONS 5).

Ends are days on which the supply ran out or the period ended: a dispense of 30 days from 1 May ends 31 May.
"""

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from decimal import Decimal

import msgspec
from msgspec.structs import replace

from cds_service.trials.nct06802055.two_drugs import Drug
from fhir_mappings.clinical_model.calendar import When, days_after, days_before
from fhir_mappings.clinical_model.known_unknown import Fact, Known, Unknown, WhyUnknown
from fhir_mappings.clinical_model.medications import Dose, MedicationEvent, MedicationSource, MedicationStatus
from fhir_mappings.clinical_model.record import ClinicalRecord


class ExposureLimits(msgspec.Struct, frozen=True):
    """`ciclosporin_failure.toml`: what proves that ciclosporin was taken, how long, and with what effect."""

    exposure_months: int
    merged_gap_days: int
    open_order_days: int
    open_statement_days: int
    high_coverage_percent: int
    systemic_daily_mg: Decimal
    low_trough: Decimal
    after_stop_days: int
    relapse_counts_days: int
    resumed_after_days: int
    creatinine_rise: Decimal
    egfr_below: Decimal
    alt_times_normal: Decimal
    attestation_max_age_days: int


class Supply(msgspec.Struct, frozen=True):
    """Days from `first` to `last` that one entry covers, its source, and milligrams a day where told.

    `by_text_only`: the drug is known by its name alone. `has_amount`: a dose in milligrams is told, or the
    days that a supply lasts of a product that is swallowed or infused.
    """

    first: date
    last: date
    source: MedicationSource
    reference: str
    daily_mg: Decimal | None
    by_text_only: bool
    has_amount: bool

    @property
    def used_up(self) -> date:
        """The first day no longer covered: a supply runs out on its `last` day, a period includes it."""
        ends_before = self.source is MedicationSource.DISPENSE and self.first < self.last
        return self.last if ends_before else days_after(self.last, 1)


_TAKEN = {
    MedicationSource.ADMINISTRATION: frozenset(
        {MedicationStatus.COMPLETED, MedicationStatus.ACTIVE, MedicationStatus.STOPPED}
    ),
    MedicationSource.DISPENSE: frozenset({MedicationStatus.COMPLETED}),
    MedicationSource.STATEMENT: frozenset(
        {
            MedicationStatus.ACTIVE,
            MedicationStatus.COMPLETED,
            MedicationStatus.STOPPED,
            MedicationStatus.ON_HOLD,
        }
    ),
    MedicationSource.ORDER: frozenset(
        {
            MedicationStatus.ACTIVE,
            MedicationStatus.COMPLETED,
            MedicationStatus.STOPPED,
            MedicationStatus.ON_HOLD,
        }
    ),
}
"""The statuses of each kind of entry under which the drug was, or may have been, taken."""

_ENDED_EARLY = frozenset({MedicationStatus.STOPPED, MedicationStatus.ON_HOLD})


def ciclosporin_supplies(record: ClinicalRecord, t0: date, limits: ExposureLimits) -> tuple[Supply, ...]:
    """What each entry of systemic ciclosporin covers up to `t0`, by first day.

    A `not-taken` statement takes its days, or everything after it when it has no end, from orders and
    statements; without any date it takes all orders and statements.
    """
    events = [event for event in record.taking(Drug.CICLOSPORIN) if is_systemic(event, limits)]
    starts = _starts(events, t0)
    denied = tuple(_denials(events))
    supplies = [
        piece
        for event in events
        if (supply := _supply(event, starts, t0, limits))
        for piece in _without(supply, denied)
    ]
    return tuple(sorted(supplies, key=lambda s: (s.first, s.last, s.reference)))


def is_systemic(event: MedicationEvent, limits: ExposureLimits) -> bool:
    """Ciclosporin by mouth or vein. Eye drops and creams never count.

    Where neither route nor form is told, the dose speaks: one that was written but cannot be read to
    milligrams ("1 drop"), or amounts to less than a systemic dose, does not count.
    """
    if event.systemic is not None:
        return event.systemic
    if isinstance(event.dose, Unknown):
        return event.dose.why is WhyUnknown.MISSING
    return event.dose.value.daily_mg >= limits.systemic_daily_mg


# ---------------------------------------------------------------- one entry


class _Starts(msgspec.Struct, frozen=True):
    """First days of all orders, and of all orders, dispenses and statements, in order."""

    orders: Sequence[date]
    any_entry: Sequence[date]

    @staticmethod
    def after(days: Sequence[date], day: date) -> date | None:
        """The first of `days` after `day`."""
        position = bisect_right(days, day)
        return days[position] if position < len(days) else None


def _starts(events: Iterable[MedicationEvent], t0: date) -> _Starts:
    counted = [
        (event.start.first, event.source)
        for event in events
        if event.start and event.start.first <= t0 and _may_count(event)
    ]
    orders = sorted(day for day, source in counted if source is MedicationSource.ORDER)
    entries = sorted(day for day, source in counted if source is not MedicationSource.ADMINISTRATION)
    return _Starts(orders, entries)


def _may_count(event: MedicationEvent) -> bool:
    return event.is_order_intent and event.status in _TAKEN[event.source]


def _supply(event: MedicationEvent, starts: _Starts, t0: date, limits: ExposureLimits) -> Supply | None:
    """The days that the entry surely covers up to `t0`; none for one that may lie after it."""
    if event.start is None or not _may_count(event) or event.start.last > t0:
        return None
    first = event.start.last
    last = first if event.single_dose else max(first, _last_day(event, first, starts, t0, limits))
    return Supply(
        first,
        min(last, t0),
        event.source,
        event.reference,
        _daily_mg(event.dose),
        event.by_text_only,
        _has_amount(event),
    )


def _daily_mg(dose: Fact[Dose]) -> Decimal | None:
    return dose.value.daily_mg if isinstance(dose, Known) else None


def _has_amount(event: MedicationEvent) -> bool:
    return isinstance(event.dose, Known) or (event.supply_days is not None and event.systemic is True)


def _last_day(event: MedicationEvent, first: date, starts: _Starts, t0: date, limits: ExposureLimits) -> date:
    supplied = None if event.supply_days is None else days_after(first, int(event.supply_days))
    match event.source:
        case MedicationSource.ADMINISTRATION:
            return event.end.first if event.end else first
        case MedicationSource.DISPENSE:
            return supplied or (event.end.first if event.end else first)
        case MedicationSource.STATEMENT:
            return _end_of_statement(event, first, limits)
        case _:
            return _end_of_order(event, first, supplied, starts, t0, limits)


def _end_of_statement(event: MedicationEvent, first: date, limits: ExposureLimits) -> date:
    """Its end; "still taking" without one vouches for a year at most, since nobody may have closed it."""
    if event.end:
        return event.end.first
    if event.status is MedicationStatus.ACTIVE:
        return days_after(first, limits.open_statement_days)
    return first


def _end_of_order(
    event: MedicationEvent,
    first: date,
    supplied: date | None,
    starts: _Starts,
    t0: date,
    limits: ExposureLimits,
) -> date:
    """Its end, else its supply, else 30 days; the next order cuts it short.

    FHIR R4 tells no day on which an order was stopped: a stopped one ends at its stated end if that has
    come; else it counts for 30 days where a later entry shows that treatment went on, and proves its first
    day alone where none does.
    """
    end = event.end.first if event.end else None
    if end is None or end > t0:
        if event.status in _ENDED_EARLY and not starts.after(starts.any_entry, first):
            return first
        if event.status in _ENDED_EARLY:
            end = days_after(first, limits.open_order_days)
    last = end or supplied or days_after(first, limits.open_order_days)
    cut = starts.after(starts.orders, first)
    return min(last, cut) if cut else last


# ---------------------------------------------------------------- what was not taken


def _denials(events: Iterable[MedicationEvent]) -> Iterator[tuple[date, date]]:
    for event in events:
        if event.source is MedicationSource.STATEMENT and event.status is MedicationStatus.NOT_TAKEN:
            yield _first_of(event.start), event.end.last if event.end else date.max


def _first_of(when: When | None) -> date:
    return when.first if when else date.min


def _without(supply: Supply, denied: Iterable[tuple[date, date]]) -> Iterator[Supply]:
    """The supply less the days on which a statement says that the drug was not taken."""
    if supply.source in (MedicationSource.ADMINISTRATION, MedicationSource.DISPENSE):
        yield supply
        return
    pieces = [(supply.first, supply.last)]
    for first, last in denied:
        pieces = [kept for piece in pieces for kept in _cut(piece, first, last)]
    for first, last in pieces:
        yield replace(supply, first=first, last=last)


def _cut(piece: tuple[date, date], first: date, last: date) -> Iterator[tuple[date, date]]:
    start, end = piece
    if last < start or end < first:
        yield piece
        return
    if start < first:
        yield start, days_before(first, 1)
    if last < end:
        yield days_after(last, 1), end
