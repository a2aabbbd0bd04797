"""Is this resource valid FHIR R4? Judged before anything is stored in the demo or sent out.

`fhir.resources` R4B is a typed parser: it knows types, cardinalities and required elements, but accepts
`status: "done"`, `{}` and `null`. What it only carries as a note (the codes of required bindings) and what
the JSON format forbids (FHIR R4, 2.6.2: no empty objects, arrays or nulls) is therefore checked here.
"""

from collections.abc import Iterator
from typing import Any

from fhir.resources.R4B import get_fhir_model_class
from fhir.resources.R4B.resource import Resource
from pydantic import BaseModel, ValidationError

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
    kind = resource.get("resourceType") if isinstance(resource, dict) else None
    if not isinstance(kind, str):
        return ["not a FHIR resource: no resourceType"]
    try:
        model = get_fhir_model_class(kind)
    except ValueError:
        return [f"{kind} is not a FHIR R4 resource type"]
    if not issubclass(model, Resource):
        return [f"{kind} is a data type, not a resource type"]
    found = list(_empty_parts(resource, kind))
    try:
        parsed = model.model_validate(resource)
    except ValidationError as error:
        return found + [f"{_path(kind, e['loc'])}: {e['msg']}" for e in error.errors()]
    except ValueError as error:
        return [*found, f"{kind}: {error}"]
    return found + list(_wrong_codes(parsed, kind))


def _path(kind: str, location: tuple[int | str, ...]) -> str:
    return ".".join([kind, *(str(part) for part in location)])


def _empty_parts(value: Any, path: str) -> Iterator[str]:
    """Empty objects and arrays, and nulls outside an array (where they may pair with an extension)."""
    if isinstance(value, dict):
        for name, part in value.items():
            if part is None or part in ({}, [], ""):
                yield f"{path}.{name}: empty"
            else:
                yield from _empty_parts(part, f"{path}.{name}")
    elif isinstance(value, list):
        for number, part in enumerate(value):
            yield from _empty_parts(part, f"{path}[{number}]")


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
