"""Procedures: transplants, transfusions, planned operations."""

from typing import Any

import pytest

from fhir_mappings.clinical_model.clinical_events import ProcedureDone
from fhir_mappings.clinical_model.concepts import Concept
from tests.mapping.charts import PATIENT, SNOMED, Json, problems
from tests.mapping.entries import chart, concept

RED_CELLS = concept(SNOMED, "180207008", "Transfusion of packed red cells")
SURGICAL = concept(SNOMED, "387713003")


def procedure(code: Json | None = RED_CELLS, **parts: Any) -> Json:
    base = {
        "resourceType": "Procedure",
        "id": "p9",
        "status": "completed",
        "subject": PATIENT,
        "code": code,
        "performedDateTime": "2026-02-20",
    }
    return {name: value for name, value in (base | parts).items() if value is not None}


def read_one(*many: Json) -> ProcedureDone:
    (only,) = chart(*many).procedures
    return only


@pytest.mark.parametrize(
    ("status", "planned"), [("completed", False), ("in-progress", False), ("preparation", True)]
)
def test_begun_or_done_counts_and_prepared_is_planned(status: str, planned: bool) -> None:
    seen = read_one(procedure(status=status))
    assert (seen.concepts, seen.planned) == ({Concept.RED_CELL_TRANSFUSION}, planned)


@pytest.mark.parametrize("status", ["not-done", "entered-in-error"])
def test_what_was_not_done_is_no_procedure(status: str) -> None:
    record = chart(procedure(status=status))
    assert (record.procedures, record.gaps) == ((), ())


@pytest.mark.parametrize("status", ["stopped", "on-hold", "unknown", None])
def test_a_status_that_leaves_it_open_is_a_gap(status: str | None) -> None:
    record = chart(procedure(status=status))
    assert (record.procedures, problems(record)) == ((), ["STATUS_NOT_RECOGNISED"])


def test_a_period_covers_all_its_days() -> None:
    when = read_one(
        procedure(
            performedDateTime=None,
            performedPeriod={"start": "2026-02-19T22:00:00+08:00", "end": "2026-02-20"},
        )
    ).when
    assert when is not None
    assert (when.first.isoformat(), when.last.isoformat()) == ("2026-02-19", "2026-02-20")


def test_an_undated_transplant_is_still_one() -> None:
    seen = read_one(procedure(concept(SNOMED, "234336002"), performedDateTime=None))
    assert (seen.concepts, seen.when) == ({Concept.HSCT}, None)


def test_a_planned_operation_is_known_by_its_category_and_may_lie_ahead() -> None:
    seen = read_one(
        procedure({"text": "hip"}, status="preparation", category=SURGICAL, performedDateTime="2026-04-01")
    )
    assert (seen.concepts, seen.planned) == ({Concept.PLANNED_SURGERY}, True)


def test_an_operation_that_is_over_is_not_planned() -> None:
    assert chart(procedure({"text": "hip"}, category=SURGICAL)).procedures == ()
    assert chart(procedure(SURGICAL)).procedures == ()


@pytest.mark.parametrize("code", [{"text": "sirolimus-eluting stent"}, {"text": "appendectomy"}, None])
def test_words_name_no_procedure(code: Json | None) -> None:
    record = chart(procedure(code))
    assert (record.procedures, record.gaps) == ((), ())


RED, PLATELETS = {Concept.RED_CELL_TRANSFUSION}, {Concept.PLATELET_TRANSFUSION}
IN_WORDS = [
    ("悬浮红细胞输注 2U", RED),
    ("红细胞输注", RED),
    ("输注去白细胞悬浮红细胞", RED),
    ("血小板输注 1个治疗量", PLATELETS),
    ("输血小板", PLATELETS),
    ("机采血小板", PLATELETS),
    ("输血", RED | PLATELETS),
    ("Blood transfusion", RED | PLATELETS),
    ("Packed red cells 2 units", RED),
    ("Platelet transfusion", PLATELETS | RED),
    ("血浆输注", set()),
    ("输血浆 400 ml", set()),
    ("输血前检查", set()),
    ("输血反应", set()),
    ("备血", set()),
    ("transfusion reaction work-up", set()),
    ("no transfusion", set()),
    ("无输血", set()),
    ("aplastic anaemia", set()),
]
ASKED_ABOUT = [
    ("aplastic anaemia, allogeneic stem cell transplantation", Concept.HSCT_UNSPECIFIC),
    ("异基因造血干细胞移植术", Concept.HSCT_UNSPECIFIC),
    ("子宫下段剖宫产术", Concept.PREGNANCY_ENDED),
    ("Caesarean section", Concept.PREGNANCY_ENDED),
]


@pytest.mark.parametrize(("text", "concepts"), IN_WORDS)
def test_a_transfusion_in_words_is_a_transfusion_on_record(text: str, concepts: set[Concept]) -> None:
    plain = chart(procedure({"text": text})).procedures
    local = chart(procedure(concept("http://hospital.example/op", "T17", text))).procedures
    for seen in (plain, local):
        assert {c for p in seen for c in p.concepts} == concepts


@pytest.mark.parametrize(("text", "meant"), ASKED_ABOUT)
def test_words_that_keep_a_question_open_are_seen_and_what_would_clear_is_not(
    text: str, meant: Concept
) -> None:
    (seen,) = chart(procedure({"text": text})).procedures
    assert seen.concepts == {meant}
    assert chart(procedure({"text": "全子宫切除术"})).procedures == ()


@pytest.mark.parametrize(("text", "concepts"), IN_WORDS)
def test_a_blood_product_given_is_a_transfusion_on_record(text: str, concepts: set[Concept]) -> None:
    record = chart(
        {
            "resourceType": "MedicationAdministration",
            "id": "a7",
            "status": "completed",
            "subject": PATIENT,
            "medicationCodeableConcept": {"text": text},
            "effectiveDateTime": "2026-02-20T09:00:00+08:00",
        }
    )
    assert {c for p in record.procedures for c in p.concepts} == concepts


def test_a_listed_code_speaks_before_the_words() -> None:
    named = concept(SNOMED, "12719002", "Platelet transfusion", text="红细胞输注")
    assert read_one(procedure(named)).concepts == PLATELETS
