"""What real exports hold (the facts of the sample data) and what a chart that is only a part may not decide."""

import json
from typing import Any

import pytest

from cds_service.chart.context_bundle import ContextResources
from cds_service.services.chart_file import assessment_of, read_chart
from tests.builders import NOW
from tests.scenarios import fhir_charts as chart
from tests.scenarios.fhir_charts import (
    SCHEMA,
    attestation,
    condition,
    count,
    enrolled,
    icd,
    observation,
    order,
    patient,
    procedure,
    snomed,
    text,
)
from tests.scenarios.test_decisions_eligibility_status import CANDIDATE

AA = condition(icd("D61.3"))


def told_of(body: Any) -> Any:
    """The assessment of a file with this content."""
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    told = assessment_of(chart.clinic_of(), read_chart(raw), ContextResources(), NOW)
    SCHEMA.validate(told)
    return told


# ---------------------------------------------------------------- a part of a chart


def _page(*resources: Any, **more: Any) -> Any:
    entries = [{"resource": r} for r in chart.with_patient(*resources)]
    return {"resourceType": "Bundle", "type": "searchset", "entry": entries} | more


NEXT = {"link": [{"relation": "next", "url": "https://ehr.example.org/fhir?page=2"}]}
OUTCOME = {"resourceType": "OperationOutcome", "issue": [{"severity": "error", "code": "forbidden"}]}


@pytest.mark.parametrize(
    "body",
    [
        _page(*CANDIDATE, **NEXT),
        _page(*CANDIDATE, total=4000),
        _page(*CANDIDATE, OUTCOME),
    ],
    ids=["a next page", "fewer than the total", "an error among the entries"],
)
def test_a_page_of_a_longer_answer_never_makes_eligible(body: Any) -> None:
    told = told_of(body)
    assert chart.overall(told) == "undetermined"
    assert "CHART_INCOMPLETE" in chart.problems(told)
    assert {chart.status(told, n) for n in ("I2", "E4", "E5", "E12")} == {"unknown"}


def test_the_same_candidate_on_one_whole_page_is_settled() -> None:
    assert chart.overall(told_of(_page(*CANDIDATE))) == "eligible-pending-investigator"


def test_a_part_still_proves_what_it_holds() -> None:
    told = told_of(_page(AA, *count(84), procedure(snomed("23719005")), **NEXT))
    assert chart.status(told, "E4") == "present"


def test_one_bad_entry_costs_itself_and_is_named() -> None:
    bad = observation("718-7", 84, "g/L") | {"valueQuantity": {"value": "eighty-four", "unit": "g/L"}}
    told = told_of(_page(AA, bad, *count(plt=30)))
    assert chart.status(told, "I3") == "met"
    assert chart.problems(told) == ["ENTRY_UNREADABLE"]


def test_resources_of_another_patient_are_not_used() -> None:
    other = {"subject": {"reference": "Patient/p2"}}
    told = told_of(_page(AA, *count(84, 30, 0.6, **other)))
    assert chart.status(told, "I3") == "unknown"
    assert set(chart.problems(told)) == {"WRONG_PATIENT"}


def test_a_bundle_of_any_type_and_ndjson_say_the_same() -> None:
    resources = chart.with_patient(*CANDIDATE)
    collection = _page(*resources, type="collection")
    lines = "\n".join(json.dumps(r) for r in resources).encode()
    hashes = {told_of(body)["inputHash"] for body in (_page(*resources), collection, lines)}
    assert len(hashes) == 1


def test_the_order_of_the_entries_changes_nothing() -> None:
    resources = list(chart.with_patient(*CANDIDATE))
    assert told_of(_page(*resources)) == told_of(_page(*reversed(resources)))


