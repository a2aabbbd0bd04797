"""A rule's year as a small line: a point for each month, a gap where the count is not told."""

from collections.abc import Sequence
from itertools import groupby

import msgspec

from cds_service.pages.small_cells import Cell

STEP = 8
HEIGHT = 20
_EDGE = 3
"""Between two months, from 0 to the largest count, and the margin around: in the figure's units."""


class SparkLine(msgspec.Struct, frozen=True):
    """`paths` join months that are told one after the other; `dots` are all that are told, `untold` the rest.

    Every line has a scale of its own, from 0 to its largest month.
    """

    width: int
    height: int
    paths: tuple[str, ...]
    dots: tuple[tuple[int, float], ...]
    untold: tuple[int, ...]


def spark_line(months: Sequence[Cell]) -> SparkLine | None:
    """The line of these months, oldest first; None where none of them may be told."""
    most = max((count for count in months if count is not None), default=None)
    if most is None:
        return None
    places = [(_EDGE + STEP * number, count) for number, count in enumerate(months)]
    runs = [list(run) for told, run in groupby(places, key=lambda one: one[1] is not None) if told]
    drawn = [[(x, _y(count, most)) for x, count in run if count is not None] for run in runs]
    return SparkLine(
        width=2 * _EDGE + STEP * (len(months) - 1),
        height=HEIGHT + 2 * _EDGE,
        paths=tuple("M" + "L".join(f"{x} {y}" for x, y in run) for run in drawn if len(run) > 1),
        dots=tuple(place for run in drawn for place in run),
        untold=tuple(x for x, count in places if count is None),
    )


def _y(count: int, most: int) -> float:
    return round(_EDGE + HEIGHT * (1 - count / most), 1)
