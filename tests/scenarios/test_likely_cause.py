"""A danger says what came before it and may have brought it about; the order of that drug can be ended."""

from typing import Any

import pytest

from tests.bench.servers import ours
from tests.hook_calls import call_body, prefetch_of
from tests.scenarios.dosing_charts import (
    VORICONAZOLE,
    Chart,
    kidneys,
    lab,
    level,
    on_both,
    on_sirolimus,
    taking,
)
from tests.scenarios.fhir_charts import Json, assessed, atc, dispense, dosage, order, statement, with_patient

DILTIAZEM = atc("C08DB01", "diltiazem")
RIFAMPIN = atc("J04AB02", "rifampicin")
IBUPROFEN = atc("M01AE01", "ibuprofen")
SPIRONOLACTONE = atc("C03DA01", "spironolactone")
SERVICE = "aa-trial-titration"


def heart(since: int, **more: Any) -> Json:
    return order(DILTIAZEM, since, dosage(30, "mg", 8), **more)


def safety(chart: Chart, rule: str) -> str:
    (found,) = [alert["seen"] for alert in assessed(*chart)["safety"] if alert["ruleId"] == rule]
    return str(found)


def card(chart: Chart, language: str = "en", drug: str = "sirolimus") -> Json:
    body = call_body(SERVICE, "p1", prefetch_of(tuple(with_patient(*chart))))
    cards = ours(language).test_client().post(f"/cds-services/{SERVICE}", json=body).get_json()["cards"]
    told = "org.aa-cds.decision"
    return next(c for c in cards if c["extension"][told]["decision"]["drug"] == drug)


GOOD, HIGH = level("sirolimus", 9, 30), level("sirolimus", "23.4", 1)
SINCE_9 = "likely cause: diltiazem since 2026-02-21"

LEVELS = [
    ("begun since the last good level", (GOOD, HIGH, heart(9)), SINCE_9),
    ("begun on the day of the sample", (GOOD, HIGH, heart(1)), "diltiazem since 2026-03-01"),
    ("begun after the sample", (GOOD, HIGH, heart(0)), ""),
    ("at work in the last good level already", (GOOD, HIGH, heart(44)), ""),
    ("begun just before the last good level", (GOOD, HIGH, heart(35)), "diltiazem since 2026-01-26"),
    ("no level before", (HIGH, heart(9)), SINCE_9),
    ("no level before, long begun", (HIGH, heart(50)), ""),
    ("a high level before is no good one", (GOOD, level("sirolimus", 14, 5), HIGH, heart(9)), SINCE_9),
    ("only drafted", (GOOD, HIGH, heart(9, status="draft")), ""),
    ("no drug that changes the level", (GOOD, HIGH, order(IBUPROFEN, 9, dosage(300, "mg", 12))), ""),
    ("nothing", (GOOD, HIGH), ""),
]


@pytest.mark.parametrize(("what", "more", "told"), LEVELS, ids=[row[0] for row in LEVELS])
def test_a_dangerous_level_names_the_drug_that_was_begun_before_it(what: str, more: Chart, told: str) -> None:
    seen = safety(on_sirolimus(*more, sirolimus=taking("sirolimus", 2, since=90, days=120)), "SAF-SRL-LEVEL")
    assert told in seen
    assert ("likely cause" in seen) is bool(told)


@pytest.mark.parametrize(("ended", "named"), [(3, True), (8, True), (9, False)])
def test_a_drug_that_ended_shortly_before_is_named_with_both_days(ended: int, named: bool) -> None:
    taken = statement(DILTIAZEM, 12, ended)
    seen = safety(
        on_sirolimus(GOOD, HIGH, taken, sirolimus=taking("sirolimus", 2, since=90, days=120)), "SAF-SRL-LEVEL"
    )
    assert ("likely cause: diltiazem 2026-02-18 to " in seen) is named


def test_an_inducer_that_was_stopped_is_a_cause() -> None:
    before = statement(RIFAMPIN, 60, 20)
    chart = on_sirolimus(GOOD, HIGH, before, sirolimus=taking("sirolimus", 2, since=90, days=120))
    assert "likely cause: rifampin stopped on 2026-02-10" in safety(chart, "SAF-SRL-LEVEL")


