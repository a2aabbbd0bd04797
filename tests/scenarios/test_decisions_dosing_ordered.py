"""A change that is ordered and not yet begun (DECISIONS 84), and orders that belong together (65)."""

import pytest

from tests.scenarios.dosing_charts import (
    SIROLIMUS_ARM,
    Chart,
    alerts,
    decision,
    kidneys,
    labs,
    level,
    line,
    on_both,
    on_sirolimus,
    taking,
)
from tests.scenarios.fhir_charts import CICLOSPORIN_25MG, SIROLIMUS_1MG, Json, ago, assessed, dispense, order


def ordered(mg: float, days: int, **more: object) -> Json:
    """A new sirolimus order of some days ago."""
    return order(SIROLIMUS_1MG, days, line(mg), **more)


def with_order(mg: float, days: int, value: float | None) -> Chart:
    """A month on 2 mg whose order has been stopped, and a newer order; the level is of the day before it."""
    old, supply = taking("sirolimus", 2)
    levels = () if value is None else (level("sirolimus", value, days + 1),)
    return on_sirolimus(*levels, ordered(mg, days), sirolimus=(old | {"status": "stopped"}, supply))


# level, mg ordered, days ago: state, proposed
@pytest.mark.parametrize(
    ("value", "mg", "days", "expected"),
    [
        (3.1, 3, 0, "RECHECK CHANGE_ORDERED"),
        (3.1, 3, 7, "RECHECK CHANGE_ORDERED"),
        (3.1, 3, 8, "RECHECK ORDER_NOT_STARTED"),
        (7, 3, 0, "RECHECK CHANGE_ORDERED"),
        (13, 1, 0, "RECHECK CHANGE_ORDERED"),
        (13, 3, 0, "DECREASE "),
        (17, 1, 0, "HOLD "),
        (25, 1, 0, "HOLD SAFETY_LEVEL"),
        (3.1, 6, 0, "RECHECK ORDER_NOT_STARTED"),
        (None, 3, 0, "RECHECK CHANGE_ORDERED"),
    ],
)
def test_an_ordered_change_is_waited_for(value: float | None, mg: float, days: int, expected: str) -> None:
    found = decision(assessed(*with_order(mg, days, value)))
    assert f"{found['state']} {','.join(found['reasons'])}".startswith(expected)


@pytest.mark.parametrize("unit", ["ng/mL", "mg/dL", "mmol/L"])
@pytest.mark.parametrize("code", ["72676-0", "29247-4", "80548-1"])
@pytest.mark.parametrize("value", ["<0.3", "90", "5"])
def test_whatever_is_wrong_with_the_last_level(unit: str, code: str, value: str) -> None:
    chart = (*with_order(3, 0, None), level("sirolimus", value, 1, code=code, unit=unit))
    found = decision(assessed(*chart))
    assert found["state"] in ("RECHECK", "HOLD")


def test_what_is_said_of_it_and_when_its_level_is_due() -> None:
    found = decision(assessed(*with_order(3, 0, 3.1)))
    assert "ordered today: 3 mg every 24 h, not yet dispensed" in found["seen"]
    assert found["proposedDose"] is None
    assert (found["recheck"]["notBefore"], found["recheck"]["by"]) == (ago(-7), ago(-14))
    later = decision(assessed(*with_order(3, 4, 3.1)))
    assert f"ordered on {ago(4)}" in later["seen"]
    assert (later["recheck"]["notBefore"], later["recheck"]["by"]) == (ago(-3), ago(-10))


def test_a_first_dose_that_is_ordered_is_waited_for() -> None:
    chart = (*SIROLIMUS_ARM, *labs(), *kidneys(), ordered(2, 0))
    found = decision(assessed(*chart))
    assert (found["state"], found["reasons"]) == ("RECHECK", ["CHANGE_ORDERED"])
    assert decision(assessed(*SIROLIMUS_ARM, *labs(), *kidneys()))["state"] == "INITIATE"
    late = decision(assessed(*SIROLIMUS_ARM, *labs(), *kidneys(), ordered(2, 8)))
    assert (late["state"], late["reasons"]) == ("CANNOT_ADVISE", ["DOSE_NOT_DOCUMENTED"])


def test_a_test_that_is_missing_stays_asked_for() -> None:
    chart = on_both(level("ciclosporin", 80, 1), order(CICLOSPORIN_25MG, 0, line(100, 12)))
    old = next(r for r in chart if r["resourceType"] == "MedicationRequest" and "835894" in str(r))
    stopped = tuple(r | {"status": "stopped"} if r is old else r for r in chart)
    found = decision(assessed(*stopped), "ciclosporin")
    assert found["reasons"][0] == "CHANGE_ORDERED"
    assert found["recheck"]["test"] == "creatinine"


