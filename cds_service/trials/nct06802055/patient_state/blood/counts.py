"""Blood counts: the lines of a full blood count, brought together day by day.

Canonical units: haemoglobin g/L; platelets, neutrophils and reticulocytes 10*9/L.
"""

from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime
from decimal import Decimal

import msgspec

from fhir_mappings.clinical_model.known_unknown import Evidence
from fhir_mappings.clinical_model.messages import Phrase, say
from fhir_mappings.clinical_model.quantity import CANONICAL_UNIT
from fhir_mappings.clinical_model.record import ClinicalRecord
from fhir_mappings.clinical_model.results import Analyte, Comparator, Reading, Result


class CountLimits(msgspec.Struct, frozen=True):
    """`counts.toml`: the limits of I3, freshness, what transfusion and G-CSF do to a count, severity."""

    haemoglobin_below: Decimal
    platelets_below: Decimal
    neutrophils_below: Decimal
    fresh_preferred_days: int
    fresh_max_days: int
    red_cell_confounding_days: int
    platelet_confounding_days: int
    growth_factor_confounding_days: int
    open_entry_days: int
    red_cell_independence_days: int
    platelet_independence_days: int
    independence_assumed_haemoglobin: Decimal
    independence_assumed_platelets: Decimal
    unexplained_rise_days: int
    agreeing_counts_days: int
    explaining_treatment_days: int
    severe_reticulocytes_below: Decimal
    severe_platelets_below: Decimal
    severe_neutrophils_below: Decimal
    severe_lines: int
    very_severe_neutrophils_below: Decimal


class BloodCount(msgspec.Struct, frozen=True):
    """The blood count of one calendar day: the latest result of each line that day.

    `computed_from` holds the white cells and the neutrophil percentage where no absolute neutrophil count
    was reported and `neutrophils` is their product.
    """

    day: date
    haemoglobin: Result | None = None
    platelets: Result | None = None
    neutrophils: Result | None = None
    reticulocytes: Result | None = None
    computed_from: tuple[Result, ...] = ()

    @property
    def is_full(self) -> bool:
        """Haemoglobin, platelets and neutrophils are all there."""
        return None not in (self.haemoglobin, self.platelets, self.neutrophils)

    def results(self) -> tuple[Result, ...]:
        """The results as the laboratory reported them, for evidence."""
        neutrophils = self.computed_from or (self.neutrophils,)
        lines = (self.haemoglobin, self.platelets, *neutrophils, self.reticulocytes)
        return tuple(line for line in lines if line is not None)


BLOOD_LINES = (Analyte.HAEMOGLOBIN, Analyte.PLATELETS, Analyte.NEUTROPHILS)
"""The three lines that I3 and every response profile look at."""

_COUNTED = frozenset(
    {*BLOOD_LINES, Analyte.RETICULOCYTES, Analyte.WHITE_CELLS, Analyte.NEUTROPHIL_PERCENT},
)


def blood_counts(record: ClinicalRecord) -> tuple[BloodCount, ...]:
    """All blood counts on record, oldest first, one for each calendar day.

    Only results that are final, readable, not negative and dated to the day; the latest of each line wins.
    """
    days: dict[date, list[Result]] = {}
    for result in record.results:
        when, number = result.when, result.number
        if result.analyte not in _COUNTED or when is None or when.first != when.last:
            continue
        if result.reading is Reading.USABLE and number is not None and number >= 0:
            days.setdefault(when.first, []).append(result)
    return tuple(_count_of(day, days[day]) for day in sorted(days))


def _count_of(day: date, results: list[Result]) -> BloodCount:
    draws = sorted(results, key=sampled)
    latest = {result.analyte: result for result in draws}
    reported = latest.get(Analyte.NEUTROPHILS)
    computed, computed_from = (None, ()) if reported else _neutrophils_from_percent(draws)
    return BloodCount(
        day,
        latest.get(Analyte.HAEMOGLOBIN),
        latest.get(Analyte.PLATELETS),
        reported or computed,
        latest.get(Analyte.RETICULOCYTES),
        computed_from,
    )


_BEFORE_ALL_TIMES = datetime.min.replace(tzinfo=UTC)


