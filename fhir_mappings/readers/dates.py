"""Dates as charts write them: read or, when they cannot be, left out."""

from decimal import Decimal
from zoneinfo import ZoneInfo

from fhir_mappings.readers.amounts import exact, plain
from fhir_mappings.readers.fhir_types import Quantity
from fhir_mappings.vocabulary.calendar import NotADate, When, read_when

_DAYS = {"d": 1, "day": 1, "days": 1, "天": 1, "日": 1, "wk": 7, "week": 7, "weeks": 7, "周": 7}
LONGEST_DAYS = 3_660
"""Ten years: the longest supply or course that is believed, in days."""
_DAYS |= {"258703001": 1, "258705008": 7}  # SNOMED CT day, week


def when_or_none(text: str | None, zone: ZoneInfo) -> When | None:
    """The date, or None when there is none or it cannot be read."""
    if text is None:
        return None
    try:
        return read_when(text, zone)
    except NotADate:
        return None


def end_of(when: When | None) -> When | None:
    """The end that a date tells; None for a placeholder of the far future."""
    return None if when is None or when.is_never else when


def days_of(duration: Quantity | None) -> Decimal | None:
    """A positive, exact duration in days; None for months and years, whose length varies, and the rest.

    More than ten years is no supply and no course: whoever writes 99,999 days means that there is no end.
    """
    if duration is None or duration.value is None or duration.comparator or duration.value <= 0:
        return None
    names = [n.strip().casefold() for n in (duration.code, duration.unit) if n]
    lengths = {_DAYS.get(name) for name in names}
    if len(lengths) != 1:
        return None
    length = lengths.pop()
    return None if length is None else believable(exact(duration.value) * length)


def believable(days: Decimal) -> Decimal | None:
    """So many days, or None for more than LONGEST_DAYS."""
    return plain(days) if days <= LONGEST_DAYS else None
