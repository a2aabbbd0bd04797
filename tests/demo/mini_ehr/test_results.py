"""The laboratory table and its editor."""

from typing import Any
from zoneinfo import ZoneInfo

import pytest

from cds_service.demo.mini_ehr.laboratory import laboratory_rows
from cds_service.demo.mini_ehr.measuring import ResultFault, another, changed

ZONE = ZoneInfo("Asia/Shanghai")


def _result(value: Any = 80, day: str = "2026-03-01", code: str = "718-7", **more: Any) -> dict[str, Any]:
    return {
        "resourceType": "Observation",
        "id": f"o-{day}",
        "status": "final",
        "code": {"coding": [{"system": "http://loinc.org", "code": code, "display": "long name"}]},
        "effectiveDateTime": f"{day}T07:30:00+08:00",
        "valueQuantity": {"value": value, "unit": "g/L"},
        **more,
    }


RANGE = [{"low": {"value": 115}, "high": {"value": 150}}]


@pytest.mark.parametrize(("value", "flag"), [(114.9, "L"), (115, ""), (150, ""), (150.1, "H"), (None, "")])
def test_a_flag_is_set_outside_the_range_and_not_on_its_edge(value: Any, flag: str) -> None:
    (row,) = laboratory_rows([_result(value, referenceRange=RANGE)], "en")
    assert row.results[0].flag == flag
    assert row.usual == "115–150"


def test_the_laboratory_s_own_flag_counts_before_ours() -> None:
    said = [{"coding": [{"code": "N"}]}]
    (row,) = laboratory_rows([_result(10, referenceRange=RANGE, interpretation=said)], "en")
    assert row.results[0].flag == ""
    (row,) = laboratory_rows(
        [_result(120, referenceRange=RANGE, interpretation=[{"coding": [{"code": "HH"}]}])], "en"
    )
    assert row.results[0].flag == "HH"


def test_a_value_with_a_comparator_is_shown_and_not_counted() -> None:
    (row,) = laboratory_rows([_result(valueQuantity={"value": 2, "comparator": "<", "unit": "umol/L"})], "en")
    assert (row.results[0].value, row.results[0].unit, row.results[0].number) == ("<2", "µmol/L", None)


@pytest.mark.parametrize(
    ("more", "value"),
    [
        ({"valueInteger": 1}, "1"),
        ({"valueCodeableConcept": {"text": "negative"}}, "negative"),
        ({"component": [{"valueQuantity": {"value": 120}}, {"valueQuantity": {"value": 80}}]}, "120/80"),
        ({"valueString": "seen"}, "seen"),
        ({}, "?"),
    ],
)
def test_every_kind_of_value_is_shown(more: dict[str, Any], value: str) -> None:
    one = _result()
    del one["valueQuantity"]
    (row,) = laboratory_rows([one | more], "en")
    assert row.results[0].value == value


def test_a_test_is_one_row_newest_first_under_its_short_name() -> None:
    (row,) = laboratory_rows(
        [_result(70, "2026-01-01"), _result(90, "2026-03-01"), _result(80, "2026-02-01")], "zh"
    )
    assert [result.value for result in row.results] == ["90", "80", "70"]
    assert row.name == "血红蛋白"


def test_an_unknown_test_keeps_its_own_name_and_comes_last() -> None:
    table = laboratory_rows([_result(code="0-0"), _result(code="72676-0"), _result()], "en")
    assert [row.name for row in table] == ["Sirolimus, trough", "Haemoglobin", "long name"]


@pytest.mark.parametrize(
    ("low", "high", "usual"), [(1, None, "≥ 1"), (None, 2, "≤ 2"), (None, None, ""), (1, 2, "1–2")]
)
def test_a_range_with_one_side_says_so(low: Any, high: Any, usual: str) -> None:
    limits = {"low": {"value": low} if low else {}, "high": {"value": high} if high else {}}
    (row,) = laboratory_rows([_result(referenceRange=[limits])], "en")
    assert row.usual == usual


def test_a_changed_result_has_the_new_value_and_time_and_no_old_judgement() -> None:
    old = _result(80, interpretation=[{"text": "low"}])
    new = changed(old, "91.5", "2026-02-28T08:15", ZONE)
    assert new["valueQuantity"] == {"value": 91.5, "unit": "g/L"}
    assert new["effectiveDateTime"] == new["issued"] == "2026-02-28T08:15:00+08:00"
    assert "interpretation" not in new
    assert new["id"] == old["id"]
    assert old["valueQuantity"]["value"] == 80


def test_a_plain_value_takes_the_place_of_one_below_quantification() -> None:
    old = _result(valueQuantity={"value": 2, "comparator": "<", "unit": "ng/mL"})
    assert "comparator" not in changed(old, "3", "2026-02-28T08:15", ZONE)["valueQuantity"]


def test_a_score_stays_a_whole_number() -> None:
    score = _result() | {"valueInteger": 1}
    del score["valueQuantity"]
    assert changed(score, "2", "2026-02-28T08:15", ZONE)["valueInteger"] == 2
    with pytest.raises(ResultFault):
        changed(score, "1.5", "2026-02-28T08:15", ZONE)


@pytest.mark.parametrize(
    ("value", "taken", "field"),
    [
        ("", "2026-02-28T08:15", "value"),
        ("-1", "2026-02-28T08:15", "value"),
        ("1e999999999", "2026-02-28", "value"),
        ("Infinity", "2026-02-28T08:15", "value"),
        ("1", "yesterday", "taken"),
    ],
)
def test_what_cannot_be_read_is_named(value: str, taken: str, field: str) -> None:
    with pytest.raises(ResultFault) as fault:
        changed(_result(), value, taken, ZONE)
    assert fault.value.field == field


def test_another_result_is_a_new_one() -> None:
    new = another(_result(meta={"versionId": "3", "tag": []}), "5", "2026-02-28T08:15+00:00", ZONE)
    assert "id" not in new
    assert new["meta"] == {"tag": []}
    assert new["effectiveDateTime"] == "2026-02-28T08:15:00+00:00"


@pytest.mark.parametrize(
    ("value", "shown"), [(186.75745226720412, "186.76"), (0.98, "0.98"), (1234567, "1234567"), (23.0, "23.0")]
)
def test_decimals_that_no_laboratory_means_are_not_shown(value: float, shown: str) -> None:
    (row,) = laboratory_rows([_result(value)], "en")
    assert row.results[0].shown == shown
    assert row.results[0].value == str(value)
