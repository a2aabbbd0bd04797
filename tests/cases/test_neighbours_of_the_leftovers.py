"""Third round: charts that stood as "not done" or "open" in decision 0019, each with its right answer."""

from typing import Any

import pytest

from tests.cases.expectations import shortfalls
from tests.cases.neighbours import (
    CICLOSPORIN,
    SIROLIMUS,
    Json,
    ago,
    assessed,
    both_in_range,
    changed,
    condition,
    entries,
    order,
    result,
)

HELD, FELL = "restart-and-jump/24-held-then-9.json", "restart-and-jump/24-and-two-days-later-8.1.json"
CANDIDATE = "eligibility/rivaroxaban-by-name-only.json"


def called(name: str, value: float, days: int = 2, loinc: str = "72676-0", **more: Any) -> Json:
    """A level under a whole-blood code, with a name of its own."""
    level = result(loinc, value, "ng/mL", days, **more)
    return level | {"code": level["code"] | {"text": name}}


def renamed(case: str, value: float) -> list[Json]:
    """The case's chart, its level of this value being called one in serum."""
    return [
        r | {"code": r["code"] | {"text": "血清西罗莫司"}}
        if r.get("valueQuantity", {}).get("value") == value
        else r
        for r in entries(case)
    ]


def stopped(reason: str) -> Json:
    """Ciclosporin of a year ago, stopped for this reason."""
    return order(CICLOSPORIN, 100, 12, 300, status="stopped", statusReason={"text": reason})


ALARM = [{"severity": "critical", "drug": "sirolimus"}]
SERUM: dict[str, tuple[list[Json], Json]] = {
    "a low one raises nothing": (
        both_in_range(called("血清西罗莫司", 3.1), sirolimus=None),
        {"states": {"sirolimus": "RECHECK"}, "trough": {"sirolimus": "WRONG_SPECIMEN"}},
    ),
    "a high one alarms as before": (
        both_in_range(called("血清西罗莫司浓度", 25), sirolimus=None),
        {"states": {"sirolimus": "HOLD"}, "safety": ALARM},
    ),
    "a low one does not end an alarm": (
        both_in_range(called("Sirolimus, serum", 8, 1), sirolimus=25),
        {"states": {"sirolimus": "HOLD"}, "safety": ALARM},
    ),
    "ciclosporin in plasma": (
        both_in_range(called("血浆环孢素", 450, loinc="53828-0"), ciclosporin=None),
        {"states": {"ciclosporin": "HOLD"}, "safety": [{"severity": "critical", "drug": "ciclosporin"}]},
    ),
    "the tube says blood": (
        both_in_range(called("血清西罗莫司", 3.1, specimen={"display": "EDTA全血"}), sirolimus=None),
        {"states": {"sirolimus": "INCREASE"}},
    ),
    "it gives no leave to start again": (renamed(HELD, 9), {"states": {"sirolimus": "HOLD"}}),
    "it refutes no danger": (renamed(FELL, 8.1), {"states": {"sirolimus": "HOLD"}}),
}


@pytest.mark.parametrize("name", SERUM)
def test_a_level_that_only_its_name_calls_serum(name: str) -> None:
    chart, expect = SERUM[name]
    assert shortfalls(expect, assessed(chart)) == []


# two active orders: level, mg of the newer order, days ago -> state, one of the reasons
@pytest.mark.parametrize(
    ("level", "mg", "days", "state", "reason"),
    [
        (3.1, 3, 0, "RECHECK", "CHANGE_ORDERED"),
        (7.2, 3, 7, "RECHECK", "CHANGE_ORDERED"),
        (7.2, 3, 8, "CANNOT_ADVISE", "CONFLICTING_DOSES"),
        (13, 3, 1, "DECREASE", None),
        (17, 1, 1, "HOLD", None),
        (7.2, 6, 1, "RECHECK", "DOSE_OUTSIDE_BOUNDS"),
    ],
)
def test_a_newer_active_order_is_a_change_on_its_way_for_seven_days(
    level: float, mg: float, days: int, state: str, reason: str | None
) -> None:
    told = assessed(both_in_range(order(SIROLIMUS, mg, 24, days), sirolimus=level))
    expect = {"states": {"sirolimus": state}} | ({"reasons": {"sirolimus": reason}} if reason else {})
    assert shortfalls(expect, told) == []
    if reason == "CHANGE_ORDERED":
        assert (
            shortfalls({"words": ["still active: end one of them"], "dose": {"sirolimus": None}}, told) == []
        )


@pytest.mark.parametrize(
    "newer",
    [
        (order(SIROLIMUS, 3, 24, 1), order(SIROLIMUS, 1, 24, 1, id="n-other")),
        (
            order(SIROLIMUS, 3, 24, 1),
            order(SIROLIMUS, 3, 24, 1)
            | {
                "resourceType": "MedicationDispense",
                "id": "n-box",
                "status": "completed",
                "whenHandedOver": ago(1),
            },
        ),
    ],
    ids=["two of them", "begun"],
)
def test_more_than_one_newer_order_or_one_that_was_begun_contradicts(newer: tuple[Json, ...]) -> None:
    expect = {"states": {"sirolimus": "CANNOT_ADVISE"}, "reasons": {"sirolimus": "CONFLICTING_DOSES"}}
    assert shortfalls(expect, assessed(both_in_range(*newer))) == []


def test_an_order_outside_the_bounds_is_not_passed_over_once_the_old_one_has_ended() -> None:
    chart = changed(both_in_range(order(SIROLIMUS, 6, 24, 1)), m5={"status": "stopped"})
    expect = {
        "states": {"sirolimus": "RECHECK"},
        "reasons": {"sirolimus": "DOSE_OUTSIDE_BOUNDS"},
        "words": ["6 mg"],
    }
    assert shortfalls(expect, assessed(chart)) == []


# a diagnosis or a stop in words -> criterion, words that it must show, statuses allowed
@pytest.mark.parametrize(
    ("entry", "criterion", "words", "statuses"),
    [
        (condition("环孢素不耐受", 60), "I4", "环孢素不耐受", "met"),
        (condition("Intolerance to ciclosporin", 60), "I4", "Intolerance to ciclosporin", "met"),
        (condition("环孢素过敏", 60), "E6", "环孢素过敏", "absent"),
        (condition("西罗莫司过敏", 60), "E5", "西罗莫司过敏", "unknown"),
        (
            condition(None, 60, code={"coding": [{"display": "Allergy to sirolimus"}]}),
            "E5",
            "Allergy",
            "unknown",
        ),
        (stopped("震颤"), "I4", "震颤", "met"),
        (stopped("gum hyperplasia"), "I4", "gum hyperplasia", "met"),
        (stopped("皮疹"), "I4", "皮疹", "met"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_speaks_against_a_study_drug_in_words_is_shown_by_its_words(
    entry: Json, criterion: str, words: str, statuses: str
) -> None:
    told = assessed([*entries(CANDIDATE), entry])
    expect = {"criterionWords": {criterion: words}, "criteria": {criterion: statuses}}
    assert shortfalls(expect, told) == []


@pytest.mark.parametrize(
    ("words", "severity"), [("可定 10mg", "critical"), ("路优泰片", "warning"), ("可定期复查", None)]
)
def test_trade_names_of_the_shelf(words: str, severity: str | None) -> None:
    draft = order({"text": words}, 10, 24, 0, id="n-draft", status="draft")
    told = assessed(both_in_range(), draft)
    assert shortfalls({"ordersAtLeast": severity} if severity else {"ordersAtMost": "none"}, told) == []
