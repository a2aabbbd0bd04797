"""DECISIONS 8 and 45 from FHIR: pregnancy and breastfeeding (I6, E11), and performance (I8)."""

from typing import Any

import pytest

from tests.scenarios import fhir_charts as chart
from tests.scenarios.fhir_charts import (
    ago,
    attestation,
    concept,
    condition,
    holds,
    icd,
    icd_cm,
    observation,
    procedure,
    quantity,
    snomed,
    text,
)
from tests.scenarios.fhir_charts import patient as a_patient

AA = condition(icd("D61.3"))


# ---------------------------------------------------------------- I6 and E11


def woman(birth: str = "1990-01-01", **more: Any) -> Any:
    return a_patient(birth=birth, gender="female", **more)


NOT_FEEDING = attestation({"I6": True})


def both(inclusion: str, *facts: Any) -> None:
    """I6 and E11 are one rule: the second is the mirror of the first."""
    mirrored = {"met": "absent", "not-met": "present", "unknown": "unknown"}
    verdict, *on = inclusion.split()
    tail = f" {on[0]}" if on else ""
    holds(f"I6 {verdict}{tail}; E11 {mirrored[verdict]}{tail}", AA, *facts)


def test_a_man_is_not_pregnant_unless_something_says_so() -> None:
    both("met data", a_patient())
    both("unknown", a_patient(), condition(snomed("77386006"), onset=30))
    both("unknown", a_patient(), observation("2118-8", "positive", when=2))


def test_a_conflicting_sex_is_unknown() -> None:
    extension = {
        "url": "http://hl7.org/fhir/StructureDefinition/patient-sexParameterForClinicalUse",
        "extension": [
            {
                "url": "value",
                "valueCodeableConcept": concept(
                    (chart.HL7 + "sex-parameter-for-clinical-use", "female-typical")
                ),
            }
        ],
    }
    told = chart.assessed(AA, a_patient(extension=[extension]))
    assert chart.status(told, "I6") == "unknown"
    assert "SEX_CONFLICTING" in chart.problems(told)


@pytest.mark.parametrize("gender", [None, "unknown", "other"])
def test_an_unknown_sex_is_not_taken_for_male(gender: str | None) -> None:
    both("unknown", a_patient(gender=gender))


@pytest.mark.parametrize(
    ("birth", "expected"),
    [("1971-03-02", "met"), ("1971-03-03", "unknown"), ("1971", "unknown"), ("1970", "met")],
)
def test_a_woman_of_55_needs_no_test(birth: str, expected: str) -> None:
    both(expected, woman(birth))


@pytest.mark.parametrize(("days", "expected"), [(0, "met"), (7, "met"), (8, "unknown")])
def test_a_negative_test_holds_for_seven_days_beside_a_word_about_breastfeeding(
    days: int, expected: str
) -> None:
    both(expected, woman(), observation("2118-8", "negative", when=ago(days)), NOT_FEEDING)


def test_neither_half_is_enough() -> None:
    both("unknown", woman())
    both("unknown", woman(), NOT_FEEDING)
    both("unknown", woman(), observation("2118-8", "negative", when=2))
    both("met", woman(), observation("2118-8", "negative", when=2), observation("63895-7", "否", when=2))
    both("met", woman(), observation("2118-8", "negative", when=2), attestation({"E11": False}))


@pytest.mark.parametrize(
    ("loinc", "value", "unit", "expected"),
    [
        ("2118-8", "阴性", None, "met"),
        ("2106-3", "Negative", None, "met"),
        ("80384-1", snomed("260385009"), None, "met"),
        ("80384-1", concept((chart.LOINC, "LA6577-6")), None, "met"),
        ("2118-8", False, None, "met"),
        ("2118-8", "弱阳性", None, "unknown"),
        ("2118-8", "weakly positive", None, "unknown"),
        ("2118-8", "阳性", None, "not-met"),
        ("2118-8", True, None, "not-met"),
        ("2106-3", snomed("10828004"), None, "not-met"),
        ("19080-1", 4.9, "[IU]/L", "met"),
        ("19080-1", 1.2, "mIU/mL", "met"),
        ("19080-1", 5, "[IU]/L", "unknown"),
        ("19080-1", 24.9, "IU/L", "unknown"),
        ("19080-1", 25, "[IU]/L", "not-met"),
        ("21198-7", 300, "m[IU]/mL", "not-met"),
    ],
    ids=str,
)
def test_every_pregnancy_test_is_read(loinc: str, value: Any, unit: str | None, expected: str) -> None:
    both(expected, woman(), observation(loinc, value, unit, 2), NOT_FEEDING)


def test_a_negative_number_below_its_limit_is_negative() -> None:
    both("met", woman(), observation("19080-1", 2, "[IU]/L", 2, "<"), NOT_FEEDING)


@pytest.mark.parametrize(("days", "expected"), [(14, "not-met"), (15, "unknown")])
def test_a_positive_test_counts_for_14_days(days: int, expected: str) -> None:
    both(expected, woman(), observation("2118-8", "positive", when=ago(days)))


