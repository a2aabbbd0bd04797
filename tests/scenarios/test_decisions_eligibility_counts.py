"""DECISIONS 4, 19, 21 and 47 from FHIR: blood counts, their units, days, duplicates and transfusions (I3)."""

from typing import Any

import pytest

from tests.scenarios import fhir_charts as chart
from tests.scenarios.fhir_charts import (
    ICD10PCS,
    administration,
    ago,
    atc,
    attestation,
    concept,
    condition,
    count,
    dispense,
    holds,
    icd,
    observation,
    procedure,
    quantity,
    snomed,
    text,
    transfusion,
)

AA = condition(icd("D61.3"))
LONG_AGO = transfusion("red", 400)
HIGH = {"hb": 130, "plt": 200, "anc": 3}


def only(**lines: Any) -> tuple[Any, ...]:
    """A count with all three lines high, but for those named."""
    return count(**(HIGH | lines))


# ---------------------------------------------------------------- the limits


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        ({"hb": 99.9}, "met"),
        ({"hb": 100}, "not-met"),
        ({"hb": 100.1}, "not-met"),
        ({"plt": 49}, "met"),
        ({"plt": 49.9}, "met"),
        ({"plt": 50}, "not-met"),
        ({"anc": 0.99}, "met"),
        ({"anc": 1.0}, "not-met"),
        ({"anc": 1}, "not-met"),
        ({"hb": 100, "plt": 50, "anc": 1.0}, "not-met"),
    ],
    ids=str,
)
def test_each_limit_is_strictly_below(lines: Any, expected: str) -> None:
    holds(f"I3 {expected} data", AA, *only(**lines))


@pytest.mark.parametrize(
    ("loinc", "value", "unit", "expected"),
    [
        ("718-7", 9.9, "g/dL", "met"),
        ("718-7", 10.0, "g/dL", "not-met"),
        ("718-7", 10, "g/dL", "not-met"),
        ("59260-0", 6.2, "mmol/L", "met"),
        ("59260-0", 6.21, "mmol/L", "not-met"),
        ("777-3", 49, "10*3/uL", "met"),
        ("777-3", 50, "10*3/uL", "not-met"),
        ("777-3", 49, "10^9/L", "met"),
        ("777-3", 49, "×10⁹/L", "met"),
        ("777-3", 49999, "/uL", "met"),
        ("777-3", 50000, "/uL", "not-met"),
        ("26515-7", 49, "G/L", "met"),
        ("751-8", 999, "/uL", "met"),
        ("751-8", 1000, "{cells}/uL", "not-met"),
        ("751-8", 0.99, "10*9/L", "met"),
        ("751-8", 1.0, "10*3/uL", "not-met"),
        ("26499-4", 0.99, "K/uL", "met"),
        ("30451-9", 0.5, "10*9/L", "met"),
    ],
)
def test_a_value_is_judged_in_whatever_reviewed_unit_it_came(
    loinc: str, value: Any, unit: str, expected: str
) -> None:
    kind = {"718-7": "hb", "59260-0": "hb", "777-3": "plt", "26515-7": "plt"}.get(loinc, "anc")
    others = count(**{name: v for name, v in HIGH.items() if name != kind})
    holds(f"I3 {expected} data", AA, *others, observation(loinc, value, unit))


@pytest.mark.parametrize(("value", "unit"), [(9.9, "g"), (9.9, None), (9.9, "mg/L"), (99, "g/dL")])
def test_a_unit_that_cannot_be_used_leaves_the_line_missing_and_says_so(value: Any, unit: str | None) -> None:
    told = chart.assessed(AA, *count(plt=200, anc=3), observation("718-7", value, unit))
    assert chart.status(told, "I3") == "unknown"
    assert "haemoglobin" in chart.criterion(told, "I3")["missing"]
    assert chart.problems(told) in (["UNIT_UNUSABLE"], ["VALUE_IMPLAUSIBLE"])


