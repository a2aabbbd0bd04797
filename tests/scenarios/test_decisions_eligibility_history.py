"""DECISIONS 12 and 14 from FHIR: malignancy, thrombosis and anticoagulants, other trials, and silence (E9, E10, E12)."""

from typing import Any

import pytest

from tests.scenarios import fhir_charts as chart
from tests.scenarios.fhir_charts import (
    ago,
    atc,
    attestation,
    concept,
    condition,
    dispense,
    holds,
    icd,
    icd_cm,
    nothing_known,
    observation,
    order,
    participation,
    rxnorm,
    snomed,
    statement,
    study,
    text,
)
from tests.scenarios.test_decisions_eligibility_exclusions import AA, code_of, exclusion

# ---------------------------------------------------------------- E9


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        ({"onset": 100}, "present"),
        ({"onset": "2010-01-01"}, "present"),
        (
            {
                "onset": "2015-01-01",
                "clinical": "remission",
                "abatementDateTime": "2021-03-02",
                "recordedDate": "2015-01-01",
            },
            "present",
        ),
        (
            {
                "onset": "2015-01-01",
                "clinical": "remission",
                "abatementDateTime": "2021-03-01",
                "recordedDate": "2015-01-01",
            },
            "unknown",
        ),
        ({"onset": "2021-03-02", "clinical": "resolved"}, "present"),
        ({"onset": "2021-03-01", "clinical": "resolved"}, "unknown"),
        ({"onset": "2021", "clinical": "resolved"}, "unknown"),
        ({"onset": None, "clinical": "resolved"}, "unknown"),
        ({"onset": None, "clinical": None}, "unknown"),
    ],
    ids=str,
)
def test_a_malignancy_of_the_last_five_years_excludes(more: Any, expected: str) -> None:
    exclusion("E9", expected, condition(icd("C50.9"), **more))


def test_an_old_cancer_leaves_the_attestation_free() -> None:
    old = condition(icd("C50.9"), onset="2015-01-01", clinical="resolved")
    exclusion("E9", "absent attestation", old, attestation({"E9": False}))
    recent = condition(icd("C50.9"), onset="2022-01-01", clinical="resolved")
    exclusion("E9", "unknown mixed", recent, attestation({"E9": False}))


@pytest.mark.parametrize(
    "code",
    [icd_cm("C44.311"), snomed("254701007"), icd("C44.3"), icd("D05.1"), icd("Z85.3"), icd_cm("Z85.3")],
    ids=code_of,
)
def test_skin_in_situ_and_undated_history_only_ask(code: Any) -> None:
    exclusion("E9", "unknown data", condition(code, onset=100))
    exclusion("E9", "absent", condition(code, onset=100), attestation({"E9": False}))


# ---------------------------------------------------------------- E10


@pytest.mark.parametrize(
    "code",
    [
        *(
            "I26.9",
            "I26.900",
            "I80.1",
            "I80.2",
            "I81",
            "I82.9",
            "I21.9",
            "I22.0",
            "I25.2",
            "I60.9",
            "I61.9",
            "I62.9",
        ),
        *("I63.9", "I64", "I69.3", "I74.3", "G08", "I67.6", "K55.0", "O22.3", "O87.1", "O88.2"),
    ],
)
def test_every_listed_occlusion_excludes_at_any_time(code: str) -> None:
    exclusion("E10", "present data", condition(icd(code), onset="1999"))
    exclusion("E10", "present data", condition(icd(code), onset="1999", clinical="resolved"))


@pytest.mark.parametrize(
    "code",
    [icd(c) for c in ("I80.0", "I80.3", "I80.8", "I80.9", "G45.9", "D68.6")] + [icd_cm("Z86.73")],
    ids=code_of,
)
def test_superficial_and_unclear_ones_only_ask(code: Any) -> None:
    exclusion("E10", "unknown data", condition(code, onset=100))


@pytest.mark.parametrize("code", ["I26.9", "I63.9", "I21.9"])
def test_an_american_code_is_the_same(code: str) -> None:
    exclusion("E10", "present data", condition(icd_cm(code + "0")))
    exclusion("E10", "present data", condition(icd_cm("D68.61")))


ANTICOAGULANTS = [
    atc("B01AA03", "warfarin"),
    atc("B01AF01", "rivaroxaban"),
    atc("B01AE07", "dabigatran"),
    atc("B01AB05", "enoxaparin"),
    atc("B01AX05", "fondaparinux"),
    rxnorm("11289", "warfarin"),
    rxnorm("1114195", "rivaroxaban"),
]


@pytest.mark.parametrize("drug", ANTICOAGULANTS, ids=code_of)
def test_an_anticoagulant_in_use_excludes(drug: Any) -> None:
    exclusion("E10", "present data", order(drug, 10))
    exclusion("E10", "present data", dispense(drug, 10, 30))
    exclusion("E10", "present data", statement(drug, 100))
    exclusion("E10", "unknown none", order(drug, 10, status="cancelled"))
    exclusion("E10", "unknown none", order(drug, 100, status="stopped"))
    exclusion("E10", "unknown none", dispense(drug, 100, 30))


@pytest.mark.parametrize(("days", "expected"), [(365, "present"), (366, "unknown"), (36500, "unknown")])
def test_an_active_order_without_supply_ages_after_365_days(days: int, expected: str) -> None:
    exclusion("E10", f"{expected} data", order(atc("B01AA03", "warfarin"), ago(days)))


def test_supply_keeps_an_old_order_current() -> None:
    warfarin = atc("B01AA03", "warfarin")
    exclusion("E10", "present", order(warfarin, 500), dispense(warfarin, 20, 30))
    exclusion("E10", "present", order(warfarin, 500), dispense(warfarin, 100, 30))