@pytest.mark.parametrize(
    ("value", "days", "state", "told"),
    [
        (7, 7, "RECHECK", "ordered on 2026-02-23: 3 mg every 24 h, not yet dispensed"),
        (7, 8, "CONTINUE", "; ordered on 2026-02-22: 3 mg every 24 h, no sign that it was started"),
        (3.1, 8, "RECHECK", "no sign that it was started; ordered on 2026-02-22: 3 mg every 24 h"),
        (13, 8, "DECREASE", ""),
    ],
)
def test_an_order_that_nobody_began_is_not_passed_over(
    value: float, days: int, state: str, told: str
) -> None:
    found = decision(assessed(*with_order(3, days, value)))
    assert found["state"] == state
    assert found["seen"].endswith(told)
    assert ("ORDER_NOT_STARTED" in found["reasons"]) is ("no sign" in told)


def on_hold(*more: Json, status: str = "on-hold") -> Chart:
    """Held for 16 ng/mL eight days ago, 6 ng/mL since: 1 mg may be given again."""
    old, supply = taking("sirolimus", 2)
    levels = (level("sirolimus", 16, 8), level("sirolimus", 6, 1))
    return on_sirolimus(*levels, *more, sirolimus=(old | {"status": status}, supply))


@pytest.mark.parametrize(
    ("more", "state", "told"),
    [
        ((), "INITIATE", "held after level 16"),
        ((ordered(1, 0, status="draft"),), "RECHECK CHANGE_ORDERED", "drafted today: 1 mg"),
        ((ordered(1, 0),), "RECHECK CHANGE_ORDERED", "ordered today: 1 mg"),
        ((ordered(1, 3),), "RECHECK CHANGE_ORDERED", "ordered on 2026-02-27: 1 mg"),
        ((ordered(2, 0),), "INITIATE RESTART_AFTER_HOLD", "held after level 16"),
        ((ordered(3, 0),), "INITIATE ", "ordered on 2026-03-02: 3 mg every 24 h, no sign"),
    ],
)
def test_a_restart_that_is_ordered_is_known_and_the_hold_stays_on_record(
    more: Chart, state: str, told: str
) -> None:
    found = decision(assessed(*on_hold(*more)))
    assert f"{found['state']} {','.join(found['reasons'])}".startswith(state)
    assert told in found["seen"]
    assert "HOLD_NOT_DOCUMENTED" not in found["reasons"]


def test_a_held_drug_that_is_handed_over_again_is_taken() -> None:
    again = ordered(1, 5), dispense(SIROLIMUS_1MG, 5, 30, line(1))
    found = decision(assessed(*on_hold(*again)))
    assert "RESTART_AFTER_HOLD" not in found["reasons"]
    assert found["currentDose"]["amountMg"] == 1


# ---------------------------------------------------------------- orders that belong together


def in_range(*more: Json) -> Chart:
    return on_sirolimus(level("sirolimus", 7, 1), *more)


def _running(chart: Chart) -> Json:
    return next(r for r in chart if r["resourceType"] == "MedicationRequest")


@pytest.mark.parametrize("intent", ["filler-order", "instance-order", "order"])
def test_an_order_and_what_carries_it_out_are_one(intent: str) -> None:
    chart = in_range()
    based = [{"reference": f"MedicationRequest/{_running(chart)['id']}"}]
    told = assessed(*chart, ordered(2, 20, intent=intent, basedOn=based))
    assert "DUPLICATE_ORDER" not in str(alerts(told)) + str(decision(told)["reasons"])
    assert decision(told)["state"] == "CONTINUE"


def test_an_order_counts_where_what_carries_it_out_tells_no_dose() -> None:
    chart = in_range()
    based = [{"reference": f"MedicationRequest/{_running(chart)['id']}"}]
    filler = order(SIROLIMUS_1MG, 20, {"text": "as told"}, intent="filler-order", basedOn=based)
    found = decision(assessed(*chart, filler))
    assert (found["state"], found["currentDose"]["amountMg"]) == ("CONTINUE", 2)


def test_two_orders_that_do_not_belong_together_are_two() -> None:
    told = assessed(*in_range(ordered(2, 20)))
    assert "DUPLICATE_ORDER" in decision(told)["reasons"]


@pytest.mark.parametrize(("mg", "state"), [(2, "CONTINUE"), (3, "RECHECK")])
def test_a_renewal_ends_the_order_that_it_renews(mg: int, state: str) -> None:
    chart = in_range()
    before = {"reference": f"MedicationRequest/{_running(chart)['id']}"}
    found = decision(assessed(*chart, ordered(mg, 0, priorPrescription=before)))
    assert found["state"] == state
    assert "DUPLICATE_ORDER" not in found["reasons"]
    assert decision(assessed(*chart, ordered(3, 0)))["reasons"] != found["reasons"]


@pytest.mark.parametrize("mg", [2, 3])
def test_a_draft_that_renews_by_reference_repeats_nothing(mg: int) -> None:
    chart = on_sirolimus(level("sirolimus", 3.1 if mg == 3 else 7, 1))
    before = {"priorPrescription": {"reference": f"MedicationRequest/{_running(chart)['id']}"}}
    draft = ordered(mg, 0, status="draft")
    alone = alerts(assessed(*chart, drafts=[draft]), "orders")
    renewing = alerts(assessed(*chart, drafts=[draft | before]), "orders")
    assert [a.split()[0] for a in alone] == ["DUPLICATE_ORDER" if mg == 2 else "ORDER_GOES_ON"]
    assert renewing == []
