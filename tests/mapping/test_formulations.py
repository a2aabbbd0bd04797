"""Ciclosporin modified (Neoral, Gengraf) or not (Sandimmune), by code and by words (DECISIONS 65)."""

import pytest

from fhir_mappings.clinical_model.concepts import FORMULATIONS, Concept
from fhir_mappings.value_sets import load_code_lists
from fhir_mappings.value_sets.formulation_names import formulation_names_of
from fhir_mappings.value_sets.listed import CsvFile
from tests.mapping.charts import RXNORM
from tests.tables import Case, cases, named

LISTS = load_code_lists()
ANSWER = {"yes": {Concept.CICLOSPORIN_MODIFIED}, "no": {Concept.CICLOSPORIN_UNMODIFIED}, "-": set()}


@pytest.mark.parametrize(
    "case",
    cases("""
    code   | words                                      | modified
    835909 | -                                          | yes
    835896 | -                                          | yes
    835894 | -                                          | yes
    212810 | -                                          | no
    202816 | -                                          | no
    197553 | -                                          | -
    3008   | Neoral 25 mg                               | yes
    3008   | Sandimmune 25 mg                           | no
    3008   | cyclosporine                               | -
    -      | cyclosporine, modified 25 MG Oral Capsule  | yes
    -      | cyclosporine, non-modified                 | no
    -      | Sandimmun Neoral 50 mg (ciclosporin)       | yes
    -      | Sandimmune                                 | no
    -      | 新山地明 环孢素软胶囊                        | yes
    -      | 山地明 环孢素软胶囊                          | no
    -      | 环孢素软胶囊                                | -
    -      | ciclosporin: Neoral, not Sandimmune        | -
    35302  | sirolimus, modified release                | -
    -      | modified release metformin                 | -
    """),
    ids=named,
)
def test_the_formulation_of_ciclosporin_is_known_by_code_or_name(case: Case) -> None:
    coded = [] if case["code"] == "-" else [(RXNORM, case["code"], None)]
    seen = LISTS.recognise(coded, None if case["words"] == "-" else case["words"])
    assert (set(seen.concepts & FORMULATIONS) if seen else set()) == ANSWER[case["modified"]]


def test_a_formulation_that_does_not_exist_is_a_fault() -> None:
    faults: list[str] = []
    row = {"concept": "drug.magic", "terms": "x", "display": "x", "verified": "yes", "source": "x"}
    formulation_names_of(CsvFile("formulation_names", ((6, row),)), faults)
    assert faults == ["formulation_names:6: 'drug.magic' is not a valid Concept"]
