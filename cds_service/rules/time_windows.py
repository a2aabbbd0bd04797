"""Where a dated fact lies: before or after T0, inside a window for certain, newest of several."""

from collections.abc import Iterable
from datetime import date

from fhir_mappings.clinical_model.calendar import When
from fhir_mappings.clinical_model.diagnoses import Diagnosis
from fhir_mappings.clinical_model.record import ClinicalRecord
from fhir_mappings.clinical_model.results import Analyte, Reading, Result


def known_by(when: When | None, t0: date) -> bool:
    """False only for what happened after T0; an undated entry stands in the chart, so it is known."""
    return when is None or when.first <= t0


def within(when: When | None, earliest: date, t0: date) -> bool | None:
    """Does it lie in the window, both days included? None when there is no date or its ends disagree."""
    if when is None:
        return None
    if when.first >= earliest and when.first <= t0:
        return True
    return None if when.first <= t0 and when.last >= earliest else False


def results_by(record: ClinicalRecord, t0: date, *analytes: Analyte) -> tuple[Result, ...]:
    """Results that may decide, dated up to T0, oldest first."""
    wanted = frozenset(analytes)
    return tuple(
        r
        for r in record.results
        if r.analyte in wanted and r.reading is Reading.USABLE and r.when is not None and r.when.first <= t0
    )


def newest_of_each(
    record: ClinicalRecord, t0: date, analytes: Iterable[Analyte]
) -> dict[Analyte, tuple[Result, ...]]:
    """The newest results of each analyte, () where there is none; the chart is gone through once."""
    found: dict[Analyte, list[Result]] = {analyte: [] for analyte in analytes}
    for result in results_by(record, t0, *found):
        found[result.analyte].append(result)
    return {analyte: newest(results) for analyte, results in found.items()}


def newest(results: Iterable[Result]) -> tuple[Result, ...]:
    """The results of which none is known to be older than another: one, or several that may be the last."""
    dated = [(r.when, r) for r in results if r.when is not None]
    if not dated:
        return ()
    last_start = max(when.first for when, _ in dated)
    rivals = [(when, r) for when, r in dated if when.last >= last_start]
    instants = [when.instant for when, _ in rivals if when.instant]
    latest = max(instants) if instants else None
    return tuple(r for when, r in rivals if when.instant is None or when.instant == latest)


def diagnosed_by(diagnosis: Diagnosis, t0: date) -> bool:
    """Was the condition there by T0, whenever it was written down?"""
    return known_by(diagnosis.onset or diagnosis.recorded, t0)
