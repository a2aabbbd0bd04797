"""Words for a diagnosis or a drug, English and Chinese, found in free text, and what the text says of them.

"aplastic anaemia" is stated in "Severe aplastic anemia (2019)", left open in "再障待排", and denied in "no
history of aplastic anaemia". Words are weak evidence: whoever finds them says so.
"""

import re
from collections.abc import Iterable, Iterator
from itertools import chain
from typing import Generic, TypeVar

import msgspec

from fhir_mappings.value_sets.stances import MAY_BE, Stance, Stances, plain_words

T = TypeVar("T")

_WORD = re.compile(r"[a-z0-9]+")
_WEIGHT = {Stance.STATED: 3, Stance.OPEN: 2, Stance.DENIED: 1, Stance.ANOTHER: 0}


class _Term(msgspec.Struct, Generic[T], frozen=True):
    words: tuple[str, ...]
    meaning: T


class NameWords(Generic[T]):
    """Terms and what they mean. Latin terms match as whole words, Chinese ones wherever they stand.

    `longer` are names that hold one of the terms and are none of them: of two names the longer one counts.
    """

    __slots__ = ("_by_first_word", "_chinese", "_longer", "_stances")

    def __init__(self, terms: Iterable[tuple[str, T]], stances: Stances, longer: Iterable[str] = ()) -> None:
        self._by_first_word: dict[str, list[_Term[T]]] = {}
        self._chinese: list[tuple[str, T]] = []
        self._stances = stances
        for term, meaning in terms:
            if term.isascii():
                words = tuple(_WORD.findall(term.casefold()))
                self._by_first_word.setdefault(words[0], []).append(_Term(words, meaning))
            else:
                self._chinese.append((plain_words(term), meaning))
        names = {term for term, _ in self._chinese} | set(longer)
        self._longer = {
            term: held
            for term, _ in self._chinese
            if (held := tuple(name for name in names if term in name and name != term))
        }

    def latin(self) -> Iterator[str]:
        """Every term in Latin letters, its words apart by one blank."""
        for terms in self._by_first_word.values():
            yield from (" ".join(term.words) for term in terms)

    def stances(self, text: str, *, beside_code: bool = False) -> dict[T, Stance]:
        """The meanings of all terms in the text, each with the firmest that the text says of it.

        `beside_code`: only by the phrases that count where a code names the disease, too.
        """
        found: dict[T, Stance] = {}
        for clause in self._stances.clauses(plain_words(text)):
            chinese = () if clause.isascii() else self._in_chinese(clause)
            for meaning, before, after in chain(self._latin(clause), chinese):
                stance = self._stances.of(before, after, beside_code=beside_code)
                found[meaning] = max(found.get(meaning, Stance.ANOTHER), stance, key=_WEIGHT.__getitem__)
        return found

    def find(self, text: str) -> tuple[T, ...]:
        """The meanings of all terms that the text states or leaves open, each once."""
        return tuple(meaning for meaning, stance in self.stances(text).items() if stance in MAY_BE)

    def holds_phrase(self, text: str) -> bool:
        """True when the text holds any phrase of the list at all."""
        return self._stances.any_in(plain_words(text))

    def leaves_open(self, text: str) -> bool:
        """True when the first clause leaves open what it speaks of, in words that no list knows."""
        return self._stances.leaves_open(self._stances.clauses(plain_words(text))[0])

    def _latin(self, clause: str) -> Iterator[tuple[T, str, str]]:
        found = list(_WORD.finditer(clause))
        words = [one[0] for one in found]
        for place, word in enumerate(words):
            for term in self._by_first_word.get(word, ()):
                end = place + len(term.words)
                if tuple(words[place:end]) == term.words:
                    yield term.meaning, clause[: found[place].start()], clause[found[end - 1].end() :]

    def _in_chinese(self, clause: str) -> Iterator[tuple[T, str, str]]:
        for term, meaning in self._chinese:
            if term in clause:
                parts = _without_longer(clause, self._longer.get(term, ())).split(term)
                for place in range(1, len(parts)):
                    yield meaning, term.join(parts[:place]), term.join(parts[place:])


def _without_longer(clause: str, longer: tuple[str, ...]) -> str:
    """The clause without the names that hold a term and mean something else."""
    for name in longer:
        clause = clause.replace(name, "\n")
    return clause
