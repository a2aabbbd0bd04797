"""What an entry points at and a reader looks into: its drug, its order, its study, what it led to."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from operator import attrgetter
from typing import Any

from fhir_mappings.clinical_model.known_unknown import Gap, Lost
from fhir_mappings.readers.adverse_event import AdverseEvent
from fhir_mappings.readers.consent import Consent
from fhir_mappings.readers.fhir_types import Reference, Resource
from fhir_mappings.readers.medication import (
    MedicationAdministration,
    MedicationDispense,
    MedicationEntry,
    MedicationRequest,
    MedicationStatement,
)
from fhir_mappings.readers.observation_types import Observation
from fhir_mappings.readers.reading_context import ReadingContext
from fhir_mappings.readers.references import own_reference
from fhir_mappings.readers.research_subject import ResearchSubject

_ANYTHING = (Lost("AdverseEvent"),)
"""What an adverse event may have led to, or have come from, when it does not say so itself."""


def pointing(resource: Resource) -> Sequence[Reference | None]:
    """The references to what is nobody's, a product or a study, into which a reader looks."""
    if isinstance(resource, MedicationEntry):
        drug, more = (
            resource.medication_reference,
            resource.reason_reference or resource.supporting_information,
        )
        return (drug, *_studies(resource)) if more else (drug,)
    if isinstance(resource, AdverseEvent):
        return [suspect.instance for suspect in resource.suspect_entity]
    return (resource.study,) if isinstance(resource, ResearchSubject) else ()


def links_elsewhere(resource: Resource, chart: ReadingContext) -> list[Gap]:
    """A gap for each link to another server, which is not followed, where nothing else is read instead."""
    found: list[Gap] = []
    links = FOLLOWED[type(resource)](resource)
    if not links or getattr(resource, "status", None) == "entered-in-error":
        return found
    for reference in links:
        name = chart.bag.name(reference) or ""
        if "://" in name and chart.bag.named(name) is None:
            lost = _ANYTHING if isinstance(resource, AdverseEvent) else ()
            found.append(Gap("REFERENCE_ELSEWHERE", own_reference(resource), name, lost))
    return found


def _of_event(event: AdverseEvent) -> Iterator[Reference]:
    yield from event.resulting_condition
    yield from (s.instance for s in event.suspect_entity if s.instance and not s.instance.display)


def _of_result(result: Observation) -> tuple[Reference, ...]:
    specimen = result.specimen
    return () if specimen is None or specimen.display else (specimen,)


_ORDERS: Mapping[type[MedicationEntry], Callable[[Any], tuple[Reference, ...]]] = {
    MedicationAdministration: lambda given: (given.request,) if given.request else (),
    MedicationDispense: attrgetter("authorizing_prescription"),
    MedicationRequest: attrgetter("based_on"),
    MedicationStatement: attrgetter("based_on"),
}


def _of_medication(entry: MedicationEntry) -> tuple[Reference, ...]:
    """The order it follows, and its study; its product has gaps of its own."""
    studies = [study for study in _studies(entry) if study.identifier is None]
    return (*_ORDERS[type(entry)](entry), *studies)


def _of_consent(consent: Consent) -> Iterator[Reference]:
    """What its rules speak of, each with the rules within it."""
    rules = [consent.provision] if consent.provision else []
    for rule in rules:
        yield from (d.reference for d in rule.data if d.reference and d.reference.identifier is None)
        rules += rule.provision


def _of_participation(subject: ResearchSubject) -> tuple[Reference, ...]:
    """The consent; the study has a gap of its own."""
    return (subject.consent,) if subject.consent else ()


FOLLOWED: Mapping[type[Resource], Callable[[Any], Iterable[Reference]]] = {
    AdverseEvent: _of_event,
    Consent: _of_consent,
    MedicationAdministration: _of_medication,
    MedicationDispense: _of_medication,
    MedicationRequest: _of_medication,
    MedicationStatement: _of_medication,
    Observation: _of_result,
    ResearchSubject: _of_participation,
}


def _studies(entry: MedicationEntry) -> list[Reference]:
    linked = (*entry.reason_reference, *entry.supporting_information)
    return [r for r in linked if "ResearchStudy/" in (r.reference or "")]
