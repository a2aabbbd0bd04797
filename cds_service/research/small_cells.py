"""Small counts are hidden, and so is whatever would give them away.

A count from 1 to 4 may point at a person. Hidden alone it could be had as total minus the rest, so others of
its row are hidden with it until what is hidden together may be 5 or more for any one of them; where that
cannot be reached, the total is hidden, too. A zero points at nobody and is shown.
"""

from collections.abc import Mapping
from dataclasses import dataclass

SMALLEST_SHOWN = 5
Cell = int | None
"""A count, or None for one that is hidden."""


@dataclass(frozen=True, slots=True)
class Row:
    """Parts that add up to `total`, as they may be shown."""

    parts: Mapping[str, Cell]
    total: Cell


def guarded(parts: Mapping[str, int]) -> Row:
    """The parts of one whole, and their sum."""
    total = sum(parts.values())
    hidden = {name for name, count in parts.items() if is_small(count)}
    others = sorted(
        (name for name, count in parts.items() if count and name not in hidden), key=parts.__getitem__
    )
    while hidden and others and _gives_away(hidden, parts):
        hidden.add(others.pop(0))
    is_told = not is_small(total) and not (hidden and _gives_away(hidden, parts))
    shown = {name: None if name in hidden else count for name, count in parts.items()}
    return Row(shown, total if is_told else None)


def alone(count: int) -> Cell:
    """A count that adds up to nothing together with others."""
    return None if is_small(count) else count


def is_small(count: int) -> bool:
    """Must it be hidden?"""
    return 0 < count < SMALLEST_SHOWN


def _gives_away(hidden: set[str], parts: Mapping[str, int]) -> bool:
    """Each hidden part is 1 at least; can a reader tell that one of them is below 5?"""
    most = sum(parts[name] for name in hidden) - (len(hidden) - 1)
    return most < SMALLEST_SHOWN or len(hidden) == 1
