"""What a rule has to say: a key into the reviewed wording files, and the values it saw.

A rule never writes a sentence. It names one, and the sentence stands in
`reviewed/wording/*.en.toml` and `*.zh.toml` of the trial's folder, where a clinician can review it.
"""

from collections.abc import Iterable
from datetime import date
from decimal import Decimal
from typing import Union

import msgspec

Argument = Union[str, int, Decimal, date, None, "Phrase", tuple["Phrase", ...]]
"""A plain `str` is text from the record and is escaped where it is shown; our own words are Phrases."""


class Phrase(msgspec.Struct, frozen=True):
    """One sentence or part of one: `key` of the wording files, and the named values that fill it."""

    key: str
    values: tuple[tuple[str, Argument], ...] = ()


def say(key: str, **values: Argument) -> Phrase:
    """The phrase `key`, filled with `values`; the placeholders of the wording must have the same names."""
    return Phrase(key, tuple(sorted(values.items())))


def listing(phrases: Iterable[Phrase]) -> tuple[Phrase, ...]:
    """Several phrases as one argument; they are joined with the language's own comma."""
    return tuple(phrases)