def test_an_inducer_that_is_still_taken_is_none() -> None:
    chart = on_sirolimus(
        GOOD, HIGH, statement(RIFAMPIN, 60), sirolimus=taking("sirolimus", 2, since=90, days=120)
    )
    assert "cause" not in safety(chart, "SAF-SRL-LEVEL")


def test_a_dose_that_was_raised_is_a_cause_of_either_drug() -> None:
    raised = (*taking("sirolimus", 1, since=60, days=50), *taking("sirolimus", 3, since=10))
    assert "likely cause: sirolimus raised to 3 mg" in safety(
        on_sirolimus(GOOD, HIGH, sirolimus=raised), "SAF-SRL-LEVEL"
    )
    lowered = (*taking("sirolimus", 3, since=60, days=50), *taking("sirolimus", 1, since=10))
    assert "cause" not in safety(on_sirolimus(GOOD, HIGH, sirolimus=lowered), "SAF-SRL-LEVEL")
    more = (*taking("ciclosporin", 50, since=60, days=50), *taking("ciclosporin", 100, since=6))
    beside = on_both(level("sirolimus", 22, 0), *kidneys(), ciclosporin=more)
    assert "ciclosporin raised to 100 mg" in safety(beside, "SAF-SRL-LEVEL")


def test_a_level_above_target_that_is_no_danger_names_it_in_its_headline() -> None:
    chart = on_sirolimus(
        GOOD, level("sirolimus", 17, 1), heart(9), sirolimus=taking("sirolimus", 2, since=90, days=120)
    )
    assert card(chart)["summary"].endswith(SINCE_9) or "diltiazem" in card(chart)["summary"]


KIDNEY = [
    (
        "an NSAID begun before the creatinine",
        (order(IBUPROFEN, 5, dosage(300, "mg", 12)),),
        "ibuprofen since",
    ),
    ("an NSAID taken for three days", (statement(IBUPROFEN, 6, 4),), "ibuprofen 2026-02-24 to"),
    ("an NSAID that ended long ago", (statement(IBUPROFEN, 30, 20),), ""),
    ("an NSAID of today", (order(IBUPROFEN, 0, dosage(300, "mg", 12)),), ""),
    ("a drug that only raises potassium", (order(SPIRONOLACTONE, 5, dosage(20, "mg", 24)),), ""),
]


@pytest.mark.parametrize(("what", "more", "told"), KIDNEY, ids=[row[0] for row in KIDNEY])
def test_an_acute_kidney_injury_names_the_drug_that_harms_kidneys(what: str, more: Chart, told: str) -> None:
    seen = safety(on_both(*kidneys(130), *more), "SAF-AKI")
    assert told in seen
    assert ("likely cause" in seen) is bool(told)


def test_potassium_names_the_drug_that_raises_it_and_the_schedule_does_not_repeat_it() -> None:
    more = order(SPIRONOLACTONE, 5, dosage(20, "mg", 24))
    chart = on_both(*kidneys(), lab("2823-3", "6.2", "mmol/L", 1), more)
    assert "likely cause: spironolactone since" in safety(chart, "SAF-K6")
    (due,) = [m["seen"] for m in assessed(*chart)["monitoring"] if m["test"] == "potassium"] or [""]
    assert "cause" not in str(due)


HEADLINES = {
    "en": "HOLD sirolimus (now: 2 mg once daily): sirolimus level 23.4 ng/mL on 2026-03-01, " + SINCE_9,
    "zh": "【暂停用药】西罗莫司（现用剂量：2 mg 每日一次）：2026-03-01 西罗莫司血药浓度 23.4 ng/mL，"
    "可能原因：地尔硫䓬（2026-02-21 起使用）",
}
STOPS = {
    "en": "Stop diltiazem: end its order of 2026-02-21",
    "zh": "停用地尔硫䓬：停止 2026-02-21 的医嘱",
}


@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_cause_stands_in_the_headline_and_its_order_can_be_ended(language: str) -> None:
    drug = heart(9)
    chart = on_sirolimus(GOOD, HIGH, drug, sirolimus=taking("sirolimus", 2, since=90, days=120))
    told = card(chart, language)
    assert told["summary"] == HEADLINES[language]
    assert told["selectionBehavior"] == "any"
    first, second = told["suggestions"]
    assert first["isRecommended"]
    assert "isRecommended" not in second
    assert second["label"] == STOPS[language]
    (action,) = second["actions"]
    assert (action["type"], action["resource"]) == ("update", drug | {"status": "stopped"})


