"""List with `emptyReason` "nilknown" -> "this part of the chart was reviewed, and there is nothing"."""

from collections.abc import Iterator

from fhir_mappings.clinical_model.known_unknown import Part
from fhir_mappings.clinical_model.studies import CompletenessAssertion
from fhir_mappings.readers.fhir_types import CodeableConcept, FhirType, Reference, Resource
from fhir_mappings.readers.reading_context import ReadingContext
from fhir_mappings.readers.references import own_reference

# What a list is about: LOINC section codes, and the example codes of HL7's List resource
_PARTS = {
    "11450-4": Part.CONDITIONS,
    "problems": Part.CONDITIONS,
    "48765-2": Part.ALLERGIES,
    "allergies": Part.ALLERGIES,
    "10160-0": Part.MEDICATION_STATEMENTS,
    "medications": Part.MEDICATION_STATEMENTS,
    "47519-4": Part.PROCEDURES,
}


class ListEntry(FhirType):
    """One entry of a List; only that there is one matters here."""

    deleted: bool | None = None


class ListResource(Resource, tag="List"):
    """A curated list, e.g. the problem list."""

    status: str | None = None
    mode: str | None = None
    code: CodeableConcept | None = None
    subject: Reference | None = None
    date: str | None = None
    entry: tuple[ListEntry, ...] = ()
    empty_reason: CodeableConcept | None = None


def read_completeness(listed: ListResource, chart: ReadingContext) -> Iterator[CompletenessAssertion]:
    """The assertion of a current, empty list that says why it is empty; any other list says nothing here."""
    if listed.status != "current" or listed.entry or not _has(listed.empty_reason, "nilknown"):
        return
    parts = {_PARTS[c.code] for c in listed.code.coding if c.code in _PARTS} if listed.code else set()
    for part in sorted(parts):
        yield CompletenessAssertion(own_reference(listed), part, chart.when(listed.date))


def _has(concept: CodeableConcept | None, code: str) -> bool:
    return concept is not None and any(c.code == code for c in concept.coding)
