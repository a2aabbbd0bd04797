"""Diagnoses sorted into those that decide and those that only raise the question."""

from datetime import date

from cds_service.rules.criterion_evidence import Sighting, of_diagnosis
from cds_service.rules.time_windows import diagnosed_by, within
from fhir_mappings.clinical_model.calendar import days_before
from fhir_mappings.clinical_model.concepts import Concept
from fhir_mappings.clinical_model.diagnoses import Certainty, Course, Diagnosis
from fhir_mappings.clinical_model.record import ClinicalRecord


def is_definite(diagnosis: Diagnosis) -> bool:
    """Confirmed (or not said to be otherwise) and coded: a differential or mere words decide nothing."""
    return diagnosis.certainty is Certainty.CONFIRMED and not diagnosis.by_text_only


def is_over(diagnosis: Diagnosis, t0: date) -> bool:
    """Inactive, in remission or resolved, or with an end by T0."""
    ended = diagnosis.abated is not None and diagnosis.abated.last <= t0
    return ended or diagnosis.course is Course.HISTORY


def is_active_lately(diagnosis: Diagnosis, t0: date, days: int) -> bool:
    """Definite, not over, and begun or recorded within `days`: an older entry may never have been closed.

    Feeds of diagnoses mostly carry no clinical status: within the days it reads as active (DECISIONS 69).
    """
    earliest = days_before(t0, days)
    lately = any(within(when, earliest, t0) for when in (diagnosis.onset, diagnosis.recorded))
    return lately and not is_over(diagnosis, t0) and is_definite(diagnosis)


def diagnosed(record: ClinicalRecord, t0: date, *concepts: Concept) -> tuple[Diagnosis, ...]:
    """Diagnoses in any of the concepts that were there by T0."""
    return tuple(d for d in record.with_concept(*concepts) if diagnosed_by(d, t0))


def blaming(record: ClinicalRecord, t0: date, ingredient: str) -> tuple[Diagnosis, ...]:
    """Diagnoses that were there by T0 and whose own words hold this drug responsible."""
    return tuple(d for d in record.diagnoses if ingredient in d.blamed and diagnosed_by(d, t0))


def sorted_by_weight(
    record: ClinicalRecord, t0: date, deciding: frozenset[Concept], asking: frozenset[Concept] = frozenset()
) -> tuple[list[Sighting], list[Sighting]]:
    """(present, doubtful): definite diagnoses in `deciding`, and all others in either set."""
    present: list[Sighting] = []
    doubtful: list[Sighting] = []
    for diagnosis in diagnosed(record, t0, *deciding, *asking):
        decides = is_definite(diagnosis) and diagnosis.concepts & deciding
        (present if decides else doubtful).append(of_diagnosis(diagnosis))
    return present, doubtful
