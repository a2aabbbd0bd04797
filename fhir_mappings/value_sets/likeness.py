"""What a code that no list knows looks like, by its words: a hint for whoever fills in a map, no meaning."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from difflib import get_close_matches

from fhir_mappings.clinical_model.codes import ATC, RXNORM
from fhir_mappings.value_sets.code_lists import CodeLists
from fhir_mappings.value_sets.unlisted import UnlistedKind

_CLOSE = 0.8  # share of letters in common: "kreatinin" is close to "creatinine", "calcium" to nothing
_SHORTEST = 5  # letters of a word that is compared so
_MOST_CODES = 6


@dataclass(slots=True)
class Likeness:
    """Names of tests, drugs and diagnoses by their words. Each text is looked up once."""

    codes: CodeLists
    _seen: dict[tuple[UnlistedKind, str], tuple[str, ...]] = field(default_factory=dict)

    def of(self, kind: UnlistedKind, words: str) -> tuple[str, ...]:
        """What the words name, in the order of the alphabet; () for nothing that a rule asks for."""
        key = (kind, words)
        if key not in self._seen:
            if len(self._seen) > 20_000:
                self._seen.clear()
            self._seen[key] = self._named(kind, words)
        return self._seen[key]

    def _named(self, kind: UnlistedKind, words: str) -> tuple[str, ...]:
        if kind is UnlistedKind.TEST:
            return tuple(analyte.value for analyte in self.codes.names.find(words))
        if kind is UnlistedKind.DRUG:
            return tuple(sorted({m.ingredient for m in self.codes.said.words.find(words) if m.ingredient}))
        if kind in (UnlistedKind.DIAGNOSIS, UnlistedKind.PROCEDURE):
            return tuple(
                sorted({m.concept.value for m in self.codes.said.words.find(words) if not m.ingredient})
            )
        return ()

    def perhaps(self, kind: UnlistedKind, words: str) -> tuple[str, ...]:
        """The same for a word spelt another way ("Kreatinin"); for tests and drugs."""
        names = self._spellings(kind)
        found = (get_close_matches(word, names, 1, _CLOSE) for word in _long_words(words))
        close = {name for match in found for close in match for name in self.of(kind, close)}
        return tuple(sorted(close))

    def _spellings(self, kind: UnlistedKind) -> list[str]:
        if kind is UnlistedKind.TEST:
            return [name for name, analyte in self.codes.names.named.items() if analyte]
        return list(self.codes.said.words.latin()) if kind is UnlistedKind.DRUG else []

    def candidates(self, kind: UnlistedKind, name: str) -> tuple[str, ...]:
        """Some of the listed codes for what a name from `of` means, each with its display."""
        return tuple(f"{code} ({display})" for code, display in self._listed(kind, name))[:_MOST_CODES]

    def _listed(self, kind: UnlistedKind, name: str) -> Iterator[tuple[str, str]]:
        for listed in self.codes.listed:
            code = self.codes.analytes.get(listed.code) if listed.code_list == "analytes" else None
            is_test = kind is UnlistedKind.TEST and code is not None and code.analyte == name
            is_drug = kind is UnlistedKind.DRUG and listed.system in (RXNORM, ATC)
            if is_test or (is_drug and name in listed.display.casefold()):
                yield listed.code, listed.display


def _long_words(words: str) -> Iterator[str]:
    return (w for w in words.casefold().replace("-", " ").split() if len(w) >= _SHORTEST and w.isalpha())
