"""`analyte_names.csv`: laboratories' own names for tests -> which test a result under an unknown code may be.

The longest name wins: "mean platelet volume" is no platelet count. A word for another fluid or for a dose
makes the test beside it another one, unless the name itself holds that word ("urine protein").
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple, TypeVar

import msgspec

from fhir_mappings.clinical_model.results import Analyte
from fhir_mappings.value_sets.listed import CsvFile

COLUMNS = ("analyte", "terms", "display", "verified", "source")
_OTHER = "(other)"
_SEPARATORS = re.compile(r"[^a-z0-9\u4e00-\u9fff]+")
_BORDERS = re.compile(r"(?<=[a-z0-9])(?=[\u4e00-\u9fff])|(?<=[\u4e00-\u9fff])(?=[a-z0-9])")


T = TypeVar("T")


class _Place(NamedTuple):
    start: int
    end: int
    analyte: Analyte | None


def names_in(text: str, named: Mapping[str, T]) -> list[T]:
    """What stands behind each name in a text; a name that is only a part of a longer one is none."""
    folded = _folded(text)
    spans = [(place, meaning) for term, meaning in named.items() for place in _places(folded, _term(term))]
    return [meaning for place, meaning in spans if not any(_covers(other, place) for other, _ in spans)]


def _term(term: str) -> str:
    return _folded(term).strip()


class AnalyteNames(msgspec.Struct, frozen=True):
    """Names as they are compared, each with its test, or with None for what is none of ours."""

    named: dict[str, Analyte | None] = msgspec.field(default_factory=dict)
    others: frozenset[str] = frozenset()

    def find(self, text: str) -> tuple[Analyte, ...]:
        """The tests that a text names, in the order of the alphabet; () where it names none of ours."""
        folded = _folded(text)
        places = [p for term, analyte in self.named.items() for p in _places(folded, term, analyte)]
        if not places:
            return ()
        places += (p for term in self.others for p in _places(folded, term, None))
        kept = [p for p in places if not any(_covers(other, p) for other in places)]
        elsewhere = [p for p in kept if folded[p.start : p.end].strip() in self.others]
        if elsewhere:
            return ()
        return tuple(sorted({p.analyte for p in kept if p.analyte is not None}))


def names_of(file: CsvFile, faults: list[str]) -> AnalyteNames:
    """The rows of the list; what cannot be read goes to `faults`."""
    named: dict[str, Analyte | None] = {}
    others: set[str] = set()
    for line, row in file.rows:
        terms = [_term(term) for term in row["terms"].split("|")]
        if row["analyte"] == _OTHER:
            others.update(terms)
            continue
        try:
            analyte = Analyte(row["analyte"]) if row["analyte"] else None
        except ValueError as error:
            faults.append(f"{file.name}:{line}: {error}")
            continue
        faults += (f"{file.name}:{line}: {term!r} stands here twice" for term in terms if term in named)
        named.update(dict.fromkeys(terms, analyte))
    return AnalyteNames(named, frozenset(others))


def _folded(text: str) -> str:
    """One spelling: full width to half, lower case, words apart by one blank, blanks at both ends.

    A Latin name that stands close to Chinese words is a word, too: "ALT测定".
    """
    plain = unicodedata.normalize("NFKC", text).casefold()
    return f" {_SEPARATORS.sub(' ', _BORDERS.sub(' ', plain)).strip()} "


def _places(text: str, term: str, analyte: Analyte | None = None) -> Iterator[_Place]:
    """Where the term stands: Latin ones as whole words, Chinese ones anywhere."""
    if not term:
        return
    whole = term.isascii()
    wanted = f" {term} " if whole else term
    start = text.find(wanted)
    while start >= 0:
        first = start + whole
        yield _Place(first, first + len(term), analyte)
        start = text.find(wanted, start + 1)


def _covers(one: _Place, other: _Place) -> bool:
    """True when the other name is only a part of this longer one."""
    longer = one.end - one.start > other.end - other.start
    return longer and one.start <= other.start and other.end <= one.end


def joined_words(texts: Iterable[str | None]) -> str:
    """Several words for one thing as one text."""
    return " ; ".join(text for text in texts if text)
