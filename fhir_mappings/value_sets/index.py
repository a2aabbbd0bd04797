"""Codes -> what stands beside them in the lists: by the code itself, or by the family it begins with."""

from collections.abc import Iterable, Iterator
from typing import Generic, TypeVar

import msgspec

from fhir_mappings.clinical_model.codes import one_spelling

T = TypeVar("T")

EXACT, PREFIX, RANGE, EXCEPT, TEXT = MATCHES = ("exact", "prefix", "range", "except", "text")
"""How a row matches: the code alone, every code that begins so, "A00-B99", none of these, or words."""


class NotARange(ValueError):
    """An ICD range is not "A00-B99". Attribute `text` holds what was written."""

    def __init__(self, text: str) -> None:
        super().__init__(f"not a range of three-character categories: {text!r}")
        self.text = text


Rows = dict[str, dict[str, list[tuple[str, T | None]]]]
"""System -> code as compared -> topic and meaning of each row; no meaning for an "except" row."""


class CodeIndex(msgspec.Struct, Generic[T], frozen=True):
    """Rows by system and code. In each topic the most specific match decides, and of equal ones "except".

    The code itself beats a family, a longer family a shorter one, and any family a range.
    """

    exact: Rows[T] = msgspec.field(default_factory=dict)
    families: Rows[T] = msgspec.field(default_factory=dict)
    ranges: Rows[T] = msgspec.field(default_factory=dict)

    def add(self, topic: str, system: str, match: str, code: str, meaning: T) -> None:
        """File a row. Raises NotARange."""
        kept = None if match == EXCEPT else meaning
        is_range = match == RANGE or (match == EXCEPT and "-" in code)
        table = self.exact if match == EXACT else self.ranges if is_range else self.families
        for each in categories(code) if is_range else (code,):
            spelled = one_spelling(system, each)
            table.setdefault(system, {}).setdefault(spelled, []).append((topic, kept))

    def find(self, system: str, code: str) -> tuple[T, ...] | None:
        """What the lists say about a code: None when none knows it, () when every one says "not this"."""
        decided: set[str] = set()
        meanings: list[T] = []
        for rows in self._most_specific_first(system, one_spelling(system, code)):
            excepted = {topic for topic, meaning in rows if meaning is None}
            meanings += (m for topic, m in rows if m is not None and topic not in decided | excepted)
            decided.update(topic for topic, _ in rows)
        return tuple(meanings) if decided else None

    def meanings(self) -> Iterator[T]:
        """What stands beside any code of any list."""
        for table in (self.exact, self.families, self.ranges):
            for by_code in table.values():
                yield from (
                    meaning for rows in by_code.values() for _, meaning in rows if meaning is not None
                )

    def _most_specific_first(self, system: str, code: str) -> Iterator[list[tuple[str, T | None]]]:
        yield self.exact.get(system, {}).get(code, [])
        families = self.families.get(system)
        if families:
            for length in range(len(code), 0, -1):
                yield families.get(code[:length], [])
        yield self.ranges.get(system, {}).get(code[:3], [])


def categories(span: str) -> Iterable[str]:
    """The three-character ICD categories of "A00-B99" or "O00-O9A", the ends included. Raises NotARange."""
    first, _, last = span.partition("-")
    if not (len(first) == len(last) == 3 and first <= last and (first + last).isalnum()):
        raise NotARange(span)
    letters = range(ord(first[0]), ord(last[0]) + 1)
    every = (chr(letter) + ten + one for letter in letters for ten in _DIGITS for one in _ENDS)
    return [category for category in every if first <= category <= last]


_DIGITS = "0123456789"
_ENDS = "0123456789AB"