@pytest.mark.parametrize(
    ("sign", "value", "expected"),
    [
        ("<", 20, "met"),
        ("<", 50, "met"),
        ("<=", 49, "met"),
        ("<=", 50, "unknown"),
        ("<", 60, "unknown"),
        (">", 50, "not-met"),
        (">=", 50, "not-met"),
        (">", 40, "unknown"),
    ],
)
def test_a_comparator_is_an_interval(sign: str, value: int, expected: str) -> None:
    platelets = observation("777-3", value, "10*9/L", comparator=sign)
    holds(f"I3 {expected}", AA, LONG_AGO, *count(130, None, 3), platelets)


def test_neutrophils_are_computed_from_white_cells_and_percent_of_one_draw() -> None:
    cells, percent = observation("6690-2", 2.0, "10*9/L"), observation("770-8", 49, "%")
    holds("I3 met data", AA, *count(130, 200), cells, percent)
    holds("I3 not-met data", AA, *count(130, 200), cells, observation("770-8", 50, "%"))
    holds("I3 unknown", AA, *count(130, 200), cells, observation("770-8", 49, "%", when=3))


# ---------------------------------------------------------------- what is missing


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        ({"hb": 104, "plt": 60}, "unknown"),
        ({"hb": 99}, "met"),
        ({"plt": 49}, "met"),
        ({"anc": 0.9}, "met"),
        ({"anc": 1.5}, "unknown"),
        ({}, "unknown"),
    ],
    ids=str,
)
def test_one_low_line_is_enough_and_a_missing_line_is_not_a_high_one(lines: Any, expected: str) -> None:
    holds(f"I3 {expected}", AA, *count(**lines))


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        ("final", "met"),
        ("amended", "met"),
        ("corrected", "met"),
        ("preliminary", "unknown"),
        ("registered", "unknown"),
        ("cancelled", "unknown"),
        ("entered-in-error", "unknown"),
        ("unknown", "unknown"),
    ],
)
def test_only_a_result_that_stands_decides(status: str, expected: str) -> None:
    holds(f"I3 {expected}", AA, *count(84, status=status))


def test_a_value_that_is_absent_is_no_value() -> None:
    absent = observation("718-7", dataAbsentReason=text("specimen clotted"))
    holds("I3 unknown", AA, *count(plt=200, anc=3), absent)
    both = observation("718-7", 84, "g/L", dataAbsentReason=text("error"))
    holds("I3 unknown", AA, *count(plt=200, anc=3), both)


@pytest.mark.parametrize(("days", "expected"), [(0, "met"), (7, "met"), (14, "met"), (15, "unknown")])
def test_a_count_is_fresh_for_14_days_that_day_included(days: int, expected: str) -> None:
    when = "2026-03-02T07:00:00+08:00" if days == 0 else days
    holds(f"I3 {expected}", AA, *count(84, 30, 0.6, when))


def test_the_newest_value_of_a_line_decides() -> None:
    holds("I3 met", AA, LONG_AGO, *count(130, 200, 3, when=9), *count(84, 200, 3, when=2))
    holds("I3 not-met", AA, LONG_AGO, *count(130, 200, 3, when=2), *count(130, 200, 0.5, when=9))


def test_a_result_of_tomorrow_is_not_used_and_named() -> None:
    told = chart.assessed(AA, *count(84, when=-1))
    assert chart.status(told, "I3") == "unknown"
    assert chart.problems(told) == ["FUTURE_DATED"]


# ---------------------------------------------------------------- days, instants, precisions


@pytest.mark.parametrize(
    "when",
    [
        "2026-03-01T23:30:00.123456+08:00",
        "2026-03-01T15:30:00Z",
        "2026-03-01T15:30:00.000000+00:00",
        "2026-03-01T15:30:00.1234567Z",
        "2026-03-01",
        "2026-03-01T23:30:00",
        "2026-03-01T23:30+08:00",
    ],
)
def test_dates_are_read_in_every_precision_and_zone(when: str) -> None:
    told = chart.assessed(AA, *count(84, 30, 0.6, when))
    assert chart.status(told, "I3") == "met"
    assert "2026-03-01" in chart.criterion(told, "I3")["seen"]


def test_the_day_is_that_of_the_hospital() -> None:
    """Sixteen o'clock UTC is midnight in Beijing: the window of 14 days begins there."""
    holds("I3 unknown", AA, *count(84, 30, 0.6, "2026-02-15T15:59:59Z"))
    holds("I3 met", AA, *count(84, 30, 0.6, "2026-02-15T16:00:00Z"))


