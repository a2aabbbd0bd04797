"""One patient's chart, as of one moment: all readers together -> one ClinicalRecord.

A server's word is not trusted: what is not this patient's, is modified in a way we do not know, was entered
in error or lies in the future is no fact. The result is equal for any order of entries and any source.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from typing import Any

import msgspec

from fhir_mappings.clinical_model.clinical_events import AdverseEventSeen, Allergy, ProcedureDone
from fhir_mappings.clinical_model.diagnoses import Diagnosis
from fhir_mappings.clinical_model.known_unknown import Gap, Part, Unknown, WhyUnknown
from fhir_mappings.clinical_model.medications import MedicationEvent, MedicationSource
from fhir_mappings.clinical_model.pairs import Pair
from fhir_mappings.clinical_model.record import ClinicalRecord
from fhir_mappings.clinical_model.results import Result
from fhir_mappings.clinical_model.studies import Attestation, CompletenessAssertion, ConsentSeen, StudyEntry
from fhir_mappings.readers.adverse_event import AdverseEvent, read_adverse_event
from fhir_mappings.readers.allergy import AllergyIntolerance, read_allergy
from fhir_mappings.readers.condition import Condition, read_condition, with_febrile_neutropenia
from fhir_mappings.readers.consent import Consent, read_consent
from fhir_mappings.readers.fhir_types import Reference, Resource, Unread
from fhir_mappings.readers.links import FOLLOWED, links_elsewhere, pointing
from fhir_mappings.readers.lost_entries import incomplete, lost_of, lost_with
from fhir_mappings.readers.medication import (
    Medication,
    MedicationAdministration,
    MedicationDispense,
    MedicationRequest,
    MedicationStatement,
)
from fhir_mappings.readers.medication_events import read_medication
from fhir_mappings.readers.nil_known import ListResource, read_completeness
from fhir_mappings.readers.observation import read_results
from fhir_mappings.readers.observation_focus import about
from fhir_mappings.readers.observation_types import Observation, SpecimenResource
from fhir_mappings.readers.ordering import MOMENT, Fact, deterministic, in_order
from fhir_mappings.readers.participation_fallbacks import CarePlan, Flag, GroupMembers, read_stand_in
from fhir_mappings.readers.patient import Patient, PatientSeen, read_patient
from fhir_mappings.readers.patient_match import (
    THEIRS,
    Owner,
    Ownership,
    home_of,
    of_the_call,
    owner_of,
    ownership,
    subject_member,
)
from fhir_mappings.readers.procedure import Procedure, read_procedure
from fhir_mappings.readers.read_attestation import (
    Practitioner,
    PractitionerRole,
    QuestionnaireResponse,
    read_attestation,
)
from fhir_mappings.readers.read_participation import read_participation
from fhir_mappings.readers.reader_settings import ReaderSettings
from fhir_mappings.readers.reading_context import ReadingContext
from fhir_mappings.readers.reference_addresses import Home
from fhir_mappings.readers.references import FETCHABLE, Bag, own_reference
from fhir_mappings.readers.research_subject import ResearchStudy, ResearchSubject
from fhir_mappings.readers.site_units import in_known_units
from fhir_mappings.readers.vaccination import (
    VACCINATIONS,
    Immunization,
    ImmunizationRecommendation,
    ServiceRequest,
    read_drafted_vaccine,
    read_vaccination,
)

_Sorted = defaultdict[type, list[Any]]
_LOSING = frozenset(
    {
        "MEDICATION_NOT_STATED",
        "MEDICATION_UNRESOLVED",
        "MODIFIER_UNKNOWN",
        "STATUS_NOT_RECOGNISED",
        "SUBJECT_UNRESOLVED",
    }
)
"""Problems for which an entry, or what it says, is not used although it is there."""

_STAND_INS = frozenset({Flag, CarePlan})
_OF_STAND_INS = (GroupMembers, Flag, CarePlan)
_LINKED = frozenset(
    {
        AdverseEvent,
        Medication,
        MedicationAdministration,
        MedicationDispense,
        MedicationRequest,
        MedicationStatement,
        ResearchStudy,
        ResearchSubject,
    }
)
"""What points at a product or a study, and these themselves."""
_NOBODYS = frozenset(
    {Medication, ResearchStudy, GroupMembers, Practitioner, PractitionerRole, SpecimenResource}
)


class RecordRead(msgspec.Struct, frozen=True):
    """A record, the moment it was read for, and the first moment from which it reads otherwise that day.

    Then something that lay ahead is a fact; None where nothing of that day lay ahead.
    """

    record: ClinicalRecord
    since: datetime
    changes_at: datetime | None


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


def unresolved_references(resources: Iterable[Resource], home: Home) -> frozenset[str]:
    """References ("Medication/123", "ResearchStudy/s1") that a reader needs and that nobody has brought.

    Only those of the own server: `home` is asked, and no other.
    """
    bag = Bag([r for r in resources if type(r) in _LINKED], home)
    wanted = {ref.reference: ref for resource in bag.resources for ref in pointing(resource) if ref}
    named = map(bag.name, wanted.values())
    return frozenset(name for name in named if name and bag.named(name) is None and FETCHABLE.fullmatch(name))


def read_record(
    resources: Iterable[Resource],
    patient_id: str,
    as_of: datetime,
    settings: ReaderSettings,
    unavailable: frozenset[Part] = frozenset(),
    gaps: tuple[Gap, ...] = (),
    home: Home | None = None,
) -> ClinicalRecord:
    """The chart of `patient_id` as it stood at `as_of` (aware), equal for any order of `resources`.

    `unavailable` names parts that could not be had; `gaps` are problems already known, e.g. from decoding.
    An entry of whose content nothing can be told makes its part unavailable too, because it may be the one
    that matters. `home` is the hospital's own server; without it, what the resources themselves tell of it.
    """
    return read_record_until(resources, patient_id, as_of, settings, unavailable, gaps, home).record


def read_record_until(
    resources: Iterable[Resource],
    patient_id: str,
    as_of: datetime,
    settings: ReaderSettings,
    unavailable: frozenset[Part] = frozenset(),
    gaps: tuple[Gap, ...] = (),
    home: Home | None = None,
) -> RecordRead:
    """The same as `read_record`, and how long that day it would be read alike."""
    chart = _chart(resources, home, settings, as_of)
    patient = f"Patient/{patient_id.removeprefix('Patient/')}"
    person = _person(chart, patient, Part.PATIENT in unavailable)
    observations: list[Observation] = []
    others = _all_but_results(chart, owner_of(patient, chart.bag), observations)
    kinds = _by_kind([*others, *read_results(observations, chart)], chart)
    gaps = tuple(sorted({*gaps, *person.gaps, *kinds[Gap], *chart.respelled()}))
    record = ClinicalRecord(
        patient,
        settings.zone,
        person.birth_date,
        person.sex,
        person.deceased,
        with_febrile_neutropenia(in_order(kinds[Diagnosis])),
        in_order(kinds[Result]),
        allergies=in_order(kinds[Allergy]),
        adverse_events=in_order(kinds[AdverseEventSeen]),
        medications=in_order(kinds[MedicationEvent]),
        procedures=in_order(kinds[ProcedureDone]),
        studies=in_order(kinds[StudyEntry]),
        consents=in_order(kinds[ConsentSeen]),
        attestations=in_order(kinds[Attestation]),
        completeness=in_order(kinds[CompletenessAssertion]),
        unavailable=unavailable | _incomplete(gaps, kinds[StudyEntry]),
        gaps=gaps,
        pairs=in_order(kinds[Pair]),
    )
    return RecordRead(record, as_of, min(chart.ahead, default=None))


def read_drafts(
    resources: Iterable[Resource],
    patient_id: str,
    as_of: datetime,
    settings: ReaderSettings,
    home: Home | None = None,
) -> tuple[tuple[MedicationEvent, ...], tuple[Gap, ...]]:
    """Draft orders of a hook's context that a rule may ask about, and what could not be read of them.

    A draft that does not clearly name somebody else is of the call's patient (whose Patient may stand among
    the resources); its dates are those of an order still being written.
    """
    chart = _chart(resources, home, settings, as_of)
    owner = owner_of(f"Patient/{patient_id.removeprefix('Patient/')}", chart.bag)
    orders = (r for r in chart.bag.resources if isinstance(r, (MedicationRequest, *VACCINATIONS, Unread)))
    kinds = _by_kind((item for order in orders for item in _draft(order, owner, chart)), chart)
    return in_order(kinds[MedicationEvent]), tuple(sorted(set(kinds[Gap])))


def canonical_bytes(record: ClinicalRecord) -> bytes:
    """The record as bytes: equal for equal records, whatever order the chart was read in."""
    return deterministic.encode(record)


def _chart(
    resources: Iterable[Resource], home: Home | None, settings: ReaderSettings, as_of: datetime
) -> ReadingContext:
    told = tuple(in_known_units(resources, settings.codes.units))
    return ReadingContext(Bag(told, home_of(told) if home is None else home), settings, as_of)


# ---------------------------------------------------------------- one resource


def _all_but_results(
    chart: ReadingContext, owner: Owner, observations: list[Observation]
) -> list[Fact | Gap]:
    """What every usable resource of the patient says, but for the observations, which are only gathered.

    Results are read together, because duplicates decide among themselves; consents last, because
    participations name them.
    """
    said: list[Fact | Gap] = []
    consents: list[Consent] = []
    named: set[str] = set()
    for resource, outright in _asking(chart.bag, owner, observations):
        whose = THEIRS if outright else _whose(resource, owner, chart)
        if whose is None:
            continue
        if whose.gap is not None:
            said.append(_with_lost(whose.gap, resource, chart))
        if not whose.is_theirs:
            continue
        if type(resource) in FOLLOWED:
            said += links_elsewhere(resource, chart)
        if type(resource) is Observation:
            observations.append(resource)  # where it may not be used, it is there
        if type(resource) is Unread or resource.modifier_extension or resource.implicit_rules:
            said.append(_with_lost(_refusal(resource), resource, chart))
        elif type(resource) is Observation:
            continue
        elif type(resource) is Consent:
            consents.append(resource)
        elif getattr(resource, "status", None) != "entered-in-error":
            items: Iterable[Fact | Gap] = ()  # a type that only others point at says nothing
            if (reader := _READERS.get(type(resource))) is not None:
                items = reader(resource, chart)
            elif isinstance(resource, _OF_STAND_INS):
                items = read_stand_in(resource, owner.patient, chart)
            for item in items:
                if type(item) is StudyEntry and item.this_trial:
                    named.update(item.consents)
                said.append(_with_lost(item, resource, chart) if type(item) is Gap else item)
    for consent in consents:
        said += read_consent(consent, chart, own_reference(consent) in named)
    return said


def _asking(bag: Bag, owner: Owner, observations: list[Observation]) -> list[tuple[Resource, bool]]:
    """Each resource, and whether it is certainly the owner's; but for the observations that ask for nothing,
    which are put with the others at once.

    Nearly all name the owner in the plainest spelling, with no modifier and no link to follow.
    """
    may_be_plain, patient = owner.is_plain and not bag.doubles, owner.patient
    asking: list[tuple[Resource, bool]] = []
    for resource in bag.resources:
        told = getattr(resource, subject_member(type(resource)), None) if may_be_plain else None
        outright = type(told) is Reference and told.reference == patient
        if type(resource) is not Observation:
            asking.append((resource, outright and type(resource) not in _STAND_INS))
        elif (
            outright
            and not (resource.modifier_extension or resource.implicit_rules or resource.focus)
            and ((specimen := resource.specimen) is None or specimen.display)
        ):
            observations.append(resource)
        else:
            asking.append((resource, outright and not resource.focus))
    return asking


def _person(chart: ReadingContext, patient: str, unavailable: bool) -> PatientSeen:
    """What the patient's own resource says; nothing when it is not here, or modified."""
    found = chart.bag.named(patient)
    if isinstance(found, Patient) and not found.is_modified:
        return read_patient(found, chart)
    nothing = Unknown(WhyUnknown.UNAVAILABLE if unavailable else WhyUnknown.MISSING)
    return PatientSeen(nothing, nothing, deceased=False)


