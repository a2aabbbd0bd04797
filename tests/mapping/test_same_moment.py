"""Results of one moment: one result where they are equal as written, else a pair of which none is lost."""

from decimal import Decimal
from typing import Any

import pytest

from fhir_mappings.clinical_model.results import Analyte, Reading
from tests.mapping.charts import Json
from tests.mapping.entries import amount, chart, observation, results
from tests.tables import Case, cases, named

MORNING, EVENING, DAY = "2026-02-27T08:00:00+08:00", "2026-02-27T16:00:00+08:00", "2026-02-27"
CODES = {"mg/dL": "2160-0", "umol/L": "14682-9"}


def creatinine(value: Any, unit: str, key: str, when: str = MORNING, **parts: Any) -> Json:
    sign = next((s for s in ("<=", ">=", "<", ">") if str(value).startswith(s)), None)
    number = float(str(value).removeprefix(sign or ""))
    whole = int(number) if number == int(number) and "." not in str(value) else number
    return observation(
        CODES[unit], key, valueQuantity=amount(whole, unit, sign), effectiveDateTime=when, **parts
    )


SAME = cases("""
    case                                | one    | unit   | other | unit2  | numbers
    the same number                     | 180    | umol/L | 180   | umol/L | 180
    one result in two units             | 180    | umol/L | 2.04  | mg/dL  | 180.336
    to half a digit of the coarser      | 180    | umol/L | 2.0   | mg/dL  | 180
    half a digit, not more              | 180    | umol/L | 2.1   | mg/dL  | 180, 185.64
    a digit apart in one unit           | 180    | umol/L | 181   | umol/L | 180, 181
    far apart                           | 180    | umol/L | 1.0   | mg/dL  | 180, 88.4
    a bound that leaves the number open | <200   | umol/L | 180   | umol/L | 180
    a bound that does not               | <180   | umol/L | 180   | umol/L | 180, <180
    a closed bound that does            | <=180  | umol/L | 180   | umol/L | 180
    a bound from below                  | >150   | umol/L | 180   | umol/L | 180
    that does not                       | >180   | umol/L | 180   | umol/L | 180, >180
    a closed one from below             | >=180  | umol/L | 180   | umol/L | 180
    two equal bounds                    | >180   | umol/L | >180  | umol/L | >180
    two bounds                          | >180   | umol/L | >170  | umol/L | >170, >180
    two bounds of two kinds             | >180   | umol/L | >=180 | umol/L | >180, >=180
""")


@pytest.mark.parametrize("case", SAME, ids=named)
def test_what_is_one_result_and_what_is_a_pair(case: Case) -> None:
    one = creatinine(case["one"], case["unit"], "o1")
    other = creatinine(case["other"], case["unit2"], "o2")
    expected = set(case["numbers"].split(", "))
    for order in ((one, other), (other, one)):
        seen = chart(*order)
        assert {_shown(r) for r in seen.results} == expected
        assert {r.reading for r in seen.results} == {Reading.USABLE}
        assert len(seen.pairs) == (len(expected) > 1)
        for pair in seen.pairs:
            assert (pair.analyte, pair.reference) == (Analyte.CREATININE, "Observation/o1")
            assert set(pair.results) == set(seen.results)
            assert pair.steps[0] <= pair.steps[1]


def _shown(result: Any) -> str:
    return f"{result.comparator or ''}{result.number.normalize():f}"


def test_either_result_brings_its_reference_range_and_the_narrower_ends_count() -> None:
    def ranged(value: Any, unit: str, key: str, low: Any, high: Any) -> Json:
        ends = {k: amount(v, unit) for k, v in (("low", low), ("high", high)) if v is not None}
        return creatinine(value, unit, key, referenceRange=[ends] if ends else None)

    exact = ranged(2.04, "mg/dL", "o1", None, None)
    for low, high, expected in ((None, 110, (None, 110)), (40, 110, (40, 110)), (40, None, (40, None))):
        (seen,) = results(exact, ranged(180, "umol/L", "o2", low, high))
        assert (seen.number, seen.low, seen.high) == (Decimal("180.336"), *expected)
    (both,) = results(ranged(180, "umol/L", "o1", 40, 110), ranged(180, "umol/L", "o2", 50, 104))
    assert (both.low, both.high) == (50, 104)
    (odd,) = results(ranged(180, "umol/L", "o1", 40, 60), ranged(180, "umol/L", "o2", 70, 110))
    assert (odd.low, odd.high) == (40, 60), "ranges that exclude each other stay with their own result"


