"""What changed in the reviewed content between two states of it."""

import json
from collections import Counter
from dataclasses import dataclass
from typing import Any

from cds_service.review.reviewed_content import Content


@dataclass(frozen=True, slots=True)
class ContentDifference:
    """One item that is new (`before` is None), gone (`after` is None), or says something else."""

    name: str
    before: str | None
    after: str | None

    @property
    def parts(self) -> tuple[tuple[str, str, str], ...]:
        """(what, before, after) of each member that differs; "" where there was none."""
        old, new = _members(self.before), _members(self.after)
        names = sorted(old.keys() | new.keys())
        differ = [name for name in names if old.get(name) != new.get(name)]
        return tuple((name, old.get(name, ""), new.get(name, "")) for name in differ)


def content_differences(before: Content, after: Content) -> tuple[ContentDifference, ...]:
    """Every item that differs, by name."""
    names = sorted(before.items.keys() | after.items.keys())
    pairs = ((name, before.items.get(name), after.items.get(name)) for name in names)
    return tuple(ContentDifference(name, old, new) for name, old, new in pairs if old != new)


def _members(text: str | None) -> dict[str, str]:
    if text is None:
        return {}
    value = json.loads(text)
    if isinstance(value, dict):
        return {name: _short(said) for name, said in value.items()}
    if isinstance(value, list) and all(isinstance(row, list) for row in value):
        return _rows(value)
    return {"": _short(value)}


def _rows(rows: list[list[Any]]) -> dict[str, str]:
    """The rows of a code list; where only their order differs, the whole list is told."""
    times = Counter(", ".join(map(str, row)) for row in rows)
    told = {row: row if count == 1 else f"{row} ({count} times)" for row, count in times.items()}
    return told | {"order of the rows": "; ".join(str(row[0]) for row in rows if row)[:200]} if rows else told


def _short(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, sort_keys=True)
