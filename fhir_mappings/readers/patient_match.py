"""Whose is it? A server's word is not trusted: every resource must name the patient it was asked for.

One rule, here and nowhere else (DECISIONS 51): a literal reference in any spelling, an identifier that the
patient carries, a contained Patient that carries it; an Observation, which alone may lack its subject, in an
answer about this patient. Another's identifier of a system that the patient has a number of is another's.
A patient of another server may be this one or anybody: `Patient/1` there is not `Patient/1` here.
"""

from collections.abc import Callable, Iterable
from contextlib import suppress
from functools import cache
from operator import attrgetter
from typing import NamedTuple

from fhir_mappings.clinical_model.known_unknown import Gap
from fhir_mappings.readers.fhir_types import Identifier, Reference, Resource, Unread
from fhir_mappings.readers.observation_types import Observation
from fhir_mappings.readers.patient import Patient
from fhir_mappings.readers.reference_addresses import Home, is_name, shared_server
from fhir_mappings.readers.references import Bag, away, contained, own_reference, servers_of, type_of

_URL = attrgetter("full_url")
_MEMBERS = {
    "AllergyIntolerance": "patient",
    "Consent": "patient",
    "Immunization": "patient",
    "ImmunizationRecommendation": "patient",
    "ResearchSubject": "individual",
}


class Owner(NamedTuple):
    """`Patient/id`, and the numbers by which hospitals know that patient, as (system, value).

    `is_plain`: `patient` is how a reference in its plainest spelling names the patient, and nobody else.
    """

    patient: str
    numbers: frozenset[tuple[str, str]] = frozenset()
    is_plain: bool = False


class Ownership(NamedTuple):
    """Is it the patient's own? `gap` says why not, or what was assumed."""

    is_theirs: bool
    gap: Gap | None = None


def owner_of(patient: str, bag: Bag) -> Owner:
    """The owner with all numbers that the patient's own resource carries."""
    found = bag.named(patient)
    numbers = found.identifier if isinstance(found, Patient) else ()
    known = frozenset(_number(one) for one in numbers if one.value)
    return Owner(patient, known, bag.home.name(patient) == patient)


def subject_of(resource: Resource) -> Reference | None:
    """The reference by which a resource names its patient."""
    found = getattr(resource, subject_member(type(resource)), None)
    return found if isinstance(found, Reference) else None


def home_of(resources: Iterable[Resource], known: frozenset[str] | None = None) -> Home:
    """The hospital's own server: by the addresses already known, else by what the resources tell.

    That is what their entries call it; else the one server on which all subjects lie. `known` is what the
    call and its answers told (`server_of`, `servers_of`).
    """
    if known:
        return Home(known)
    told = tuple(resources)
    if known is None and (servers := servers_of(told)):
        return Home(servers)
    subjects = map(subject_of, told)
    return Home(shared_server(named.reference for named in subjects if named and named.reference))


def not_named_outright(resources: Iterable[Resource], patient: str) -> list[Resource]:
    """Those that are not the patient's by the plainest spelling, without an address, as nearly all are.

    `patient` is `Patient/id` with an id of FHIR's.
    """
    found = tuple(resources)
    kinds = set(map(type, found))
    if len(kinds) == 1 and not any(map(_URL, found)):  # as an answer to one search is
        with suppress(AttributeError):  # one without a subject: each is looked at
            if set(map(_named_by(kinds.pop()), found)) == {patient}:
                return []
    return [
        resource
        for resource in found
        if resource.full_url is not None
        or type(reference := getattr(resource, subject_member(type(resource)), None)) is not Reference
        or reference.reference != patient
    ]


def names_another(resource: Resource, patient: str, home: Home) -> bool:
    """Does it say outright that it is another patient's? One that names nobody clearly does not."""
    is_away = bool(away(resource, home))
    if isinstance(resource, Patient):
        return not is_away and own_reference(resource) != patient
    reference = subject_of(resource)
    written = (reference.reference or "") if reference else ""
    return (not is_away or "://" in written) and is_another(home.presumed_name(written), patient)


def is_another(name: str, patient: str) -> bool:
    """Is it the `Patient/id` of another patient of the own server?"""
    return is_name(name) and name.startswith("Patient/") and name != patient


@cache
def _named_by(kind: type[Resource]) -> Callable[[Resource], str | None]:
    """How a resource of a type writes the reference that names its patient. Raises AttributeError."""
    return attrgetter(f"{subject_member(kind)}.reference")


@cache
def subject_member(kind: type[Resource]) -> str:
    """The element of a resource type that names the patient; there are only so many types."""
    return "subject" if kind is Unread else _MEMBERS.get(type_of(kind), "subject")


def ownership(resource: Resource, owner: Owner, bag: Bag) -> Ownership:
    """Whether the resource is used for `owner`, and what is to be said of that."""
    if id(resource) in bag.doubles:  # what it says could not be told from what its namesake here says
        return Ownership(False, Gap("SUBJECT_UNRESOLVED", own_reference(resource)))
    reference = subject_of(resource)
    if owner.is_plain and reference is not None and reference.reference == owner.patient:
        return THEIRS
    named = bag.name_of(resource) if isinstance(resource, Patient) else bag.name(reference)
    if named == owner.patient or named == f"urn:uuid:{owner.patient.removeprefix('Patient/')}":
        return THEIRS
    if named is not None and is_name(named):
        return Ownership(False, Gap("WRONG_PATIENT", own_reference(resource)))
    numbers = _numbers_of(reference, resource)
    if numbers & owner.numbers:
        return THEIRS
    known = {system for system, _ in owner.numbers if system}
    if any(system in known for system, _ in numbers):
        return Ownership(False, Gap("WRONG_PATIENT", own_reference(resource)))
    if isinstance(resource, Observation) and _says_nothing(reference):
        return Ownership(True, Gap("SUBJECT_ASSUMED", own_reference(resource)))
    return Ownership(False, Gap("SUBJECT_UNRESOLVED", own_reference(resource)))


THEIRS = Ownership(True)


def of_the_call(resource: Resource, owner: Owner, bag: Bag) -> Ownership:
    """The same for what a call itself brings: only what clearly names somebody else is not the patient's.

    A patient of another server is taken for the call's own, and that is said.
    """
    found = ownership(resource, owner, bag)
    if found.gap is None or found.gap.problem != "SUBJECT_UNRESOLVED":
        return found
    is_elsewhere = not isinstance(resource, Unread) and "://" in (bag.name(subject_of(resource)) or "")
    return Ownership(True, Gap("SUBJECT_ASSUMED", own_reference(resource))) if is_elsewhere else THEIRS


def _numbers_of(reference: Reference | None, resource: Resource) -> frozenset[tuple[str, str]]:
    """The numbers by which a resource names its patient, in the reference or in a Patient it contains."""
    if reference is None:
        return frozenset()
    found = [reference.identifier] if reference.identifier else []
    if reference.reference and reference.reference.startswith("#"):
        inside = contained(getattr(resource, "contained", ()), reference.reference, Patient)
        found += inside.identifier if inside else ()
    return frozenset(_number(one) for one in found if one.value)


def _number(identifier: Identifier) -> tuple[str, str]:
    return (identifier.system or "").strip().rstrip("/"), (identifier.value or "").strip()


def _says_nothing(reference: Reference | None) -> bool:
    """No subject at all; one that is only a name may be anybody's."""
    return reference is None or not (reference.reference or reference.identifier or reference.display)