def sampled(result: Result) -> tuple[datetime, datetime, str]:
    """Order of the results of one day: by sampling time, then by issue; those without a time come first."""
    instant = result.when.instant if result.when else None
    return instant or _BEFORE_ALL_TIMES, result.issued or _BEFORE_ALL_TIMES, result.reference


def _neutrophils_from_percent(draws: list[Result]) -> tuple[Result | None, tuple[Result, ...]]:
    """White cells x neutrophil % / 100 of the last draw that has both."""
    white = {_draw(r): r for r in draws if r.analyte is Analyte.WHITE_CELLS}
    for percent in reversed(draws):
        cells = white.get(_draw(percent))
        if percent.analyte is Analyte.NEUTROPHIL_PERCENT and cells is not None:
            product = _product(cells, percent)
            if product is not None:
                return product, (cells, percent)
    return None, ()


def _draw(result: Result) -> datetime | str | None:
    """Two results belong to one draw when they carry the same instant, or the same date without a time."""
    return (result.when.instant or result.when.text) if result.when else None


def _product(cells: Result, percent: Result) -> Result | None:
    """The computed neutrophil count; none where a percentage is no percentage or the signs point apart."""
    if cells.number is None or percent.number is None or not 0 <= percent.number <= 100:
        return None
    signs: set[Comparator] = {s for s in (cells.comparator, percent.comparator) if s}
    if len(signs) > 1:
        return None
    return Result(
        cells.reference,
        Analyte.NEUTROPHILS,
        cells.when,
        number=cells.number * percent.number / 100,
        comparator=next(iter(signs), None),
        as_written=f"{cells.number} x {percent.number} %",
        issued=cells.issued,
    )


# ---------------------------------------------------------------- saying it


def count_evidence(results: Iterable[Result]) -> tuple[Evidence, ...]:
    """Each result as evidence: reference, date as written, value with its comparator, unit."""
    return tuple(
        Evidence(r.reference, r.when.text if r.when else None, _written(r), CANONICAL_UNIT.get(r.analyte))
        for r in results
    )


def _written(result: Result) -> Decimal | str | None:
    return f"{result.comparator}{result.number}" if result.comparator else result.number


def amount(result: Result) -> Phrase:
    """The number with its comparator, no unit."""
    match result.comparator:
        case None:
            return say("count.exactly", value=result.number)
        case Comparator.LESS:
            return say("count.less_than", value=result.number)
        case Comparator.AT_MOST:
            return say("count.at_most", value=result.number)
        case Comparator.MORE:
            return say("count.more_than", value=result.number)
        case _:
            return say("count.at_least", value=result.number)


def line_said(result: Result) -> Phrase:
    """One line with value and unit, no date: "haemoglobin 84 g/L"."""
    value = amount(result)
    match result.analyte:
        case Analyte.HAEMOGLOBIN:
            return say("count.haemoglobin", value=value)
        case Analyte.PLATELETS:
            return say("count.platelets", value=value)
        case Analyte.RETICULOCYTES:
            return say("count.reticulocytes", value=value)
        case _:
            return say("count.neutrophils", value=value)


def dated_line(result: Result) -> Phrase:
    """One line with value, unit and day: "haemoglobin 84 g/L on 2026-02-27"."""
    return say("count.dated", line=line_said(result), day=result.when.first if result.when else None)


def count_said(count: BloodCount) -> Phrase:
    """The whole count of a day, the unit of the cells once: "haemoglobin 84 g/L, platelets 31, neutrophils
    0.6 x 10*9/L on 2026-02-27"."""
    lines = tuple(_lines(count))
    said = (*map(_line_in_row, lines[:-1]), *map(line_said, lines[-1:]))
    return say("count.of_day", day=count.day, lines=said)


def _line_in_row(result: Result) -> Phrase:
    """A line followed by another one that carries the unit of both."""
    match result.analyte:
        case Analyte.PLATELETS:
            return say("count.platelets_in_row", value=amount(result))
        case Analyte.NEUTROPHILS:
            return say("count.neutrophils_in_row", value=amount(result))
        case _:
            return line_said(result)


def _lines(count: BloodCount) -> Iterator[Result]:
    for line in (count.haemoglobin, count.platelets, count.neutrophils, count.reticulocytes):
        if line is not None:
            yield line
