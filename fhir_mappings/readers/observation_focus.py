"""Observation.focus: whom or what a result in this patient's chart is really about (R4, Observation).

A donor's antigen, the child's haemoglobin and the mother's serology are filed under the patient and are not
the patient's. A focus may also be a condition, a procedure or an order of the patient: that changes nothing.
"""

from fhir_mappings.clinical_model.known_unknown import Gap
from fhir_mappings.readers.fhir_types import Reference, Resource
from fhir_mappings.readers.observation_types import Observation
from fhir_mappings.readers.patient_match import THEIRS, Owner, Ownership, ownership
from fhir_mappings.readers.reference_addresses import is_name
from fhir_mappings.readers.references import Bag, contained_kind, own_reference

_SOMEBODY_ELSE = frozenset({"RelatedPerson", "Practitioner", "PractitionerRole"})
_PERHAPS_NOT_THE_PATIENT = frozenset(
    {"Person", "Group", "Device", "DeviceMetric", "Location", "Organization", "Substance"}
)
"""Nobody can say that a result about one of these is the patient's own."""


def about(observation: Observation, owner: Owner, bag: Bag) -> Ownership:
    """Whether a result is about the patient, as far as its focus tells: another's is refused, what cannot be
    told is a gap (DECISIONS 51)."""
    told = {_whose(one, observation, owner, bag) for one in observation.focus if _says_something(one)}
    if told <= {None}:
        return THEIRS
    problem = "WRONG_PATIENT" if told == {"WRONG_PATIENT"} else "SUBJECT_UNRESOLVED"
    return Ownership(False, Gap(problem, own_reference(observation)))


def _says_something(focus: Reference) -> bool:
    return bool(focus.reference or focus.identifier or focus.display or focus.type)


def _whose(focus: Reference, observation: Observation, owner: Owner, bag: Bag) -> str | None:
    """The problem with one focus; None where it is the patient, or something of the patient's."""
    kind = _kind(focus, observation, bag)
    if kind in _SOMEBODY_ELSE:
        return "WRONG_PATIENT"
    if kind in _PERHAPS_NOT_THE_PATIENT:
        return "SUBJECT_UNRESOLVED"
    if kind not in ("Patient", ""):
        return None
    named: Resource = Observation(id=observation.id, subject=focus, contained=observation.contained)
    gap = ownership(named, owner, bag).gap
    return gap.problem if gap else None


def _kind(focus: Reference, observation: Observation, bag: Bag) -> str:
    """The resource type that a focus names, "" where nothing tells it."""
    written = focus.reference or ""
    if written.startswith("#"):
        return contained_kind(observation.contained, written)
    name = bag.name(focus) or ""
    return name.partition("/")[0] if is_name(name) else focus.type or ""
