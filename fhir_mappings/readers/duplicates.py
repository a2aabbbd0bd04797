"""Several results of one analyte at one instant: a stated rule decides, whatever order they came in.

A corrected or amended result beats a final one, and that a preliminary one; then the latest `issued` wins,
then the latest `meta.lastUpdated`. Equal values are one result. Different values that are still tied are one
result that conflicts with itself: no rule may pick one of them.
"""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import NamedTuple

from fhir_mappings.vocabulary.results import Analyte, Comparator, LevelDetails, Presence, Reading, Result

_Value = tuple[Decimal | None, Comparator | None, Presence | None, str]
_Moment = tuple[Analyte, datetime | str, LevelDetails | None]

_NEVER = datetime.min.replace(tzinfo=UTC)


class Version(NamedTuple):
    """A result and what decides between it and others of the same moment."""

    result: Result
    standing: int
    updated: datetime | None = None

    @property
    def rank(self) -> tuple[int, bool, datetime, datetime]:
        """Standing first; a readable value before none; then the latest issue, then the latest update."""
        readable = self.result.reading in (Reading.USABLE, Reading.PRELIMINARY)
        return self.standing, readable, self.result.issued or _NEVER, self.updated or _NEVER


def settle_duplicates(versions: Iterable[Version]) -> Iterator[Result]:
    """One result per analyte and moment; undated ones stay as they are, because no rule uses them.

    Drug levels of different specimens, assays or timings are different measurements.
    """
    moments: dict[_Moment, list[Version]] = {}
    for version in versions:
        result = version.result
        if result.when is None:
            yield result
        else:
            key = (result.analyte, result.when.instant or result.when.text, result.level)
            moments.setdefault(key, []).append(version)
    for together in moments.values():
        yield together[0].result if len(together) == 1 else _settled(together)


def _settled(together: list[Version]) -> Result:
    best = max(version.rank for version in together)
    tied = sorted((v.result for v in together if v.rank == best), key=_order)
    if len({_value(result) for result in tied}) == 1:
        return tied[0]
    written = " | ".join(dict.fromkeys(result.as_written for result in tied))
    return replace(
        tied[0],
        reading=Reading.CONFLICTING,
        number=None,
        comparator=None,
        presence=None,
        low=None,
        high=None,
        as_written=written,
        claims=tuple(tied),
    )


def _value(result: Result) -> _Value:
    told = result.number is not None or result.presence is not None
    return result.number, result.comparator, result.presence, "" if told else result.as_written


def _order(result: Result) -> tuple[str, str, str]:
    """Any fixed order would do; by reference the reader of a card finds the first of them."""
    return result.reference, result.as_written, f"{result.low} {result.high} {result.reading}"
