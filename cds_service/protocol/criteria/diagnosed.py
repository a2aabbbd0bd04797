"""Diagnoses sorted into those that decide and those that only raise the question."""

from datetime import date

from cds_service.protocol.criteria.sightings import Sighting, of_diagnosis
from cds_service.protocol.criteria.windows import diagnosed_by
from fhir_mappings.vocabulary.concepts import Concept
from fhir_mappings.vocabulary.facts import Certainty, ClinicalRecord, Diagnosis


def is_definite(diagnosis: Diagnosis) -> bool:
    """Confirmed (or not said to be otherwise) and coded: a differential or mere words decide nothing."""
    return diagnosis.certainty is Certainty.CONFIRMED and not diagnosis.by_text_only


def diagnosed(record: ClinicalRecord, t0: date, *concepts: Concept) -> tuple[Diagnosis, ...]:
    """Diagnoses in any of the concepts that were there by T0."""
    return tuple(d for d in record.with_concept(*concepts) if diagnosed_by(d, t0))


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
