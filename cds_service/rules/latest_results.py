"""The newest usable result of each test that dosing looks at, found in one pass over the chart."""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal

from cds_service.rules.as_of import AsOf
from fhir_mappings.clinical_model.record import ClinicalRecord
from fhir_mappings.clinical_model.results import Analyte, Reading, Result

_WANTED = frozenset(
    {
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
    }
)


def latest_results(record: ClinicalRecord, as_of: AsOf) -> Mapping[Analyte, Result]:
    """By analyte, the newest final number that does not lie ahead; of one moment, the highest."""
    found: dict[Analyte, tuple[tuple[date, float, Decimal], Result]] = {}
    for result in reversed(record.results):  # the newest stand last: the others are passed over at a glance
        when, number, best = result.when, result.number, found.get(result.analyte)
        if when is None or number is None or (best is not None and when.last < best[0][0]):
            continue
        if result.analyte not in _WANTED or result.reading is not Reading.USABLE:
            continue
        if when.first > as_of.day or (when.instant and when.instant > as_of.instant):
            continue
        rank = (when.last, when.instant.timestamp() if when.instant else 0.0, number)
        if best is None or rank >= best[0]:
            found[result.analyte] = (rank, result)
    return {analyte: result for analyte, (_, result) in found.items()}


def recent(results: Mapping[Analyte, Result], analyte: Analyte, today: date, days: int) -> Result | None:
    """The newest result if it is at most `days` days old; a partial date counts from its earliest day."""
    result = results.get(analyte)
    when = result.when if result else None
    return result if when and (today - when.first).days <= days else None
