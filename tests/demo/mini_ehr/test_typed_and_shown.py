"""Numbers as people type them, how often a drug is taken, and a result as the laboratory table shows it."""

from typing import Any

import pytest

from cds_service.demo.mini_ehr.frequency import hours_of, often_of
from cds_service.demo.mini_ehr.laboratory import DraftResult, ResultNote, laboratory_rows, result_of
from cds_service.demo.mini_ehr.numbers import read_number

Json = dict[str, Any]


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("2", 2),
        ("2.0", 2.0),
        (" 2.5 ", 2.5),
        ("-3", -3),
        ("0", 0),
        ("1e3", 1000),
        ("999999999999", 999_999_999_999),
        ("9999999999999", 9_999_999_999_999),
        ("0.000000000001", 1e-12),
    ],
)
def test_a_number_is_whole_where_it_is_written_so(text: str, number: float) -> None:
    found = read_number(text)
    assert (found, type(found)) == (number, type(number))


@pytest.mark.parametrize(
    "text", ["", "x", "2,5", "1 2", "NaN", "inf", "-Infinity", "1e13", "1e-13", "1e999999"]
)
def test_what_is_no_number_or_a_huge_one_is_refused(text: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - its message is the text
        read_number(text)


@pytest.mark.parametrize(
    ("frequency", "period", "unit", "often", "hours"),
    [
        (1, 1, "d", "once", 24),
        (2, 1, "d", "twice", 12),
        (1, 12, "h", "q12h", 12),
        (3, 1, "d", "thrice", 8),
        (1, 1, "wk", "weekly", 168),
        (1, 24, "h", "once", 24),
        (1, 8, "h", "thrice", 8),
        (1, 7, "d", "weekly", 168),
        (4, 2, "d", "twice", 12),
        (1, 2, "d", "", 48),
        (1, 1, "mo", "", None),
        (None, 1, "d", "", None),
        (1, 1, None, "", None),
    ],
)
def test_a_timing_is_a_choice_of_the_form_or_none(
    frequency: int | None, period: int, unit: str | None, often: str, hours: float | None
) -> None:
    repeat: Json = {"frequency": frequency, "period": period, "periodUnit": unit}
    assert (often_of(repeat), hours_of(repeat)) == (often, hours)


def test_a_period_that_is_not_written_is_one() -> None:
    assert often_of({"frequency": 2, "periodUnit": "d"}) == "twice"


# ---------------------------------------------------------------- results


@pytest.mark.parametrize(
    ("told", "value", "unit", "number"),
    [
        ({"valueQuantity": {"value": 66, "unit": "umol/L"}}, "66", "µmol/L", 66.0),
        ({"valueQuantity": {"value": 1.5, "code": "10*9/L"}}, "1.5", "×10⁹/L", 1.5),
        ({"valueQuantity": {"value": 3, "unit": "10*12/L"}}, "3", "×10¹²/L", 3.0),
        ({"valueQuantity": {"value": 1, "unit": "1"}}, "1", "", 1.0),
        ({"valueQuantity": {"value": 2, "comparator": "<", "unit": "ng/mL"}}, "<2", "ng/mL", None),
        ({"valueQuantity": {"unit": "ng/mL"}}, "?", "ng/mL", None),
        ({"valueInteger": 2}, "2", "", 2.0),
        ({"valueInteger": 0}, "0", "", 0.0),
        ({"valueCodeableConcept": {"text": "positive"}}, "positive", "", None),
        ({"valueString": "clotted"}, "clotted", "", None),
        ({}, "?", "", None),
        (
            {
                "component": [
                    {"valueQuantity": {"value": 165.0, "unit": "mm[Hg]"}},
                    {"valueQuantity": {"value": 95, "unit": "mm[Hg]"}},
                ]
            },
            "165/95",
            "mm[Hg]",
            None,
        ),
    ],
)
def test_a_value_is_shown_with_its_unit_and_is_a_number_where_it_is_one(
    told: Json, value: str, unit: str, number: float | None
) -> None:
    found = result_of({"id": "o", "effectiveDateTime": "2026-03-01T07:30:00+08:00", **told})
    assert (found.value, found.unit, found.number) == (value, unit, number)
    assert (found.day, found.moment) == ("2026-03-01", "2026-03-01 07:30")


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (1.23456, "1.23456"),
        (1.234567, "1.23"),
        (1234567, "1234567"),
        (12345678, "12345678.00"),
        (-1.23456, "-1.23"),
    ],
)
def test_decimals_that_no_laboratory_means_are_left_out(value: float, shown: str) -> None:
    assert result_of({"valueQuantity": {"value": value}}).shown == shown


