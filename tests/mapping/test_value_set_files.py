"""Lists that can be reviewed: a faulty file is refused, with every fault and its line."""

from pathlib import Path

import pytest

from fhir_mappings.value_sets import analytes, plausible, products
from fhir_mappings.value_sets import load_lists as loading
from fhir_mappings.value_sets import qualitative_answers as answers
from fhir_mappings.value_sets.index import CodeIndex
from fhir_mappings.value_sets.listed import CsvFile, FaultyCodeLists, read_csv

HEAD = "# purpose: a test\n# excludes: nothing\n# reviewed: nobody\n"


def faults_of(tmp_path: Path, name: str, text: str, columns: tuple[str, ...] = loading.COLUMNS) -> list[str]:
    (tmp_path / f"{name}.csv").write_text(text, "utf-8")
    faults: list[str] = []
    read_csv(tmp_path / f"{name}.csv", columns, faults)
    return faults


def test_a_list_without_purpose_exclusions_or_reviewer_is_refused(tmp_path: Path) -> None:
    text = ",".join(loading.COLUMNS) + "\n"
    assert len(faults_of(tmp_path, "x", text)) == 3
    assert not faults_of(tmp_path, "x", HEAD + text)


def test_other_columns_than_agreed_are_refused(tmp_path: Path) -> None:
    assert "columns are code" in faults_of(tmp_path, "x", HEAD + "code\n")[0]


@pytest.mark.parametrize(
    "row",
    [
        "mds,ICD-10,prefix,D46,MDS,,perhaps,s",
        "mds,ICD-10,prefix,D46,,,yes,s",
        "mds,ICD-10,prefix,D46,MDS,,yes",
    ],
)
def test_a_row_needs_a_display_and_a_mark_of_verification(tmp_path: Path, row: str) -> None:
    text = HEAD + ",".join(loading.COLUMNS) + "\n" + row + "\n"
    assert faults_of(tmp_path, "x", text)[0].startswith("x:5:")


@pytest.mark.parametrize(
    ("row", "fault"),
    [
        ({"system": "SNOMED CT", "match": "exact", "code": "306058007"}, "check digit"),
        ({"system": "ICD-10", "match": "range", "code": "B99-A00"}, "range"),
        ({"system": "ICD-9", "match": "exact", "code": "1"}, "unknown system"),
        ({"system": "text", "match": "exact", "code": "words"}, "unknown system"),
        ({"system": "ICD-10", "match": "like", "code": "D46"}, "match"),
        ({"concept": "no.such.idea"}, "no.such.idea"),
    ],
)
def test_a_faulty_row_is_named_with_its_line(row: dict[str, str], fault: str) -> None:
    good = {
        "concept": "mds",
        "system": "ICD-10",
        "match": "prefix",
        "code": "D46",
        "display": "MDS",
        "role": "",
    }
    faults: list[str] = []
    loading.add_rows(CsvFile("clonal", ((7, good | row),)), CodeIndex(), [], faults)
    assert len(faults) == 1
    assert faults[0].startswith("clonal:7:")
    assert fault in faults[0]


def test_every_kind_of_list_names_its_faulty_rows() -> None:
    faults: list[str] = []
    level = {"code": "29247-5", "analyte": "sirolimus", "property": "mass"}
    analytes.analytes_of(CsvFile("analytes", ((5, level),)), faults)
    twice = {"code": "718-7", "analyte": "haemoglobin", "property": "mass"}
    analytes.analytes_of(CsvFile("analytes", ((6, twice), (7, twice))), faults)
    answer = {"scope": "test", "system": "LOINC", "code": "LA6576-9", "answer": "positive"}
    answers.answers_of([CsvFile("answers", ((8, answer),))], faults)
    product = {"code": "1", "ingredient": "x", "strength_mg": "1", "form": "stone", "systemic": "yes"}
    products.products_of(CsvFile("products", ((9, product),)), faults)
    plausible.spans_of(CsvFile("plausible", ((10, {"analyte": "x", "low": "1", "high": "2"}),)), faults)
    assert [fault.split(":")[1] for fault in faults] == ["5", "7", "8", "9", "10"]


def test_the_error_holds_every_fault() -> None:
    assert FaultyCodeLists(["a", "b"]).faults == ("a", "b")
