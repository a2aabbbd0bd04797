"""Partial dates with the precision they were given in, ages and windows.

A chart says "2024", "2024-05" or "2024-05-03T08:10:00+08:00". Each is an interval of calendar days in the
site's time zone; a rule whose answer differs between its ends must answer "unknown".
"""

import re
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from dateutil.relativedelta import relativedelta

_FHIR_DATE = re.compile(
    r"(?P<year>\d{4})(?:-(?P<month>\d{2})(?:-(?P<day>\d{2})"
    r"(?P<time>T\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?(?P<zone>Z|[+-]\d{2}:\d{2})?)?)?)?"
)


_USUAL_LENGTH = 40  # an instant with nanoseconds and offset has 35 characters


class NotADate(ValueError):
    """The text is no FHIR date, dateTime or instant. Attribute `text` holds what was written."""

    def __init__(self, text: str) -> None:
        super().__init__(f"not a FHIR date: {text!r}")
        self.text = text


@dataclass(frozen=True, slots=True)
class When:
    """A point in a patient's history: the calendar days it may mean, and the instant if one was given."""

    text: str
    first: date
    last: date
    instant: datetime | None = None

    @property
    def is_one_day(self) -> bool:
        """True when the precision is a day or better."""
        return self.first == self.last


def read_when(text: str, zone: ZoneInfo) -> When:
    """Read a FHIR date, dateTime or instant; calendar days are those of `zone`.

    A time without an offset is not FHIR, but hospitals send it: it is read in the site's zone.
    Raises NotADate.
    """
    return _remembered(text, zone) if len(text) <= _USUAL_LENGTH else _read(text, zone)


def _read(text: str, zone: ZoneInfo) -> When:
    found = _FHIR_DATE.fullmatch(text)
    if not found:
        raise NotADate(text)
    try:
        if found["time"]:
            return _instant(text, zone)
        first = date(int(found["year"]), int(found["month"] or 1), int(found["day"] or 1))
    except ValueError as error:
        raise NotADate(text) from error
    if found["day"]:
        return When(text, first, first)
    length = relativedelta(months=1) if found["month"] else relativedelta(years=1)
    return When(text, first, first + length - timedelta(days=1))


# The hooks of one visit bring the same chart several times, and a panel has one date for all its results.
_remembered = lru_cache(maxsize=16_384)(_read)


def _instant(text: str, zone: ZoneInfo) -> When:
    moment = datetime.fromisoformat(text)  # reads nine fractional digits, keeps six
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=zone)
    day = moment.astimezone(zone).date()
    return When(text, day, day, moment)


def on_day(day: date) -> When:
    """The whole calendar day `day`."""
    return When(day.isoformat(), day, day)


def age_on(born: date, day: date) -> int:
    """Completed years of age; a person born on 29 February has the birthday on 1 March in common years."""
    return day.year - born.year - ((day.month, day.day) < (born.month, born.day))


def months_before(day: date, months: int) -> date:
    """Calendar months back; the last day of the month where the day does not exist there."""
    return day - relativedelta(months=months)


def months_after(day: date, months: int) -> date:
    """Calendar months on; the last day of the month where the day does not exist there."""
    return day + relativedelta(months=months)


def years_before(day: date, years: int) -> date:
    """Calendar years back; 28 February where 29 February does not exist."""
    return day - relativedelta(years=years)


def days_before(day: date, days: int) -> date:
    """Calendar days back."""
    return day - timedelta(days=days)


def days_after(day: date, days: int) -> date:
    """Calendar days on."""
    return day + timedelta(days=days)


def hours_between(earlier: datetime, later: datetime) -> float:
    """Hours from `earlier` to `later`, both with their offset."""
    return (later - earlier).total_seconds() / 3600
