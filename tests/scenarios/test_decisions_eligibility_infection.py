"""DECISIONS 7, from FHIR: infection (I5) and uncontrolled bleeding (E7)."""

from typing import Any

import pytest

from tests.scenarios.fhir_charts import (
    administration,
    ago,
    atc,
    attestation,
    condition,
    count,
    dispense,
    holds,
    icd,
    icd_cm,
    observation,
    order,
    rxnorm,
    snomed,
    text,
)

AA = condition(icd("D61.3"))
CLEAR, INFECTED = attestation({"I5": True}), attestation({"I5": False})
PNEUMONIA = icd("J18.9", "肺炎")


# ---------------------------------------------------------------- I5


@pytest.mark.parametrize(
    ("onset", "expected"), [(0, "not-met"), (90, "not-met"), (91, "unknown"), (400, "unknown")]
)
def test_an_active_infection_of_the_last_90_days_decides(onset: int, expected: str) -> None:
    when = ago(onset)
    holds(f"I5 {expected} data", AA, condition(PNEUMONIA, onset=when))
    holds("I5 met", AA, condition(PNEUMONIA, onset=ago(400)), CLEAR)


def test_an_old_onset_recorded_lately_is_recent() -> None:
    holds("I5 not-met data", AA, condition(PNEUMONIA, onset=400, recordedDate=ago(30)))


@pytest.mark.parametrize(
    "code",
    [
        icd("J18.9"),
        icd("J18.900x001"),
        icd("A41.9"),
        icd("N39.0"),
        icd("K65.0"),
        icd("B44.1"),
        icd("L03.9"),
        icd_cm("J18.9"),
        icd_cm("U07.1"),
        snomed("91302008"),
    ],
    ids=lambda c: c["coding"][0]["code"],
)
def test_infections_are_known_by_family(code: Any) -> None:
    holds("I5 not-met data", AA, condition(code, onset=5))


@pytest.mark.parametrize("code", ["B35.1", "B36.0", "B07", "B18.1", "B18.2"])
def test_chronic_skin_nail_and_liver_infections_only_ask(code: str) -> None:
    holds("I5 unknown data", AA, condition(icd(code), onset=5))
    holds("I5 met", AA, condition(icd(code), onset=5), CLEAR)


@pytest.mark.parametrize("code", ["B90.9", "Z22.3", "I10", "J44.9"])
def test_sequelae_and_carriers_are_no_infection(code: str) -> None:
    holds("I5 met attestation", AA, condition(icd(code), onset=5), CLEAR)


@pytest.mark.parametrize("clinical", ["resolved", "remission", "inactive"])
def test_an_infection_that_is_over_does_not_count(clinical: str) -> None:
    holds("I5 unknown none", AA, condition(PNEUMONIA, onset=20, clinical=clinical))
    holds("I5 met attestation", AA, condition(PNEUMONIA, onset=20, clinical=clinical), CLEAR)
    ended = condition(PNEUMONIA, onset=20, clinical=None, abatementDateTime=ago(3))
    holds("I5 met attestation", AA, ended, CLEAR)


def test_an_active_infection_against_an_attestation() -> None:
    holds("I5 unknown mixed", AA, condition(PNEUMONIA, onset=5), CLEAR)
    holds("I5 not-met mixed", AA, condition(PNEUMONIA, onset=5), INFECTED)
    holds("I5 not-met", AA, condition(PNEUMONIA, onset=ago(1)), CLEAR)


@pytest.mark.parametrize(
    ("drug", "expected"),
    [
        (atc("J01DH02", "meropenem"), "not-met"),
        (atc("J01CR05"), "not-met"),
        (rxnorm("29561", "meropenem"), "unknown"),
        (rxnorm("11124", "vancomycin"), "not-met"),
        (atc("J02AC03", "voriconazole"), "unknown"),
        (atc("J01EE01", "sulfamethoxazole and trimethoprim"), "unknown"),
        (atc("J05AB01", "aciclovir"), "unknown"),
        (atc("J05AB11", "valaciclovir"), "unknown"),
        (atc("C10AA05", "atorvastatin"), "unknown"),
        (text("注射用美罗培南"), "unknown"),
    ],
    ids=lambda d: str(d)[:60],
)
def test_a_current_therapeutic_anti_infective_decides_a_preventive_one_asks(drug: Any, expected: str) -> None:
    holds(f"I5 {expected}", AA, order(drug, 3))


def test_an_anti_infective_that_is_over_decides_nothing() -> None:
    meropenem = atc("J01DH02", "meropenem")
    holds("I5 unknown none", AA, order(meropenem, 20, status="completed"))
    holds("I5 unknown none", AA, order(meropenem, 20, status="cancelled"))
    holds("I5 unknown none", AA, administration(meropenem, 10))
    holds("I5 not-met", AA, administration(meropenem, 1))
    holds("I5 not-met", AA, dispense(meropenem, 5, 7))
    holds("I5 unknown none", AA, dispense(meropenem, 50, 7))


def test_an_active_order_of_the_1920s_is_no_present_treatment() -> None:
    holds("I5 unknown data", AA, order(atc("J01DH02"), "1926-04-04T10:00:00+08:00"))
    holds("I5 met", AA, order(atc("J01DH02"), "1926-04-04T10:00:00+08:00"), CLEAR)


def test_a_positive_blood_culture_and_fever_in_neutropenia_only_ask() -> None:
    culture = observation("600-7", "阳性", when=3)
    holds("I5 unknown data; E7 unknown data", AA, culture)
    fever = observation("8310-5", 38.2, "Cel", when=1)
    holds("I5 unknown data", AA, fever, *count(80, 20, 0.3, when=1))
    holds("I5 unknown none", AA, fever, *count(80, 20, 0.8, when=1))


def test_an_active_severe_bleed_is_uncontrolled() -> None:
    bleed = condition(icd("K92.2"), onset=10)
    holds("E7 present data", AA, bleed)
    holds("E7 unknown mixed", AA, condition(icd("K92.2"), onset=10), attestation({"E7": False}))
    holds("E7 unknown none", AA, condition(icd("K92.2"), onset=10, clinical="resolved"))
