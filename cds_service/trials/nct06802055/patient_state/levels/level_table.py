"""The five rows that a drug level falls into: a table without holes or overlaps (DECISIONS 27)."""

from decimal import Decimal
from enum import IntEnum

import msgspec


class LevelRow(IntEnum):
    """From too low to dangerous; the order is that of the levels."""

    BELOW = 0
    WITHIN = 1
    ABOVE = 2
    HIGH = 3
    DANGEROUS = 4


class LevelTable(msgspec.Struct, frozen=True):
    """Rows by their edges in ng/mL: below `low` | `low`-`top` | to `high` | to `danger` | above.

    Upper edges belong to the lower row, so every number has exactly one. Raises ValueError when the edges do
    not rise from above 0.
    """

    low: Decimal
    top: Decimal
    high: Decimal
    danger: Decimal

    def __post_init__(self) -> None:
        if not 0 < self.low < self.top < self.high < self.danger:
            raise ValueError(f"edges must rise: {self.low}, {self.top}, {self.high}, {self.danger}")

    def row(self, level: Decimal) -> LevelRow:
        """The row of a level."""
        if level < self.low:
            return LevelRow.BELOW
        if level <= self.top:
            return LevelRow.WITHIN
        if level <= self.high:
            return LevelRow.ABOVE
        return LevelRow.HIGH if level <= self.danger else LevelRow.DANGEROUS