def test_a_partial_date_that_leaves_the_window_open_does_not_decide() -> None:
    holds("I3 unknown", AA, *count(84, 30, 0.6, "2026-02"))
    holds("I3 unknown", AA, *count(84, 30, 0.6, None))
    holds("I3 unknown", AA, *count(84, 30, 0.6, "yesterday"))


def test_as_of_fixes_now_for_everything() -> None:
    aa = condition(icd("D61.3"), onset="2025-01-01")
    drawn = count(84, 30, 0.6, "2025-06-10")
    holds("I3 met", aa, *drawn, as_of="2025-06-24")
    holds("I3 unknown", aa, *drawn, as_of="2025-06-25")
    holds("I3 unknown", aa, *drawn, as_of="2025-06-09")
    holds("I3 met", aa, *drawn, as_of="2025-06-24T23:00:00+08:00")


# ---------------------------------------------------------------- two values at one instant


def _twins(**second: Any) -> tuple[Any, ...]:
    first = observation("777-3", 30, "10*9/L", issued="2026-02-28T10:00:00+08:00")
    base = {"issued": "2026-02-28T10:00:00+08:00"} | second
    return AA, LONG_AGO, *count(130, None, 3), first, observation("777-3", 80, "10*9/L", **base)


def test_of_two_values_at_one_instant_neither_decides_against_the_other() -> None:
    holds("I3 unknown", *_twins())


@pytest.mark.parametrize(
    ("second", "expected"),
    [
        ({"issued": "2026-02-28T11:00:00+08:00"}, "unknown"),
        ({"issued": "2026-02-28T09:00:00+08:00"}, "unknown"),
        ({"status": "corrected", "issued": "2026-02-28T09:00:00+08:00"}, "not-met"),
        ({"status": "preliminary", "issued": "2026-02-28T12:00:00+08:00"}, "met"),
        ({"meta": {"lastUpdated": "2026-02-28T12:00:00Z"}}, "unknown"),
        ({"status": "final", "issued": "2026-02-28T02:30:00Z"}, "unknown"),
    ],
    ids=str,
)
def test_a_correction_takes_the_place_of_what_it_corrects_and_a_second_final_result_does_not(
    second: Any, expected: str
) -> None:
    holds(f"I3 {expected}", *_twins(**second))


def test_the_same_instant_in_two_spellings_is_one_instant() -> None:
    here = observation("777-3", 30, "10*9/L", when="2026-02-28T08:00:00+08:00")
    utc = observation("777-3", 80, "10*9/L", when="2026-02-28T00:00:00.000Z")
    holds("I3 unknown", AA, LONG_AGO, *count(130, None, 3), here, utc)


def test_equal_values_at_one_instant_are_one_result() -> None:
    holds("I3 met", AA, *count(plt=30), *count(plt=30))
    holds("I3 met", AA, observation("777-3", 30, "10*9/L"), observation("777-3", 30000, "/uL"))


# ---------------------------------------------------------------- transfusions


def test_without_any_transfusion_record_a_good_count_is_taken_as_the_patients_own() -> None:
    holds("I3 not-met data", AA, *count(100, 50, 1.0))


@pytest.mark.parametrize(
    ("product", "days", "expected"),
    [
        ("red", 2, "unknown"),
        ("red", 16, "unknown"),
        ("red", 17, "not-met"),
        ("platelets", 2, "unknown"),
        ("platelets", 9, "unknown"),
        ("platelets", 10, "not-met"),
    ],
)
def test_a_transfusion_may_hide_a_low_count(product: str, days: int, expected: str) -> None:
    """The count is two days old: red cells count for 14 days before it, platelets for 7."""
    holds(f"I3 {expected}", AA, *only(), transfusion(product, ago(days)))


def test_a_transfused_low_count_is_low_all_the_same() -> None:
    holds("I3 met", AA, *count(84, 200, 3), transfusion("red", 3))


def _given(code: Any, **more: Any) -> tuple[Any, ...]:
    return AA, *only(), procedure(code, 3, **more)


