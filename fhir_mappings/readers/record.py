"""One patient's chart, as of one moment: all readers together -> one ClinicalRecord.

A server's word is not trusted: what is not this patient's, is modified in a way we do not know, was entered
in error or lies in the future is no fact. The result is equal for any order of entries and any source.
"""

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import TypeVar

from fhir_mappings.readers.adverse_event import AdverseEvent, read_adverse_event
from fhir_mappings.readers.allergy import AllergyIntolerance, read_allergy
from fhir_mappings.readers.attestation import (
    Practitioner,
    PractitionerRole,
    QuestionnaireResponse,
    read_attestation,
)
from fhir_mappings.readers.chart import Chart
from fhir_mappings.readers.completeness import ListResource, read_completeness
from fhir_mappings.readers.condition import Condition, read_condition, with_febrile_neutropenia
from fhir_mappings.readers.consent import Consent, read_consent
from fhir_mappings.readers.fhir_types import Reference, Resource
from fhir_mappings.readers.medication import Medication, MedicationEntry, MedicationRequest
from fhir_mappings.readers.medication_events import read_medication
from fhir_mappings.readers.observation import read_results
from fhir_mappings.readers.observation_types import Observation, Specimen
from fhir_mappings.readers.ordering import Fact, deterministic, in_order, moment_of
from fhir_mappings.readers.ownership import disowned
from fhir_mappings.readers.participation import read_participation
from fhir_mappings.readers.patient import Patient, PatientSeen, read_patient
from fhir_mappings.readers.procedure import Procedure, read_procedure
from fhir_mappings.readers.references import Bag, fetchable, own_reference
from fhir_mappings.readers.research_subject import ResearchStudy, ResearchSubject
from fhir_mappings.readers.settings import ReaderSettings
from fhir_mappings.readers.stand_ins import CarePlan, Flag, Group, read_stand_in
from fhir_mappings.vocabulary.calendar import When
from fhir_mappings.vocabulary.facts import (
    AdverseEventSeen,
    Allergy,
    Attestation,
    ClinicalRecord,
    CompletenessAssertion,
    ConsentSeen,
    Diagnosis,
    Gap,
    MedicationEvent,
    MedicationSource,
    Part,
    ProcedureDone,
    Result,
    StudyEntry,
    Unknown,
    WhyUnknown,
)

F = TypeVar("F", bound=Fact)
_UNREAD = frozenset({"ENTRY_UNREADABLE", "MEDICATION_UNRESOLVED", "MODIFIER_UNKNOWN"})
_DECIDED_BY_ONE = {
    "Patient": Part.PATIENT,
    "ResearchSubject": Part.RESEARCH_SUBJECTS,
    "MedicationRequest": Part.MEDICATION_REQUESTS,
    "MedicationDispense": Part.MEDICATION_DISPENSES,
    "MedicationAdministration": Part.MEDICATION_ADMINISTRATIONS,
    "MedicationStatement": Part.MEDICATION_STATEMENTS,
}
_NOBODYS = (Medication, ResearchStudy, Group, Practitioner, PractitionerRole, Specimen)


class NotOnePatient(ValueError):
    """The chart holds no Patient, or several. Attribute `found` lists their ids."""

    def __init__(self, found: tuple[str, ...]) -> None:
        super().__init__(f"expected one Patient, found {len(found)}")
        self.found = found


def only_patient(resources: Iterable[Resource]) -> str:
    """The id of the only Patient among the resources. Raises NotOnePatient."""
    found = sorted({r.id or "" for r in resources if isinstance(r, Patient)})
    if len(found) != 1 or not found[0]:
        raise NotOnePatient(tuple(found))
    return found[0]


def unresolved_references(resources: Iterable[Resource]) -> frozenset[str]:
    """References ("Medication/123", "ResearchStudy/s1") that a reader needs and that nobody has brought."""
    bag = Bag(resources)
    wanted = [reference for resource in bag.resources for reference in _pointing(resource)]
    return frozenset(
        name
        for reference in wanted
        if bag.get(reference) is None and (name := bag.name(reference)) and fetchable(name)
    )


