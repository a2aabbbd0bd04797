"""Words for a diagnosis or a drug, English and Chinese, found in free text: whole words, and never a denial.

"aplastic anaemia" is found in "Severe aplastic anemia (2019)", not in "no history of aplastic anaemia",
"non-aplastic anaemia" or "再生障碍性贫血待排". Words are weak evidence: whoever finds them says so.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Generic, TypeVar

T = TypeVar("T")

_CLAUSES = re.compile(r"[;,，。；\n]|\.\s")
_WORD = re.compile(r"[a-z0-9]+")

# A denial counts within its clause. "Non-severe" (非重型) denies nothing but the severity, so "non" and 非
# deny only the very next word; so does "pure red cell" (纯红), which is another disease.
_DENIED_BEFORE = re.compile(
    r"\b(?:no|not|never|without|denies|denied|negative for|absence of|excludes?|excluded|excluding|"
    r"exclusion of|rules? out|ruled out|r o|family history|fh|mother|father|sister|brother)\b|\bnon$|"
    r"\bpure red cell$"
)
_DENIED_AFTER = re.compile(r"\b(?:ruled out|excluded|unlikely|not confirmed)\b")
_DENIED_BEFORE_ZH = re.compile(
    "排除|除外|否认|不考虑|未见|家族史|父亲|母亲|(?:无|非|不是|纯红|纯红系|纯红细胞)$"
)
_DENIED_AFTER_ZH = re.compile("排除|除外|待排|家族史|可能性小")


@dataclass(frozen=True, slots=True)
class _Term(Generic[T]):
    words: tuple[str, ...]
    meaning: T


class Words(Generic[T]):
    """Terms and what they mean. Latin terms match as whole words, Chinese ones wherever they stand."""

    __slots__ = ("_by_first_word", "_chinese")

    def __init__(self, terms: Iterable[tuple[str, T]]) -> None:
        self._by_first_word: dict[str, list[_Term[T]]] = {}
        self._chinese: list[tuple[str, T]] = []
        for term, meaning in terms:
            if term.isascii():
                words = tuple(_WORD.findall(term.casefold()))
                self._by_first_word.setdefault(words[0], []).append(_Term(words, meaning))
            else:
                self._chinese.append((term.casefold(), meaning))

    def latin(self) -> Iterator[str]:
        """Every term in Latin letters, its words apart by one blank."""
        for terms in self._by_first_word.values():
            yield from (" ".join(term.words) for term in terms)

    def find(self, text: str) -> tuple[T, ...]:
        """The meanings of all terms that the text states, each once."""
        found: dict[T, None] = {}
        for clause in _CLAUSES.split(text.casefold()):
            found.update(dict.fromkeys(self._latin(clause)))
            if not clause.isascii():
                found.update(dict.fromkeys(self._in_chinese(clause)))
        return tuple(found)

    def _latin(self, clause: str) -> Iterator[T]:
        words = _WORD.findall(clause)
        for place, word in enumerate(words):
            for term in self._by_first_word.get(word, ()):
                end = place + len(term.words)
                if tuple(words[place:end]) == term.words and not _denied(words[:place], words[end:]):
                    yield term.meaning

    def _in_chinese(self, clause: str) -> Iterator[T]:
        for term, meaning in self._chinese:
            before, seen, after = clause.partition(term)
            if seen and not _DENIED_BEFORE_ZH.search(before) and not _DENIED_AFTER_ZH.search(after):
                yield meaning


def _denied(before: list[str], after: list[str]) -> bool:
    return bool(_DENIED_BEFORE.search(" ".join(before)) or _DENIED_AFTER.search(" ".join(after)))
