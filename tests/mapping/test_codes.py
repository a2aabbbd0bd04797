"""Codes that cannot be mistyped."""

import pytest

from fhir_mappings.clinical_model.codes import (
    ATC,
    CVX,
    ICD9_PROCEDURES,
    ICD10,
    ICD10CM,
    LOINC,
    RXNORM,
    NotACode,
    check_code,
    is_procedure_shape,
    one_spelling,
    verhoeff_holds,
)
from tests.tables import Case, cases, named


@pytest.mark.parametrize(
    "case",
    cases("""
    what                              | system    | code      | good
    sirolimus in blood                | LOINC     | 29247-4   | yes
    its check digit mistyped          | LOINC     | 29247-5   | no
    two digits swapped                | LOINC     | 29274-4   | no
    an answer code                    | LOINC     | LA6576-8  | yes
    an answer of even length          | LOINC     | LA15173-0 | yes
    an answer code mistyped           | LOINC     | LA6567-8  | no
    no check digit                    | LOINC     | 29247     | no
    aplastic anaemia                  | SNOMED CT | 306058006 | yes
    its last digit mistyped           | SNOMED CT | 306058007 | no
    two digits swapped in SNOMED CT   | SNOMED CT | 306085006 | no
    too short for SNOMED CT           | SNOMED CT | 12345     | no
    an ICD code with its dot          | ICD-10    | D61.3     | yes
    an ICD code without its dot       | ICD-10    | D613      | no
    an ATC group                      | ATC       | B01AA     | yes
    an ATC code cut short             | ATC       | L04AH0    | no
    an RxNorm code                    | RxNorm    | 349208    | yes
    an RxNorm code with a letter      | RxNorm    | 34920B    | no
    a vaccine                         | CVX       | 03        | yes
    """),
    ids=named,
)
def test_a_mistyped_code_cannot_enter_a_list(case: Case) -> None:
    if case["good"] == "yes":
        check_code(case["system"], case["code"])
    else:
        with pytest.raises(NotACode) as refused:
            check_code(case["system"], case["code"])
        assert (refused.value.system, refused.value.code) == (case["system"], case["code"])


def test_a_wrong_check_digit_is_answered_with_the_right_one() -> None:
    with pytest.raises(NotACode, match="expected 4"):
        check_code(LOINC, "29247-5")


def test_every_change_of_one_digit_of_a_snomed_code_is_noticed() -> None:
    code = "306058006"
    changed = {code[:i] + d + code[i + 1 :] for i in range(len(code)) for d in "0123456789"} - {code}
    assert not [wrong for wrong in changed if verhoeff_holds(wrong)]


@pytest.mark.parametrize(
    ("system", "code", "spelled"),
    [
        (ICD10, "d61.3", "D613"),
        (ICD10, "D61.3+", "D613"),
        (ICD10CM, " D61.300x001 ", "D61300X001"),
        (CVX, "3", "03"),
        (ATC, "l04ah01", "L04AH01"),
        (RXNORM, "349208 ", "349208"),
        (ICD10, "D6.13", ""),
        (ICD10, "410.71", "41071"),
        (ICD9_PROCEDURES, "41.03", "4103"),
        (ICD9_PROCEDURES, "4103", "4103"),
        (ICD9_PROCEDURES, "41", "41"),
        (ICD9_PROCEDURES, "41.0300x001", "410300X001"),
        (ICD9_PROCEDURES, "410.3", ""),
        (ICD9_PROCEDURES, "410.71", ""),
        (ICD9_PROCEDURES, "41071", ""),
    ],
)
def test_one_code_in_several_spellings_is_one_code(system: str, code: str, spelled: str) -> None:
    assert one_spelling(system, code) == spelled


@pytest.mark.parametrize(
    ("code", "is_procedure"),
    [
        ("41.03", True),
        ("41", True),
        ("41.0300x001", True),
        ("410.3", False),
        ("4103", False),
        ("V42.81", False),
    ],
)
def test_two_digits_before_the_dot_are_a_procedure_of_icd_9(code: str, is_procedure: bool) -> None:
    assert is_procedure_shape(code) is is_procedure
