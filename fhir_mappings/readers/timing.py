"""Timing of a dosage -> how many doses in how many hours, or None: never a guess.

A pattern is read from `repeat`, from a closed table of codes and words (BID, q12h, 每日两次), or from both
when they agree. Anything looser ("1-2 times", "every month", a list of dates) is not a rhythm.
"""

from collections.abc import Mapping
from decimal import Decimal
from functools import lru_cache

import msgspec

from fhir_mappings.clinical_model.medications import apart_in_a_day
from fhir_mappings.readers.fhir_types import CodeableConcept, FhirType, Period, Quantity, Range


class Repeat(FhirType):
    """Timing.repeat."""

    bounds_duration: Quantity | None = None
    bounds_range: Range | None = None
    bounds_period: Period | None = None
    count: int | None = None
    count_max: int | None = None
    frequency: int | None = None
    frequency_max: int | None = None
    period: int | float | None = None
    period_max: int | float | None = None
    period_unit: str | None = None
    day_of_week: tuple[str, ...] = ()
    time_of_day: tuple[str, ...] = ()
    when: tuple[str, ...] = ()


class Timing(FhirType):
    """When a drug is taken: exact moments, a repeating pattern, or a code such as BID."""

    event: tuple[str, ...] = ()
    repeat: Repeat | None = None
    code: CodeableConcept | None = None


class Rhythm(msgspec.Struct, frozen=True):
    """`count` doses in every `hours`; `times` ("MORN", "08:00") and `days` ("mon") where they are told."""

    count: int
    hours: Decimal
    times: frozenset[str] = frozenset()
    days: frozenset[str] = frozenset()

    def same_pace(self, other: "Rhythm") -> bool:
        """The same number of doses over time, in whatever words."""
        return self.count * other.hours == other.count * self.hours

    def never_together_with(self, other: "Rhythm") -> bool:
        """True when both say when they are taken and have no moment in common (morning and evening)."""
        apart_in_week = bool(self.days and other.days) and not self.days & other.days
        return apart_in_a_day(self.times, other.times) or apart_in_week


DAY = Decimal(24)
WEEK = Decimal(168)
_LONGEST_CYCLE = Decimal(24 * 366)
_MOST_DOSES = 24 * 366
"""Within a cycle of at most a year, one an hour at most: beyond that a rhythm is a slip of the pen."""
_UNIT_HOURS = {"h": Decimal(1), "d": DAY, "wk": WEEK}

# The closed table of codes and words: doses, in hours, at a time of day. Nothing else is ever parsed.
_WORDS = """
1/24  | qd, q.d., q24h, daily, once daily, once a day, every day, every 24 hours, 每日一次, 每天一次
1/24  | 一日一次, 一天一次
1/24  | 每日1次, 每天1次, 1日1次, 1次/日, 1次/天, 每24小时, 每24小时一次, 每24小时1次
1/24m | am, qam, qm, every morning, 每晨, 每日早晨, 每天早上, 每日早上
1/24e | pm, qpm, every evening, 每日傍晚
1/24n | qn, hs, qhs, bed, at bedtime, every night, 每晚, 每晚一次, 睡前
2/24  | bid, b.i.d., twice daily, twice a day, two times daily, 每日两次, 每日二次, 每天两次, 每天二次
2/24  | 一日两次
2/24  | 一日二次, 一天两次, 每日2次, 每天2次, 1日2次, 2次/日, 2次/天
1/12  | q12h, every 12 hours, 每12小时, 每12小时一次, 每12小时1次, 每十二小时, 每十二小时一次
3/24  | tid, t.i.d., three times daily, three times a day, 每日三次, 每天三次, 一日三次, 每日3次, 每天3次
3/24  | 3次/日, 3次/天
1/8   | q8h, every 8 hours, 每8小时, 每8小时一次, 每8小时1次
4/24  | qid, q.i.d., four times daily, four times a day, 每日四次, 每天四次, 一日四次, 每日4次, 每天4次
4/24  | 4次/日, 4次/天
1/6   | q6h, every 6 hours, 每6小时, 每6小时一次, 每6小时1次
1/48  | qod, q.o.d., q48h, every other day, every 48 hours, alternate days, 隔日一次, 隔天一次, 隔日1次
1/48  | 每隔一日
1/168 | qw, q1w, wk, weekly, once weekly, once a week, 每周一次, 每周1次, 一周一次
"""
_TIMES = {"m": frozenset({"MORN"}), "e": frozenset({"EVE"}), "n": frozenset({"NIGHT"})}
ONCE = frozenset({"once", "stat", "st", "one time", "single dose", "单次", "立即一次"})
# Other names of the moments of the table above, so that "morning" and "on waking" are one time of day
_MOMENTS = {"HS": "NIGHT", "WAKE": "MORN", "MORN.early": "MORN", "MORN.late": "MORN", "CM": "MORN"}
_MOMENTS |= {"ACM": "MORN", "PCM": "MORN", "EVE.early": "EVE", "EVE.late": "EVE", "CV": "EVE"}
_MOMENTS |= {"ACV": "EVE", "PCV": "EVE", "CD": "NOON", "ACD": "NOON", "PCD": "NOON"}
_EVERY_MEAL = frozenset({"AC", "PC", "C"})  # name each meal, so they do not say how often


def _rhythm_of_row(pace: str) -> "Rhythm":
    count, _, hours = pace.partition("/")
    times = _TIMES.get(hours[-1], frozenset())
    return Rhythm(int(count), Decimal(hours.rstrip("men")), times)