# ---------------------------------------------------------------- a day without a time


def test_a_result_without_a_time_is_of_the_moment_of_every_other_of_its_day() -> None:
    timed = [creatinine(90, "umol/L", "o1", MORNING), creatinine(95, "umol/L", "o2", EVENING)]
    (pair,) = chart(*timed, creatinine(180, "umol/L", "o3", DAY)).pairs
    assert [[r.number for r in option] for option in pair.options] == [[90, 95], [180]]
    assert (pair.when.text, pair.steps[0]) == (DAY, 0)


def test_an_equal_one_without_a_time_adds_nothing() -> None:
    seen = chart(creatinine(90, "umol/L", "o1", MORNING), creatinine(1.02, "mg/dL", "o2", DAY))
    assert [(r.number, r.when and r.when.text) for r in seen.results] == [(90, MORNING)]
    assert seen.pairs == ()


def test_two_of_a_day_without_times_are_a_pair() -> None:
    (pair,) = chart(creatinine(180, "umol/L", "o1", DAY), creatinine(190, "umol/L", "o2", DAY)).pairs
    assert [r.number for r in pair.results] == [180, 190]


def test_results_of_different_times_or_days_are_no_pair() -> None:
    for when in (EVENING, "2026-02-26", "2026-02"):
        seen = chart(creatinine(90, "umol/L", "o1"), creatinine(180, "umol/L", "o2", when))
        assert (len(seen.results), seen.pairs) == (2, ())


def test_three_at_one_moment_all_stay() -> None:
    (pair,) = chart(*(creatinine(v, "umol/L", f"o{v}") for v in (90, 130, 180))).pairs
    assert {r.number for r in pair.results} == {90, 130, 180}


def test_pairs_of_two_instants_beside_a_third_result_without_a_time() -> None:
    twice = [
        creatinine(v, "umol/L", f"o{v}", when)
        for v, when in ((90, MORNING), (130, MORNING), (91, EVENING), (131, EVENING), (180, DAY))
    ]
    assert sorted(len(p.results) for p in chart(*twice).pairs) == [2, 2, 5]


# ---------------------------------------------------------------- what makes no pair


@pytest.mark.parametrize("status", ["preliminary", "cancelled", "entered-in-error", "corrected"])
def test_standing_decides_before_two_results_can_differ(status: str) -> None:
    seen = chart(creatinine(90, "umol/L", "o1"), creatinine(180, "umol/L", "o2", status=status))
    assert seen.pairs == ()
    assert [r.number for r in seen.results] == [180 if status == "corrected" else 90]


def test_what_lies_ahead_makes_no_pair() -> None:
    tomorrow = "2026-03-03T08:00:00+08:00"
    ahead = [creatinine(v, "umol/L", f"o{v}", tomorrow) for v in (90, 180)]
    assert (chart(*ahead).results, chart(*ahead).pairs) == ((), ())


def test_preliminary_results_of_one_moment_all_stay_and_are_no_pair() -> None:
    seen = chart(*(creatinine(v, "umol/L", f"o{v}", status="preliminary") for v in (90, 180)))
    assert ({r.number for r in seen.results}, seen.pairs) == ({90, 180}, ())


def test_levels_by_two_methods_are_two_measurements_that_may_differ() -> None:
    def level(value: int, key: str, method: str) -> Json:
        return observation("72676-0", key, valueQuantity=amount(value, "ng/mL"), method={"text": method})

    alike = chart(level(8, "o1", "LC-MS/MS"), level(8, "o2", "immunoassay"))
    assert (len(alike.results), alike.pairs) == (2, ())
    apart = chart(level(8, "o1", "LC-MS/MS"), level(12, "o2", "immunoassay"))
    assert [{r.number for r in p.results} for p in apart.pairs] == [{8, 12}]


# ---------------------------------------------------------------- answers in words


def serology(words: str, key: str) -> Json:
    return observation("5196-1", key, valueCodeableConcept={"text": words})


@pytest.mark.parametrize(
    ("one", "other", "is_pair"),
    [
        ("positive", "阳性", False),
        ("positive", "negative", True),
        ("negative", "weakly positive", True),
        ("weakly positive", "borderline", True),
        ("weakly positive", "weakly positive", False),
    ],
)
def test_two_answers_are_a_pair_unless_they_mean_the_same(one: str, other: str, is_pair: bool) -> None:
    seen = chart(serology(one, "o1"), serology(other, "o2"))
    assert (len(seen.results), len(seen.pairs)) == ((2, 1) if is_pair else (1, 0))
