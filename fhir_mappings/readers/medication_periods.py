"""From when to when, and for how many days: the periods that medication entries state."""

from collections.abc import Sequence
from datetime import date
from decimal import ROUND_DOWN, Decimal
from math import ceil

from fhir_mappings.clinical_model.calendar import When, days_after, months_after, on_day
from fhir_mappings.clinical_model.known_unknown import Fact, Known
from fhir_mappings.clinical_model.medications import Dose
from fhir_mappings.readers.amounts import Strength, amount_mg
from fhir_mappings.readers.dates import LONGEST_DAYS, believable, days_of
from fhir_mappings.readers.dosage import Dosage
from fhir_mappings.readers.fhir_types import Period, Quantity
from fhir_mappings.readers.medication import DispenseRequest
from fhir_mappings.readers.reading_context import ReadingContext

_MONTHS = {"mo": 1, "month": 1, "months": 1, "个月": 1, "月": 1, "a": 12, "year": 12, "years": 12, "年": 12}


def ordered_course(
    lines: Sequence[Dosage], authored: str | None, chart: ReadingContext
) -> tuple[When | None, When | None]:
    """First and last day of an order: its lines' bounds, else from the day it was written, with no end.

    Steps one after the other that state only how long each lasts have no end that can be told.
    """
    repeats = [line.timing.repeat for line in lines if line.timing and line.timing.repeat]
    starts = [w for r in repeats if r.bounds_period and (w := chart.when(r.bounds_period.start))]
    written = chart.when(authored)
    start = min(starts, key=lambda w: w.first) if starts else written
    ends = [
        chart.until(r.bounds_period.end) if r.bounds_period else _after(start, r.bounds_duration)
        for r in repeats
    ]
    known = [end for end in ends if end is not None]
    steps = len({line.sequence for line in lines}) > 1 and any(r.bounds_duration for r in repeats)
    if steps or not known or len(known) < len(lines):
        return start, None
    return start, max(known, key=lambda w: w.last)


def _after(start: When | None, duration: Quantity | None) -> When | None:
    """The day a stretch of time ends; calendar months and years are counted as such."""
    if start is None or duration is None:
        return None
    first, last = _later(start.first, duration), _later(start.last, duration)
    if first is None or last is None:
        return None
    return on_day(first) if first == last else When(f"{first}/{last}", first, last)


def _later(day: date, duration: Quantity) -> date | None:
    days = days_of(duration)
    if days is not None:
        return days_after(day, ceil(days))
    months = _MONTHS.get((duration.code or duration.unit or "").strip().casefold())
    value = duration.value
    if months is None or value is None or duration.comparator or value <= 0 or value % 1:
        return None
    end = months_after(day, int(value) * months)
    return end if (end - day).days <= LONGEST_DAYS else None


def taken(
    moment: str | None, period: Period | None, chart: ReadingContext
) -> tuple[When | None, When | None]:
    """Start and end of `effective[x]`; a moment has no end of its own."""
    if period is None:
        return chart.when(moment), None
    return chart.when(period.start), chart.until(period.end)


def ordered_supply(request: DispenseRequest | None, dose: Fact[Dose], strength: Strength) -> Decimal | None:
    """Days that an order's supply lasts, all repeats included; None for more than anybody is given."""
    if request is None:
        return None
    once = days_of(request.expected_supply_duration) or lasts(request.quantity, dose, strength)
    times = 1 + max(request.number_of_repeats_allowed or 0, 0)
    return believable(once * times) if once is not None else None


def lasts(quantity: Quantity | None, dose: Fact[Dose], strength: Strength) -> Decimal | None:
    """Whole days that a quantity lasts at a dose."""
    total = amount_mg(quantity, strength)
    if total is None or not isinstance(dose, Known):
        return None
    return believable((total / dose.value.daily_mg).to_integral_value(ROUND_DOWN))
