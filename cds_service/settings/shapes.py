"""What has the wrong shape in a table of the site file: each entry by itself, with what was expected."""

from collections.abc import Iterator
from types import NoneType
from typing import Annotated, Any, get_args, get_origin

import msgspec

Text = Annotated[str, msgspec.Meta(pattern=r"\S")]
"""A text that says something: an empty one would be passed over as if it were left out."""
ArmName = Annotated[str, msgspec.Meta(title="the name of an arm, as the first trial has it")]


def shape_faults(value: Any, shape: Any, where: str) -> list[str]:
    """What keeps `value`, as TOML gives it, from being a `shape`; [] when nothing does."""
    try:
        msgspec.convert(value, type=shape)
    except msgspec.ValidationError as error:
        parts = _parts(value, shape)
        inner = [fault for name, part, wanted in parts for fault in shape_faults(part, wanted, where + name)]
        found = [*inner, *_strangers(value, shape, where)]
        return found or [f"{where}: {'must not be empty' if shape is Text else error}"]
    return []


def _parts(value: Any, shape: Any) -> Iterator[tuple[str, Any, Any]]:
    """Each part of the value with its name and its own shape, where it has parts."""
    for one in _choices(shape):
        if isinstance(value, list) and get_origin(one) is tuple:
            yield from ((f"[{place}]", part, get_args(one)[0]) for place, part in enumerate(value, 1))
        elif isinstance(value, dict) and get_origin(one) is dict:
            named, wanted = get_args(one)
            yield from ((f".{name}", part, wanted) for name, part in value.items())
            yield from ((f".{name}", name, named) for name in value)
        elif isinstance(value, dict) and _is_table(one):
            fields = {f.name: f.type for f in msgspec.structs.fields(one)}
            yield from ((f".{name}", part, fields[name]) for name, part in value.items() if name in fields)


def _strangers(value: Any, shape: Any, where: str) -> Iterator[str]:
    """Names that a table does not have, and those that it needs."""
    for one in _choices(shape):
        if isinstance(value, dict) and _is_table(one):
            fields = msgspec.structs.fields(one)
            names = sorted(f.name for f in fields)
            for name in sorted(value.keys() - names):
                yield f"{where}.{name}: no such setting; there are {', '.join(names)}"
            for name in sorted(f.name for f in fields if f.required and f.name not in value):
                yield f"{where}.{name}: is missing"


def _choices(shape: Any) -> tuple[Any, ...]:
    """The shape itself, or the choices of a union without "none"."""
    is_plain = get_origin(shape) in (tuple, dict, None, Annotated)
    return (shape,) if is_plain else tuple(one for one in get_args(shape) if one is not NoneType)


def _is_table(shape: Any) -> bool:
    return isinstance(shape, type) and issubclass(shape, msgspec.Struct)
