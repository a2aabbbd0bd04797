"""A site's ConceptMap file -> its own codes, each with the listed code it stands for.

The file is FHIR R4 JSON. Accepted are mappings that say the local code means the same as ours, or something
narrower: `equal`, `equivalent`, `wider` and `subsumes` (the target is the wider idea). Everything looser is
refused and named, so that nobody believes a code is mapped when it is not; so is a mapping that holds on a
condition (`dependsOn`), because nobody here would test it. An element that says `unmatched` has no target
yet: it is passed over, unless it names a code all the same.

Which kind of unit a laboratory reports under its own code is the laboratory's to say: by a `product` of the
target with LOINC's PROPERTY, `MCnc` for a mass or `SCnc` for an amount of substance. Without it, both are
read.
"""

from collections.abc import Iterator

import msgspec

from fhir_mappings.clinical_model.code_systems import is_ucum
from fhir_mappings.clinical_model.quantity import is_known_unit
from fhir_mappings.readers.amounts import unit_of
from fhir_mappings.readers.fhir_types import FhirType, Quantity
from fhir_mappings.value_sets import FaultyCodeLists, LocalCode

_ACCEPTED = frozenset({"equal", "equivalent", "wider", "subsumes"})
_NO_TARGET = frozenset({"unmatched", "disjoint"})


PROPERTY = "http://loinc.org/property/PROPERTY"
_MOLAR = {"MCnc": False, "SCnc": True}


class OtherElement(FhirType):
    """An element beside the code: one that the mapping depends on, or one that it sets."""

    property: str | None = None
    value: str | None = None


class Target(FhirType):
    """A code that a local code is related to, and how."""

    code: str | None = None
    equivalence: str | None = None
    comment: str | None = None
    depends_on: tuple[OtherElement, ...] = ()
    product: tuple[OtherElement, ...] = ()


class Element(FhirType):
    """A local code."""

    code: str | None = None
    target: tuple[Target, ...] = ()


class MapGroup(FhirType):
    """Mappings from one code system to another."""

    source: str | None = None
    target: str | None = None
    element: tuple[Element, ...] = ()


class ConceptMap(FhirType, tag_field="resourceType", tag="ConceptMap"):
    """A map between code systems."""

    status: str | None = None
    group: tuple[MapGroup, ...] = ()


def read_concept_map(raw: bytes) -> tuple[LocalCode, ...]:
    """The mappings of one file, in its order. Raises FaultyCodeLists with every fault in it."""
    try:
        concept_map = msgspec.json.decode(raw, type=ConceptMap)
    except msgspec.DecodeError as error:
        raise FaultyCodeLists([f"no FHIR R4 ConceptMap: {error}"]) from error
    faults: list[str] = []
    if concept_map.status == "retired":
        faults.append("the ConceptMap is retired")
    found = [local for group in concept_map.group for local in _mappings(group, faults)]
    if not found and not faults:
        faults.append("the ConceptMap maps nothing")
    if faults:
        raise FaultyCodeLists(faults)
    return tuple(found)


def _mappings(group: MapGroup, faults: list[str]) -> list[LocalCode]:
    if not group.source or not group.target:
        faults.append("a group without source or target code system")
        return []
    named = ((element, target) for element in group.element for target in element.target)
    found: list[LocalCode] = []
    for element, target in named:
        if target.equivalence in _NO_TARGET and not (target.code and target.equivalence == "unmatched"):
            continue
        where = f"{group.source}|{element.code} -> {target.code}"
        problems = list(_problems(group, element, target))
        faults += (f"{where}: {problem}" for problem in problems)
        if element.code and target.code and not problems:
            found.append(LocalCode(group.source, element.code, group.target, target.code, _unit_kind(target)))
    return found


def _problems(group: MapGroup, element: Element, target: Target) -> Iterator[str]:
    """Why one mapping cannot be used."""
    if not element.code or not target.code:
        yield "a code is missing"
    elif target.equivalence not in _ACCEPTED:
        yield f"equivalence {target.equivalence!r}, need {sorted(_ACCEPTED)}"
    elif is_ucum(group.target):
        yield from _unit_problems(element.code, target.code)
    if target.depends_on:
        yield "it holds on a condition (dependsOn), which nobody here would test"
    kinds = _kinds(target)
    if len(kinds) > 1 or not kinds <= _MOLAR.keys():
        yield f"property {sorted(map(str, kinds))}, need one of {sorted(_MOLAR)}"


def _unit_problems(own: str, listed: str) -> Iterator[str]:
    """A unit must become one that is read, and what is read already keeps its meaning."""
    if not is_read(listed):
        yield f"the unit {listed} is in no table"
    if is_read(own):
        yield f"the unit {own} is read already, and keeps its meaning"


def is_read(unit: str) -> bool:
    """True for a unit that some test, or a dose, is read in."""
    return is_known_unit(unit) or unit_of(Quantity(unit=unit)) is not None


def _kinds(target: Target) -> set[str | None]:
    return {other.value for other in target.product if other.property == PROPERTY}


def _unit_kind(target: Target) -> bool | None:
    return next((_MOLAR[kind] for kind in _kinds(target) if kind), None)