def test_a_coded_pregnancy_and_breastfeeding_exclude() -> None:
    both("not-met data", woman(), condition(snomed("77386006"), onset=60))
    both("not-met data", woman(), condition(icd("O26.9"), onset=60))
    both("not-met data", woman(), condition(icd("Z34.9"), onset=60))
    both("not-met data", woman(), condition(snomed("1260078007"), onset=60))
    both("not-met data", woman(), observation("82810-3", concept((chart.LOINC, "LA15173-0")), when=3))
    both("not-met data", woman(), observation("82810-3", snomed("77386006"), when=3))
    both("not-met data", woman(), observation("63895-7", "哺乳期", when=3))
    both("unknown", woman(), condition(snomed("77386006"), onset=600))
    both("unknown", woman(), condition(icd("O26.9"), onset=60, clinical="resolved"))


def test_a_delivery_still_expected_is_a_pregnancy() -> None:
    both("not-met", woman(), observation("11778-8", when=20) | {"valueDateTime": "2026-08-01"})
    both("unknown", woman(), observation("11778-8", when=400) | {"valueDateTime": "2025-08-01"})


def test_an_operation_makes_the_test_needless() -> None:
    both("met", woman(), procedure(snomed("236886002")))
    both("met", woman(), condition(icd_cm("Z90.710")))
    both("unknown", woman(), procedure(snomed("236886002"), status="not-done"))


def test_attestations_that_disagree_leave_both_open() -> None:
    test = observation("2118-8", "negative", when=2)
    both("unknown", woman(), test, attestation({"I6": True, "E11": True}))
    both("unknown", woman(), test, attestation({"I6": False, "E11": False}))
    both("not-met", woman(), test, attestation({"I6": False, "E11": True}))


# ---------------------------------------------------------------- I8


@pytest.mark.parametrize(
    ("parts", "expected"),
    [
        ({"valueInteger": 0}, "met"),
        ({"valueInteger": 2}, "met"),
        ({"valueInteger": 3}, "not-met"),
        ({"valueQuantity": quantity(2, "{score}")}, "met"),
        ({"valueQuantity": quantity(2, "1")}, "met"),
        ({"valueQuantity": quantity(4, "{score}")}, "not-met"),
        ({"valueQuantity": quantity(1)}, "met"),
        ({"valueQuantity": quantity(1.5, "{score}")}, "unknown"),
        ({"valueQuantity": quantity(2, "mg")}, "unknown"),
        ({"valueQuantity": quantity(2, "{score}", "<")}, "unknown"),
        ({"valueInteger": 6}, "unknown"),
        ({"valueString": "1"}, "unknown"),
        ({"valueCodeableConcept": text("good")}, "unknown"),
        *(
            ({"valueCodeableConcept": concept((chart.LOINC, code))}, "met" if grade < 3 else "not-met")
            for grade, code in enumerate(
                ("LA9622-7", "LA9623-5", "LA9624-3", "LA9625-0", "LA9626-8", "LA9627-6")
            )
        ),
    ],
    ids=str,
)
def test_ecog_is_read_from_integer_score_or_answer(parts: Any, expected: str) -> None:
    holds(f"I8 {expected}", AA, observation("89247-1", when=3) | parts)


@pytest.mark.parametrize(("days", "expected"), [(14, "met"), (15, "unknown"), (40, "unknown")])
def test_an_ecog_score_holds_for_14_days(days: int, expected: str) -> None:
    holds(f"I8 {expected}", AA, observation("89247-1", 1, "{score}", ago(days)))


def test_karnofsky_is_shown_and_never_converted() -> None:
    told = chart.assessed(AA, observation("89243-0", 90, "{score}", 3))
    assert chart.status(told, "I8") == "unknown"
    assert "90" in chart.criterion(told, "I8")["question"]


# ---------------------------------------------------------------- pregnancy in words, one fact said in any way

FRESH = (observation("2118-8", "阴性", when=2), attestation({"I6": True}))
WORDS = (
    "妊娠",
    "怀孕",
    "宫内孕12周",
    "孕8+3周",
    "先兆流产",
    "pregnant",
    "currently pregnant",
    "妊娠试验阳性",
)
NO_PREGNANCY = (
    "未孕",
    "非妊娠",
    "not pregnant",
    "不孕症",
    "避孕咨询",
    "备孕",
    "孕激素治疗",
    "排除妊娠",
    "妊娠试验阴性",
    "妊娠史",
)


@pytest.mark.parametrize("words", WORDS)
def test_a_pregnancy_in_words_is_asked_about_whatever_is_attested(words: str) -> None:
    both("unknown mixed", woman(), *FRESH, condition(text(words), onset=1))
    both("unknown data", woman(), condition(text(words), onset=1))
    both("unknown mixed", woman(), *FRESH, condition(icd("Z33", words), onset=1))


@pytest.mark.parametrize("words", NO_PREGNANCY)
def test_words_that_hold_the_word_and_mean_no_pregnancy_say_nothing(words: str) -> None:
    both("met mixed", woman(), *FRESH, condition(text(words), onset=1))


@pytest.mark.parametrize("words", ["哺乳期", "breastfeeding", "产后3月", "流产后"])
def test_breastfeeding_and_the_end_of_a_pregnancy_in_words_ask(words: str) -> None:
    both("unknown mixed", woman(), *FRESH, condition(text(words), onset=1))


@pytest.mark.parametrize(
    ("value", "expected"),
    [("阳性", "unknown mixed"), ("妊娠", "unknown mixed"), ("不详", "unknown mixed"), ("阴性", "met mixed")],
)
def test_a_status_that_cannot_be_read_is_not_attested_away(value: str, expected: str) -> None:
    both(expected, woman(), *FRESH, observation("82810-3", value, when=1))
