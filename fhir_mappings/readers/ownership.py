"""Whose is it? A server's word is not trusted: every resource must name the patient it was asked for."""

from functools import cache

from fhir_mappings.readers.fhir_types import Reference, Resource
from fhir_mappings.readers.patient import Patient
from fhir_mappings.readers.references import Bag, own_reference, relative, type_of
from fhir_mappings.vocabulary.facts import Gap

_MEMBERS = {"AllergyIntolerance": "patient", "Consent": "patient", "ResearchSubject": "individual"}


def subject_of(resource: Resource) -> Reference | None:
    """The reference by which a resource names its patient."""
    found = getattr(resource, _member(type(resource)), None)
    return found if isinstance(found, Reference) else None


def names_another(resource: Resource, patient: str) -> bool:
    """Does it say outright that it is another patient's? One that names nobody clearly does not."""
    if isinstance(resource, Patient):
        return own_reference(resource) != patient
    reference = subject_of(resource)
    name = relative(reference.reference or "") if reference else ""
    return name.startswith("Patient/") and name != patient


@cache
def _member(kind: type[Resource]) -> str:
    """The element of a resource type that names the patient; there are only so many types."""
    return _MEMBERS.get(type_of(kind), "subject")


def disowned(resource: Resource, patient: str, bag: Bag) -> Gap | None:
    """Why the resource is not used for `patient` (`Patient/id`); None when it is the patient's own."""
    named = own_reference(resource) if isinstance(resource, Patient) else bag.name(subject_of(resource))
    if named == patient or named == f"urn:uuid:{patient.removeprefix('Patient/')}":
        return None
    if named is None or named.startswith(("#", "urn:")):
        return Gap("SUBJECT_UNRESOLVED", own_reference(resource))
    return Gap("WRONG_PATIENT", own_reference(resource))
