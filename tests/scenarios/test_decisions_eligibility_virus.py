"""DECISIONS 11 and 44 from FHIR: results that are words, viral loads, and what E8 makes of them."""

from typing import Any

import pytest

from tests.scenarios import fhir_charts as chart
from tests.scenarios.fhir_charts import (
    LOINC,
    ago,
    attestation,
    concept,
    condition,
    holds,
    icd,
    nothing_known,
    observation,
    snomed,
    text,
)

AA = condition(icd("D61.3"))
HIV, HBSAG, ANTI_HBC, ANTI_HCV = "56888-1", "5196-1", "13952-7", "13955-0"
HIV_RNA, HBV_DNA, HCV_RNA = "20447-9", "42595-9", "11011-4"
NO_LIVER = attestation({"E8": False})


def negative(*but: str, when: Any = 10) -> tuple[Any, ...]:
    """Fresh negative serology, without the tests named."""
    return tuple(
        observation(t, "negative", when=when) for t in (HIV, HBSAG, ANTI_HBC, ANTI_HCV) if t not in but
    )


def e8(expected: str, *facts: Any) -> None:
    holds(f"E8 {expected}", AA, *facts)


def interpreted(*codes: Any, **more: Any) -> Any:
    return observation(HBSAG, when=10, interpretation=list(codes), **more)


def flag(code: str) -> Any:
    return concept((chart.HL7 + "v3-ObservationInterpretation", code))


# ---------------------------------------------------------------- words (44)

POSITIVE = [
    observation(HBSAG, snomed("10828004"), when=10),
    observation(HBSAG, snomed("260373001"), when=10),
    observation(HBSAG, concept((LOINC, "LA6576-8")), when=10),
    observation(HBSAG, "positive", when=10),
    observation(HBSAG, "POSITIVE", when=10),
    observation(HBSAG, " Reactive ", when=10),
    observation(HBSAG, "Detected", when=10),
    observation(HBSAG, "阳性", when=10),
    observation(HBSAG, text("阳性"), when=10),
    observation(HBSAG, concept(("urn:local:answers", "1", "阳性")), when=10),
    observation(HBSAG, True, when=10),
    interpreted(flag("POS")),
    interpreted(flag("DET")),
    interpreted(text("阳性")),
    interpreted(flag("POS"), valueQuantity=chart.quantity(250, "[iU]/mL")),
    interpreted(flag("POS"), valueQuantity=chart.quantity(4.2, "{S_CO_ratio}")),
]
NEGATIVE = [
    observation(HBSAG, snomed("260385009"), when=10),
    observation(HBSAG, snomed("260415000"), when=10),
    observation(HBSAG, concept((LOINC, "LA6577-6")), when=10),
    observation(HBSAG, "Negative", when=10),
    observation(HBSAG, "non-reactive", when=10),
    observation(HBSAG, "Non-Reactive", when=10),
    observation(HBSAG, "NOT DETECTED", when=10),
    observation(HBSAG, "阴性", when=10),
    observation(HBSAG, False, when=10),
    interpreted(flag("NEG")),
    interpreted(flag("ND")),
    interpreted(flag("NEG"), valueQuantity=chart.quantity(0.01, "[iU]/mL")),
]
NO_ANSWER = [
    observation(HBSAG, "weakly positive", when=10),
    observation(HBSAG, "弱阳性", when=10),
    observation(HBSAG, "弱阳性(±)", when=10),
    observation(HBSAG, "indeterminate", when=10),
    observation(HBSAG, "borderline", when=10),
    observation(HBSAG, "可疑", when=10),
    observation(HBSAG, "not negative", when=10),
    observation(HBSAG, snomed("419984006"), when=10),
    observation(HBSAG, "negative, but see note", when=10),
    observation(HBSAG, "弱阳性", when=10, interpretation=[flag("POS")]),
    observation(HBSAG, "positive", when=10, interpretation=[flag("NEG")]),
    observation(HBSAG, 250, "[iU]/mL", when=10),
    observation(HBSAG, when=10),
    observation(HBSAG, when=10, dataAbsentReason=text("not performed")),
    interpreted(flag("H")),
    interpreted(flag("POS"), flag("NEG")),
]


def _shown(result: Any) -> str:
    return str([v for k, v in result.items() if k.startswith(("value", "interpretation"))])


@pytest.mark.parametrize("result", POSITIVE, ids=_shown)
def test_every_listed_positive_is_positive(result: Any) -> None:
    e8("present data", *negative(HBSAG), result)


@pytest.mark.parametrize("result", NEGATIVE, ids=_shown)
def test_every_listed_negative_is_negative(result: Any) -> None:
    e8("absent mixed", *negative(HBSAG), result, NO_LIVER)


@pytest.mark.parametrize("result", NO_ANSWER, ids=_shown)
def test_anything_else_is_no_answer(result: Any) -> None:
    e8("unknown", *negative(HBSAG), result, NO_LIVER)


@pytest.mark.parametrize("words", ["弱阳性", "indeterminate"])
def test_words_that_are_no_answer_are_shown(words: str) -> None:
    told = chart.assessed(AA, *negative(HBSAG), observation(HBSAG, words, when=10))
    assert words in chart.criterion(told, "E8")["seen"]