RHYTHMS: Mapping[str, Rhythm] = {
    word.strip(): _rhythm_of_row(pace.strip())
    for pace, _, words in (line.partition("|") for line in _WORDS.strip().splitlines())
    for word in words.split(",")
}


def rhythm_of_word(text: str | None) -> Rhythm | None:
    """The rhythm that a whole text names, in any case; no part of a longer sentence is looked at."""
    return RHYTHMS.get(" ".join(text.casefold().split())) if text else None


def read_rhythm(timing: Timing | None, text: str | None = None) -> Rhythm | None:
    """How often a dose is taken; None when it is not said, not exact, or said in two ways that differ.

    `text` is the instruction's own text; it is used only when it is one of the words, and nothing else says.
    Moments listed beside a rhythm are the first of it, and must be as many as it has in a day.
    """
    if timing is None:
        return rhythm_of_word(text)
    coded = _of_code(timing.code)
    found = coded if timing.code else rhythm_of_word(text)
    if timing.repeat and _says_how_often(timing.repeat):
        found = _of_repeat(timing.repeat)
        if found and coded and not found.same_pace(coded):
            return None
    return found if found and _fits(found, timing) else None


def _fits(rhythm: Rhythm, timing: Timing) -> bool:
    """False where moments are listed that the rhythm does not have, or a code says once and no more."""
    one_day = len({moment[:10] for moment in timing.event}) <= 1
    as_many = len(timing.event) * rhythm.hours == rhythm.count * DAY
    return (len(timing.event) <= 1 or (one_day and as_many)) and not _is_once(timing)


def is_single(timing: Timing | None, text: str | None = None) -> bool:
    """One dose only: a count of one, one exact moment, or a code such as STAT, and nothing that goes on.

    Beside a rhythm a count or a moment says nothing of the kind: systems send the first dose with it. A code
    that says once does, but only where the rhythm is counted once, too.
    """
    if timing is None:
        return False
    repeat = timing.repeat
    counted = repeat is not None and repeat.count == 1 and repeat.count_max in (None, 1)
    if _goes_on(timing, text):
        return counted and _is_once(timing)
    return counted or len(timing.event) == 1 or _is_once(timing)


def _goes_on(timing: Timing, text: str | None) -> bool:
    repeats = timing.repeat is not None and _says_how_often(timing.repeat)
    named = any(word in RHYTHMS for word in _words(timing.code))
    return repeats or named or (timing.code is None and rhythm_of_word(text) is not None)


def _is_once(timing: Timing) -> bool:
    return any(word in ONCE for word in _words(timing.code))


def _words(code: CodeableConcept | None) -> list[str]:
    if code is None:
        return []
    said = [c.code for c in code.coding] + [c.display for c in code.coding] + [code.text]
    return [" ".join(word.casefold().split()) for word in said if word]


def _of_code(code: CodeableConcept | None) -> Rhythm | None:
    found = {RHYTHMS[word] for word in _words(code) if word in RHYTHMS}
    paces = {rhythm.hours / rhythm.count for rhythm in found}
    return max(found, key=lambda r: (len(r.times), r.hours)) if len(paces) == 1 else None


def _says_how_often(repeat: Repeat) -> bool:
    return bool(
        repeat.frequency is not None
        or repeat.period is not None
        or repeat.time_of_day
        or repeat.day_of_week
        or set(repeat.when) - _EVERY_MEAL
    )


def _of_repeat(repeat: Repeat) -> Rhythm | None:
    if repeat.frequency_max not in (None, repeat.frequency) or repeat.period_max not in (None, repeat.period):
        return None
    return _of_pattern(
        repeat.frequency,
        repeat.period,
        repeat.period_unit,
        repeat.when,
        repeat.time_of_day,
        repeat.day_of_week,
    )


@lru_cache(maxsize=1024)
def _of_pattern(
    frequency: int | None,
    period: int | float | None,
    unit: str | None,
    when: tuple[str, ...],
    clocks: tuple[str, ...],
    weekdays: tuple[str, ...],
) -> Rhythm | None:
    """The rhythm of one pattern; a hospital uses a few dozen of them."""
    times = frozenset(_MOMENTS.get(w, w) for w in when) - _EVERY_MEAL
    times |= frozenset(clock[:5] for clock in clocks)
    days = frozenset(weekdays)
    pace = _pace(frequency, period, unit, len(times))
    if pace is None or not days:
        return pace and Rhythm(*pace, times)
    count, hours = pace
    if hours == DAY:
        return Rhythm(count * len(days), WEEK, times, days)
    return Rhythm(count, WEEK, times, days) if hours == WEEK and count == len(days) else None


def _pace(
    frequency: int | None, period: int | float | None, unit: str | None, listed: int
) -> tuple[int, Decimal] | None:
    """Doses per hours from frequency and period, or from the `listed` times of each day, if they agree."""
    if frequency is None and period is None:
        return (listed or 1), DAY
    hours = _UNIT_HOURS.get(unit or "")
    if hours is None or period is None or period <= 0:
        return None
    count = 1 if frequency is None else frequency
    length = Decimal(repr(period)) * hours
    if count > _MOST_DOSES or length > _LONGEST_CYCLE:
        return None
    agree = listed == count if length == DAY else listed == 1
    return (count, length) if count >= 1 and (agree or not listed) else None
