"""`stances.csv`: phrases beside a name that leave it open or deny it, and what they make of the name.

"再障待排" leaves it open, "再障已排除" denies it. Of phrases that overlap the longest counts (DECISIONS 75):
不除外 is no 除外. Texts are compared as `plain_words` gives them.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator
from enum import StrEnum
from functools import cache
from typing import NamedTuple

import msgspec

from fhir_mappings.value_sets.listed import FOLDER, CsvFile, read_csv

COLUMNS = ("stance", "side", "beside_code", "phrases", "display", "verified", "source")

_BETWEEN = r"(?:[^\w?]|_)+"
_LATIN_MARK = r"(?<![a-z0-9])\?|\?(?![a-z0-9])"
"""A question mark inside a Latin word is a letter that was lost on the way: "Sj?gren"."""
_LOST_TEXT = re.compile(r"\?{3,}")
_DOT_IN_A_NAME = re.compile(r"(?<=[\u4e00-\u9fff])\s?[·•・‧]\s?(?=[\u4e00-\u9fff])")
_CLAUSES = re.compile(r"[;,，。；\n]|\.\s|(?<=[\u4e00-\u9fff)\]]\?)|(?<=[a-z0-9]\?)(?![a-z0-9])")
"""Also behind the question mark that ends a name."""
_LETTER = re.compile(r"[a-z0-9\u4e00-\u9fff]")


class Stance(StrEnum):
    """What a text says of a name that stands in it."""

    STATED = "stated"
    OPEN = "open"
    DENIED = "denied"
    ANOTHER = "another"


MAY_BE = frozenset({Stance.STATED, Stance.OPEN})
"""The stances under which it may be there."""


class Side(StrEnum):
    """Where a phrase stands to the name, in its clause: anywhere before or after it, or directly before it.

    EITHER: before it, or after it where no other words follow the phrase.
    """

    BEFORE = "before"
    AFTER = "after"
    EITHER = "either"
    NEXT = "next"


class StancePhrase(NamedTuple):
    """One phrase with what it says, on one side; `beside_code`: also where a code names the disease."""

    words: str
    stance: Stance
    side: Side
    beside_code: bool


class Stances(msgspec.Struct, frozen=True):
    """All phrases; `of` judges one place of a name."""

    before: dict[str, StancePhrase] = msgspec.field(default_factory=dict)
    after: dict[str, StancePhrase] = msgspec.field(default_factory=dict)
    _before: re.Pattern[str] = re.compile("(?!)")
    _after: re.Pattern[str] = re.compile("(?!)")

    def of(self, before: str, after: str, *, beside_code: bool) -> Stance:
        """The stance to a name between `before` and `after`, the two parts of its clause."""
        phrases = (*self._ahead(before), *self._behind(after))
        found = {phrase.stance for phrase in phrases if phrase.beside_code or not beside_code}
        order = (Stance.ANOTHER, Stance.OPEN, Stance.DENIED)
        return next((stance for stance in order if stance in found), Stance.STATED)

    def clauses(self, text: str) -> list[str]:
        """The clauses of a plain text; one that is nothing but such phrases belongs to the one before it."""
        found: list[str] = []
        for clause in _CLAUSES.split(text):
            if found and not _LETTER.search(self._after.sub("", clause)):
                found[-1] += " " + clause
            else:
                found.append(clause)
        return found

    def any_in(self, text: str) -> bool:
        """True when a plain text holds any of the phrases."""
        return bool(self._before.search(text) or self._after.search(text))

    def leaves_open(self, clause: str) -> bool:
        """True when a clause holds a phrase that leaves something open, whatever it is."""
        return self.of(clause, clause, beside_code=True) is Stance.OPEN

    def _ahead(self, text: str) -> Iterator[StancePhrase]:
        for found in self._before.finditer(text):
            phrase = self.before[_key(found[0])]
            if phrase.side is not Side.NEXT or not _LETTER.search(text, found.end()):
                yield phrase

    def _behind(self, text: str) -> Iterator[StancePhrase]:
        """One that may stand on either side belongs to what follows it: "possible PNH", 除外骨髓增生异常."""
        for found in self._after.finditer(text):
            phrase = self.after[_key(found[0])]
            rest = self._after.sub("", text[found.end() :])
            follows = rest.lstrip() if phrase.words.isascii() else rest
            if phrase.side is Side.AFTER or not _LETTER.match(follows):
                yield phrase


def plain_words(text: str) -> str:
    """One spelling: half width, lower case, without question marks for letters that were lost, and without
    the dot within a foreign name (圣·约翰草)."""
    return _LOST_TEXT.sub(" ", _DOT_IN_A_NAME.sub("", unicodedata.normalize("NFKC", text).casefold()))


@cache
def shipped_stances() -> Stances:
    """The list as it is shipped; its faults are found where all lists are loaded."""
    return stances_of(read_csv(FOLDER / "stances.csv", COLUMNS, []), [])


def stances_of(file: CsvFile, faults: list[str]) -> Stances:
    """The rows of the list; what cannot be read goes to `faults`."""
    before: dict[str, StancePhrase] = {}
    after: dict[str, StancePhrase] = {}
    for line, row in file.rows:
        try:
            for phrase in _phrases(row):
                for side, sides in ((before, _BEFORE), (after, _AFTER)):
                    if phrase.side in sides and side.setdefault(_key(phrase.words), phrase) is not phrase:
                        faults.append(f"{file.name}:{line}: {phrase.words!r} stands here twice")
        except ValueError as error:
            faults.append(f"{file.name}:{line}: {error}")
    return Stances(before, after, _any_of(before), _any_of(after))


_BEFORE = frozenset({Side.BEFORE, Side.EITHER, Side.NEXT})
_AFTER = frozenset({Side.AFTER, Side.EITHER})


def _phrases(row: dict[str, str]) -> Iterator[StancePhrase]:
    """The phrases of a row. Raises ValueError."""
    if row["beside_code"] not in ("yes", "no"):
        raise ValueError(f"beside_code is yes or no, not {row['beside_code']!r}")
    stance, side = Stance(row["stance"]), Side(row["side"])
    for words in row["phrases"].split("|"):
        yield StancePhrase(words, stance, side, row["beside_code"] == "yes")


def _key(words: str) -> str:
    return " ".join(re.split(_BETWEEN, words.casefold())).strip()


def _any_of(phrases: Iterable[str]) -> re.Pattern[str]:
    """Any of the phrases, of two that begin at one place the longer; Latin ones are whole words."""
    longest_first = sorted(phrases, key=len, reverse=True)
    latin = [_BETWEEN.join(_key(words).split()) for words in longest_first if _is_latin(words)]
    others = [
        _LATIN_MARK if words == "?" else re.escape(words) for words in longest_first if not _is_latin(words)
    ]
    whole_words = [rf"(?<![a-z0-9])(?:{'|'.join(latin)})(?![a-z0-9])"] if latin else []
    return re.compile("|".join(others + whole_words) or "(?!)")


def _is_latin(words: str) -> bool:
    return words.isascii() and words != "?"
