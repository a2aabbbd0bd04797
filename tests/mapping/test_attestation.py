"""What an investigator attested: our form only, finished, dated, signed by a practitioner; item by item."""

import json
from typing import Any

import pytest

from cds_service.chart.input_hash import input_hash
from fhir_mappings.clinical_model.known_unknown import Part
from fhir_mappings.clinical_model.studies import Attestation, CompletenessAssertion
from fhir_mappings.readers.bundle import decode
from fhir_mappings.readers.read_record import read_record
from tests.builders import NOW, when
from tests.mapping.charts import PATIENT, SETTINGS, Json, bundle, problems, read

FORM = "urn:aa-cds:Questionnaire/eligibility-attestation"
AUTHOR = {"reference": "Practitioner/dr"}


def said(**answers: Any) -> list[Json]:
    """Items with one answer each; I4_1=True is linkId I4.1."""
    return [item(name.replace("_", "."), value) for name, value in answers.items()]


def item(link: str, *values: Any, **parts: Any) -> Json:
    kinds = {bool: "valueBoolean", int: "valueInteger", str: "valueString"}
    return {"linkId": link, "answer": [{kinds[type(v)]: v} for v in values]} | parts


def response(*items: Json, **parts: Any) -> Json:
    base: Json = {
        "resourceType": "QuestionnaireResponse",
        "id": "q1",
        "questionnaire": FORM,
        "status": "completed",
        "subject": PATIENT,
        "authored": "2026-03-01T16:00:00+08:00",
        "author": AUTHOR,
        "item": list(items),
    }
    return {name: value for name, value in (base | parts).items() if value is not None}


def seen(*resources: Json) -> Attestation:
    (only,) = read(*resources).attestations
    return only


def test_the_answers_of_our_form_are_read_item_by_item() -> None:
    found = seen(response(*said(I2=True, I4_1=False, E12=True, I8=1)))
    assert found.answers == (("E12", True), ("I2", True), ("I4.1", False), ("I8", 1))
    assert found.counted
    assert found.authored == when("2026-03-01T16:00:00+08:00")


@pytest.mark.parametrize(
    ("questionnaire", "is_ours"),
    [
        (FORM, True),
        (FORM + "|1.2", True),
        (FORM + "/2", False),
        ("urn:aa-cds:Questionnaire/other", False),
        ("Questionnaire/eligibility-attestation", False),
        (None, False),
    ],
)
def test_only_our_form_counts_in_any_version(questionnaire: Any, is_ours: bool) -> None:
    record = read(response(*said(I2=True), questionnaire=questionnaire))
    assert bool(record.attestations) is is_ours


@pytest.mark.parametrize(
    ("parts", "counted"),
    [
        ({}, True),
        ({"status": "amended"}, True),
        ({"status": "in-progress"}, False),
        ({"status": "stopped"}, False),
        ({"status": None}, False),
        ({"authored": None}, False),
        ({"authored": "yesterday"}, False),
        ({"author": None}, False),
        ({"author": {"reference": "PractitionerRole/haematology"}}, True),
        ({"author": {"reference": "https://ehr.example/fhir/Practitioner/dr"}}, True),
        ({"author": {"type": "Practitioner", "identifier": {"value": "12"}}}, True),
        ({"author": {"reference": "Patient/p1"}}, False),
        ({"author": {"reference": "Device/bot"}}, False),
        ({"author": {"reference": "Organization/o"}}, False),
        ({"author": {"display": "Dr. Li"}}, False),
        ({"author": {"reference": "urn:uuid:1", "type": "Practitioner"}}, True),
        ({"author": {"reference": "urn:uuid:1"}}, False),
    ],
)
def test_an_attestation_counts_only_finished_dated_and_by_a_practitioner(parts: Json, counted: bool) -> None:
    found = seen(response(*said(I2=True), **parts))
    assert found.counted is counted
    assert found.answers == (("I2", True),), "what does not count is still shown"


def test_an_author_is_found_by_the_urn_of_its_entry() -> None:
    made = bundle(response(*said(I2=True), author={"reference": "urn:uuid:7"}))
    made["entry"].append({"fullUrl": "urn:uuid:7", "resource": {"resourceType": "Practitioner"}})
    found = decode(json.dumps(made).encode())
    record = read_record(found.resources, "p1", NOW.instant, SETTINGS)
    assert record.attestations[0].counted


