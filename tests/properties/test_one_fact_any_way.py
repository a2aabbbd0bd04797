"""Law: one fact by any listed code, by a site's code for it, in any listed words: no criterion contradicts itself.

The table is made from the code lists. A site's code that is mapped says what the listed code says, to the letter.
Words say less: where the code keeps a criterion from being cleared, no words for the same fact clear it, and what
speaks against the patient by code does so in words.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cache
from typing import Any

import pytest
from msgspec.structs import replace

from cds_service.rules.answers.criteria_answers import Criterion
from cds_service.rules.verdict import Verdict, reverse
from cds_service.trials.nct06802055.assess import assess
from cds_service.trials.nct06802055.criteria.unknowns import clearing
from fhir_mappings.clinical_model.concepts import Concept
from fhir_mappings.clinical_model.quantity import CANONICAL_UNIT
from fhir_mappings.clinical_model.record import ClinicalRecord
from fhir_mappings.clinical_model.results import Analyte
from fhir_mappings.readers.reader_settings import ATTESTED_LINES
from tests.builders import NOW, attested
from tests.mapping.charts import PATIENT, Json, dispense, read
from tests.mapping.entries import ICD10, LOINC, amount, concept, condition, observation, patient
from tests.properties.listed_rows import LOCAL, URI, Row, rows, with_own_codes
from tests.scenarios.fhir_charts import clinic_of

DIAGNOSES = ("ICD-10", "ICD-10-CM", "ICD-11", "SNOMED CT")
PROCEDURES = ("ICD-10-PCS", "ICD-9-CM-3", "SNOMED CT")
DRUGS = ("RxNorm", "ATC", "SNOMED CT")
DAY = "2026-02-27"
ANSWERED: tuple[int | None, ...] = (None, 1, 5)
"""Days since an answer that clears every criterion; the fact is of three days ago."""

# ---------------------------------------------------------------- the chart around the fact

WOMAN = patient(birthDate="1982-05-17", gender="female")
ANAEMIA = condition(concept(ICD10, "D61.3"), key="aa", onsetDateTime="2025-01-01")
NEGATIVES = ("HIV 1+2 Ab", "56888-1"), ("HBsAg", "5196-1"), ("anti-HBc", "13952-7"), ("anti-HCV", "13955-0")
LABORATORY = (
    *(
        observation(loinc, key=f"v{n}", valueString="negative", effectiveDateTime="2026-02-20")
        for n, (_, loinc) in enumerate(NEGATIVES)
    ),
    observation("2118-8", key="hcg", valueString="negative"),
    observation("90737-8", key="pnh", valueQuantity=amount(1, "%")),
)
CLEARING: dict[str, Any] = {
    line.replace(".", "_"): 0 if line == "I8" else line.startswith("I") for line in ATTESTED_LINES
}


@dataclass(frozen=True, slots=True)
class Told:
    """What all criteria say of one way, when nobody answered, and after and before an answer."""

    verdicts: tuple[tuple[str, int | None, Verdict, bool], ...]

    def of(self, item: str, ago: int | None) -> tuple[Verdict, bool]:
        """The verdict, and whether something speaks against the patient."""
        return next((v, a) for i, when, v, a in self.verdicts if (i, when) == (item, ago))


def told(*facts: Json) -> Told:
    """What is told of the chart with these facts in it."""
    record = read(WOMAN, ANAEMIA, *LABORATORY, *facts, codes=with_own_codes())
    return Told(
        tuple((c.id, ago, c.finding.verdict, c.to_resolve) for ago in ANSWERED for c in criteria(record, ago))
    )


def criteria(record: ClinicalRecord, ago: int | None) -> Iterable[Criterion]:
    """All twenty."""
    forms = () if ago is None else (attested(ago, **CLEARING),)
    return assess(replace(record, attestations=forms), NOW, clinic_of().protocol).eligibility.criteria


@cache
def nothing() -> Told:
    """What is told without the fact."""
    return told()


# ---------------------------------------------------------------- the ways to say it


def by_code(row: Row) -> Json:
    return concept(URI[row.system], row.codes[0])


def by_own_code(row: Row) -> Json:
    return concept(LOCAL, row.own)


def in_words(term: str) -> tuple[Json, ...]:
    """As text alone, as the display of a code that nobody knows, and as the text beside one."""
    return ({"text": term}, concept(LOCAL, "X1", display=term), concept(LOCAL, "X1", text=term))


def a_diagnosis(code: Json) -> Json:
    return condition(code, key="fact", recordedDate=DAY, onsetDateTime=DAY)


def a_procedure(code: Json) -> Json:
    done = {"resourceType": "Procedure", "id": "fact", "status": "completed", "subject": PATIENT}
    return done | {"code": code, "performedDateTime": DAY}


def a_drug(code: Json) -> Json:
    parts = {"medicationCodeableConcept": code, "whenHandedOver": DAY, "daysSupply": {"value": 30}}
    return dispense("x", key="fact", **parts)


# ---------------------------------------------------------------- the law


def assert_one_voice(coded: dict[str, Told], words: dict[str, Told]) -> None:
    """No way clears what another way decides; none clears unasked what another keeps open."""
    for item, ago, _, _ in nothing().verdicts:
        said = {way: one.of(item, ago) for way, one in {**coded, **words}.items()}
        clear, barred = clearing(item), reverse(clearing(item))
        verdicts = {verdict for verdict, _ in said.values()}
        assert not {clear, barred} <= verdicts, (item, ago, said)
        if ago != 1 and any(one.of(item, ago)[0] is not clear for one in coded.values()):
            cleared = [way for way, one in words.items() if one.of(item, ago)[0] is clear]
            assert not cleared, (item, ago, cleared)
        if all(one.of(item, ago)[1] for one in coded.values()) and not nothing().of(item, ago)[1]:
            silent = [way for way, one in words.items() if not one.of(item, ago)[1]]
            assert not silent, (item, ago, "nothing against", silent)


def groups(kinds: tuple[str, ...], concepts: Iterable[Concept]) -> list[tuple[Concept, str]]:
    """(concept, ingredient) of every row of these systems; the ingredient is empty for a diagnosis."""
    wanted = set(concepts)
    found = {(r.concept, _ingredient(r)) for r in rows() if r.system in kinds and r.concept in wanted}
    return sorted(found)


def _ingredient(row: Row) -> str:
    return row.role if row.concept.value.startswith("drug.") else ""


def of_group(concept_: Concept, ingredient: str) -> tuple[list[Row], list[str]]:
    """Its coded rows, and its terms in words, also those that words file under a weaker concept."""
    mine = [r for r in rows() if r.concept is concept_ and _ingredient(r) == ingredient]
    worded = IN_WORDS_UNDER.get(concept_, concept_)
    terms = [
        t
        for r in rows()
        if r.is_words and r.concept is worded and _ingredient(r) == ingredient
        for t in r.codes
    ]
    return [r for r in mine if not r.is_words], terms


IN_WORDS_UNDER = {
    Concept.THROMBOSIS: Concept.THROMBOSIS_DOUBTFUL,
    Concept.SEVERE_BLEEDING: Concept.BLEEDING,
    Concept.HSCT: Concept.HSCT_UNSPECIFIC,
    Concept.HBV_ACUTE: Concept.HBV_CHRONIC,
    Concept.HCV_ACUTE: Concept.HCV_CHRONIC,
    Concept.MALIGNANCY: Concept.MALIGNANCY_HISTORY,
    Concept.BASAL_CELL_CARCINOMA: Concept.MALIGNANCY_HISTORY,
    Concept.SKIN_CANCER_UNSPECIFIED: Concept.MALIGNANCY_HISTORY,
    Concept.CARCINOMA_IN_SITU: Concept.MALIGNANCY_HISTORY,
    Concept.AA_ACQUIRED: Concept.AA_GENERIC,
}
"""What words alone are filed under: they ask, and never say the graver thing."""
NOT_IN_WORDS = {
    Concept.STERILE: "it clears: words alone clear nobody",
    Concept.PERHAPS_STERILE: "it clears: words alone clear nobody",
    Concept.PURE_RED_CELL_APLASIA: "no rule asks for it; the words that make it no aplastic anaemia are stances",
    Concept.AA_ANTINEOPLASTIC: "words for aplastic anaemia do not tell its cause",
    Concept.NEUTROPENIA: "only with fever, whose words say both",
    Concept.FEVER_WITH_OTHER_DISEASE: "only with neutropenia, whose words say both",
}


def coded_diagnoses() -> list[Concept]:
    return sorted(
        {r.concept for r in rows() if r.system in DIAGNOSES and not r.concept.value.startswith("drug.")}
    )


# ---------------------------------------------------------------- diagnoses, procedures, drugs


def test_every_diagnosis_of_the_lists_is_known_in_words_or_it_is_said_why_not() -> None:
    worded = {r.concept for r in rows() if r.is_words}
    silent = {c for c in coded_diagnoses() if IN_WORDS_UNDER.get(c, c) not in worded}
    assert silent == NOT_IN_WORDS.keys() | {Concept.PLANNED_SURGERY}


@pytest.mark.parametrize("meant", [c for c in coded_diagnoses() if c not in NOT_IN_WORDS], ids=str)
def test_a_diagnosis(meant: Concept) -> None:
    _same_in_any_way(a_diagnosis, DIAGNOSES, meant, "")


@pytest.mark.parametrize(
    "meant", [c for c, _ in groups(PROCEDURES, (Concept.HSCT, Concept.HSCT_UNSPECIFIC, Concept.PREGNANCY_ENDED,
    Concept.RED_CELL_TRANSFUSION, Concept.PLATELET_TRANSFUSION))], ids=str)  # fmt: skip
def test_a_procedure(meant: Concept) -> None:
    _same_in_any_way(a_procedure, PROCEDURES, meant, "")


@pytest.mark.parametrize(
    ("meant", "ingredient"),
    groups(DRUGS, [c for c in Concept if c.value.startswith("drug.") and c is not Concept.INTERACTING]),
)
def test_a_drug(meant: Concept, ingredient: str) -> None:
    _same_in_any_way(a_drug, DRUGS, meant, ingredient)


def _same_in_any_way(
    fact: Callable[[Json], Json], systems: tuple[str, ...], meant: Concept, ingredient: str
) -> None:
    listed, terms = of_group(meant, ingredient)
    coded = {f"{r.system} {r.codes[0]}": told(fact(by_code(r))) for r in listed if r.system in systems}
    for row in (r for r in listed if r.system in systems):
        assert told(fact(by_own_code(row))) == coded[f"{row.system} {row.codes[0]}"], row
    words = {f"{term} {n}": told(fact(way)) for term in terms for n, way in enumerate(in_words(term))}
    alone = {f"{r.system} {r.codes[0]}" for r in saying_least(listed)}
    assert_one_voice({way: one for way, one in coded.items() if way in alone}, words)


def saying_least(listed: list[Row]) -> list[Row]:
    """The codes that say this and as little more as any: O98.7 says HIV, and that she is pregnant."""
    also = {row: _concepts(row) for row in listed}
    return [row for row in listed if not any(other < also[row] for other in also.values())]


def _concepts(row: Row) -> frozenset[Concept]:
    seen = with_own_codes().recognise([(URI[row.system], row.codes[0], None)], None)
    return seen.concepts if seen else frozenset()


# ---------------------------------------------------------------- results

VALUES: dict[str, Json] = {
    "positive": {"valueString": "positive"},
    "negative": {"valueString": "negative"},
    "low": {"valueQuantity": amount(0.1, "?")},
    "high": {"valueQuantity": amount(60, "?")},
    "very high": {"valueQuantity": amount(9000, "?")},
}
NAMES = {
    analyte: tuple(term for term, one in with_own_codes().names.named.items() if one is analyte)
    for analyte in Analyte
}


def a_result(code: Json, analyte: Analyte, value: str) -> Json | None:
    """The value in the unit of the analyte; None for a number of what has none."""
    held = VALUES[value]
    if "valueQuantity" in held:
        if analyte not in CANONICAL_UNIT:
            return None
        held = {"valueQuantity": amount(held["valueQuantity"]["value"], CANONICAL_UNIT[analyte])}
    return observation("x", key="fact", code=code, effectiveDateTime=DAY) | held


def of_analyte() -> dict[Analyte, list[str]]:
    """The codes of each analyte."""
    found: dict[Analyte, list[str]] = {}
    for code, one in with_own_codes().analytes.items():
        found.setdefault(one.analyte, []).append(code)
    return found


@pytest.mark.parametrize("value", VALUES)
@pytest.mark.parametrize("analyte", sorted(of_analyte()))
def test_a_result(analyte: Analyte, value: str) -> None:
    coded: dict[str, Told] = {}
    for loinc in of_analyte()[analyte]:
        resource = a_result(concept(LOINC, loinc), analyte, value)
        if resource is None:
            return
        coded[loinc] = told(resource)
        own = a_result(concept(LOCAL, f"LOINC/{loinc}"), analyte, value)
        if own and with_own_codes().analytes[loinc].molar is None:
            assert told(own) == coded[loinc], loinc
    named = [(term, in_words(term)[n % 3]) for n, term in enumerate(NAMES[analyte])]
    words = {f"{t} {n}": told(r) for n, (t, w) in enumerate(named) if (r := a_result(w, analyte, value))}
    assert_open_or_the_same(coded, words)


def assert_open_or_the_same(coded: dict[str, Told], words: dict[str, Told]) -> None:
    """A result that is known by its name alone is a gap: it never clears what its code would not."""
    for item, ago, _, _ in nothing().verdicts:
        clear = clearing(item)
        if all(one.of(item, ago)[0] is not clear for one in coded.values()):
            cleared = [way for way, one in words.items() if one.of(item, ago)[0] is clear]
            assert not cleared, (item, ago, cleared)