def _whose(resource: Resource, owner: Owner, chart: ReadingContext) -> Ownership | None:
    """Whose it is; None for what nobody asks about. An unread entry is refused only if it names another."""
    kind = type(resource)
    if kind in _STAND_INS and not chart.settings.stand_ins:
        return None
    if kind in _NOBODYS:
        return THEIRS
    whose = (of_the_call if kind is Unread else ownership)(resource, owner, chart.bag)
    if whose.is_theirs and isinstance(resource, Observation) and resource.focus:
        focused = about(resource, owner, chart.bag)
        return whose if focused.is_theirs else focused
    return whose


def _refusal(resource: Resource) -> Gap:
    """Why the content of the patient's own entry, which is unread or modified, is not used."""
    if type(resource) is Unread:
        return Gap(resource.problem, own_reference(resource), resource.detail)
    return Gap("MODIFIER_UNKNOWN", own_reference(resource))


def _with_lost(gap: Gap, resource: Resource, chart: ReadingContext) -> Gap:
    """The gap, with what the entry may have said."""
    loses = gap.problem in _LOSING or isinstance(resource, Unread)
    return Gap(gap.problem, gap.reference, gap.detail, lost_of(resource, chart)) if loses else gap


def _draft(order: Resource, owner: Owner, chart: ReadingContext) -> Iterator[Fact | Gap]:
    whose = of_the_call(order, owner, chart.bag)
    if whose.gap is not None:
        yield whose.gap
    if not whose.is_theirs:
        return
    if isinstance(order, Unread) or order.is_modified:
        yield _with_lost(_refusal(order), order, chart)
    elif isinstance(order, MedicationRequest) and _may_be_given(order):
        for item in read_medication(order, chart):
            yield _with_lost(item, order, chart) if isinstance(item, Gap) else item
    elif isinstance(order, VACCINATIONS):
        yield from read_drafted_vaccine(order, chart)


