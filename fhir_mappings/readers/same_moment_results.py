"""Several results of one analyte at one moment: which of them stand, whatever their order (DECISIONS 48).

A corrected or amended result beats a final one, and that a preliminary one; of corrections, and of copies of
one resource, the last `issued` stands, then the last `meta.lastUpdated`. What is then equal, within the
rounding of the coarser one as it was written, is one result: the finer one. All others stay, each as it is,
and are a `Pair`: the reader does not know which of them a rule would have to believe.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal

import msgspec
from msgspec.structs import replace

from fhir_mappings.clinical_model.pairs import Pair
from fhir_mappings.clinical_model.results import Analyte, Comparator, LevelDetails, Reading, Result

CORRECTED = 2
"""The standing of a result that takes the place of an earlier one."""
_Moment = tuple[Analyte, datetime | str, LevelDetails | None]

_NEVER = datetime.min.replace(tzinfo=UTC)
_NUMBER = re.compile(r"\d+(?:\.(?P<decimals>\d+))?")
_READABLE = frozenset({Reading.USABLE, Reading.PRELIMINARY})


class Version(msgspec.Struct, frozen=True):
    """A result and what decides between it and others of the same moment."""

    result: Result
    standing: int
    updated: datetime | None = None

    @property
    def told(self) -> tuple[datetime, datetime]:
        """When it was issued, and when the server stored it."""
        return self.result.issued or _NEVER, self.updated or _NEVER

    @property
    def rank(self) -> tuple[int, bool, tuple[datetime, datetime]]:
        """Standing, then a readable value before none; of corrections the last issue, the last update."""
        readable = self.result.reading in _READABLE
        return self.standing, readable, self.told if self.standing == CORRECTED else (_NEVER, _NEVER)


def settle_duplicates(versions: Iterable[Version]) -> list[Result | Pair]:
    """The results that stand, and which of them differ at one moment; undated ones as they are.

    Drug levels of different specimens, assays or timings are never one result.
    """
    found: list[Result | Pair] = []
    last_days: dict[tuple[Analyte, date], list[Version]] = defaultdict(list)
    for version in versions:
        result = version.result
        when = result.when
        if when is None:
            found.append(result)
        else:
            last_days[result.analyte, when.last].append(version)
    for together in last_days.values():  # what is of one moment ends on one day
        if len(together) == 1:
            found.append(together[0].result)
        else:
            found += _by_moment(together)
    return found


def _by_moment(versions: Iterable[Version]) -> Iterator[Result | Pair]:
    """What stands of several results of one analyte whose moments end on one day."""
    moments: dict[_Moment, list[Version]] = {}
    for version in versions:
        result = version.result
        assert result.when is not None
        key = (result.analyte, result.when.instant or result.when.text, result.level)
        moments.setdefault(key, []).append(version)
    days: dict[tuple[Analyte, date], list[Result]] = {}
    for (analyte, _, _), together in moments.items():
        first = together[0].result
        assert first.when is not None
        standing = [first] if len(together) == 1 else _standing(together)
        days.setdefault((analyte, first.when.first), []).extend(standing)
    for results in days.values():
        yield from results if len(results) == 1 else _of_one_day(results)


def _standing(together: Sequence[Version]) -> list[Result]:
    """Of results that stand alike, each that says something else; finest first."""
    best = max(version.rank for version in together)
    equals = [version for version in together if version.rank == best]
    last: dict[str, tuple[datetime, datetime]] = {}
    for version in equals:
        reference = version.result.reference
        last[reference] = max(version.told, last.get(reference, version.told))
    current = (v.result for v in equals if v.told == last[v.result.reference])
    kept: list[Result] = []
    for result in sorted(current, key=_finest_first):
        _add(result, kept)
    return kept


def _of_one_day(results: Sequence[Result]) -> Iterator[Result | Pair]:
    """The results of one day; a pair for each instant with several, one for the day if a time is lacking."""
    ordered = sorted(results, key=_finest_first)
    timed = [r for r in ordered if _may_decide(r) and r.when and r.when.instant]
    untimed: list[Result] = []
    for result in ordered:
        if not _may_decide(result):
            yield result
        elif result.when and result.when.instant is None and not _add(result, timed, only_if_equal=True):
            untimed.append(result)
    yield from (*timed, *untimed)
    if untimed and len(untimed) + bool(timed) > 1:
        yield _pair([*([timed] if timed else []), *([one] for one in untimed)])
    for instant in dict.fromkeys(r.when.instant for r in timed if r.when):
        at_once = [r for r in timed if r.when and r.when.instant == instant]
        if any(not _says_the_same(at_once[0], other) for other in at_once[1:]):
            yield _pair([[one] for one in at_once])


def _may_decide(result: Result) -> bool:
    return result.reading is Reading.USABLE and result.when is not None and result.when.is_one_day


def _pair(options: Sequence[Sequence[Result]]) -> Pair:
    """The finest option first; a time that is known is finer than any number."""
    steps = [Decimal(0) if len(some) > 1 else _step(some[0]) for some in options]
    ordered = sorted(zip(steps, options, strict=True), key=lambda one: (one[0], _finest_first(one[1][0])))
    return Pair(tuple(tuple(option) for _, option in ordered), tuple(step for step, _ in ordered))


# ---------------------------------------------------------------- equal, and finer


def _add(result: Result, kept: list[Result], *, only_if_equal: bool = False) -> bool:
    """Add it, or let an equal one stand for both, with the range that either brings; was there an equal?"""
    for place, other in enumerate(kept):
        if other.level == result.level and _says_the_same(other, result):
            kept[place] = _with_range(other, result)
            return True
    if not only_if_equal:
        kept.append(result)
    return False


def _says_the_same(finer: Result, other: Result) -> bool:
    if finer.presence is not other.presence or finer.reading is not other.reading:
        return False
    if finer.number is None or other.number is None:
        told = finer.presence is not None
        return finer.number is other.number and (told or finer.as_written == other.as_written)
    if finer.comparator is None and other.comparator is not None:
        return _holds(other, finer.number)
    if finer.comparator is not other.comparator:
        return False
    rounding = max(_step(finer), _step(other)) / 2
    return finer.number == other.number or abs(finer.number - other.number) <= rounding


def _holds(bound: Result, number: Decimal) -> bool:
    """Is the number one that "< 20" or "> 30" leaves open? Then both say the same, one more exactly."""
    assert bound.number is not None
    match bound.comparator:
        case Comparator.LESS:
            return number < bound.number
        case Comparator.AT_MOST:
            return number <= bound.number
        case Comparator.MORE:
            return number > bound.number
        case _:
            return number >= bound.number


def _with_range(result: Result, other: Result) -> Result:
    """Of two reference ranges the narrower ends: what either laboratory would flag stays flagged."""
    low = max((end for end in (result.low, other.low) if end is not None), default=None)
    high = min((end for end in (result.high, other.high) if end is not None), default=None)
    if low is not None and high is not None and low > high:
        return result
    return replace(result, low=low, high=high)


def _step(result: Result) -> Decimal:
    """The smallest difference that the number as written can tell, in the canonical unit; 0 without one."""
    written = _NUMBER.search(result.as_written)
    if result.number is None or written is None or not Decimal(written[0]):
        return Decimal(0)
    last_digit = Decimal(1).scaleb(-len(written["decimals"] or ""))
    return last_digit * abs(result.number) / Decimal(written[0])


def _finest_first(result: Result) -> tuple[bool, Decimal, str, str, str]:
    """An exact number before a bound; then any fixed order: a reader of a card finds the first of them."""
    ends = f"{result.low} {result.high} {result.issued} {result.reading}"
    return result.comparator is not None, _step(result), result.reference, result.as_written, ends
