"""A site's own spellings of units, by its ConceptMap: each quantity gets the UCUM code that is read instead.

The words of the record stay as they are, for showing; only the code beside them is the listed one.
"""

from collections.abc import Iterable
from typing import TypeVar

import msgspec

from fhir_mappings.clinical_model.code_systems import UCUM, is_ucum, one_address
from fhir_mappings.readers.fhir_types import FhirType, Quantity, Resource
from fhir_mappings.value_sets import OWN_UNITS
from fhir_mappings.value_sets.local_codes import UnitMap, spelled

R = TypeVar("R", bound=Resource)
S = TypeVar("S", bound=FhirType)


def in_known_units(resources: Iterable[Resource], units: UnitMap) -> Iterable[Resource]:
    """The resources, with every quantity in a unit of the map said in its listed one."""
    return [with_known_units(resource, units) for resource in resources] if units else resources


def with_known_units(value: S, units: UnitMap) -> S:
    """The same for one resource or a part of one."""
    changes = {
        name: new
        for name in value.__struct_fields__
        if (new := _said_anew(old := getattr(value, name), units)) is not old
    }
    return msgspec.structs.replace(value, **changes) if changes else value


def own_unit(quantity: Quantity) -> tuple[str, str] | None:
    """How a map names the unit of a quantity: by the code of a system of its own; else by its spelling.

    A code that calls itself UCUM and that no table holds is but a spelling.
    """
    if quantity.code and quantity.system and not is_ucum(quantity.system):
        return quantity.system, spelled(quantity.code)
    spelling = quantity.code if is_ucum(quantity.system) and quantity.code else quantity.unit or quantity.code
    return (OWN_UNITS, spelled(spelling)) if spelling else None


def _said_anew(value: object, units: UnitMap) -> object:
    if isinstance(value, Quantity):
        return _in_listed_unit(value, units)
    if isinstance(value, FhirType):
        return with_known_units(value, units)
    if isinstance(value, tuple):
        parts = tuple(_said_anew(part, units) for part in value)
        return parts if any(new is not old for new, old in zip(parts, value, strict=True)) else value
    return value


def _in_listed_unit(quantity: Quantity, units: UnitMap) -> Quantity:
    named = own_unit(quantity)
    listed = units.get((one_address(named[0]), named[1])) if named else None
    if listed is None and quantity.unit:
        listed = units.get((OWN_UNITS, spelled(quantity.unit)))
    if listed is None:
        return quantity
    unit = quantity.unit or quantity.code
    return msgspec.structs.replace(quantity, unit=unit, system=UCUM, code=listed)
