"""What an entry points at and a reader looks into: its drug, its order, its study, what it led to."""

from collections.abc import Iterable, Iterator, Mapping

from fhir_mappings.readers.adverse_event import AdverseEvent
from fhir_mappings.readers.chart import Chart
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
    AdverseEvent: "resulting_condition",
    MedicationAdministration: "request",
    MedicationDispense: "authorizing_prescription",
    MedicationRequest: "based_on",
    MedicationStatement: "based_on",
    Observation: "specimen",
    ResearchSubject: "consent",
}
"""The element by which an entry follows another one of the patient's chart."""


def pointing(resource: Resource) -> Iterator[Reference | None]:
    """The references to what is nobody's, a product or a study, into which a reader looks."""
    if isinstance(resource, MedicationEntry):
        yield resource.medication_reference
        linked = (*resource.reason_reference, *resource.supporting_information)
        yield from (r for r in linked if "ResearchStudy/" in (r.reference or ""))
    elif isinstance(resource, AdverseEvent):
        yield from (suspect.instance for suspect in resource.suspect_entity)
    elif isinstance(resource, ResearchSubject):
        yield resource.study


_ANYTHING = (Lost("AdverseEvent"),)


def links_elsewhere(resource: Resource, chart: Chart) -> Iterator[Gap]:
    """A gap for each link to another server, which is not followed, where no words are read instead.

    An adverse event may have led to anything, or have come from a study drug.
    """
    if isinstance(resource, AdverseEvent):
        suspects = (s.instance for s in resource.suspect_entity if s.instance and not s.instance.display)
        yield from _elsewhere(resource, (*resource.resulting_condition, *suspects), chart, _ANYTHING)
    else:
        yield from _elsewhere(resource, _links(resource), chart)


def _elsewhere(
    resource: Resource, linked: Iterable[Reference], chart: Chart, lost: tuple[Lost, ...] = ()
) -> Iterator[Gap]:
    for reference in linked:
        name = chart.bag.name(reference) or ""
        if "://" in name and chart.bag.named(name) is None:
            yield Gap("REFERENCE_ELSEWHERE", own_reference(resource), name, lost)


def _links(resource: Resource) -> tuple[Reference, ...]:
    name = _LINKS.get(type(resource))
    found: Reference | tuple[Reference, ...] = (getattr(resource, name) if name else None) or ()
    if isinstance(found, Reference):
        return () if found.display and isinstance(resource, Observation) else (found,)
    return found