@pytest.mark.parametrize(
    "drug",
    [atc("B01AB01", "heparin"), rxnorm("5224", "heparin"), atc("B01AB05", "enoxaparin prophylaxis 预防")],
    ids=code_of,
)
def test_heparin_that_may_be_a_flush_or_prevention_asks(drug: Any) -> None:
    exclusion("E10", "unknown data", order(drug, 5))


def test_antiplatelets_are_no_anticoagulants() -> None:
    exclusion("E10", "unknown none", order(atc("B01AC06", "aspirin"), 5))
    exclusion("E10", "absent attestation", order(atc("B01AC06", "aspirin"), 5), attestation({"E10": False}))


def test_a_lone_antiphospholipid_antibody_asks() -> None:
    exclusion("E10", "unknown data", observation("3181-5", "阳性", when=50))


DENIED = attestation({"E10": False})
HIGH = {"referenceRange": [{"text": "< 20"}]}


@pytest.mark.parametrize("code", ["3281-3", "75882-1", "75514-0", "3182-3", "16135-6"])
@pytest.mark.parametrize(
    ("value", "more", "expected"),
    [
        ("阳性", {}, "unknown mixed"),
        ("weakly positive", {}, "unknown mixed"),
        (45, HIGH, "unknown mixed"),
        (45, {}, "unknown mixed"),
        (5, HIGH, "absent attestation"),
        ("阴性", {}, "absent attestation"),
    ],
)
def test_an_antibody_or_lupus_anticoagulant_by_code_asks_unless_it_is_negative(
    code: str, value: Any, more: Any, expected: str
) -> None:
    unit = "U/mL" if isinstance(value, int) else None
    exclusion("E10", expected, observation(code, value, unit, when=1, **more), DENIED)
    exclusion("E10", "absent attestation", observation(code, value, unit, when=50, **more), DENIED)  # known


@pytest.mark.parametrize("words", ["狼疮抗凝物", "Lupus anticoagulant", "狼疮抗凝物检测"])
def test_lupus_anticoagulant_in_words_asks_as_well(words: str) -> None:
    said = observation("x", "阳性", when=1) | {"code": concept(("urn:oid:1.2.3", "LA", words))}
    exclusion("E10", "unknown", said, DENIED)


# ---------------------------------------------------------------- E12


def other(status: str, start: Any = 200, end: Any = None, **kind: Any) -> tuple[Any, ...]:
    """A place in another study."""
    told = {"identifier": [{"value": "NCT01234567"}]} | kind
    return study(key="other", **told), participation(status, {"reference": "ResearchStudy/other"}, start, end)


@pytest.mark.parametrize(
    "status", ["on-study", "on-study-intervention", "follow-up", "on-study-observation", "pending-off-study"]
)
def test_a_place_in_another_trial_excludes(status: str) -> None:
    exclusion("E12", "present data", *other(status))


@pytest.mark.parametrize(
    ("status", "end", "expected"),
    [
        ("off-study", "2025-12-02", "present"),
        ("off-study", "2025-12-01", "unknown"),
        ("off-study", None, "unknown"),
        ("off-study", "2025", "unknown"),
        ("withdrawn", "2026-01-10", "present"),
        ("screening", None, "unknown"),
        ("ineligible", None, "unknown"),
    ],
)
def test_three_months_after_another_trial_that_day_included(
    status: str, end: str | None, expected: str
) -> None:
    exclusion("E12", expected, *other(status, end=end))


def test_leaving_in_time_lets_the_attestation_speak() -> None:
    exclusion("E12", "absent attestation", *other("off-study", end="2025-12-01"), attestation({"E12": False}))
    exclusion("E12", "unknown mixed", *other("off-study", end="2025-12-02"), attestation({"E12": False}))


@pytest.mark.parametrize(
    "kind",
    [
        {"category": [text("observational")]},
        {"category": [text("登记研究")]},
        {"category": [text("Registry")]},
    ],
    ids=str,
)
def test_a_registry_or_observational_study_only_asks(kind: Any) -> None:
    exclusion("E12", "unknown data", *other("on-study", **kind))


def test_this_trial_is_no_other_trial() -> None:
    for name in ("NCT06802055", "nct06802055", "I-25PJ0215", "https://clinicaltrials.gov/study/NCT06802055"):
        ours = study(name), participation("screening")
        exclusion("E12", "unknown none", *ours)


def test_a_study_nobody_can_name_asks() -> None:
    exclusion("E12", "unknown data", participation("on-study", {"reference": "ResearchStudy/9"}))


# ---------------------------------------------------------------- open world


def test_silence_is_unknown_for_every_exclusion() -> None:
    told = chart.assessed(AA)
    open_ones = [f"E{n}" for n in range(1, 13) if chart.status(told, f"E{n}") == "unknown"]
    assert open_ones == [f"E{n}" for n in range(1, 13) if n != 11]


@pytest.mark.parametrize(("days", "expected"), [(0, "absent"), (30, "absent"), (31, "unknown")])
def test_a_reviewed_empty_problem_list_denies_what_only_it_would_hold(days: int, expected: str) -> None:
    reviewed = nothing_known("11450-4", ago(days))
    holds(f"E9 {expected}", AA, reviewed)


@pytest.mark.parametrize(
    "more",
    [
        {"status": "retired"},
        {"emptyReason": concept((chart.HL7 + "list-empty-reason", "notasked"))},
        {"emptyReason": None},
        {"entry": [{"item": {"reference": "Condition/x"}}], "emptyReason": None},
        {"code": concept((chart.LOINC, "48765-2"))},
    ],
    ids=str,
)
def test_any_other_list_denies_nothing(more: Any) -> None:
    holds("E9 unknown none", AA, nothing_known(when=5, **more))