@pytest.mark.parametrize(
    ("parts", "by"),
    [
        ({"author": {"reference": "Practitioner/dr", "display": " Dr.\n Li "}}, "Dr. Li"),
        ({"author": {"reference": "Practitioner/dr"}}, ""),
        ({"source": {"reference": "Practitioner/dr", "display": "Dr. Wu"}}, "Dr. Wu"),
        ({"source": {"reference": "Patient/p1", "display": "Wang"}}, ""),
        ({"author": {"reference": "Patient/p1", "display": "Wang"}}, ""),
        ({"author": {"reference": "Practitioner/dr", "display": "x" * 500}}, "x" * 80),
    ],
)
def test_who_answered_is_read_as_a_name_alone(parts: Json, by: str) -> None:
    assert seen(response(*said(I2=True), **parts)).by == by


def test_a_name_that_is_told_or_not_changes_no_advice() -> None:
    """The hash of what an advice rests on is the same, as the advice is."""
    named, unnamed = (
        read(response(*said(I2=True), author={"reference": "Practitioner/dr"} | shown))
        for shown in ({"display": "Dr. Li"}, {})
    )
    assert named != unnamed
    assert input_hash(named, NOW.day, (), "t") == input_hash(unnamed, NOW.day, (), "t")


def test_entered_in_error_is_dropped() -> None:
    assert read(response(*said(I2=True), status="entered-in-error")).attestations == ()


@pytest.mark.parametrize(
    ("link", "value", "is_read"),
    [
        ("I8", 0, True),
        ("I8", 5, True),
        ("I8", 6, False),
        ("I8", -1, False),
        ("I8", True, False),
        ("I8", "1", False),
        ("I5", True, True),
        ("I5", 1, False),
        ("I5", "yes", False),
    ],
)
def test_an_answer_of_another_kind_is_no_answer_and_said(link: str, value: Any, is_read: bool) -> None:
    record = read(response(item(link, value)))
    assert bool(record.attestations[0].answers) is is_read
    assert problems(record) == ([] if is_read else ["ANSWER_UNREADABLE"])


def test_several_answers_to_one_question_are_none() -> None:
    assert problems(read(response(item("I5", True, False)))) == ["ANSWER_UNREADABLE"]
    twice = read(response(item("I5", True), item("I5", False), item("I6", True), item("I6", True)))
    assert problems(twice) == ["ANSWER_CONFLICTING"]
    assert twice.attestations[0].answers == (("I6", True),)
    thrice = read(response(item("I5", True), item("I5", False), item("I5", True)))
    assert thrice.attestations[0].answers == ()


def test_nested_items_are_found_wherever_they_stand() -> None:
    group = {"linkId": "inclusion", "item": [item("I2", True)]}
    below_an_answer: Json = {"linkId": "top", "answer": [{"valueBoolean": True, "item": [item("E1", False)]}]}
    assert seen(response(group, below_an_answer)).answers == (("E1", False), ("I2", True))


def test_questions_we_do_not_ask_and_empty_answers_are_passed_over() -> None:
    record = read(response(item("I9", True), item("I3", "free text"), {"linkId": "I5"}, item("E1")))
    assert record.attestations[0].answers == ()
    assert record.gaps == ()


# ---------------------------------------------------------------- completeness


def listed(**parts: Any) -> Json:
    base: Json = {
        "resourceType": "List",
        "id": "l1",
        "status": "current",
        "mode": "working",
        "subject": PATIENT,
        "date": "2026-02-28",
        "code": {"coding": [{"system": "http://loinc.org", "code": "11450-4"}]},
        "emptyReason": {"coding": [{"code": "nilknown"}]},
    }
    return {name: value for name, value in (base | parts).items() if value is not None}


def test_an_empty_list_that_says_nil_known_asserts_completeness() -> None:
    assert read(listed()).completeness == (
        CompletenessAssertion("List/l1", Part.CONDITIONS, when("2026-02-28")),
    )


@pytest.mark.parametrize(
    "parts",
    [
        {"status": "retired"},
        {"status": "entered-in-error"},
        {"emptyReason": None},
        {"emptyReason": {"coding": [{"code": "notasked"}]}},
        {"emptyReason": {"coding": [{"code": "unavailable"}]}},
        {"entry": [{"item": {"reference": "Condition/1"}}]},
        {"code": None},
        {"code": {"coding": [{"code": "99999-9"}]}},
        {"date": "2026-03-03"},
    ],
)
def test_any_other_list_asserts_nothing(parts: Json) -> None:
    assert read(listed(**parts)).completeness == ()
