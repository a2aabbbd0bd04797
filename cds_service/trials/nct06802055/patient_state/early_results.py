"""Preliminary results, and the chart as it will be once the laboratory confirms them (DECISIONS 49, 88)."""

from msgspec.structs import replace

from fhir_mappings.clinical_model.record import ClinicalRecord
from fhir_mappings.clinical_model.results import Reading, Result


def preliminary_results(record: ClinicalRecord) -> tuple[Result, ...]:
    """The dated preliminary results of the chart."""
    return tuple(r for r in record.results if r.reading is Reading.PRELIMINARY and r.when)


def as_if_final(record: ClinicalRecord) -> ClinicalRecord:
    """The chart as it will be if the laboratory confirms every preliminary result."""
    results = tuple(
        replace(r, reading=Reading.USABLE) if r.reading is Reading.PRELIMINARY else r for r in record.results
    )
    return replace(record, results=results)
