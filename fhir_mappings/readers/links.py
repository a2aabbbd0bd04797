"""What an entry points at and a reader looks into: its drug, its order, its study, what it led to."""

from collections.abc import Iterator, Mapping

from fhir_mappings.readers.adverse_event import AdverseEvent
from fhir_mappings.readers.chart import Chart
from fhir_mappings.readers.consent import Consent, Provision
from fhir_mappings.readers.fhir_types import Reference, Resource
from fhir_mappings.readers.medication import (
    MedicationAdministration,
    MedicationDispense,
    MedicationEntry,
    MedicationRequest,
    MedicationStatement,
)
from fhir_mappings.readers.observation_types import Observation
from fhir_mappings.readers.references import own_reference
from fhir_mappings.readers.research_subject import ResearchSubject
from fhir_mappings.vocabulary.facts import Gap, Lost

_LINKS: Mapping[type[Resource], str] = {
    MedicationAdministration: "request",
    MedicationDispense: "authorizing_prescription",
    MedicationRequest: "based_on",
    MedicationStatement: "based_on",
    ResearchSubject: "consent",
}
"""The element by which an entry follows another one of the patient's chart."""

_ANYTHING = (Lost("AdverseEvent"),)
"""What an adverse event may have led to, or have come from, when it does not say so itself."""


def pointing(resource: Resource) -> Iterator[Reference | None]:
    """The references to what is nobody's, a product or a study, into which a reader looks."""
    if isinstance(resource, MedicationEntry):
        yield resource.medication_reference
        yield from _studies(resource)
    elif isinstance(resource, AdverseEvent):
        yield from (suspect.instance for suspect in resource.suspect_entity)
    elif isinstance(resource, ResearchSubject):
        yield resource.study


def links_elsewhere(resource: Resource, chart: Chart) -> Iterator[Gap]:
    """A gap for each link to another server, which is not followed, where nothing else is read instead."""
    if getattr(resource, "status", None) == "entered-in-error":
        return
    for reference in _links(resource):
        name = chart.bag.name(reference) or ""
        if "://" in name and chart.bag.named(name) is None:
            lost = _ANYTHING if isinstance(resource, AdverseEvent) else ()
            yield Gap("REFERENCE_ELSEWHERE", own_reference(resource), name, lost)


def _links(resource: Resource) -> Iterator[Reference]:
    """What an entry follows. Its product and its study have gaps of their own."""
    match resource:
        case AdverseEvent():
            yield from resource.resulting_condition
            yield from (s.instance for s in resource.suspect_entity if s.instance and not s.instance.display)
        case Consent():
            yield from _data(resource.provision)
        case Observation():
            if resource.specimen is not None and not resource.specimen.display:
                yield resource.specimen
        case _:
            yield from _one_or_many(getattr(resource, _LINKS.get(type(resource), ""), None))
    if isinstance(resource, MedicationEntry):
        yield from (study for study in _studies(resource) if study.identifier is None)


def _studies(entry: MedicationEntry) -> Iterator[Reference]:
    linked = (*entry.reason_reference, *entry.supporting_information)
    yield from (r for r in linked if "ResearchStudy/" in (r.reference or ""))


def _data(provision: Provision | None) -> Iterator[Reference]:
    """What the rules of a consent speak of."""
    if provision is not None:
        yield from (d.reference for d in provision.data if d.reference and d.reference.identifier is None)
        for inner in provision.provision:
            yield from _data(inner)


def _one_or_many(found: Reference | tuple[Reference, ...] | None) -> tuple[Reference, ...]:
    return (found,) if isinstance(found, Reference) else found or ()
