"""Acute kidney failure that stands in the chart as a diagnosis, and no creatinine since (DECISIONS 57)."""

from datetime import date

from fhir_mappings.clinical_model.calendar import When, by_the_clock
from fhir_mappings.clinical_model.concepts import Concept
from fhir_mappings.clinical_model.diagnoses import Course, Diagnosis
from fhir_mappings.clinical_model.record import ClinicalRecord, latest_day
from fhir_mappings.clinical_model.results import Analyte


def coded_injury(record: ClinicalRecord, today: date) -> Diagnosis | None:
    """The newest one that is not over and not provably older than the last creatinine; suspected ones too."""
    told = [_known(d) for d in record.with_concept(Concept.ACUTE_KIDNEY_INJURY) if not _is_over(d, today)]
    measured = max(
        (r.when for r in record.usable(Analyte.CREATININE) if r.when), key=by_the_clock, default=None
    )
    open_ones = [(when, d) for when, d in told if not _answered(when, measured)]
    return max(open_ones, key=lambda one: latest_day(one[0]), default=(None, None))[1]


def _known(diagnosis: Diagnosis) -> tuple[When | None, Diagnosis]:
    """When somebody knew of it: a record is newer than the onset that it tells."""
    return diagnosis.recorded or diagnosis.onset, diagnosis


def _is_over(diagnosis: Diagnosis, today: date) -> bool:
    ended = diagnosis.abated is not None and diagnosis.abated.last <= today
    return diagnosis.course is Course.HISTORY or ended


def _answered(told: When | None, measured: When | None) -> bool:
    """Was a creatinine measured after it was known? Of one day only the time of day tells."""
    if told is None or measured is None:
        return False
    if told.instant and measured.instant:
        return told.instant <= measured.instant
    return told.last < measured.first
