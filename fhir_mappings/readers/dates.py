"""Dates as charts write them: read or, when they cannot be, left out."""

import re
import unicodedata
from decimal import Decimal
from functools import lru_cache
from zoneinfo import ZoneInfo

from fhir_mappings.clinical_model.calendar import NotADate, When, read_when
from fhir_mappings.readers.amounts import exact, plain_amount
from fhir_mappings.readers.fhir_types import Quantity

_DAYS = {"d": 1, "day": 1, "days": 1, "天": 1, "日": 1, "wk": 7, "week": 7, "weeks": 7, "周": 7}
LONGEST_DAYS = 3_660
"""Ten years: the longest supply or course that is believed, in days."""
_DAYS |= {"258703001": 1, "258705008": 7}  # SNOMED CT day, week


# The year first and the rest in order leaves no doubt; "03/05/2026" does, and stays unread.
_RESPELLED = (
    re.compile(
        r"(?P<y>\d{4})(?P<s>[-/.])(?P<m>\d{1,2})(?P=s)(?P<d>\d{1,2})"
        r"(?:[Tt ]\s*(?P<H>\d{1,2}):(?P<M>\d{2})(?::(?P<S>\d{2})(?:[.,]\d+)?)?"
        r"\s*(?P<zone>[Zz]|[+-]\d{2}:?\d{2}|[+-]\d{2})?)?"
    ),
    re.compile(
        r"(?P<y>\d{4})(?P<m>\d{2})(?P<d>\d{2})"
        r"(?:[Tt]?(?P<H>\d{2})(?P<M>\d{2})(?:(?P<S>\d{2})(?:[.,]\d+)?)?(?P<zone>[Zz]|[+-]\d{2}:?\d{2})?)?"
    ),
    re.compile(
        r"(?P<y>\d{4})年(?P<m>\d{1,2})月(?P<d>\d{1,2})[日号]"
        r"(?:\s*(?P<H>\d{1,2})[:时点](?P<M>\d{2})分?(?::?(?P<S>\d{2})秒?)?)?"
    ),
)


def respelled(text: str) -> str | None:
    """The FHIR spelling of a date that another system's spelling leaves no doubt about; None otherwise.

    A blank for the T, an offset without its colon, HL7 v2's digits in one piece, one-digit months and days,
    slashes or dots after the year, 2026年11月28日.
    """
    plain_amount = unicodedata.normalize("NFKC", text).strip()
    for spelling in _RESPELLED:
        if found := spelling.fullmatch(plain_amount):
            return _in_fhir(found)
    return None


def _in_fhir(found: re.Match[str]) -> str:
    day = f"{found['y']}-{int(found['m']):02}-{int(found['d']):02}"
    if found["H"] is None:
        return day
    zone = (found.groupdict().get("zone") or "").upper().replace(":", "")
    offset = f"{zone[:3]}:{zone[3:] or '00'}" if zone[:1] in ("+", "-") else zone
    return f"{day}T{int(found['H']):02}:{found['M']}:{found['S'] or '00'}{offset}"


def when_or_none(text: str | None, zone: ZoneInfo) -> When | None:
    """The date, or None when there is none or it cannot be read."""
    if text is None:
        return None
    try:
        return read_when(text, zone)
    except NotADate:
        plain_amount = respelled(text)
    if plain_amount is None:
        return None
    try:
        return read_when(plain_amount, zone)
    except NotADate:
        return None


# The hooks of one visit bring the same chart several times, and a panel has one date for all its results.
remembered = lru_cache(maxsize=16_384)(when_or_none)
LONGEST_REMEMBERED = 40
"""Characters: an instant with nanoseconds and offset has 35."""


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
    return plain_amount(days) if days <= LONGEST_DAYS else None
