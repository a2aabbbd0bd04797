"""The drugs that a site gives to prevent infection: each named as the code lists name it, or the start is refused."""

from typing import Any

import pytest

from cds_service.trials.nct06802055.prevention_drugs import prevention_drug_faults
from fhir_mappings.value_sets import load_code_lists

CODES = load_code_lists()


@pytest.mark.parametrize(
    ("entry", "problem"),
    [
        ("levofloxacin 500", None),
        ("penicillin 500", None),
        ("co-trimoxazole 960", "'co-trimoxazole' is asked about at every dose already, and needs no entry"),
        ("aciclovir 400", "'aciclovir' is asked about at every dose already, and needs no entry"),
        ("aspirin 100", "no list names an anti-infective 'aspirin'"),
        ("levofloxazin 500", "no list names an anti-infective 'levofloxazin'"),
        ("左氧氟沙星 500", "'左氧氟沙星' is listed as 'levofloxacin'"),
    ],
)
def test_a_drug_for_prevention_is_one_of_the_code_lists(entry: str, problem: str | None) -> None:
    told = [f"eligibility.prevention_drugs: {problem}"] if problem else []
    assert prevention_drug_faults({"eligibility.prevention_drugs": [entry]}, CODES) == told


@pytest.mark.parametrize("listed", [None, "levofloxacin 500", ["levofloxacin"], []])
def test_a_wrong_shape_is_told_with_the_limits_and_not_twice(listed: Any) -> None:
    assert prevention_drug_faults({"eligibility.prevention_drugs": listed}, CODES) == []
