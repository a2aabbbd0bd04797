"""Drugs that a hospital without a drug map sends by name alone: asked about, never decided, never talked away."""

from typing import Any

import pytest
from msgspec.structs import replace

from fhir_mappings.clinical_model.concepts import Concept
from fhir_mappings.clinical_model.medications import MedicationEvent
from tests.builders import MedicationSource as Source
from tests.builders import attested as form
from tests.builders import dispense, given, medication
from tests.rule_tables.eligibility_cases import ABSENT, MET, NOT_MET, PRESENT, UNKNOWN, allergy, asked, said

E10, I5, E5 = "E10", "I5", "E5"
KINDS = {
    E10: ("rivaroxaban", frozenset({Concept.ANTICOAGULANT})),
    I5: ("meropenem", frozenset({Concept.ANTI_INFECTIVE})),
    E5: ("sirolimus", frozenset()),
}
AGAINST = {E10: PRESENT, I5: NOT_MET, E5: PRESENT}
CLEARING = {E10: False, I5: True, E5: False}


def entry(number: str, source: str, by_name: bool = True) -> MedicationEvent:
    """The drug of a criterion, in use since five days, dispensed, given or stated."""
    drug, concepts = KINDS[number]
    made = {
        "dispense": lambda: dispense(drug, 20, 24, 5, 30),
        "administration": lambda: given(drug, 20, "2026-03-01T08:00+08:00"),
        "statement": lambda: medication(drug, 20, 24, 5, Source.STATEMENT),
    }[source]()
    return replace(made, concepts=concepts, by_text_only=by_name)


@pytest.mark.parametrize("source", ["dispense", "administration", "statement"])
@pytest.mark.parametrize("number", [E10, I5, E5])
@pytest.mark.parametrize("answered", ["not", "before", "after", "against"])
def test_a_name_is_never_definite_and_never_talked_away(number: str, source: str, answered: str) -> None:
    drug = entry(number, source)
    clearing = CLEARING[number]
    answer: dict[str, list[Any]] = {
        "not": [],
        "before": [form(6, **{number: clearing})],
        "after": [form(0, **{number: clearing})],
        "against": [form(0, **{number: not clearing})],
    }
    found = asked(number, drug, *answer[answered])
    assert found.verdict is (AGAINST[number] if answered == "against" else UNKNOWN)
    assert drug.reference in {e.reference for e in found.evidence}
    assert "eligibility.seen.by_name" in said(found)
    if found.verdict is UNKNOWN:
        assert found.question
        assert found.missing


@pytest.mark.parametrize("number", [E10, I5, E5])
def test_the_same_drug_by_code_decides(number: str) -> None:
    assert asked(number, entry(number, "dispense", by_name=False)).verdict is AGAINST[number]


@pytest.mark.parametrize("number", [E10, I5, E5])
def test_a_coded_entry_beside_the_name_decides(number: str) -> None:
    both = (entry(number, "dispense"), entry(number, "statement", by_name=False))
    assert asked(number, *both).verdict is AGAINST[number]


@pytest.mark.parametrize("number", [E10, I5, E5])
def test_what_does_not_reach_the_blood_is_no_drug_in_use(number: str) -> None:
    local = replace(entry(number, "dispense"), systemic=False)
    answer = form(0, **{number: CLEARING[number]})
    assert asked(number, local, answer).verdict is (MET if number == I5 else ABSENT)


def test_a_prophylactic_by_name_may_be_attested() -> None:
    drug = replace(
        entry(I5, "dispense"),
        concepts=frozenset({Concept.ANTI_INFECTIVE, Concept.ANTI_INFECTIVE_PROPHYLAXIS}),
    )
    assert asked(I5, drug).verdict is UNKNOWN
    assert asked(I5, drug, form(0, I5=True)).verdict is MET


@pytest.mark.parametrize(
    ("fact", "alone", "attested"),
    [
        (allergy("sirolimus"), PRESENT, UNKNOWN),
        (allergy("sirolimus", by_text_only=True), UNKNOWN, UNKNOWN),
        (allergy("sirolimus", by_text_only=True, active=False), UNKNOWN, ABSENT),
        (replace(medication("sirolimus", 2), by_text_only=True), UNKNOWN, ABSENT),
    ],
    ids=["coded allergy", "allergy by name", "allergy by name, over", "order by name, no sign of start"],
)
def test_e5_by_name(fact: Any, alone: Any, attested: Any) -> None:
    assert asked(E5, fact).verdict is alone
    assert asked(E5, fact, form(0, E5=False)).verdict is attested


def test_e6_a_name_of_ciclosporin_is_no_severe_reaction_by_itself() -> None:
    severe = allergy("ciclosporin", severe=True, by_text_only=True)
    assert asked("E6", severe, form(0, E6=False)).verdict is ABSENT
    assert asked("E6", allergy("ciclosporin", severe=True), form(0, E6=False)).verdict is UNKNOWN