@pytest.mark.parametrize(
    "code",
    [
        snomed("116859006"),
        snomed("180207008"),
        snomed("12719002"),
        concept((ICD10PCS, "30233N1")),
        concept((ICD10PCS, "30233R1")),
    ],
    ids=str,
)
def test_the_shipped_transfusion_codes_are_known(code: Any) -> None:
    holds("I3 unknown", *_given(code))


def test_a_transfusion_not_done_or_in_error_hides_nothing() -> None:
    for status in ("not-done", "entered-in-error", "preparation"):
        holds("I3 not-met", *_given(snomed("180207008"), status=status))


def test_a_transfusion_of_an_unknown_day_may_hide_a_low_count() -> None:
    holds("I3 unknown", AA, *only(), transfusion("red", None))
    holds("I3 unknown", AA, *only(), transfusion("red", "2026-02"))
    holds("I3 not-met", AA, *only(), transfusion("red", "2025-02"))


def test_blood_given_as_medication_counts_by_a_site_list(tmp_path: Any) -> None:
    site = chart.site_with_codes(tmp_path, ("urn:blood-bank", "RCC", chart.SNOMED, "180207008"))
    bag = administration(concept(("urn:blood-bank", "RCC"), text="RCC 2U"), 3)
    holds("I3 unknown", AA, *only(), bag, site=site)
    holds("I3 not-met", AA, *only(), bag)
    not_given = bag | {"status": "not-done"}
    holds("I3 not-met", AA, *only(), not_given, site=site)


def test_blood_given_as_medication_counts_by_its_words() -> None:
    bag = administration(concept(("urn:blood-bank", "RCC"), text="悬浮红细胞"), 3)
    holds("I3 unknown", AA, *only(), bag)
    holds("I3 not-met", AA, *only(), bag | {"status": "not-done"})


# ---------------------------------------------------------------- suspected unrecorded transfusion


def _platelets(*values: tuple[int, int]) -> tuple[Any, ...]:
    """Platelet counts (value, days ago) drawn alone; the other lines are two days old and high."""
    drawn = (observation("777-3", value, "10*9/L", when=days) for value, days in values)
    return AA, LONG_AGO, *count(hb=130, anc=3), *drawn


def test_a_jump_across_the_limit_without_a_reason_is_suspect() -> None:
    holds("I3 not-met", *_platelets((60, 5)))
    holds("I3 unknown", *_platelets((30, 65), (60, 5)))
    holds("I3 not-met", *_platelets((30, 66), (60, 5)))


def test_two_counts_28_days_apart_that_agree_set_the_suspicion_aside() -> None:
    holds("I3 unknown", *_platelets((30, 50), (55, 32), (60, 5)))
    holds("I3 not-met", *_platelets((30, 50), (55, 33), (60, 5)))


def test_treatment_explains_a_jump() -> None:
    holds("I3 not-met", *_platelets((30, 60), (60, 5)), dispense(when=50))


def test_a_single_count_above_both_limits_is_suspect_all_the_same() -> None:
    low = count(90, 30, 2, when=30)
    holds("I3 unknown", AA, LONG_AGO, *low, *count(100, 50, 2, when=2))


def test_a_growth_factor_behind_good_neutrophils_is_shown() -> None:
    given = administration(atc("L03AA02", "filgrastim"), 4)
    told = chart.assessed(AA, *only(), given)
    assert chart.status(told, "I3") == "not-met"
    assert "G-CSF" in chart.criterion(told, "I3")["seen"]


def test_i3_not_met_makes_ineligible_and_met_leaves_the_rest_open() -> None:
    holds("overall ineligible", AA, *only(), attestation({"I2": True}))
    holds("overall undetermined", AA, *count(84), attestation({"I2": True}))


def test_a_value_without_ucum_is_read_by_its_words() -> None:
    written = observation("718-7", None) | {"valueQuantity": quantity(84, "g/L", ucum=False)}
    holds("I3 met", AA, written)
    bare = observation("718-7", "84")
    holds("I3 unknown", AA, bare)
    holds("I3 met", AA, observation("718-7", "84 g/L"))
