"""Allergies and intolerances to drugs that a rule asks about."""

from typing import Any

import pytest

from fhir_mappings.clinical_model.clinical_events import Allergy, AllergyKind
from fhir_mappings.clinical_model.concepts import Concept
from fhir_mappings.clinical_model.diagnoses import Certainty
from tests.mapping.charts import PATIENT, RXNORM, Json, problems
from tests.mapping.entries import ICD10CM, chart, concept, status

SIROLIMUS = concept(RXNORM, "35302", "sirolimus")


def allergy(code: Json | None = SIROLIMUS, **parts: Any) -> Json:
    base = {
        "resourceType": "AllergyIntolerance",
        "id": "a1",
        "patient": PATIENT,
        "code": code,
        "clinicalStatus": status("active"),
        "verificationStatus": status("confirmed"),
        "recordedDate": "2020-03-04",
    }
    return {name: value for name, value in (base | parts).items() if value is not None}


def read_one(*many: Json) -> Allergy:
    (only,) = chart(*many).allergies
    return only


def test_an_allergy_is_read_with_its_kind_and_date() -> None:
    seen = read_one(allergy(type="allergy", criticality="low"))
    assert (seen.ingredients, seen.kind) == ({"sirolimus"}, AllergyKind.ALLERGY)
    assert (seen.active, seen.certainty, seen.severe) == (True, Certainty.CONFIRMED, False)
    assert seen.recorded is not None
    assert (seen.recorded.text, seen.text) == ("2020-03-04", "sirolimus")


@pytest.mark.parametrize(
    ("parts", "severe"),
    [
        ({"criticality": "high"}, True),
        ({"criticality": "low"}, False),
        ({"criticality": "unable-to-assess"}, False),
        ({"reaction": [{"severity": "severe"}]}, True),
        ({"reaction": [{"severity": "moderate"}]}, False),
        ({"reaction": [{"severity": "mild"}, {"severity": "severe"}]}, True),
    ],
)
def test_high_criticality_or_a_severe_reaction_makes_it_severe(parts: Json, severe: bool) -> None:
    assert read_one(allergy(**parts)).severe is severe


@pytest.mark.parametrize(("code", "active"), [("active", True), ("inactive", False), ("resolved", False)])
def test_the_clinical_status_says_whether_it_still_holds(code: str, active: bool) -> None:
    assert read_one(allergy(clinicalStatus=status(code))).active is active


def test_an_allergy_without_clinical_status_still_holds() -> None:
    assert read_one(allergy(clinicalStatus=None)).active


@pytest.mark.parametrize("code", ["refuted", "entered-in-error"])
def test_a_refuted_allergy_is_none(code: str) -> None:
    assert chart(allergy(verificationStatus=status(code))).allergies == ()


def test_an_unconfirmed_allergy_is_provisional() -> None:
    assert read_one(allergy(verificationStatus=status("unconfirmed"))).certainty is Certainty.PROVISIONAL


def test_a_verification_status_nobody_knows_is_named() -> None:
    record = chart(allergy(verificationStatus=status("presumably")))
    assert record.allergies[0].certainty is Certainty.PROVISIONAL
    assert problems(record) == ["STATUS_NOT_RECOGNISED"]


def test_an_allergy_known_by_words_alone_says_so_and_is_as_certain_as_it_says() -> None:
    seen = read_one(allergy({"text": "西罗莫司过敏"}))
    assert (seen.ingredients, seen.certainty, seen.by_text_only) == (
        {"sirolimus"},
        Certainty.CONFIRMED,
        True,
    )
    assert not read_one(allergy(concept(RXNORM, "3008"))).by_text_only


def test_the_substance_of_a_reaction_counts_too() -> None:
    seen = read_one(allergy({"text": "immunosuppressant"}, reaction=[{"substance": concept(RXNORM, "3008")}]))
    assert (seen.ingredients, seen.kind) == ({"ciclosporin"}, AllergyKind.UNSTATED)


def test_a_manifestation_in_words_is_kept_apart() -> None:
    seen = read_one(allergy(reaction=[{"manifestation": [{"text": "过敏性休克"}, {"text": "rash"}]}]))
    assert (seen.manifestations, seen.told) == (frozenset(), {Concept.ANAPHYLAXIS})
    assert read_one(allergy(reaction=[{"manifestation": [{"text": "无过敏性休克"}]}])).told == frozenset()


def test_coded_manifestations_are_kept_and_words_decide_nothing() -> None:
    reaction = {
        "manifestation": [concept(ICD10CM, "T78.2XXA"), {"text": "aplastic anaemia"}, {"text": "rash"}]
    }
    assert read_one(allergy(type="intolerance", reaction=[reaction])).manifestations == {Concept.ANAPHYLAXIS}


@pytest.mark.parametrize("code", [{"text": "No known allergies"}, {"text": "peanut"}, None])
def test_other_allergies_leave_no_trace(code: Json | None) -> None:
    record = chart(allergy(code))
    assert (record.allergies, record.gaps) == ((), ())
