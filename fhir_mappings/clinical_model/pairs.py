"""Results of one test at one moment that differ: each of them may be the true one (DECISIONS 48)."""

from decimal import Decimal

import msgspec

from fhir_mappings.clinical_model.calendar import When
from fhir_mappings.clinical_model.results import Analyte, Result


class Pair(msgspec.Struct, frozen=True):
    """Two or more results of one analyte at one instant, or of one day where one of them has no time.

    `options`: what may have been measured then, each a result by itself; the results of a day that have
    their times are one option together, beside one that has none. `steps`: of each option the smallest
    difference that its number can tell, in the canonical unit, by the digits and the unit as written.
    All results stand in `ClinicalRecord.results`, too.
    """

    options: tuple[tuple[Result, ...], ...]
    steps: tuple[Decimal, ...]

    @property
    def analyte(self) -> Analyte:
        """What was measured."""
        return self.options[0][0].analyte

    @property
    def when(self) -> When:
        """The moment; the day where one of them has no time."""
        dated = [result.when for result in self.results if result.when]
        return next((when for when in dated if when.instant is None), dated[0])

    @property
    def reference(self) -> str:
        """The first of the resources that hold them, relative to the server's base."""
        return min(result.reference for result in self.results)

    @property
    def results(self) -> tuple[Result, ...]:
        """All results of the moment."""
        return tuple(result for option in self.options for result in option)
