"""Whom a line of an export names as its patient, and what else it points at.

A line belongs to everybody whom its subject may mean: by `Type/id` on any server, `urn:uuid:` or number. A
line that is no JSON belongs to every patient whose reference can still be read in it. Whether it is used for
that patient is the readers' rule (DECISIONS 51), not decided here.
"""

import re
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

import msgspec

from cds_service.cds_hooks.strict_json import NOT_JSON
from fhir_mappings.readers.bundle import NotFhir, decode
from fhir_mappings.readers.fhir_types import FhirType, Identifier, Reference, Resource, Unread
from fhir_mappings.readers.participation_fallbacks import GroupMembers
from fhir_mappings.readers.patient import Patient
from fhir_mappings.readers.patient_match import subject_of
from fhir_mappings.readers.reference_addresses import Home
from fhir_mappings.readers.references import POINTED_AT, contained, kind_of
from fhir_mappings.readers.unread import torn

_SEEN = re.compile(r"(?:(?<![A-Za-z])Patient(?:/|\\/|\\u002[fF])|urn:uuid:)([A-Za-z0-9\-.]{1,64})(?=[\"/\\])")
_POINTED = re.compile(rf"(?:^|/)((?:{'|'.join(sorted(POINTED_AT))})/[A-Za-z0-9\-.]{{1,64}})(?:/_history/|$)")
_URN = "urn:uuid:"


class ExportLine(NamedTuple):
    """A line as far as it tells whose it is. `patients` are ids, `numbers` values of identifiers."""

    kind: str
    resources: tuple[Resource, ...]
    patients: frozenset[str] = frozenset()
    numbers: frozenset[str] = frozenset()
    problem: str | None = None
    failed: bool = False


def read_line(raw: bytes) -> ExportLine:
    """A line read by the readers of the bedside, or what its text still shows."""
    try:
        decoded = decode(raw)
    except NotFhir as error:
        return _torn(raw, error.reason)
    if decoded.ignored and not decoded.resources:
        return _stay(raw)
    patients: set[str] = set()
    numbers: set[str] = set()
    problem = None
    for resource in decoded.resources:
        patients.update(_patients_of(resource))
        numbers.update(_numbers_of(resource))
        problem = problem or (resource.detail if isinstance(resource, Unread) else None)
    kinds = {kind_of(resource) for resource in decoded.resources}
    kind = kinds.pop() if len(kinds) == 1 else ""
    return ExportLine(
        kind, decoded.resources, frozenset(patients), frozenset(numbers), problem, failed=decoded.failed
    )


class _Encounter(FhirType):
    resource_type: str
    subject: Reference | None = None


_encounter = msgspec.json.Decoder(_Encounter)


def _stay(raw: bytes) -> ExportLine:
    """A line of a type that no reader asks for: whose an Encounter is, and nothing of others."""
    try:
        found = _encounter.decode(raw)
    except msgspec.DecodeError:
        return ExportLine("", ())
    named = patient_named(found.subject) if found.resource_type == "Encounter" else ()
    return ExportLine(found.resource_type, (), frozenset(named))


def _torn(raw: bytes, reason: str) -> ExportLine:
    text = raw.decode(errors="replace")
    found = torn(text, "LINE_UNREADABLE", reason)
    patients = set(_SEEN.findall(text))
    if found.kind == "Patient" and found.id:
        patients.add(found.id)
    return ExportLine(found.kind, (found,), frozenset(patients), problem=reason)


def _patients_of(resource: Resource) -> Iterator[str]:
    kind = kind_of(resource)
    if kind == "Patient":
        yield from [resource.id] if resource.id else []
    elif isinstance(resource, GroupMembers):
        for member in resource.member:
            yield from patient_named(member.entity)
    else:
        yield from patient_named(subject_of(resource))


def patient_named(reference: Reference | None) -> Iterator[str]:
    """The id of the patient that a literal reference names, on whatever server."""
    written = (reference.reference if reference else None) or ""
    if written.startswith(_URN):
        yield written.removeprefix(_URN)
        return
    path = Home().name(written)
    before, _, name = path.rpartition("/")
    if name and (before == "Patient" or before.endswith("/Patient")):
        yield name


def _numbers_of(resource: Resource) -> Iterator[str]:
    """Values of the identifiers by which a line names its patient, or which a Patient carries."""
    yield from (value.strip() for one in _identifiers(resource) if (value := one.value))


def _identifiers(resource: Resource) -> Iterable[Identifier]:
    if isinstance(resource, Patient):
        return resource.identifier
    reference = subject_of(resource)
    if reference is None:
        return ()
    found = [reference.identifier] if reference.identifier else []
    if (reference.reference or "").startswith("#"):
        inside = contained(getattr(resource, "contained", ()), reference.reference or "", Patient)
        found += inside.identifier if inside else ()
    return found


def pointed_at(raw: bytes) -> frozenset[str]:
    """`Type/id` of every product, study, specimen or practitioner that a line points at."""
    try:
        value = msgspec.json.decode(raw)
    except NOT_JSON:
        return frozenset()
    return frozenset(name for text in _references(value) for name in _POINTED.findall(text))


def _references(value: Any) -> Iterator[str]:
    left = [value]
    while left:
        one = left.pop()
        if isinstance(one, dict):
            written = one.get("reference")
            if isinstance(written, str):
                yield written
            left += one.values()
        elif isinstance(one, list):
            left += one
