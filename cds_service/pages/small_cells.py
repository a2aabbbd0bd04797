"""How a count may be shown: rounded, and not at all while it may point at a person.

Every count by itself, as OpenSAFELY's ehrQL does it: fewer than 8 are not told, the rest is rounded to the
nearest 5. Totals are counted and rounded like any other, never added up from what is shown. So no sum or
difference tells a small count: each number in it may be off by two, and zero is not told from seven.
"""

FEWEST_SHOWN = 8
_STEP = 5
Cell = int | None
"""A rounded count, or None for one below FEWEST_SHOWN, zero included."""


def shown_count(count: int) -> Cell:
    """What may be shown of a count."""
    return None if count < FEWEST_SHOWN else (count + _STEP // 2) // _STEP * _STEP
