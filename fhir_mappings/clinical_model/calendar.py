"""Partial dates with the precision they were given in, ages and windows.

A chart says "2024", "2024-05" or "2024-05-03T08:10:00+08:00". Each is an interval of calendar days in the
site's time zone; a rule whose answer differs between its ends must answer "unknown".

Charts also hold dates that nobody lived: 0001-01-01 for "not known", 9999-12-31 for "no end". All arithmetic
on days stands here and nowhere else: it stops at the ends of the calendar instead of failing.
"""

import re
from datetime import MAXYEAR, MINYEAR, UTC, date, datetime, timedelta, tzinfo
from zoneinfo import ZoneInfo

import msgspec
from dateutil.relativedelta import relativedelta

_FHIR_DATE = re.compile(
    r"(?P<year>\d{4})(?:-(?P<month>\d{2})(?:-(?P<day>\d{2})"
    r"(?P<time>T\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?(?P<zone>Z|[+-]\d{2}:\d{2})?)?)?)?"
)

EARLIEST = date(1850, 1, 1)
"""A date before it is a placeholder ("not known"): 0001-01-01, 1753-01-01, 1800-01-01."""
LATEST = date(2199, 12, 31)
"""A date after it is a placeholder ("no end", "never"): 2999-12-31, 9999-12-31."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_OFFSETS: dict[tzinfo, tzinfo] = {}
"""One of each offset, of which there are some 2,900: two moments of the same one are compared without it."""


class NotADate(ValueError):
    """The text is no FHIR date, dateTime or instant. Attribute `text` holds what was written."""

    def __init__(self, text: str) -> None:
        super().__init__(f"not a FHIR date: {text!r}")
        self.text = text


class When(msgspec.Struct, frozen=True):
    """A point in a patient's history: the calendar days it may mean, and the instant if one was given."""

    text: str
    first: date
    last: date
    instant: datetime | None = None

    @property
    def is_one_day(self) -> bool:
        """True when the precision is a day or better."""
        return self.first == self.last

    @property
    def is_never(self) -> bool:
        """True for a placeholder of the far future: as an end it says that there is none."""
        return self.first > LATEST


def read_when(text: str, zone: ZoneInfo) -> When:
    """Read a FHIR date, dateTime or instant; calendar days are those of `zone`.

    A time without an offset is not FHIR, but hospitals send it: it is read in the site's zone. Beyond LATEST
    only the day is kept, as written. Raises NotADate, also for placeholders before EARLIEST.
    """
    found = _FHIR_DATE.fullmatch(text)
    if not found:
        raise NotADate(text)
    try:
        first = date(int(found["year"]), int(found["month"] or 1), int(found["day"] or 1))
        is_near = EARLIEST <= first <= LATEST
        moment = datetime.fromisoformat(text) if found["time"] else None  # keeps six fractional digits
    except ValueError as error:
        raise NotADate(text) from error
    if first < EARLIEST:
        raise NotADate(text)
    if moment is not None and is_near:
        return _instant(text, moment, zone)
    return When(text, first, _last_day(first, found["month"], found["day"]))


def _last_day(first: date, month: str | None, day: str | None) -> date:
    """The last day that a date of this precision may mean."""
    if day:
        return first
    return days_before(months_after(first, 1 if month else 12), 1)


def _instant(text: str, moment: datetime, zone: ZoneInfo) -> When:
    offset = moment.tzinfo
    moment = moment.replace(tzinfo=zone if offset is None else _OFFSETS.setdefault(offset, offset))
    day = moment.astimezone(zone).date()
    return When(text, day, day, moment)


def by_the_clock(when: When) -> tuple[date, datetime]:
    """What puts moments in order: the last day that each may be of, then the clock.

    What has no time of day stands before all of that day (as if it were of 1970).
    """
    return when.last, when.instant or _EPOCH


def on_day(day: date) -> When:
    """The whole calendar day `day`."""
    return When(day.isoformat(), day, day)


def age_on(born: date, day: date) -> int:
    """Completed years of age; a person born on 29 February has the birthday on 1 March in common years."""
    return day.year - born.year - ((day.month, day.day) < (born.month, born.day))


def months_before(day: date, months: int) -> date:
    """Calendar months back; the last day of the month where the day does not exist there."""
    return months_after(day, -months)


def months_after(day: date, months: int) -> date:
    """Calendar months on; the last day of the month where the day does not exist there.

    Beyond the ends of the calendar its first or last day, as for days.
    """
    if not MINYEAR <= day.year + (day.month - 1 + months) // 12 <= MAXYEAR:
        return date.max if months > 0 else date.min
    return day + relativedelta(months=months)


def years_before(day: date, years: int) -> date:
    """Calendar years back; 28 February where 29 February does not exist."""
    return months_after(day, -12 * years)


def days_before(day: date, days: int) -> date:
    """Calendar days back."""
    return days_after(day, -days)


def days_after(day: date, days: int) -> date:
    """Calendar days on; beyond the ends of the calendar its first or last day."""
    try:
        return day + timedelta(days=days)
    except OverflowError:
        return date.max if days > 0 else date.min


def months_between(earlier: date, later: date) -> int:
    """Completed calendar months from `earlier` to `later`."""
    passed = relativedelta(later, earlier)
    return 12 * passed.years + passed.months


def hours_between(earlier: datetime, later: datetime) -> float:
    """Hours from `earlier` to `later`, both with their offset."""
    return (later - earlier).total_seconds() / 3600
