"""TOML as text: every place of a parsed file, a file without or with another value in one of them."""

import json
from collections.abc import Iterator
from typing import Any

Key = tuple[str | int, ...]
"""Where a value stands: names of tables and keys, places of lists."""


def places(value: Any, key: Key = ()) -> Iterator[tuple[Key, Any]]:
    """Every value of the file, and every part of it."""
    yield key, value
    parts = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for name, part in parts:
        yield from places(part, (*key, name))


def with_value(value: Any, key: Key, wanted: Any) -> Any:
    """The value with another one in a place of it."""
    if not key:
        return wanted
    name, *rest = key
    changed: Any = dict(value) if isinstance(value, dict) else list(value)
    changed[name] = with_value(value[name], tuple(rest), wanted) if rest else wanted
    return changed


def without(value: Any, key: Key) -> Any:
    """The value without one place of it."""
    *outer, last = key
    inside = value
    for name in outer:
        inside = inside[name]
    left: Any = dict(inside) if isinstance(inside, dict) else list(inside)
    del left[last]
    return with_value(value, tuple(outer), left)


def toml_file(tables: dict[str, Any]) -> str:
    """The tables as a TOML file, a line each."""
    return "".join(f"{json.dumps(name)} = {toml(value)}\n" for name, value in tables.items())


def toml(value: Any) -> str:
    """One value as TOML writes it in a line."""
    match value:
        case bool():
            return str(value).lower()
        case str():
            return json.dumps(value, ensure_ascii=False)
        case list():
            return f"[{', '.join(map(toml, value))}]"
        case dict():
            return f"{{{', '.join(f'{json.dumps(k)} = {toml(v)}' for k, v in value.items())}}}"
        case _:
            return str(value).lower().replace("infinity", "inf")
