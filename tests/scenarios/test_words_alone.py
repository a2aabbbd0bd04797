"""A history that stands in words only is never overlooked: it keeps the question open and is shown by name."""

import pytest

from tests.scenarios.fhir_charts import assessed, attestation, condition, criterion, icd, status, text
from tests.scenarios.test_decisions_eligibility_exclusions import AA


@pytest.mark.parametrize(
    ("words", "number"),
    [
        ("造血干细胞移植术后", "E4"),
        ("异基因骨髓移植术后2年", "E4"),
        ("Status post allogeneic stem cell transplantation", "E4"),
        ("左下肢深静脉血栓", "E10"),
        ("陈旧性脑梗死", "E10"),
        ("Old myocardial infarction", "E10"),
        ("甲状腺癌术后", "E9"),
        ("History of breast cancer", "E9"),
        ("rule out pulmonary embolism", "E10"),
        ("R/O pneumonia", "I5"),
        ("Rule out tuberculosis", "I5"),
        ("C. difficile colitis", "I5"),
        ("艰难梭菌肠炎", "I5"),
        ("大三阳", "E8"),
        ("半相合移植术后", "E4"),
        ("BMT 2018", "E4"),
    ],
)
def test_words_alone_keep_an_exclusion_open_and_are_named(words: str, number: str) -> None:
    told = assessed(AA, condition(text(words)))
    assert status(told, number) == "unknown"
    assert words[:6] in str(criterion(told, number))


@pytest.mark.parametrize("words", ["无血栓病史", "no history of thrombosis", "pulmonary embolism ruled out"])
def test_words_that_deny_are_no_finding(words: str) -> None:
    assert words not in str(criterion(assessed(AA, condition(text(words))), "E10"))


def test_a_code_that_is_listed_speaks_before_words() -> None:
    told = assessed(AA, condition(icd("I26.9")))
    assert status(told, "E10") == "present"


def test_words_are_settled_by_the_investigator_as_any_doubt_is() -> None:
    told = assessed(AA, condition(text("陈旧性脑梗死")), attestation({"E10": True}))
    assert status(told, "E10") == "present"