def _may_be_given(order: MedicationRequest) -> bool:
    """An order not to give a drug, or one written in error, asks for nothing."""
    return not order.do_not_perform and order.status != "entered-in-error"


def _written_by_now(order: MedicationRequest, chart: ReadingContext) -> Iterator[Fact | Gap]:
    """An order may begin later than now, but it cannot have been written later."""
    for item in read_medication(order, chart):
        ahead = not isinstance(item, Gap) and chart.is_ahead(chart.when(order.authored_on))
        yield lost_with(item, "FUTURE_DATED") if ahead and not isinstance(item, Gap) else item


_READERS: dict[type[Resource], Callable[[Any, ReadingContext], Iterable[Fact | Gap]]] = {
    AdverseEvent: read_adverse_event,
    AllergyIntolerance: read_allergy,
    Condition: read_condition,
    Immunization: read_vaccination,
    ImmunizationRecommendation: read_vaccination,
    ListResource: read_completeness,
    MedicationAdministration: read_medication,
    MedicationDispense: read_medication,
    MedicationRequest: _written_by_now,
    MedicationStatement: read_medication,
    Procedure: read_procedure,
    QuestionnaireResponse: read_attestation,
    ResearchSubject: read_participation,
    ServiceRequest: read_vaccination,
}


def _by_kind(seen: Iterable[Fact | Gap], chart: ReadingContext) -> _Sorted:
    """Facts and gaps apart, by their type. A fact dated after the moment is none yet; a plan may well be."""
    kinds: _Sorted = defaultdict(list)
    for item in seen:
        if isinstance(item, Gap):
            kinds[Gap].append(item)
            continue
        when = MOMENT[type(item)](item)
        lies_ahead = when is not None and when.last >= chart.day and chart.is_ahead(when)
        if isinstance(item, Diagnosis):
            lies_ahead = lies_ahead or chart.is_ahead(item.recorded)
        if lies_ahead and not _is_plan(item):
            kinds[Gap].append(lost_with(item, "FUTURE_DATED"))
        else:
            kinds[type(item)].append(item)
    return kinds


def _is_plan(fact: Fact) -> bool:
    if isinstance(fact, ProcedureDone):
        return fact.planned
    return isinstance(fact, MedicationEvent) and fact.source is MedicationSource.ORDER


def _incomplete(gaps: Iterable[Gap], studies: Iterable[StudyEntry]) -> frozenset[Part]:
    """The parts of which an entry may have said anything. What is not even an entry of a known type hides no
    participation that stands there."""
    lacking = incomplete(gaps)
    typed = incomplete(gap for gap in gaps if not any(lost.kind == "" for lost in gap.lost))
    if any(entry.this_trial for entry in studies):
        return lacking - ({Part.RESEARCH_SUBJECTS} - typed)
    return lacking