def read_record(
    resources: Iterable[Resource],
    patient_id: str,
    as_of: datetime,
    settings: ReaderSettings,
    unavailable: frozenset[Part] = frozenset(),
    gaps: tuple[Gap, ...] = (),
) -> ClinicalRecord:
    """The chart of `patient_id` as it stood at `as_of` (aware), equal for any order of `resources`.

    `unavailable` names parts that could not be had; `gaps` are problems already known, e.g. from decoding.
    A participation or medication entry that could not be read makes its part unavailable too, because one
    such entry may be the one that matters.
    """
    chart = Chart(Bag(resources), settings, as_of)
    patient = f"Patient/{patient_id.removeprefix('Patient/')}"
    person = _person(chart, patient, Part.PATIENT in unavailable)
    seen = [*person.gaps, *_current(_all_read(chart, patient), chart)]
    facts = [item for item in seen if not isinstance(item, Gap)]
    gaps = tuple(sorted({*gaps, *(item for item in seen if isinstance(item, Gap))}))
    return ClinicalRecord(
        patient,
        settings.zone,
        person.birth_date,
        person.sex,
        person.deceased,
        with_febrile_neutropenia(_these(Diagnosis, facts)),
        _these(Result, facts),
        allergies=_these(Allergy, facts),
        adverse_events=_these(AdverseEventSeen, facts),
        medications=_these(MedicationEvent, facts),
        procedures=_these(ProcedureDone, facts),
        studies=_these(StudyEntry, facts),
        consents=_these(ConsentSeen, facts),
        attestations=_these(Attestation, facts),
        completeness=_these(CompletenessAssertion, facts),
        unavailable=unavailable | _incomplete(gaps),
        gaps=gaps,
    )


def read_drafts(
    resources: Iterable[Resource], patient_id: str, as_of: datetime, settings: ReaderSettings
) -> tuple[tuple[MedicationEvent, ...], tuple[Gap, ...]]:
    """Draft orders of a hook's context that a rule may ask about, and what could not be read of them.

    A draft without a subject is the call's own; its dates are those of an order still being written.
    """
    chart = Chart(Bag(resources), settings, as_of)
    patient = f"Patient/{patient_id.removeprefix('Patient/')}"
    seen: list[Fact | Gap] = []
    for resource in chart.bag.resources:
        if isinstance(resource, MedicationRequest):
            seen += _draft(resource, patient, chart)
    drafts = _these(MedicationEvent, [item for item in seen if not isinstance(item, Gap)])
    return drafts, tuple(sorted({item for item in seen if isinstance(item, Gap)}))


def canonical_bytes(record: ClinicalRecord) -> bytes:
    """The record as bytes: equal for equal records, whatever order the chart was read in."""
    return deterministic.encode(record)


# ---------------------------------------------------------------- one resource


def _all_read(chart: Chart, patient: str) -> Iterator[Fact | Gap]:
    """What every usable resource of the patient says.

    Results come together, because duplicates decide among themselves; consents last, because participations
    name them.
    """
    consents: list[Consent] = []
    observations: list[Observation] = []
    named: set[str] = set()
    for resource in chart.bag.resources:
        refusal = _refusal(resource, patient, chart)
        if refusal is not None:
            yield refusal
        elif isinstance(resource, Observation):
            observations.append(resource)
        elif isinstance(resource, Consent):
            consents.append(resource)
        elif getattr(resource, "status", None) != "entered-in-error":
            for item in _read(resource, patient, chart):
                if isinstance(item, StudyEntry) and item.this_trial:
                    named.update(item.consents)
                yield item
    yield from read_results(observations, chart)
    for consent in consents:
        yield from read_consent(consent, chart, own_reference(consent) in named)


def _person(chart: Chart, patient: str, unavailable: bool) -> PatientSeen:
    """What the patient's own resource says; nothing when it is not here, or modified."""
    found = chart.bag.named(patient)
    if isinstance(found, Patient) and not found.is_modified:
        return read_patient(found, chart)
    nothing = Unknown(WhyUnknown.UNAVAILABLE if unavailable else WhyUnknown.MISSING)
    return PatientSeen(nothing, nothing, deceased=False)


