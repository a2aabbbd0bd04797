"""The code lists of this folder as one value: what a coded entry means to us.

Loaded once; every look-up is a dictionary's, and an unknown code, as most are, costs least.
"""

from collections.abc import Iterable, Mapping, Sequence

import msgspec

from fhir_mappings.clinical_model.code_systems import one_address, system_name
from fhir_mappings.clinical_model.codes import (
    ICD9,
    ICD9_PROCEDURES,
    LOINC,
    RXNORM,
    is_procedure_shape,
    one_spelling,
)
from fhir_mappings.clinical_model.concepts import FORMULATIONS, Concept
from fhir_mappings.clinical_model.results import Analyte, SampleTiming
from fhir_mappings.value_sets.analyte_names import AnalyteNames, joined_words
from fhir_mappings.value_sets.analytes import AnalyteCode
from fhir_mappings.value_sets.blood_products import BloodProducts
from fhir_mappings.value_sets.formulation_names import FormulationNames
from fhir_mappings.value_sets.index import CodeIndex
from fhir_mappings.value_sets.listed import ListedCode
from fhir_mappings.value_sets.local_codes import (
    OWN_WORDS,
    WITHOUT_SYSTEM,
    LocalMap,
    StandsFor,
    UnitMap,
    folded,
)
from fhir_mappings.value_sets.orderables import Orderables
from fhir_mappings.value_sets.plausible import Span
from fhir_mappings.value_sets.products import ListedProduct
from fhir_mappings.value_sets.qualitative_answers import Answers, QualitativeAnswer
from fhir_mappings.value_sets.said_words import Meaning, SaidWords, remember_words
from fhir_mappings.value_sets.stances import MAY_BE, Stance

Coded = tuple[str | None, str | None, str | None]
"""System URI, code, display."""


class Recognised(msgspec.Struct, frozen=True):
    """What the lists know of one coded entry.

    `codes` are for showing: ("ICD-10 D61.3",). `by_text_only`: no code is listed, only the words are.
    `is_history`: all that was recognised speaks of the past (Z86.71, I25.2). `is_open`: the entry's own words
    leave it open ("再障待排"), or deny what its code says.
    """

    concepts: frozenset[Concept]
    ingredients: frozenset[str]
    by_text_only: bool
    codes: tuple[str, ...]
    is_history: bool = False
    is_open: bool = False


