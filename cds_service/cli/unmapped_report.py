"""What no list knows, as it is told: rows of a table, and elements of a ConceptMap."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from fhir_mappings.value_sets import OWN_WORDS
from fhir_mappings.value_sets.likeness import Likeness
from fhir_mappings.value_sets.unlisted import Tally, Unlisted, UnlistedKind, UnlistedUse
from fhir_mappings.writers.concept_map_draft import TARGETS, ToFillIn, can_be_mapped

_ROWS = 25  # of each kind in the table; the map holds all
_COMPARED = 300  # of each kind: the most frequent, for which a word spelt another way is looked for
_HEADS = {
    UnlistedKind.TEST: "tests",
    UnlistedKind.DRUG: "drugs",
    UnlistedKind.DIAGNOSIS: "diagnoses",
    UnlistedKind.PROCEDURE: "procedures",
    UnlistedKind.ANSWER: "answers in words or codes",
    UnlistedKind.UNIT: "units",
}


@dataclass(slots=True)
class UnmappedReading:
    """All that was read: how many resources, what of them no list knows, and what could not be read.

    `drugs` are the ingredients that the trials served give.
    """

    like: Likeness
    drugs: frozenset[str]
    tally: Tally = field(default_factory=Tally)
    resources: int = 0
    lost: int = 0
    unreadable: list[str] = field(default_factory=list)

    def could_not_read(self, what: str) -> None:
        """Count it, and keep the first of them to be told."""
        self.lost += 1
        if len(self.unreadable) < _ROWS:
            self.unreadable.append(what)


@dataclass(frozen=True, slots=True)
class UnmappedRow:
    """One use as it is told: in the table, and in the map where it can be mapped."""

    kind: UnlistedKind
    line: str
    alike: bool
    element: ToFillIn | None


def rows_of(reading: UnmappedReading, *, typed_words: bool) -> list[UnmappedRow]:
    """Every kind in turn: first what looks like something a rule asks for, then by count.

    Words of one patient alone are left out, unless `typed_words` asks for them.
    """
    return [row for kind in UnlistedKind for row in _of_kind(kind, reading, typed_words)]


def elements_of(rows: list[UnmappedRow]) -> Iterator[ToFillIn]:
    """What the map holds of them."""
    return (row.element for row in rows if row.element is not None)


def _of_kind(kind: UnlistedKind, reading: UnmappedReading, typed_words: bool) -> list[UnmappedRow]:
    told = (use for use in reading.tally.of(kind) if use.first.system != OWN_WORDS or use.told(typed_words))
    rows = [_row(use, reading.like, typed_words, place < _COMPARED) for place, use in enumerate(told)]
    return sorted(rows, key=lambda row: not row.alike)


def _row(use: UnlistedUse, like: Likeness, typed_words: bool, compared: bool) -> UnmappedRow:
    one = use.first
    words = one.words if use.told(typed_words) else ""
    names, hint = _likeness(one, words, like, compared)
    beside = ", ".join(name for name, _ in use.beside.most_common())
    what = f"{one.system}|{one.code}" if one.system else one.code or "(no unit)"
    line = "  ".join(filter(None, (f"{use.count:>9,}", what, words, f"[{beside}]" if beside else "", hint)))
    comment = "; ".join(
        filter(None, (f"met {use.count} times", beside, hint, *_choices(one.kind, names, like)))
    )
    mapped = can_be_mapped(one.system, one.code)
    element = ToFillIn(one.kind, one.system, one.code, words, comment) if mapped else None
    return UnmappedRow(one.kind, line, bool(names) or one.kind is UnlistedKind.UNIT, element)


def _likeness(one: Unlisted, words: str, like: Likeness, compared: bool) -> tuple[tuple[str, ...], str]:
    """What it may be, and that in words: a code of a system that we know may well be something else."""
    if names := like.of(one.kind, words):
        doubt = ": map it only if it is the same" if like.codes.is_told(one.system, one.code) else ""
        return names, f"looks like {', '.join(names)}{doubt}"
    names = like.perhaps(one.kind, words) if compared else ()
    return names, f"perhaps {', '.join(names)}" if names else ""


def _choices(kind: UnlistedKind, names: tuple[str, ...], like: Likeness) -> Iterator[str]:
    for name in names:
        if listed := like.candidates(kind, name):
            yield f"listed for {name}: {', '.join(listed)}"


def table(rows: list[UnmappedRow], reading: UnmappedReading) -> Iterator[str]:
    """The lines of the table, with what is not in it."""
    yield f"{reading.resources:,} resources read"
    for kind in UnlistedKind:
        yield from _lines(kind, [row for row in rows if row.kind is kind], reading.tally)
    if reading.lost:
        yield f"{reading.lost:,} entries or documents could not be read:"
        yield from reading.unreadable


def _lines(kind: UnlistedKind, rows: list[UnmappedRow], tally: Tally) -> Iterator[str]:
    kept = tally.kept[kind]
    if not kept:
        return
    yield f"{_HEADS[kind]} that no list knows: {kept:,} (mapped to {TARGETS[kind]})"
    yield from (row.line for row in rows[:_ROWS])
    if len(rows) > _ROWS:
        yield f"{len(rows) - _ROWS:>9,}  more of them are in the map"
    if hidden := kept - len(rows):
        yield f"{hidden:>9,}  texts of one patient alone, or with a long number, are not shown"
    if beyond := tally.beyond[kind]:
        yield f"{beyond:>9,}  uses of still other codes were not kept"