def _refusal(resource: Resource, patient: str, chart: Chart) -> Gap | None:
    """Why a resource is not read at all; None for those that are, and for those nobody asks about."""
    if isinstance(resource, Flag | CarePlan) and not chart.settings.stand_ins:
        return None
    if not isinstance(resource, _NOBODYS) and (gap := disowned(resource, patient, chart.bag)) is not None:
        return gap
    return Gap("MODIFIER_UNKNOWN", own_reference(resource)) if resource.is_modified else None


def _read(resource: Resource, patient: str, chart: Chart) -> Iterable[Fact | Gap]:
    match resource:
        case Condition():
            return read_condition(resource, chart)
        case Procedure():
            return read_procedure(resource, chart)
        case AllergyIntolerance():
            return read_allergy(resource, chart)
        case AdverseEvent():
            return read_adverse_event(resource, chart)
        case MedicationRequest():
            return _written_by_now(resource, chart)
        case MedicationEntry():
            return read_medication(resource, chart)
        case ResearchSubject():
            return read_participation(resource, chart)
        case QuestionnaireResponse():
            return read_attestation(resource, chart)
        case ListResource():
            return read_completeness(resource, chart)
        case Group() | Flag() | CarePlan():
            return read_stand_in(resource, patient, chart)
        case _:
            return ()


def _draft(order: MedicationRequest, patient: str, chart: Chart) -> Iterator[Fact | Gap]:
    gap = disowned(order, patient, chart.bag) if order.subject else None
    if gap is not None:
        yield gap
    elif order.is_modified:
        yield Gap("MODIFIER_UNKNOWN", own_reference(order))
    else:
        yield from read_medication(order, chart)


def _written_by_now(order: MedicationRequest, chart: Chart) -> Iterator[Fact | Gap]:
    """An order may begin later than now, but it cannot have been written later."""
    for item in read_medication(order, chart):
        ahead = not isinstance(item, Gap) and chart.is_ahead(chart.when(order.authored_on))
        yield Gap("FUTURE_DATED", item.reference) if ahead else item


def _current(seen: Iterable[Fact | Gap], chart: Chart) -> Iterator[Fact | Gap]:
    """A fact dated after the moment is none yet; a plan may well be."""
    for item in seen:
        if isinstance(item, Gap) or _is_plan(item):
            yield item
        elif any(chart.is_ahead(when) for when in _dates(item)):
            yield Gap("FUTURE_DATED", item.reference)
        else:
            yield item


def _is_plan(fact: Fact) -> bool:
    if isinstance(fact, ProcedureDone):
        return fact.planned
    return isinstance(fact, MedicationEvent) and fact.source is MedicationSource.ORDER


def _dates(fact: Fact) -> tuple[When | None, ...]:
    return (fact.onset, fact.recorded) if isinstance(fact, Diagnosis) else (moment_of(fact),)


def _incomplete(gaps: Iterable[Gap]) -> frozenset[Part]:
    """The parts of which an entry that may decide alone is there, but cannot be read."""
    unread = (g.reference.partition("/")[0] for g in gaps if g.problem in _UNREAD)
    return frozenset(_DECIDED_BY_ONE[kind] for kind in unread if kind in _DECIDED_BY_ONE)


def _these(kind: type[F], facts: Iterable[Fact]) -> tuple[F, ...]:
    return in_order(fact for fact in facts if isinstance(fact, kind))


def _pointing(resource: Resource) -> Iterator[Reference | None]:
    """The references of a resource whose target a reader looks into."""
    if isinstance(resource, MedicationEntry):
        yield resource.medication_reference
        linked = (*resource.reason_reference, *resource.supporting_information)
        yield from (r for r in linked if "ResearchStudy/" in (r.reference or ""))
    elif isinstance(resource, ResearchSubject):
        yield resource.study