def test_words_are_shown_as_they_are_however_long() -> None:
    assert result_of({"valueString": "not detected"}).shown == "not detected"


LOW, HIGH = {"low": {"value": 4}}, {"high": {"value": 12}}


@pytest.mark.parametrize(
    ("value", "limits", "flag", "usual"),
    [
        (3.9, LOW | HIGH, "L", "4–12"),
        (4, LOW | HIGH, "", "4–12"),
        (12, LOW | HIGH, "", "4–12"),
        (12.1, LOW | HIGH, "H", "4–12"),
        (3.9, LOW, "L", "≥ 4"),
        (100, LOW, "", "≥ 4"),
        (12.1, HIGH, "H", "≤ 12"),
        (0, HIGH, "", "≤ 12"),
        (0, {"low": {"value": 0}}, "", "≥ 0"),
        (-1, {"low": {"value": 0}}, "L", "≥ 0"),
        (5, {}, "", ""),
    ],
)
def test_a_result_is_flagged_outside_its_own_range(value: float, limits: Json, flag: str, usual: str) -> None:
    one = {"code": {"text": "x"}, "valueQuantity": {"value": value}, "referenceRange": [limits]}
    (row,) = laboratory_rows([one], "en")
    assert (row.results[0].flag, row.usual) == (flag, usual)


@pytest.mark.parametrize(
    ("said", "flag"), [("H", "H"), ("L", "L"), ("A", "A"), ("HH", "HH"), ("LL", "LL"), ("N", ""), ("POS", "")]
)
def test_the_laboratorys_word_counts_before_its_range(said: str, flag: str) -> None:
    one = {
        "valueQuantity": {"value": 100},
        "interpretation": [{"coding": [{"code": said}]}],
        "referenceRange": [HIGH],
    }
    assert result_of(one).flag == flag


@pytest.mark.parametrize(
    ("author", "who"),
    [
        ({"authorString": "Chen"}, "Chen"),
        ({"authorReference": {"display": "Li", "reference": "Practitioner/1"}}, "Li"),
        ({"authorReference": {"reference": "Practitioner/1"}}, "Practitioner/1"),
        ({}, ""),
    ],
)
def test_a_note_says_who_wrote_it_and_when(author: Json, who: str) -> None:
    one = {"note": [{"text": "haemolysed", "time": "2026-03-01T07:30:00+08:00", **author}]}
    assert result_of(one).notes == (ResultNote("2026-03-01 07:30", who, "haemolysed"),)
    assert result_of({"note": [{}]}).notes == (ResultNote("", "", ""),)
    assert result_of({}) == DraftResult("", "?", "", "", "")


def test_rows_stand_by_group_with_the_newest_result_first() -> None:
    def one(code: str, day: int, value: int) -> Json:
        coded = {"coding": [{"system": "http://loinc.org", "code": code}], "text": f"own {code}"}
        return {"code": coded, "effectiveDateTime": f"2026-03-0{day}", "valueQuantity": {"value": value}}

    found = laboratory_rows(
        [one("unknown", 1, 9), one("14682-9", 1, 60), one("72676-0", 1, 5), one("14682-9", 3, 66)], "en"
    )
    assert [row.key for row in found] == ["72676-0", "14682-9", "unknown"]
    assert [row.group for row in found] == ["levels", "chemistry", "other"]
    assert [result.value for result in found[1].results] == ["66", "60"]
    assert found[2].name == "own unknown"
