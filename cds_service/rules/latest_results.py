"""The newest usable result of each test that dosing looks at, found in one pass over the chart."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal

from cds_service.rules.as_of import AsOf
from fhir_mappings.clinical_model.calendar import by_the_clock
from fhir_mappings.clinical_model.record import ClinicalRecord
from fhir_mappings.clinical_model.results import Analyte, Reading, Result

_WANTED = (
    Analyte.HAEMOGLOBIN,
    Analyte.PLATELETS,
    Analyte.NEUTROPHILS,
    Analyte.WHITE_CELLS,
    Analyte.ALT,
    Analyte.AST,
    Analyte.BILIRUBIN,
    Analyte.CREATININE,
    Analyte.POTASSIUM,
    Analyte.WEIGHT,
)


def latest_results(record: ClinicalRecord, as_of: AsOf) -> Mapping[Analyte, Result]:
    """By analyte, the newest final number that does not lie ahead; of one moment, the highest."""
    found: dict[Analyte, Result] = {}
    for analyte in _WANTED:
        newest = _newest(record.of(analyte), as_of)
        if newest is not None:
            found[analyte] = newest
    return found


def _newest(results: Sequence[Result], as_of: AsOf) -> Result | None:
    """Of results that stand oldest first."""
    rank: tuple[date, datetime, Decimal] | None = None
    best: Result | None = None
    for result in reversed(results):
        when, number = result.when, result.number
        if when is None or number is None or result.reading is not Reading.USABLE:
            continue
        if rank is not None and when.last < rank[0]:
            break
        if when.first > as_of.day or (when.instant and when.instant > as_of.instant):
            continue
        its = (*by_the_clock(when), number)
        if rank is None or its >= rank:
            rank, best = its, result
    return best


def recent(results: Mapping[Analyte, Result], analyte: Analyte, today: date, days: int) -> Result | None:
    """The newest result if it is at most `days` days old; a partial date counts from its earliest day."""
    result = results.get(analyte)
    when = result.when if result else None
    return result if when and (today - when.first).days <= days else None