OFFERED = [
    ("contraindicated", (order(VORICONAZOLE, 4, dosage(200, "mg", 12)),), 1),
    ("handed over, no order known", (dispense(VORICONAZOLE, 4, 30, dosage(200, "mg", 12)),), 0),
    ("by the patient's word only", (statement(VORICONAZOLE, 4),), 0),
    (
        "two orders",
        (order(VORICONAZOLE, 4, dosage(200, "mg", 12)), order(VORICONAZOLE, 2, dosage(200, "mg", 12))),
        2,
    ),
    ("stopped already", (order(VORICONAZOLE, 4, dosage(200, "mg", 12), status="stopped"),), 0),
    ("a plan", (order(VORICONAZOLE, 4, dosage(200, "mg", 12), intent="plan"),), 0),
    ("a mere caution without a danger", (heart(60),), 0),
]


@pytest.mark.parametrize(("what", "more", "stops"), OFFERED, ids=[row[0] for row in OFFERED])
def test_only_orders_that_run_and_that_a_warning_names_can_be_ended(
    what: str, more: Chart, stops: int
) -> None:
    told = card(on_sirolimus(level("sirolimus", 7, 2), *more))
    labels = [one["label"] for one in told.get("suggestions", [])]
    assert len([label for label in labels if label.startswith("Stop ")]) == stops


def test_a_hold_for_another_drug_can_be_carried_out_and_has_its_next_level() -> None:
    told = card(on_sirolimus(level("sirolimus", 7, 2), order(VORICONAZOLE, 4, dosage(200, "mg", 12))))
    first = told["suggestions"][0]
    assert first["label"] == "Hold sirolimus: suspend its order"
    kinds = [(a["type"], a["resource"]["resourceType"]) for a in first["actions"]]
    assert kinds == [("update", "MedicationRequest"), ("create", "ServiceRequest")]
    days = first["actions"][1]["resource"]["occurrencePeriod"]
    assert days == {"start": "2026-03-02", "end": "2026-03-03"}


@pytest.mark.parametrize("language", ["en", "zh"])
def test_a_drug_whose_order_is_ended_is_said_to_be_so_and_stays_the_reason(language: str) -> None:
    ended = order(VORICONAZOLE, 4, dosage(200, "mg", 12), status="stopped")
    chart = on_sirolimus(
        level("sirolimus", 7, 5), ended, dispense(VORICONAZOLE, 4, 30, dosage(200, "mg", 12))
    )
    told = card(chart, language)
    words = {"en": "(order ended, supply may last)", "zh": "医嘱已停止，所发药品可能仍在服用"}[language]
    assert words in told["detail"]
    assert {"en": "voriconazole", "zh": "伏立康唑"}[language] in told["summary"]


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ((), "since 2026-02-26, contraindicated"),
        ((order(VORICONAZOLE, 3, dosage(200, "mg", 12)),), "since 2026-02-26, contraindicated"),
        ((order(VORICONAZOLE, 4, dosage(200, "mg", 12), status="on-hold"),), "order ended"),
        (
            (order(VORICONAZOLE, 4, dosage(200, "mg", 12), status="draft"),),
            "since 2026-02-26, contraindicated",
        ),
    ],
)
def test_only_an_order_that_is_over_is_said_to_be_ended(more: Chart, said: str) -> None:
    supply = dispense(VORICONAZOLE, 4, 30, dosage(200, "mg", 12))
    assert said in safety(on_sirolimus(level("sirolimus", 7, 5), supply, *more), "DDI-CRITICAL")


def test_a_drug_on_hold_is_kept_on_hold_and_stopped_for_a_review_where_that_is_asked() -> None:
    held, supply = taking("sirolimus", 2)
    chart = on_sirolimus(
        level("sirolimus", 7, 5),
        order(VORICONAZOLE, 4, dosage(200, "mg", 12)),
        sirolimus=(held | {"status": "on-hold"}, supply),
    )
    told = card(chart)
    assert told["summary"].startswith("Keep sirolimus on hold: voriconazole")
    assert "**Dose** on hold" in told["detail"]
    assert [s["label"] for s in told["suggestions"]][-1].startswith("Stop voriconazole")
