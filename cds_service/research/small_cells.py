"""Small counts are hidden, and so is whatever would give them away.

A count from 1 to 4 may point at a person. Hidden alone it could be had as total minus the rest, so others of
its row are hidden with it until what is hidden together may be 5 or more for any one of them; where that
cannot be reached, the total is hidden, too. A zero points at nobody and is shown.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

SMALLEST_SHOWN = 5
Cell = int | None
"""A count, or None for one that is hidden."""


@dataclass(frozen=True, slots=True)
class Row:
    """Parts that add up to `total`, as they may be shown."""

    parts: Mapping[str, Cell]
    total: Cell


def guarded(parts: Mapping[str, int], besides: Collection[str] = ()) -> Row:
    """The parts of one whole, and their sum. `besides` are parts to hide whatever their count is."""
    total = sum(parts.values())
    hidden = {name for name, count in parts.items() if is_small(count) or (count and name in besides)}
    others = sorted(
        (name for name, count in parts.items() if count and name not in hidden), key=parts.__getitem__
    )
    while others and gives_away([parts[name] for name in hidden]):
        hidden.add(others.pop(0))
    is_told = not is_small(total) and not gives_away([parts[name] for name in hidden])
    shown = {name: None if name in hidden else count for name, count in parts.items()}
    return Row(shown, total if is_told else None)


def alone(count: int) -> Cell:
    """A count that adds up to nothing together with others."""
    return None if is_small(count) else count


def is_small(count: int) -> bool:
    """Must it be hidden?"""
    return 0 < count < SMALLEST_SHOWN


def gives_away(hidden: Sequence[int]) -> bool:
    """Who knows the sum of these hidden counts, each 1 at least: can he tell that one of them is below 5?"""
    if not hidden:
        return False
    return len(hidden) == 1 or sum(hidden) - (len(hidden) - 1) < SMALLEST_SHOWN
