"""The most that a dosage line allows, beside the dose that it states: more than that contradicts itself."""

from decimal import Decimal

from fhir_mappings.readers.amounts import Strength, amount_mg, exact
from fhir_mappings.readers.dates import days_of
from fhir_mappings.readers.fhir_types import Quantity, Ratio

_HOURS = frozenset({"h", "hr", "hour", "hours", "小时"})


def is_more_than_allowed(
    amount: Decimal, daily: Decimal, per_period: Ratio | None, per_dose: Quantity | None, strength: Strength
) -> bool:
    """True where `amount` mg a dose, `daily` mg a day, pass what the line allows in a period or at a time.

    A limit in another unit, or of a period without a length, limits nothing.
    """
    at_once = amount_mg(per_dose, strength)
    if at_once is not None and amount > at_once:
        return True
    most = amount_mg(per_period.numerator, strength) if per_period else None
    days = _days(per_period.denominator) if per_period else None
    if most is None or days is None:
        return False
    return amount > most or (days >= 1 and daily * days > most)


def _days(length: Quantity | None) -> Decimal | None:
    if length is None or length.value is None or length.value <= 0:
        return None
    if (length.code or length.unit or "").strip().casefold() in _HOURS:
        return exact(length.value) / 24
    return days_of(length)