def test_a_transaction_refers_by_urn() -> None:
    uuid = "11111111-2222-4333-8444-555555555555"
    subject = {"subject": {"reference": f"urn:uuid:{uuid}"}}
    who = {k: v for k, v in patient().items() if k != "id"}
    entries = [{"fullUrl": f"urn:uuid:{uuid}", "resource": who}]
    for number, resource in enumerate([AA | subject, *(c | subject for c in count(84))]):
        made = {k: v for k, v in resource.items() if k != "id"}
        entries.append({"fullUrl": f"urn:uuid:22222222-2222-4333-8444-{number:012}", "resource": made})
    told = told_of({"resourceType": "Bundle", "type": "transaction", "entry": entries})
    assert chart.status(told, "I3") == "met"
    assert chart.overall(told) == "undetermined"


# ---------------------------------------------------------------- creatinine under two codes


def _renal(*facts: Any) -> Any:
    told = chart.assessed(AA, *enrolled(start=60), *facts)["renal"]
    return told["creatinineUmolL"]


def test_creatinine_in_blood_and_in_serum_are_one_analyte() -> None:
    for loinc in ("38483-4", "2160-0"):
        assert _renal(observation(loinc, 1.0, "mg/dL", 3)) == 88.4
    for loinc in ("59826-8", "14682-9"):
        assert _renal(observation(loinc, 88, "umol/L", 3)) == 88


def test_the_newer_of_the_two_codes_counts() -> None:
    assert _renal(observation("38483-4", 1.0, "mg/dL", 3), observation("2160-0", 2.0, "mg/dL", 2)) == 176.8
    assert _renal(observation("38483-4", 1.0, "mg/dL", 2), observation("2160-0", 2.0, "mg/dL", 3)) == 88.4


def test_a_mass_under_a_molar_code_is_refused() -> None:
    told = chart.assessed(AA, *enrolled(start=60), observation("14682-9", 1.0, "mg/dL", 3))
    assert told["renal"]["creatinineUmolL"] is None
    assert "UNIT_UNUSABLE" in chart.problems(told)


def test_of_two_creatinines_of_one_instant_the_higher_counts() -> None:
    told = _renal(observation("38483-4", 1.0, "mg/dL", 3), observation("2160-0", 2.0, "mg/dL", 3))
    assert told == 176.8
    assert _renal(observation("38483-4", 1.0, "mg/dL", 3), observation("2160-0", 88.4, "umol/L", 3)) == 88.4


# ---------------------------------------------------------------- old orders, orders in words


@pytest.mark.parametrize(
    "drug",
    [
        chart.CICLOSPORIN,
        chart.SIROLIMUS_1MG,
        chart.atc("B01AA03", "warfarin"),
        chart.atc("J01DH02", "meropenem"),
    ],
    ids=lambda d: d["text"],
)
def test_an_active_order_of_the_1920s_decides_nothing(drug: Any) -> None:
    told = chart.assessed(AA, order(drug, "1926-07-04T09:31:02.000000+00:00"))
    settled = {c["id"] for c in told["eligibility"]["criteria"] if c["status"] != "unknown"}
    assert settled == {"I1", "I6", "E11"}


def test_drugs_in_words_are_seen_and_marked_as_words() -> None:
    told = chart.assessed(
        AA, order(text("Warfarin Sodium 5 MG Oral Tablet"), 10), order(text("甲泼尼龙片"), 10)
    )
    assert chart.status(told, "E10") == "unknown"
    assert chart.basis(told, "E10") == "data"
    assert "Warfarin" in chart.criterion(told, "E10")["seen"]


def test_an_order_whose_drug_nobody_brought_leaves_the_drugs_unknown() -> None:
    unresolved = order(None, 10) | {"medicationReference": {"reference": "Medication/unknown"}}
    told = chart.assessed(AA, unresolved, attestation({"E5": False, "E10": False}))
    assert {chart.status(told, n) for n in ("E5", "E10")} == {"unknown"}
    assert "MEDICATION_UNRESOLVED" in chart.problems(told)


def test_every_answer_names_its_evidence_and_its_question() -> None:
    told = chart.assessed(*CANDIDATE[:-1])
    for found in told["eligibility"]["criteria"]:
        assert found["seen"]
        assert (found["status"] == "unknown") == bool(found["question"]), found
        assert (found["basis"] in ("data", "mixed")) <= bool(found["evidence"]), found
