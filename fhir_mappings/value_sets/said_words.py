"""What the words of an entry say of the names in it: alone, and beside a code that a list knows."""

from collections.abc import Callable, Iterable, Mapping
from functools import wraps
from typing import TypeVar

import msgspec

from fhir_mappings.clinical_model.concepts import Concept
from fhir_mappings.value_sets.name_words import NameWords
from fhir_mappings.value_sets.stances import MAY_BE, Stance
from fhir_mappings.value_sets.vaccine_names import VaccineNames

K = TypeVar("K")
V = TypeVar("V")

_MOST, _LONGEST = 1_000, 600  # texts that a reader remembers, and their characters
_REMEMBERED = 20_000  # distinct codes or texts: a hospital has fewer, a hostile client has more


class Meaning(msgspec.Struct, frozen=True):
    """What one row of a list gives to its code. `is_history`: the code itself speaks of the past."""

    concept: Concept
    ingredient: str | None = None
    is_history: bool = False


class SaidWords(msgspec.Struct, frozen=True):
    """The words of all lists. Equal texts always get equal answers; what is remembered makes them faster."""

    words: NameWords[Meaning]
    vaccines: VaccineNames = msgspec.field(default_factory=VaccineNames)
    _said: dict[tuple[str, bool], dict[Meaning, Stance]] = msgspec.field(default_factory=dict)
    _marked: dict[str, bool] = msgspec.field(default_factory=dict)

    def said_in(self, text: str | None, displays: Iterable[str]) -> Mapping[Meaning, Stance]:
        """What the text says of each name in it; a display that states what it denies leaves it open."""
        said = dict(self._stances(text)) if text else {}
        for display in displays:
            for meaning, stance in self._stances(display).items():
                doubted = said.get(meaning) is Stance.DENIED and stance in MAY_BE
                said[meaning] = Stance.OPEN if doubted else said.get(meaning, stance)
        return said

    def is_open_in(self, text: str | None, coded: Iterable[Meaning]) -> bool:
        """Do the words beside a code leave open, or deny, what the code says? They speak of it by name, or in
        words that no list knows."""
        if not text or not self._is_marked(text):
            return False
        families = {one.concept.family for one in coded}
        said = {
            stance
            for meaning, stance in self._stances(text, beside_code=True).items()
            if meaning.concept.family in families
        }
        if said:
            return Stance.STATED not in said and bool(said & {Stance.OPEN, Stance.DENIED})
        return self.words.leaves_open(text)

    def _is_marked(self, text: str) -> bool:
        """Most texts hold no phrase that leaves anything open, or denies it."""
        try:
            return self._marked[text]
        except KeyError:
            return remember_words(self._marked, text, self.words.holds_phrase(text))

    def _stances(self, words: str, *, beside_code: bool = False) -> Mapping[Meaning, Stance]:
        key = (words, beside_code)
        try:
            return self._said[key]
        except KeyError:
            return remember_words(self._said, key, self._read(words, beside_code=beside_code))

    def _read(self, words: str, *, beside_code: bool) -> dict[Meaning, Stance]:
        found = self.words.stances(words, beside_code=beside_code)
        vaccine = self.vaccines.find(words)
        return found | {Meaning(vaccine): Stance.STATED} if vaccine else found


def remembering_words(work: Callable[[str], V]) -> Callable[[str], V]:
    """The same work, done once for the same words; what is longer than usual is read each time."""
    kept: dict[str, V] = {}

    @wraps(work)
    def once(words: str) -> V:
        try:
            return kept[words]
        except KeyError:
            read = work(words)
            return remember_words(kept, words, read, _MOST) if len(words) <= _LONGEST else read

    return once


def remember_words(memory: dict[K, V], key: K, value: V, most: int = _REMEMBERED) -> V:
    """Keep and return the value; a memory that is full begins anew."""
    if len(memory) >= most:
        memory.clear()
    memory[key] = value
    return value
