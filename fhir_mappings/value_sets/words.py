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
_LEFT_OPEN = re.compile(
    r"\b(?:cannot|can not|could not|not|never) (?:be )?(?:yet )?(?:exclude|excluded|rule out|ruled out)\b"
)
_LEFT_OPEN_ZH = re.compile("不能?除外|未除外|不能?排除|未排除|待排除?|待除外|除外待查|排除待查")
"""Phrases that leave it open (DECISIONS 75). The longest phrase wins: 不除外 is no 除外."""

# Names of drugs that no list of ours holds and that hold one of ours: 环孢素 in 伏环孢素 (DECISIONS 53).
_OTHER_DRUGS = ("伏环孢素", "伏环孢菌素")
_DENIED_BEFORE_ZH = re.compile(
    "排除|除外|否认|不考虑|未见|家族史|父亲|母亲|(?:无|非|不是|纯红|纯红系|纯红细胞)$"
)
_DENIED_AFTER_ZH = re.compile("排除|除外|家族史|可能性小")


@dataclass(frozen=True, slots=True)
class _Term(Generic[T]):
    words: tuple[str, ...]
    meaning: T


class Words(Generic[T]):
    """Terms and what they mean. Latin terms match as whole words, Chinese ones wherever they stand."""

    __slots__ = ("_by_first_word", "_chinese", "_longer")

    def __init__(self, terms: Iterable[tuple[str, T]]) -> None:
        self._by_first_word: dict[str, list[_Term[T]]] = {}
        self._chinese: list[tuple[str, T]] = []
        for term, meaning in terms:
            if term.isascii():
                words = tuple(_WORD.findall(term.casefold()))
                self._by_first_word.setdefault(words[0], []).append(_Term(words, meaning))
            else:
                self._chinese.append((term.casefold(), meaning))
        names = {term for term, _ in self._chinese} | set(_OTHER_DRUGS)
        self._longer = {
            term: longer
            for term, _ in self._chinese
            if (longer := tuple(name for name in names if term in name and name != term))
        }

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
            before, seen, after = _without_longer(clause, term, self._longer.get(term, ())).partition(term)
            if seen and not _denied_in_chinese(before, after):
                yield meaning


def _without_longer(clause: str, term: str, longer: tuple[str, ...]) -> str:
    """The clause without the names that hold the term and mean something else."""
    if term in clause:
        for name in longer:
            clause = clause.replace(name, "\n")
    return clause


def _denied(before: list[str], after: list[str]) -> bool:
    said, then = (_LEFT_OPEN.sub("", " ".join(words)) for words in (before, after))
    return bool(_DENIED_BEFORE.search(said) or _DENIED_AFTER.search(then))


def _denied_in_chinese(before: str, after: str) -> bool:
    said, then = (_LEFT_OPEN_ZH.sub("", words) for words in (before, after))
    return bool(_DENIED_BEFORE_ZH.search(said) or _DENIED_AFTER_ZH.search(then))
