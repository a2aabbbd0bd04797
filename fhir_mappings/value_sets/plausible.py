"""`plausible.csv`: what a result can be at all, so that a slipped decimal point is never acted upon."""

from decimal import Decimal, InvalidOperation

import msgspec

from fhir_mappings.clinical_model.results import Analyte
from fhir_mappings.value_sets.listed import CsvFile

COLUMNS = ("analyte", "low", "high", "display", "verified", "source")


_MILLION = 10**6


class Span(msgspec.Struct, frozen=True, eq=False):
    """The possible values of an analyte in its canonical unit, both ends included; `high` may be open."""

    low: Decimal
    high: Decimal | None

    def holds(self, value: Decimal) -> bool:
        """True for a possible value."""
        return value >= self.low and (self.high is None or value <= self.high)

    def may_limit(self, value: Decimal) -> bool:
        """True for what can be an upper limit of normal: possible, and no millionth of the greatest value."""
        return value > 0 and self.holds(value) and value * _MILLION >= (self.high or value)


def spans_of(file: CsvFile, faults: list[str]) -> dict[Analyte, Span]:
    """The rows of the list; what cannot be read goes to `faults`."""
    found: dict[Analyte, Span] = {}
    for line, row in file.rows:
        try:
            high = Decimal(row["high"]) if row["high"] else None
            found[Analyte(row["analyte"])] = Span(Decimal(row["low"]), high)
        except (ValueError, InvalidOperation) as error:
            faults.append(f"{file.name}:{line}: {error!r}")
    return found
