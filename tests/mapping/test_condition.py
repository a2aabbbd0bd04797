"""Diagnoses: how sure, how current, known by what."""

import pytest

from fhir_mappings.clinical_model.concepts import Concept
from fhir_mappings.clinical_model.diagnoses import Certainty, Course, Diagnosis
from tests.mapping.charts import SNOMED, Json, problems
from tests.mapping.entries import ICD10, ICD10CM, chart, concept, condition, status
from tests.tables import Case, cases, named

AA = concept(ICD10, "D61.3", "Idiopathic aplastic anaemia")


def diagnosis(*many: Json) -> Diagnosis:
    (only,) = chart(*many).diagnoses
    return only


def test_a_diagnosis_is_read_with_its_codes_dates_and_words() -> None:
    seen = diagnosis(condition(AA, onsetDateTime="2024-05", abatementDateTime=None))
    assert (seen.reference, seen.concepts) == ("Condition/c1", {Concept.AA_ACQUIRED})
    assert (seen.certainty, seen.course) == (Certainty.CONFIRMED, Course.ACTIVE)
    assert (seen.codes, seen.text, seen.by_text_only) == (
        ("ICD-10 D61.3",),
        "Idiopathic aplastic anaemia",
        False,
    )
    assert seen.onset is not None
    assert seen.recorded is not None
    assert (seen.onset.text, seen.recorded.text) == ("2024-05", "2026-01-05")


@pytest.mark.parametrize(
    "case",
    cases("""
    verification      | certainty
    confirmed         | confirmed
    unconfirmed       | provisional
    provisional       | provisional
    differential      | provisional
    refuted           | dropped
    entered-in-error  | dropped
    """),
    ids=named,
)
def test_the_verification_status_decides_how_sure_a_diagnosis_is(case: Case) -> None:
    found = chart(condition(AA, verificationStatus=status(case["verification"]))).diagnoses
    assert [d.certainty.value for d in found] == (
        [] if case["certainty"] == "dropped" else [case["certainty"]]
    )


def test_a_diagnosis_without_verification_status_is_confirmed() -> None:
    assert diagnosis(condition(AA, verificationStatus=None)).certainty is Certainty.CONFIRMED


def test_a_verification_status_nobody_knows_is_provisional_and_named() -> None:
    record = chart(condition(AA, verificationStatus=status("maybe")))
    assert record.diagnoses[0].certainty is Certainty.PROVISIONAL
    assert problems(record) == ["STATUS_NOT_RECOGNISED"]


@pytest.mark.parametrize(
    "case",
    cases("""
    clinical    | course   | relapsed
    active      | active   | no
    recurrence  | active   | yes
    relapse     | active   | yes
    inactive    | history  | no
    remission   | history  | no
    resolved    | history  | no
    bogus       | unstated | no
    """),
    ids=named,
)
def test_the_clinical_status_decides_how_current_a_diagnosis_is(case: Case) -> None:
    seen = diagnosis(condition(AA, clinicalStatus=status(case["clinical"])))
    assert (seen.course.value, seen.relapsed) == (case["course"], case["relapsed"] == "yes")


def test_a_status_in_words_counts_where_no_code_is_sent() -> None:
    assert diagnosis(condition(AA, clinicalStatus={"text": "Resolved"})).course is Course.HISTORY


@pytest.mark.parametrize(
    ("parts", "course"),
    [
        ({}, Course.UNSTATED),
        ({"abatementDateTime": "2025-01-01"}, Course.HISTORY),
        ({"abatementPeriod": {"end": "2025-01-01"}}, Course.HISTORY),
        ({"abatementString": "long ago"}, Course.HISTORY),
        ({"abatementBoolean": True}, Course.HISTORY),
        ({"abatementBoolean": False}, Course.UNSTATED),
    ],
)
def test_an_entry_with_an_end_is_history_though_no_status_says_so(parts: Json, course: Course) -> None:
    assert diagnosis(condition(AA, clinicalStatus=None, **parts)).course is course


def test_two_statuses_that_differ_state_none() -> None:
    both = {"coding": [{"code": "active"}, {"code": "resolved"}]}
    assert diagnosis(condition(AA, clinicalStatus=both)).course is Course.UNSTATED


def test_a_code_for_something_past_is_history_though_the_entry_is_active() -> None:
    assert diagnosis(condition(concept(ICD10CM, "Z86.711"))).course is Course.HISTORY


def test_the_onset_of_a_period_is_its_start() -> None:
    seen = diagnosis(condition(AA, onsetPeriod={"start": "2020", "end": "2021"}))
    assert seen.onset is not None
    assert seen.onset.text == "2020"


@pytest.mark.parametrize("code", [concept(ICD10, "I10"), {"text": "hypertension"}, {}, None])
def test_what_no_list_knows_leaves_no_trace(code: Json | None) -> None:
    record = chart(condition(code))
    assert (record.diagnoses, record.gaps) == ((), ())


def test_words_alone_are_marked_as_words() -> None:
    seen = diagnosis(condition({"text": "再生障碍性贫血"}))
    assert (seen.concepts, seen.by_text_only, seen.codes) == ({Concept.AA_GENERIC}, True, ())


def test_the_category_of_an_entry_makes_no_difference() -> None:
    encounter = condition(AA, category=[concept("x", "encounter-diagnosis")])
    assert diagnosis(encounter) == diagnosis(condition(AA))


NEUTROPENIA, FEVER = concept(ICD10CM, "D70.9"), concept(ICD10CM, "R50.81")


@pytest.mark.parametrize(
    ("entries", "febrile"),
    [
        ([condition(NEUTROPENIA, "c1"), condition(FEVER, "c2")], True),
        ([condition(NEUTROPENIA, "c1")], False),
        ([condition(FEVER, "c2")], False),
        ([condition(NEUTROPENIA, "c1", clinicalStatus=status("resolved")), condition(FEVER, "c2")], False),
        ([condition(concept(SNOMED, "409089005"), "c3")], True),
    ],
)
def test_neutropenia_and_its_fever_together_are_febrile_neutropenia(
    entries: list[Json], febrile: bool
) -> None:
    assert bool(chart(*entries).with_concept(Concept.FEBRILE_NEUTROPENIA)) is febrile


@pytest.mark.parametrize(
    ("code", "blamed"),
    [
        ({"text": "环孢素不耐受"}, {"ciclosporin"}),
        ({"text": "环孢素A过敏史"}, {"ciclosporin"}),
        ({"text": "Ciclosporin nephrotoxicity"}, {"ciclosporin"}),
        ({"text": "西罗莫司过敏"}, {"sirolimus"}),
        (concept(SNOMED, "999000", "Allergy to sirolimus"), {"sirolimus"}),
        (concept(ICD10, "N14.1") | {"text": "环孢素相关肾损伤"}, {"ciclosporin"}),
        ({"text": "无环孢素不良反应"}, set()),
        ({"text": "环孢素治疗中"}, set()),
        ({"text": "青霉素过敏"}, set()),
    ],
    ids=lambda value: str(value)[:50],
)
def test_a_drug_that_the_words_hold_responsible_is_kept(code: Json, blamed: set[str]) -> None:
    found = chart(condition(code)).diagnoses
    assert {drug for one in found for drug in one.blamed} == blamed


def test_a_diagnosis_without_code_and_words_blames_nothing() -> None:
    nameless = {name: value for name, value in condition(AA).items() if name != "code"}
    assert chart(nameless).diagnoses == ()