def test_an_unclear_newest_result_is_not_replaced_by_an_older_clear_one() -> None:
    e8("unknown", *negative(), observation(HBSAG, "弱阳性", when=5), NO_LIVER)


# ---------------------------------------------------------------- E8


def test_three_settled_viruses_and_a_word_about_the_liver_are_absent() -> None:
    e8("unknown data", *negative())
    e8("absent mixed", *negative(), NO_LIVER)
    e8("absent data", *negative(), nothing_known())
    e8("unknown mixed", NO_LIVER)


@pytest.mark.parametrize("missing", [HIV, HBSAG, ANTI_HBC, ANTI_HCV])
def test_each_test_is_needed(missing: str) -> None:
    e8("unknown mixed", *negative(missing), NO_LIVER)


@pytest.mark.parametrize(("when", "expected"), [("2025-12-02", "absent"), ("2025-12-01", "unknown")])
def test_serology_holds_for_three_months(when: str, expected: str) -> None:
    e8(expected, *negative(when=when), NO_LIVER)


def test_hbsag_negative_with_core_antibody_needs_the_dna() -> None:
    core = observation(ANTI_HBC, "positive", when=10)
    facts = (*negative(ANTI_HBC), core, NO_LIVER)
    e8("unknown", *facts)
    e8("absent", *facts, observation(HBV_DNA, "not detected", when=10))
    e8("absent", *facts, observation(HBV_DNA, 20, "[iU]/mL", 10, "<"))
    e8("unknown", *facts, observation(HBV_DNA, 1000, "[iU]/mL", 10, "<"))
    e8("unknown", *facts, observation(HBV_DNA, 20, "[iU]/mL", "2026-02-01", "<"))
    e8("absent", *facts, observation(HBV_DNA, 20, "[iU]/mL", "2026-02-02", "<"))
    e8("present", *facts, observation(HBV_DNA, 350, "[iU]/mL", 10))
    e8("present", *facts, observation(HBV_DNA, 350, "copies/mL", 10))
    e8("present", *facts, observation(HBV_DNA, "阳性", when=10))
    e8("unknown", *facts, observation(HBV_DNA, 350, "mg/dL", 10))


@pytest.mark.parametrize("load", [HBV_DNA, "29615-2"])
def test_a_viral_load_of_zero_or_below_the_limit_is_no_virus(load: str) -> None:
    core = observation(ANTI_HBC, "positive", when=10)
    e8("absent", *negative(ANTI_HBC), core, observation(load, 0, "[iU]/mL", 10), NO_LIVER)
    e8("present", *negative(ANTI_HBC), core, observation(load, 30, "[iU]/mL", 10), NO_LIVER)
    e8("present", *negative(ANTI_HBC), core, observation(load, 30, "[iU]/mL", 10, ">"), NO_LIVER)


def test_hbsag_positive_excludes_whatever_the_dna() -> None:
    e8(
        "present",
        *negative(HBSAG),
        observation(HBSAG, "positive", when=10),
        observation(HBV_DNA, "not detected", when=10),
    )


def test_hcv_antibody_positive_needs_the_rna() -> None:
    facts = (*negative(ANTI_HCV), observation(ANTI_HCV, "阳性", when=10), NO_LIVER)
    e8("unknown", *facts)
    e8("absent", *facts, observation(HCV_RNA, "not detected", when=10))
    e8("present", *facts, observation(HCV_RNA, 12000, "[iU]/mL", 10))


def test_a_reactive_hiv_screen_wants_confirmation() -> None:
    facts = (*negative(HIV), observation(HIV, "reactive", when=10), NO_LIVER)
    e8("unknown", *facts)
    e8("present", *facts, observation(HIV_RNA, 5000, "{copies}/mL", 10))
    e8("present", *facts, observation(HIV_RNA, "detected", when=10))


@pytest.mark.parametrize(
    "code",
    [
        icd("B20"),
        icd("B24.x00"),
        icd("Z21"),
        snomed("86406008"),
        icd("K74.6"),
        icd("K74.600"),
        icd("K70.3"),
        icd("K76.6"),
        snomed("19943007"),
        snomed("34742003"),
    ],
    ids=lambda c: c["coding"][0]["code"],
)
def test_a_code_of_hiv_cirrhosis_or_portal_hypertension_excludes(code: Any) -> None:
    e8("present data", condition(code))
    e8("present", *negative(), condition(code))
    e8("unknown mixed", *negative(), condition(code), NO_LIVER)
    e8("present mixed", condition(code), attestation({"E8": True}))


@pytest.mark.parametrize("code", ["B18.1", "B18.2", "I85.9", "I86.4"])
def test_chronic_hepatitis_or_varices_alone_only_ask(code: str) -> None:
    e8("unknown data", *negative(), condition(icd(code)))
    e8("absent", *negative(), condition(icd(code)), NO_LIVER)


def test_cirrhosis_stays_and_portal_hypertension_may_resolve() -> None:
    e8("present", condition(icd("K74.6"), clinical="resolved"))
    e8("unknown", condition(icd("K76.6"), clinical="resolved"))


def test_no_attestation_clears_serology() -> None:
    infected = observation(HBSAG, "positive", when=10)
    e8("present", *negative(HBSAG), infected, attestation({"E8": False}, ago(1)))
    e8("unknown mixed", attestation({"E8": False}))
    e8("present", attestation({"E8": True}))
