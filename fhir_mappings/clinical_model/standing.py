"""An order for a test that stands in the chart already."""

from datetime import date

import msgspec


class StandingOrder(msgspec.Struct, frozen=True):
    """One order that was drafted or is active: its LOINC codes, and its days; None leaves an end open.

    `written`: the day on which it was written, where it tells. `is_dated`: its days are its own.
    """

    codes: frozenset[str]
    first: date | None
    last: date | None
    signed: bool
    written: date | None = None
    is_dated: bool = False

    def covers(self, code: str, first: date | None, last: date | None) -> bool:
        """Is it for this test, and for at least one of these days?"""
        begins_late = bool(self.first and last and self.first > last)
        ends_soon = bool(self.last and first and self.last < first)
        return code in self.codes and not begins_late and not ends_soon
