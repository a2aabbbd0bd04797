"""Third round: neighbours of the shipped cases that were answered wrongly before, or that guard what was mended."""

import json
from collections.abc import Iterable

import pytest

from tests.cases.expectations import card_shortfalls, shortfalls
from tests.cases.neighbours import (
    CICLOSPORIN,
    SIROLIMUS,
    Json,
    ago,
    assessed,
    both_in_range,
    changed,
    condition,
    entries,
    order,
    result,
)
from tests.cases.test_cases import http

CLEARED = [
    r | ({"authored": ago(4)} if r["resourceType"] == "QuestionnaireResponse" else {})
    for r in entries("eligibility/rivaroxaban-by-name-only.json")
    if "利伐沙班" not in json.dumps(r, ensure_ascii=False)
]
"""A candidate of whom everything is settled, by answers of four days ago."""
PENDING = "eligible-pending-investigator"
POSITIVE = {"valueQuantity": None, "valueCodeableConcept": {"text": "阳性"}}
DONOR, SOMEBODY = [{"reference": "RelatedPerson/donor"}], [{"display": "家属"}]


def test_the_candidate_is_settled_without_more() -> None:
    assert shortfalls({"eligibility": PENDING}, assessed(CLEARED)) == []


@pytest.mark.parametrize(
    ("entry", "expect"),
    [
        (
            result("5196-1", 0, "1", 1, **POSITIVE, focus=DONOR),
            {"criteria": {"E8": "absent"}, "eligibility": PENDING},
        ),
        (result("5196-1", 0, "1", 1, **POSITIVE, focus=SOMEBODY), {"criteria": {"E8": "unknown"}}),
        (result("2823-3", 6.8, "mmol/L", 1, focus=DONOR), {"dataQuality": "WRONG_PATIENT"}),
    ],
    ids=["donor's HBsAg", "somebody's HBsAg", "donor's potassium"],
)
def test_a_result_about_somebody_else_decides_nothing(entry: Json, expect: Json) -> None:
    kept = {name: value for name, value in entry.items() if value is not None}
    assert shortfalls(expect, assessed([*CLEARED, kept])) == []


@pytest.mark.parametrize(
    ("words", "criterion"),
    [
        *[(words, "E7") for words in ("Subdural haematoma", "颅内血肿", "失血性休克")],
        *[(words, "E10") for words in ("急性冠脉综合征", "CVST", "lacunar infarct", "脾梗死", "LV thrombus")],
        *[(words, "I5") for words in ("急性胃肠炎", "登革热", "oral thrush", "CRBSI", "otitis media")],
        *[(words, "E9") for words in ("骨转移", "HCC", "神经内分泌肿瘤", "CLL")],
        *[(words, "E4") for words in ("移植物抗宿主病", "ASCT 2019", "Haploidentical transplant")],
        *[(words, "E2") for words in ("CMML", "MPN")],
        ("HBsAg阳性", "E8"),
    ],
)
def test_newer_words_ask_again(words: str, criterion: str) -> None:
    told = assessed([*CLEARED, condition(words, 1)])
    assert (
        shortfalls({"criteria": {criterion: "unknown"}, "criterionWords": {criterion: words[:6]}}, told) == []
    )


@pytest.mark.parametrize("words", ["无血肿", "no haematoma", "排除急性冠脉综合征", "no thrush"])
def test_words_that_deny_ask_nothing(words: str) -> None:
    assert shortfalls({"eligibility": PENDING}, assessed([*CLEARED, condition(words, 1)])) == []


def test_red_cells_that_the_bank_handed_over_are_a_transfusion() -> None:
    box = {
        "resourceType": "MedicationDispense",
        "id": "n-blood",
        "status": "completed",
        "subject": {"reference": "Patient/p1"},
        "medicationCodeableConcept": {"text": "悬浮少白细胞红细胞"},
        "whenHandedOver": ago(2),
    }
    counts = [
        result(loinc, value, unit, 1)
        for loinc, value, unit in (("718-7", 102, "g/L"), ("777-3", 55, "10*9/L"), ("751-8", 1.2, "10*9/L"))
    ]
    assert shortfalls({"criteria": {"I3": "unknown"}}, assessed([*CLEARED, *counts, box])) == []


@pytest.mark.parametrize("name", ["Restasis", "兹润", "Hyftor", "Ikervis 0.1 %"])
def test_trade_names_of_drops_and_gels_are_no_study_drug(name: str) -> None:
    draft = order({"text": name}, 1, 24, 0, id="n-draft", status="draft")
    draft["dosageInstruction"] = [{"text": "2 x daily"}]
    told = assessed(both_in_range(), draft)
    assert shortfalls({"ordersAtMost": "info"}, told) == []


# ciclosporin newly ordered, days ago, the old order's status -> sirolimus at 3.1 ng/mL
@pytest.mark.parametrize(
    ("mg", "days", "status", "state", "reason"),
    [
        (100, 0, "stopped", "RECHECK", "ONE_CHANGE_AT_A_TIME"),
        (100, 7, "stopped", "RECHECK", "ONE_CHANGE_AT_A_TIME"),
        (100, 8, "stopped", "INCREASE", None),
        (50, 1, "stopped", "RECHECK", "ONE_CHANGE_AT_A_TIME"),
        (100, 0, "active", "RECHECK", "ONE_CHANGE_AT_A_TIME"),
    ],
)
def test_sirolimus_waits_for_a_change_of_ciclosporin_that_is_ordered(
    mg: int, days: int, status: str, state: str, reason: str | None
) -> None:
    chart = both_in_range(order(CICLOSPORIN, mg, 12, days), sirolimus=3.1, ciclosporin=80)
    told = assessed(changed(chart, m7={"status": status}))
    expect = {"states": {"sirolimus": state, "ciclosporin": "RECHECK"}}
    assert shortfalls(expect | ({"reasons": {"sirolimus": reason}} if reason else {}), told) == []


@pytest.mark.parametrize(("drug", "mg", "hours"), [(SIROLIMUS, 3, 24), (CICLOSPORIN, 100, 12)])
def test_the_card_of_two_active_orders_offers_to_end_one_and_no_new_one(
    drug: Json, mg: int, hours: int
) -> None:
    chart = both_in_range(order(drug, mg, hours, 0), sirolimus=3.1, ciclosporin=80 if hours == 12 else 150)
    kinds = {
        "conditions": "Condition",
        "observations": "Observation",
        "medicationRequests": "MedicationRequest",
        "medicationDispenses": "MedicationDispense",
        "researchSubjects": "ResearchSubject",
    }
    none = ("medicationAdministrations", "medicationStatements", "allergies", "procedures", "adverseEvents")
    prefetch = {key: _found(r for r in chart if r["resourceType"] == kind) for key, kind in kinds.items()}
    prefetch |= {key: _found(()) for key in (*none, "attestations", "consents")}
    call = {
        "hook": "patient-view",
        "hookInstance": "0b1a2c3d-1111-4222-8333-444455556666",
        "context": {"userId": "Practitioner/d1", "patientId": "p1"},
        "prefetch": {"patient": chart[0], **prefetch},
    }
    reply = http().post("/cds-services/aa-trial-titration", json=call)
    expect = {"text": ["still active"], "notActions": ["create MedicationRequest draft"]}
    assert card_shortfalls(expect, reply.status_code, reply.get_json()) == []


def _found(resources: Iterable[Json]) -> Json:
    found = [{"resource": r, "search": {"mode": "match"}} for r in resources]
    return {"resourceType": "Bundle", "type": "searchset", "total": len(found), "entry": found}
