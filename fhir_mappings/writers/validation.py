"""Is this resource valid FHIR R4? Judged before anything is stored in the demo or sent out.

`fhir.resources` R4B is a typed parser: it knows types, cardinalities and required elements, but accepts
`status: "done"`, `{}` and `null`. What it only carries as a note (the codes of required bindings) and what
the JSON format forbids (FHIR R4, 2.6.2: no empty objects, arrays or nulls) is therefore checked here.
"""

from collections.abc import Iterator
from functools import lru_cache
from typing import Any

from fhir.resources.R4B import get_fhir_model_class
from fhir.resources.R4B.resource import Resource
from pydantic import BaseModel, ValidationError

LARGEST_NUMBER = 10**18
"""FHIR asks systems to keep 18 digits of a decimal (R4, 2.24.0.1)."""
_FULL_LISTS = {
    # The library shortens some lists ("amended +") and leaves one out; these are R4's in full.
    (
        "Observation",
        "status",
    ): "registered preliminary final amended corrected cancelled entered-in-error unknown",
    (
        "Task",
        "status",
    ): "draft requested received accepted rejected ready cancelled in-progress on-hold failed "
    "completed entered-in-error",
    ("QuestionnaireItem", "type"): "group display boolean decimal integer date dateTime time string text url "
    "choice open-choice attachment reference quantity",
    ("Quantity", "comparator"): "< <= >= >",
}


def problems(resource: Any) -> list[str]:
    """What keeps `resource` (parsed JSON) from being valid R4, each with its path; [] when it is valid."""
    if not isinstance(resource, dict) or "resourceType" not in resource:
        return ["not a FHIR resource: no resourceType"]
    if unknown := list(_unknown_types(resource, "resource")):
        return unknown
    kind = resource["resourceType"]
    found = list(_ill_formed(resource, kind))
    try:
        parsed = get_fhir_model_class(kind).model_validate(resource)
    except ValidationError as error:
        return found + [f"{_path(kind, e['loc'])}: {e['msg']}" for e in error.errors()]
    return found + list(_wrong_codes(parsed, kind))


def _path(kind: str, location: tuple[int | str, ...]) -> str:
    return ".".join([kind, *(str(part) for part in location)])


def _unknown_types(value: Any, path: str) -> Iterator[str]:
    """Resources, the whole one or one inside it, of a type that R4 does not have."""
    if isinstance(value, dict):
        kind = value.get("resourceType", "Patient")
        if not isinstance(kind, str) or not _is_resource_type(kind):
            yield f"{path}: {kind!r} is not a FHIR R4 resource type"
        for name, part in value.items():
            yield from _unknown_types(part, f"{path}.{name}")
    elif isinstance(value, list):
        for number, part in enumerate(value):
            yield from _unknown_types(part, f"{path}[{number}]")


@lru_cache(maxsize=256)
def _is_resource_type(kind: str) -> bool:
    try:
        return issubclass(get_fhir_model_class(kind), Resource)
    except (ValueError, KeyError):
        return False


def _ill_formed(value: Any, path: str) -> Iterator[str]:
    """Empty parts; nulls, unless in an array, where they may pair with an extension; impossible values."""
    match value:
        case dict():
            for name, part in value.items():
                if part is None or part in ({}, [], ""):
                    yield f"{path}.{name}: empty"
                else:
                    yield from _ill_formed(part, f"{path}.{name}")
        case list():
            for number, part in enumerate(value):
                yield from _ill_formed(part, f"{path}[{number}]")
        case str() if any("\ud800" <= letter <= "\udfff" for letter in value):
            yield f"{path}: half a character"
        case int() if abs(value) > LARGEST_NUMBER:
            yield f"{path}: too large a number"


def _wrong_codes(parsed: BaseModel, path: str) -> Iterator[str]:
    """Codes outside a required binding, wherever they stand in the resource."""
    for name, description in type(parsed).model_fields.items():
        value = getattr(parsed, name)
        if value is None:
            continue
        allowed = _allowed_codes(type(parsed).__name__, name, description.json_schema_extra)
        for part in value if isinstance(value, list) else [value]:
            if isinstance(part, BaseModel):
                yield from _wrong_codes(part, f"{path}.{name}")
            elif allowed and part not in allowed:
                yield f"{path}.{name}: {part!r} is not one of {', '.join(sorted(allowed))}"


def _allowed_codes(kind: str, name: str, notes: Any) -> frozenset[str]:
    """The closed list of codes of one element; empty when any code may stand there, or we do not know."""
    listed = notes.get("enum_values", ()) if isinstance(notes, dict) else ()
    if listed and "+" not in listed:
        return frozenset(listed)
    return frozenset(_FULL_LISTS.get((kind, name), "").split())
