"""List with `emptyReason` "nilknown" -> "this part of the chart was reviewed, and there is nothing"."""

from fhir_mappings.readers.fhir_types import CodeableConcept, FhirType, Reference, Resource


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
