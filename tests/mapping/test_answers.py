"""For which tests each answer of the closed table counts: of each scope its own, and no other."""

import csv

import pytest

from fhir_mappings.clinical_model.results import Analyte
from fhir_mappings.value_sets import load_code_lists
from fhir_mappings.value_sets.listed import csv_files
from fhir_mappings.value_sets.local_codes import folded

ANSWERS = load_code_lists().answers
STATUSES = {Analyte.PREGNANCY_STATUS, Analyte.BREASTFEEDING_STATUS}
SCOPES = {
    "test": {*Analyte} - STATUSES - {Analyte.ECOG, Analyte.KARNOFSKY},
    "pregnancy": {Analyte.PREGNANCY_STATUS},
    "breastfeeding": {Analyte.BREASTFEEDING_STATUS},
    "ecog": {Analyte.ECOG},
    "flag": set[Analyte](),
}


def rows() -> list[dict[str, str]]:
    (file,) = (file for file in csv_files(frozenset()) if file.name == "answers.csv")
    return [
        *csv.DictReader(line for line in file.read_text("utf-8").splitlines() if not line.startswith("#"))
    ]


@pytest.mark.parametrize("scope", SCOPES)
def test_an_answer_counts_for_the_tests_of_its_scope_and_no_other(scope: str) -> None:
    of_scope = [row for row in rows() if row["scope"] == scope]
    assert of_scope
    for row in of_scope:
        others = {
            (r["system"], code)
            for r in rows()
            if r["scope"] not in (scope, "flag")
            for code in r["code"].split("|")
        }
        for code in row["code"].split("|"):
            if row["system"] == "text":
                counts = {analyte for analyte, word in ANSWERS.by_words if word == folded(code)}
            else:
                counts = {analyte for analyte, *named in ANSWERS.by_code if named == [row["system"], code]}
            assert counts >= SCOPES[scope]
            if (row["system"], code) not in others:
                assert counts == SCOPES[scope]


def test_every_row_has_a_scope_that_is_known() -> None:
    assert {row["scope"] for row in rows()} == SCOPES.keys()
