"""The dated lines of one order, supply or statement: one step per line, each from its own day (DECISIONS 54).

"1 mg until 16 November, 2 mg from the 17th" is one order and two doses. Lines that are not dated apart stay
together, whatever they come to.
"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from decimal import ROUND_DOWN, Decimal
from itertools import pairwise
from zoneinfo import ZoneInfo

import msgspec

from fhir_mappings.clinical_model.calendar import days_after, days_before
from fhir_mappings.clinical_model.medications import Dose
from fhir_mappings.readers.amounts import Strength, amount_mg
from fhir_mappings.readers.dosage import Dosage, bounds_of, dose_of
from fhir_mappings.readers.fhir_types import Quantity

_Span = tuple[date | None, date | None]


class Phase(msgspec.Struct, frozen=True):
    """The lines that hold from `first` to `last`, both included; None where their dates leave it open."""

    lines: tuple[Dosage, ...]
    first: date | None = None
    last: date | None = None

    def days(self, since: date) -> int | None:
        """How many days it lasts, counted from `since`; None for one without an end."""
        start = max(self.first or since, since)
        return (self.last - start).days + 1 if self.last else None


def phases(lines: Sequence[Dosage], zone: ZoneInfo) -> tuple[Phase, ...]:
    """The stretches of days with the lines in force in each, oldest first; one where none is dated apart.

    A day that one line ends on and the next begins on belongs to the next.
    """
    spans = _apart([bounds_of(line, zone) for line in lines])
    if len(set(spans)) < 2:
        return (Phase(tuple(lines)),)
    found = [
        Phase(held, first, last)
        for first, last in _stretches(spans)
        if (held := tuple(line for line, span in zip(lines, spans, strict=True) if _holds(span, first, last)))
    ]
    return tuple(found)


def _apart(spans: Sequence[_Span]) -> list[_Span]:
    starts = {first for first, _ in spans if first}
    return [(first, _until(first, last, starts)) for first, last in spans]


def _until(first: date | None, last: date | None, starts: set[date]) -> date | None:
    if last is None or last not in starts or (first is not None and first >= last):
        return last
    return days_before(last, 1)


def _stretches(spans: Iterable[_Span]) -> Iterator[_Span]:
    """Every stretch of days between two days on which something begins or has ended."""
    cuts = {first for first, _ in spans if first} | {days_after(last, 1) for _, last in spans if last}
    edges: list[date | None] = [None, *sorted(cuts), None]
    for first, after in pairwise(edges):
        yield first, days_before(after, 1) if after else None


def _holds(span: _Span, first: date | None, last: date | None) -> bool:
    begins = span[0] is None or (first is not None and span[0] <= first)
    ends = span[1] is None or (last is not None and last <= span[1])
    return begins and ends


def shared_out(
    steps: Sequence[Phase], since: date, supply: Decimal | Quantity | None, strength: Strength, zone: ZoneInfo
) -> Iterator[tuple[Phase, Decimal]]:
    """The steps that a supply of `since` reaches, each with the days of it that fall into the step.

    The supply is told in days, or as an amount that the steps use up one after the other.
    """
    total = amount_mg(supply, strength) if isinstance(supply, Quantity) else None
    days = supply if isinstance(supply, Decimal) else None
    for step in steps:
        lasts = step.days(since)
        if lasts is not None and lasts <= 0:
            continue
        dose = dose_of(step.lines, strength, step.first or since, zone)
        covers = days if days is not None else _lasts(total, dose)
        if covers is None or covers <= 0:
            return
        used = min(covers, Decimal(lasts)) if lasts is not None else covers
        yield step, used
        days = days - used if days is not None else None
        total = total - used * dose.daily_mg if total is not None and isinstance(dose, Dose) else None


def _lasts(total_mg: Decimal | None, dose: object) -> Decimal | None:
    if total_mg is None or not isinstance(dose, Dose):
        return None
    return (total_mg / dose.daily_mg).to_integral_value(ROUND_DOWN)
