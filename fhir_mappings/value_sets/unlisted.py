"""What stands in charts and no list knows: counted, in memory that does not grow with the charts.

Nothing of it tells a patient: of words that people typed only those are shown that were said of two patients
at least, and none that hold a long number.
"""

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import StrEnum

import msgspec

_MOST_OF_A_KIND = 20_000  # a hospital's catalogue has fewer; free text may have any number
_MOST_BESIDE = 5
_LONG_NUMBER = re.compile(r"\d{5}")


class UnlistedKind(StrEnum):
    """What a code or a text was used for."""

    TEST = "test"
    DRUG = "drug"
    DIAGNOSIS = "diagnosis"
    PROCEDURE = "procedure"
    ANSWER = "answer"
    UNIT = "unit"


class Unlisted(msgspec.Struct, frozen=True):
    """One use of a code, a text or a unit that no list knows.

    `system` is its URI, or one of ours for what has none; empty for what a map cannot help. `words` are its
    display; `typed` when a person wrote them and no catalogue. `beside`: the unit of a result, or what a unit
    was used for.
    """

    kind: UnlistedKind
    system: str
    code: str
    words: str = ""
    typed: bool = False
    beside: str = ""


@dataclass(slots=True)
class UnlistedUse:
    """How often one code was used, and what for. `of_several`: in the charts of two patients at least."""

    first: Unlisted
    count: int = 0
    beside: Counter[str] = field(default_factory=Counter)
    of_several: bool = False
    patient: int | None = None

    def told(self, typed_words: bool) -> bool:
        """May its words be shown? `typed_words`: also those that were typed for one patient alone."""
        harmless = not self.first.typed or self.of_several or typed_words
        return harmless and not (self.first.typed and _LONG_NUMBER.search(self.first.words))


@dataclass(slots=True)
class Tally:
    """All uses by kind, system and code. `beyond`: uses of codes that came after the most that are kept."""

    uses: dict[tuple[UnlistedKind, str, str], UnlistedUse] = field(default_factory=dict)
    kept: Counter[UnlistedKind] = field(default_factory=Counter)
    beyond: Counter[UnlistedKind] = field(default_factory=Counter)

    def add(self, one: Unlisted, patient: int | None) -> None:
        """Count one use; `patient` only tells one patient from another, and is never shown."""
        key = (one.kind, one.system, one.code)
        use = self.uses.get(key)
        if use is None:
            if self.kept[one.kind] >= _MOST_OF_A_KIND:
                self.beyond[one.kind] += 1
                return
            self.kept[one.kind] += 1
            use = self.uses[key] = UnlistedUse(one, patient=patient)
        use.count += 1
        use.of_several = use.of_several or (patient != use.patient and None not in (patient, use.patient))
        use.patient = use.patient if use.patient is not None else patient
        if one.beside and (one.beside in use.beside or len(use.beside) < _MOST_BESIDE):
            use.beside[one.beside] += 1

    def of(self, kind: UnlistedKind) -> Iterator[UnlistedUse]:
        """The uses of one kind, the most frequent first."""
        found = (use for key, use in self.uses.items() if key[0] is kind)
        return iter(sorted(found, key=lambda use: (-use.count, use.first.system, use.first.code)))
