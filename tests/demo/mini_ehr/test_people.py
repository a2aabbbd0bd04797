"""The banner and the search."""

from datetime import date
from typing import Any

import pytest

from cds_service.demo.mini_ehr.patient_banner import banner_person, found_by

TODAY = date(2026, 3, 2)
CHEN = {
    "resourceType": "Patient",
    "id": "p8",
    "gender": "female",
    "birthDate": "1958-03-02",
    "identifier": [{"value": "DEMO-08"}],
    "name": [{"text": "陈秀兰"}, {"text": "Chén Xiùlán (synthetic)"}],
}


def test_both_names_are_known() -> None:
    read = banner_person(CHEN, TODAY)
    assert (read.name, read.latin_name, read.number) == ("陈秀兰", "Chén Xiùlán", "DEMO-08")


@pytest.mark.parametrize(
    ("born", "age"),
    [("1958-03-02", 68), ("1958-03-03", 67), ("1958", None), ("", None), ("not a day", None)],
)
def test_an_age_is_counted_in_whole_years_or_not_at_all(born: str, age: int | None) -> None:
    assert banner_person(CHEN | {"birthDate": born}, TODAY).age == age


@pytest.mark.parametrize(
    ("patient", "name"),
    [
        ({"id": "x", "name": [{"given": ["Ada", "M."], "family": "Lovelace"}]}, "Ada M. Lovelace"),
        ({"id": "x"}, ""),
    ],
)
def test_a_name_without_a_text_is_put_together(patient: dict[str, Any], name: str) -> None:
    assert banner_person(patient, TODAY).name == name
    assert banner_person(patient, TODAY).sex == "unknown"


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ("", ["p8", "x"]),
        ("chen", ["p8"]),
        ("XIULAN chen", ["p8"]),
        ("陈", ["p8"]),
        ("demo-08", ["p8"]),
        ("lovelace", ["x"]),
        ("chen lovelace", []),
    ],
)
def test_a_search_needs_every_word_and_no_accent(words: str, found: list[str]) -> None:
    people = {
        "p8": banner_person(CHEN, TODAY),
        "x": banner_person({"id": "x", "name": [{"family": "Lovelace", "given": ["Ada"]}]}, TODAY),
    }
    assert found_by(people, words) == found