class CodeLists(msgspec.Struct, frozen=True, eq=False):
    """All lists. Equal codes always get equal answers; what is remembered only makes them faster."""

    index: CodeIndex[Meaning]
    said: SaidWords
    analytes: dict[str, AnalyteCode]
    answers: Answers
    products: dict[str, ListedProduct]
    plausible: dict[Analyte, Span]
    local: LocalMap
    units: UnitMap
    listed: tuple[ListedCode, ...]
    names: AnalyteNames
    formulations: FormulationNames = msgspec.field(default_factory=FormulationNames)
    orderables: Orderables = msgspec.field(default_factory=Orderables)
    blood_products: BloodProducts = msgspec.field(default_factory=BloodProducts)
    systems: Mapping[str, str] = msgspec.field(default_factory=dict)
    _meant: dict[tuple[str | None, str | None], tuple[Meaning, ...] | None] = msgspec.field(
        default_factory=dict
    )
    _measured: dict[tuple[str | None, str | None], AnalyteCode | None] = msgspec.field(default_factory=dict)
    _called: dict[str, tuple[Analyte, ...]] = msgspec.field(default_factory=dict)
    _told: dict[tuple[str | None, str | None], bool] = msgspec.field(default_factory=dict)

    # ------------------------------------------------------------ diagnoses, procedures, drugs

    def recognise(self, codings: Sequence[Coded], text: str | None) -> Recognised | None:
        """What an entry is about, by its codes; by its text and displays only where no code is listed.

        An "except" row makes a code known to be nothing of ours: then the words are not asked either.
        """
        meanings: list[Meaning] = []
        codes: list[str] = []
        known = False
        for system, code, _ in codings:
            found = self._meanings(system, code)
            if found is None:
                continue
            known = True
            if found:
                meanings += found
                name, plain = self._resolve(system, code) or ("", "")
                codes.append(f"{name} {plain}" if plain == code else f"{name} {plain} ({code})")
        said = [text, *(display for _, _, display in codings)]
        if known:
            if not meanings:
                return None
            is_open = self.said.is_open_in(text, meanings)
            return _recognised(self._with_formulation(meanings, said), codes, is_open=is_open)
        stances = self.said.said_in(text, [display for _, _, display in codings if display])
        meanings = [meaning for meaning, stance in stances.items() if stance in MAY_BE]
        if not meanings:
            return None
        is_open = all(stances[one] is Stance.OPEN for one in meanings)
        return _recognised(self._with_formulation(meanings, said), (), is_open=is_open)

    def _with_formulation(self, meanings: list[Meaning], said: Iterable[str | None]) -> list[Meaning]:
        """How ciclosporin is made up, by its words, where its code does not say it."""
        concepts = {m.concept for m in meanings}
        if Concept.CICLOSPORIN in concepts and not concepts & FORMULATIONS:
            found = self.formulations.find(" ; ".join(filter(None, said)))
            return [*meanings, Meaning(found)] if found else meanings
        return meanings

    def _meanings(self, system: str | None, code: str | None) -> tuple[Meaning, ...] | None:
        key = (system, code)
        try:
            return self._meant[key]
        except KeyError:
            resolved = self._resolve(system, code)
            found = self.index.find(*resolved) if resolved else None
            return remember_words(self._meant, key, found)

    def _resolve(self, system: str | None, code: str | None) -> tuple[str, str] | None:
        """Our short name of the system, and the code; the site's map first. None for what we cannot know."""
        mapped = self._mapped(system, code)
        if mapped:
            return mapped.system, mapped.code
        if not code:
            return None
        name = self.system_name(system)
        if name == ICD9 and is_procedure_shape(code):
            name = ICD9_PROCEDURES
        return (name, code) if name else None

    def system_name(self, uri: str | None) -> str | None:
        """Our short name of a code system, also by an address that only this site uses; else None."""
        return system_name(uri, self.systems)

    def is_told(self, system: str | None, code: str | None) -> bool:
        """True for a code that says what it is: of a code system that we know, or mapped by the site."""
        key = (system, code)
        try:
            return self._told[key]
        except KeyError:
            return remember_words(self._told, key, self._resolve(system, code) is not None)

    def codes_in(self, name: str, codings: Iterable[Coded]) -> list[str]:
        """The codes of one code system, by our short name of it; a site's own code is what it stands for."""
        found = (self._resolve(system, code) for system, code, _ in codings)
        return [one[1] for one in found if one and one[0] == name]

    def _mapped(self, system: str | None, code: str | None) -> StandsFor | None:
        return self.local.get((one_address(system or WITHOUT_SYSTEM), code))

    # ------------------------------------------------------------ results

    def analyte(self, codings: Iterable[Coded]) -> AnalyteCode | None:
        """What an observation measures; None for what no rule asks for, or when its codes disagree."""
        found: AnalyteCode | None = None
        for system, code, _ in codings:
            one = self.analyte_of(system, code)
            if one is None or one is found:
                continue
            if found is None:
                found = one
            elif found.analyte is one.analyte:
                found = found.and_also(one)
            else:
                return None
        return found

    def analytes_by_code(self, codings: Iterable[Coded]) -> tuple[Analyte, ...]:
        """Every analyte that one of the codes names; two of them contradict each other."""
        named = (self.analyte_of(system, code) for system, code, _ in codings)
        return tuple(sorted({one.analyte for one in named if one}))

    def analytes_by_words(self, codings: Iterable[Coded], words: Iterable[str | None]) -> tuple[Analyte, ...]:
        """What an observation may measure whose codes no list knows, by its own words.

        () where a code of LOINC or SNOMED CT says what it is: then it is none of ours, whatever it is called.
        """
        coded = tuple(codings)
        if any(self.is_told(system, code) for system, code, _ in coded):
            return ()
        text = joined_words((*words, *(display for _, _, display in coded)))
        if text not in self._called:
            remember_words(self._called, text, self.names.find(text))
        return self._called[text]

    def ordered_tests(self, codings: Iterable[Coded], text: str | None) -> frozenset[str]:
        """The LOINC codes under which a rule may ask for what a request orders, by its codes, else its words.

        A request under the code of another unit or method brings the same test; a peak is no trough.
        """
        coded = [*codings]
        loincs = {r[1] for s, c, _ in coded if (r := self._resolve(s, c)) and r[0] == LOINC}
        known = [code for code in loincs if self.knows(LOINC, code)]
        if known:
            return frozenset(loincs).union(*map(self._brought_by, known))
        words = joined_words((text, *(display for _, _, display in coded)))
        said = self.orderables.said(words)
        if said is None:
            return frozenset(loincs)
        return said.union(loincs, *(self._loincs_of(analyte) for analyte in self.names.find(words)))

    def _brought_by(self, loinc: str) -> frozenset[str]:
        measured = self.analytes.get(loinc)
        is_peak = bool(measured and measured.level and measured.level.timing is SampleTiming.POST_DOSE)
        same = self._loincs_of(measured.analyte) if measured and not is_peak else frozenset()
        return same | self.orderables.by_code.get(loinc, frozenset())

    def _loincs_of(self, analyte: Analyte) -> frozenset[str]:
        return frozenset(code for code, one in self.analytes.items() if one.analyte is analyte)

    def analyte_of(self, system: str | None, code: str | None) -> AnalyteCode | None:
        """What one code names; None for what no rule asks for."""
        key = (system, code)
        try:
            return self._measured[key]
        except KeyError:
            name, plain = self._resolve(system, code) or ("", "")
            found = self.analytes.get(plain.strip()) if name == LOINC else None
            mapped = self._mapped(system, code)
            return remember_words(
                self._measured, key, found.mapped(mapped.molar) if found and mapped else found
            )

    def answer(
        self, analyte: Analyte, codings: Iterable[Coded], words: Iterable[str | None]
    ) -> QualitativeAnswer | None:
        """What a qualitative result says, by the closed table; its codes are asked before its words.

        None when an answer is not in the table, or when two differ.
        """
        coded = {self._coded_answer(analyte, system, code) for system, code, _ in codings} - {None}
        if not coded:
            said = [folded(text) for text in words if text]
            coded = {self.answers.by_words.get((analyte, text)) for text in said} - {None}
            coded |= {self._coded_answer(analyte, OWN_WORDS, text) for text in said} - {None}
        return coded.pop() if len(coded) == 1 else None

    def _coded_answer(
        self, analyte: Analyte, system: str | None, code: str | None
    ) -> QualitativeAnswer | None:
        name, plain = self._resolve(system, code) or ("", "")
        return self.answers.by_code.get((analyte, name, one_spelling(name, plain)))

    # ------------------------------------------------------------ products

    def product(self, codings: Iterable[Coded]) -> ListedProduct | None:
        """Strength and form by RxNorm code; None when it is not listed, or when two codes disagree."""
        resolved = (self._resolve(system, code) for system, code, _ in codings)
        found = {self.products.get(r[1]) for r in resolved if r and r[0] == RXNORM} - {None}
        return found.pop() if len(found) == 1 else None

    def knows(self, system: str, code: str) -> bool:
        """True when any list holds the code; `system` is our short name of its system."""
        answers = any(
            tuple(named) == (system, one_spelling(system, code)) for _, *named in self.answers.by_code
        )
        measured = system == LOINC and (code in self.analytes or code in self.orderables.by_code)
        return (
            measured
            or answers
            or (system == RXNORM and code in self.products)
            or bool(self.index.find(system, code))
        )

    def ingredients_of(self, concept: Concept) -> frozenset[str]:
        """The drugs that the lists file under a concept by their codes."""
        found = (m.ingredient for m in self.index.meanings() if m.concept is concept)
        return frozenset(name for name in found if name)

    def unverified(self) -> tuple[ListedCode, ...]:
        """The shipped codes that were not found in a named source, or not in full, for `check` to list."""
        return tuple(code for code in self.listed if code.verified != "yes")


def _recognised(meanings: Sequence[Meaning], codes: Sequence[str], *, is_open: bool) -> Recognised:
    return Recognised(
        concepts=frozenset(m.concept for m in meanings),
        ingredients=frozenset(m.ingredient for m in meanings if m.ingredient),
        by_text_only=not codes,
        codes=tuple(dict.fromkeys(codes)),
        is_history=all(m.is_history for m in meanings),
        is_open=is_open,
    )
