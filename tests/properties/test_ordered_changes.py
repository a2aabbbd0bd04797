"""Whatever change of dose is proposed: ordered, it is waited for, and looked at when the advice said (DECISIONS 84)."""

from typing import Any

import pytest

from tests.scenarios.dosing_charts import (
    BASELINE,
    COMBINED_ARM,
    DRUGS,
    HOURS,
    SIROLIMUS_ARM,
    Chart,
    creatinine,
    decision,
    due,
    kidneys,
    lab,
    labs,
    level,
    line,
    on_both,
    on_sirolimus,
    taking,
)
from tests.scenarios.fhir_charts import Json, ago, assessed, order

SRL, CSA = "sirolimus", "ciclosporin"
STARTING = (*labs(), *kidneys(), lab("2823-3", 4.2, "mmol/L"), lab("29463-7", 55, "kg"))
IMPAIRED = (*BASELINE, creatinine(80, 2, high=70), creatinine(80, 20, high=70))


def held(drug: str, mg: Any) -> Chart:
    """A month on this dose, and the order is on hold now; nobody wrote since when."""
    told, supply = taking(drug, mg)
    return told | {"status": "on-hold"}, supply


CHANGES: dict[str, tuple[str, str, Chart]] = {
    "first dose of sirolimus": (SRL, "INITIATE", (*SIROLIMUS_ARM, *STARTING)),
    "first dose of ciclosporin": (CSA, "INITIATE", (*COMBINED_ARM, *STARTING)),
    "sirolimus up": (SRL, "INCREASE", on_sirolimus(level(SRL, 3.1))),
    "sirolimus down": (SRL, "DECREASE", on_sirolimus(level(SRL, 13))),
    "ciclosporin up": (CSA, "INCREASE", on_both(level(CSA, 80), *kidneys())),
    "ciclosporin down": (CSA, "DECREASE", on_both(level(CSA, 200), *kidneys())),
    "ciclosporin soon down": (CSA, "DECREASE", on_both(level(CSA, 260), *kidneys())),
    "ciclosporin down for the kidneys": (CSA, "DECREASE", on_both(level(CSA, 150), *IMPAIRED)),
    "sirolimus again": (
        SRL,
        "INITIATE",
        on_sirolimus(level(SRL, 24, 10), level(SRL, 9, 2), sirolimus=held(SRL, 2)),
    ),
    "ciclosporin again": (
        CSA,
        "INITIATE",
        on_both(level(CSA, 450, 6), level(CSA, 150), *kidneys(), ciclosporin=held(CSA, 100)),
    ),
}
NAMES = {SRL: "sirolimus", CSA: "cyclosporine"}


def ordered(chart: Chart, drug: str, dose: Json, days: int = 0, **more: Any) -> Chart:
    """The chart in which the running order is stopped and this dose ordered, some days ago, and not begun."""
    stopped = [r | {"status": "stopped"} if _runs(r, drug) else r for r in chart]
    return (*stopped, order(DRUGS[drug], days, line(dose["amountMg"], dose["everyHours"]), **more))


def _runs(resource: Json, drug: str) -> bool:
    active = (resource["resourceType"], resource.get("status")) == ("MedicationRequest", "active")
    return active and NAMES[drug] in str(resource["medicationCodeableConcept"]).casefold()


@pytest.mark.parametrize("name", CHANGES)
def test_a_change_that_is_ordered_is_waited_for_as_it_was_advised(name: str) -> None:
    drug, state, chart = CHANGES[name]
    advised = decision(assessed(*chart), drug)
    assert advised["state"] == state
    told = decision(assessed(*ordered(chart, drug, advised["proposedDose"])), drug)
    assert (told["state"], told["reasons"][0]) == ("RECHECK", "CHANGE_ORDERED")
    assert (told["proposedDose"], told["alternatives"]) == (None, [])
    assert told["currentDose"] == advised["currentDose"]
    assert told["recheck"] == advised["recheck"]


def test_what_is_looked_at_beside_a_restart_of_ciclosporin_is_looked_at_when_it_is_ordered() -> None:
    drug, _, chart = CHANGES["ciclosporin again"]
    advised = assessed(*chart)
    told = assessed(*ordered(chart, drug, decision(advised, drug)["proposedDose"]))
    for test in ("creatinine", "potassium", "ciclosporin-trough"):
        assert due(told, test)[:2] == due(advised, test)[:2]
    assert due(told, "creatinine")[0] == ago(-3)


@pytest.mark.parametrize("name", CHANGES)
def test_it_is_looked_at_as_many_days_after_the_order(name: str) -> None:
    drug, _, chart = CHANGES[name]
    advised = decision(assessed(*chart), drug)
    told = decision(assessed(*ordered(chart, drug, advised["proposedDose"], days=3)), drug)
    wanted = [_earlier(advised["recheck"][end], 3) for end in ("notBefore", "by")]
    assert [told["recheck"]["notBefore"], told["recheck"]["by"]] == wanted


def _earlier(day: str, days: int) -> str:
    """As ISO dates; never before today."""
    after = next(n for n in range(60) if ago(-n) == day)
    return ago(-max(after - days, 0))


@pytest.mark.parametrize("name", CHANGES)
def test_a_change_of_ten_times_the_dose_is_not(name: str) -> None:
    drug, _, chart = CHANGES[name]
    advised = decision(assessed(*chart), drug)
    wrong = {"amountMg": 10 * advised["proposedDose"]["amountMg"], "everyHours": HOURS[drug]}
    told = decision(assessed(*ordered(chart, drug, wrong)), drug)
    assert "CHANGE_ORDERED" not in told["reasons"]


def test_a_dose_above_the_one_after_the_hold_is_none_to_wait_for() -> None:
    drug, _, chart = CHANGES["sirolimus again"]
    told = decision(assessed(*ordered(chart, drug, {"amountMg": 2, "everyHours": 24})), drug)
    assert (told["state"], told["proposedDose"]["amountMg"]) == ("INITIATE", 1)


def test_a_hold_without_any_high_level_is_on_too_until_the_order_after_it_is_begun() -> None:
    chart = on_sirolimus(level(SRL, 7), sirolimus=held(SRL, 2))
    assert decision(assessed(*chart))["reasons"] == ["DOSE_NOT_DOCUMENTED", "DOSE_ON_HOLD"]
    dose = {"amountMg": 2, "everyHours": 24}
    told = decision(assessed(*ordered(chart, SRL, dose)))
    assert (told["state"], told["currentDose"]) == ("RECHECK", None)
    assert told["reasons"][0] == "CHANGE_ORDERED"
    late = decision(assessed(*ordered(chart, SRL, dose, days=8)))
    assert (late["state"], late["reasons"]) == ("CANNOT_ADVISE", ["DOSE_NOT_DOCUMENTED"])
    begun = decision(assessed(*ordered(chart, SRL, dose, days=3), *taking(SRL, 2, since=2)[1:]))
    assert begun["currentDose"] == dose


@pytest.mark.parametrize("value", [14, 19])
def test_a_level_that_nothing_explains_is_wanted_again_whatever_is_ordered(value: int) -> None:
    chart = on_sirolimus(level(SRL, 7, 20), level(SRL, value, 0, code="29247-4"))
    advised = decision(assessed(*chart))
    assert "LEVEL_UNEXPECTED" in advised["reasons"]
    told = decision(assessed(*ordered(chart, SRL, {"amountMg": 1, "everyHours": 24})))
    assert told["recheck"] == advised["recheck"]
