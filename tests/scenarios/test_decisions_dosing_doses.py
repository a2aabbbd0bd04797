"""From FHIR to the dose in force: orders, supply, statements, tablets, words (DECISIONS 22, 35, 36, 47)."""

from typing import Any

import pytest

from tests.scenarios.dosing_charts import (
    Chart,
    alerts,
    at,
    decision,
    dose,
    kidneys,
    level,
    line,
    on_both,
    on_sirolimus,
    said,
    state,
    taking,
)
from tests.scenarios.fhir_charts import (
    CICLOSPORIN_25MG,
    SIROLIMUS_1MG,
    Json,
    administration,
    assessed,
    dispense,
    dosage,
    order,
    problems,
    rxnorm,
    statement,
    text,
)

UP = "INCREASE 3 VALID -"
UNTOLD = "CANNOT_ADVISE - NOT_STEADY_STATE DOSE_NOT_DOCUMENTED"
OFF = "CANNOT_ADVISE - NOT_TROUGH DOSE_NOT_DOCUMENTED"
TORN = "CANNOT_ADVISE - NOT_STEADY_STATE CONFLICTING_DOSES"
LOW = level("sirolimus", 3)
TWO_MG = rxnorm("360110", "sirolimus 2 MG Oral Tablet")
PRODUCT = {"resourceType": "Medication", "id": "med1", "code": SIROLIMUS_1MG}


def on(*sirolimus: Json, trough: Json = LOW) -> Json:
    """The assessment of a low trough under what the chart says of sirolimus."""
    return assessed(*on_sirolimus(trough, sirolimus=sirolimus))


def supplied(*lines: Json, drug: Json = SIROLIMUS_1MG, **more: Any) -> Json:
    """A supply of 60 days handed over 30 days ago."""
    return dispense(drug, 30, 60, *lines, **more)


def said_daily(words: str, amount: Any = 2, unit: str = "mg") -> Json:
    return dosage(amount, unit, timing={"code": text(words)})


# ---------------------------------------------------------------- which entries make a dose


SIGNS: list[tuple[str, Chart, str]] = [
    ("supply alone", (supplied(line(2)),), UP),
    ("statement alone", (statement(SIROLIMUS_1MG, 30, None, line(2)),), UP),
    ("supply under an order that tells the dose", (order(SIROLIMUS_1MG, 30, line(2)), supplied()), UP),
    ("doses given", tuple(administration(SIROLIMUS_1MG, at(d), 2) for d in range(2, 20)), UP),
    (
        "two tablets given at one time are one dose",
        tuple(administration(SIROLIMUS_1MG, at(d), 1) for d in range(2, 20) for _ in "ab"),
        UP,
    ),
    ("order never started", (order(SIROLIMUS_1MG, 30, line(2)),), "NOT_STEADY_STATE"),
    ("supply without a dose", (supplied(),), UNTOLD),
    ("as needed", (supplied(line(2, asNeededBoolean=True)),), UNTOLD),
    ("as needed, by words", (supplied(line(2, asNeededCodeableConcept=text("发热时"))),), UNTOLD),
    ("one to two tablets", (supplied(line(1, timing={"repeat": {"frequency": 1, "frequencyMax": 2, "period": 1, "periodUnit": "d"}})),), UNTOLD),
    ("words say twice a day", (supplied(line(2, text="2 mg bid")),), UNTOLD),
    ("words say every other day", (supplied(line(2, additionalInstruction=[{"text": "隔日服用"}])),), UNTOLD),
    ("words say that it is on hold", (supplied(line(2, text="2mg qd 暂停")),), UNTOLD),
    ("words and figures agree", (supplied(line(2, text="每次2mg，每日一次")),), UP),
    ("dose in words only", (supplied({"text": "2mg 每日一次"}),), UNTOLD),
    ("stopped order", (order(SIROLIMUS_1MG, 30, line(2), status="stopped"), supplied(line(2))), UNTOLD),
    ("not taken", (supplied(line(2)), statement(SIROLIMUS_1MG, 2, None, status="not-taken")), OFF),
    ("two orders", (order(SIROLIMUS_1MG, 30, line(2)), order(SIROLIMUS_1MG, 30, line(1)), supplied(line(2))), TORN),
    ("statement against order", (order(SIROLIMUS_1MG, 30, line(1)), statement(SIROLIMUS_1MG, 20, None, line(2))), TORN),
    ("a stray dose of another amount", (*taking("sirolimus", 2), administration(SIROLIMUS_1MG, at(2), 1)), TORN),
    ("a topical gel", (*taking("sirolimus", 2), order(rxnorm("2596864"), 20, line(1, unit="g"))), UP),
    ("a gel by its name", (*taking("sirolimus", 2), order(text("西罗莫司凝胶"), 20, line(1, unit="g"))), UP),
]  # fmt: skip


@pytest.mark.parametrize(("what", "sirolimus", "outcome"), SIGNS, ids=[s[0] for s in SIGNS])
def test_the_dose_in_force_is_what_the_patient_takes(what: str, sirolimus: Chart, outcome: str) -> None:
    told, mirrored = on(*sirolimus), on(*reversed(sirolimus))
    assert outcome in said(told)
    assert said(mirrored) == said(told)


def test_an_order_on_hold_is_told_as_the_reason() -> None:
    told = on(order(SIROLIMUS_1MG, 30, line(2), status="on-hold"), supplied(line(2)))
    assert decision(told)["reasons"] == ["DOSE_NOT_DOCUMENTED", "DOSE_ON_HOLD"]


def test_two_orders_of_the_same_amount_are_told_and_titrated() -> None:
    told = on(*taking("sirolimus", 2), order(SIROLIMUS_1MG, 30, line(1, 12)))
    assert said(told) == "INCREASE 3 VALID DUPLICATE_ORDER"
    assert alerts(told) == ["DUPLICATE_ORDER warning CORRECT_ORDER sirolimus"]


def test_a_newer_order_not_started_bars_an_increase() -> None:
    old = order(SIROLIMUS_1MG, 30, line(1), status="completed")
    told = on(old, supplied(line(1)), order(SIROLIMUS_1MG, 8, line(2)))
    assert said(told) == "RECHECK - VALID ORDER_NOT_STARTED"
    assert dose(decision(told)["currentDose"]) == "1"


def test_an_order_whose_drug_cannot_be_found_may_be_the_study_drug() -> None:
    unknown = order(
        SIROLIMUS_1MG,
        3,
        line(1),
        medicationCodeableConcept=None,
        medicationReference={"reference": "Medication/gone"},
    )
    told = on(*taking("sirolimus", 2), unknown)
    assert said(told) == UNTOLD
    assert problems(told) == ["MEDICATION_UNRESOLVED"]


@pytest.mark.parametrize(("handed_over", "outcome"), [(44, "RECHECK -"), (45, "CANNOT_ADVISE -")])
def test_supply_holds_the_dose_for_a_fortnight_after_its_end(handed_over: int, outcome: str) -> None:
    supply = dispense(SIROLIMUS_1MG, handed_over, 30, line(2))
    assert state(assessed(*on_sirolimus(sirolimus=(supply,)))) == outcome


@pytest.mark.parametrize(("sampled", "outcome"), [(1, UP), (14, UP), (16, UNTOLD)])
def test_a_level_since_keeps_the_dose_of_a_supply_long_gone(sampled: int, outcome: str) -> None:
    """45 days ago for 30 days: used up 15 days ago; a level of day 16 is from before that."""
    supply = dispense(SIROLIMUS_1MG, 45, 30, line(2))
    assert said(on(supply, trough=level("sirolimus", 3, sampled))) == outcome


@pytest.mark.parametrize(
    ("status", "outcome"),
    [("cancelled", "INITIATE 2"), ("draft", "INITIATE 2"), ("entered-in-error", "INITIATE 2"), ("completed", "CANNOT_ADVISE -"), ("active", "CANNOT_ADVISE -")],
)  # fmt: skip
def test_an_order_alone_is_no_dose_and_bars_a_start_when_it_may_have_been_followed(
    status: str, outcome: str
) -> None:
    chart = on_sirolimus(sirolimus=(order(SIROLIMUS_1MG, 20, line(2), status=status),))
    assert state(assessed(*chart)) == outcome


# ---------------------------------------------------------------- how a dose is written


WRITTEN: list[tuple[str, Chart, str | None]] = [
    ("tablets of 1 mg", (supplied(line(2, unit="{pill}")),), "2"),
    ("one tablet of 2 mg", (supplied(line(1, unit="{tablet}"), drug=TWO_MG),), "2"),
    ("片 每日一次", (supplied(said_daily("每日一次", 2, "片")),), "2"),
    ("毫克 qd", (supplied(said_daily("qd", 2, "毫克"), drug=text("西罗莫司片")),), "2"),
    ("QD", (supplied(said_daily("QD")),), "2"),
    ("referenced product", (PRODUCT, supplied(line(2, unit="{tablet}"), medicationCodeableConcept=None, medicationReference={"reference": "Medication/med1"})), "2"),
    ("contained product", (supplied(line(2, unit="{tablet}"), medicationCodeableConcept=None, contained=[PRODUCT], medicationReference={"reference": "#med1"}),), "2"),
    ("solution of 1 mg/mL", (supplied(line(2, unit="mL"), drug=rxnorm("314230")),), "2"),
    ("micrograms", (supplied(line(2000, unit="ug")),), "2"),
    ("片 of an unknown strength", (supplied(said_daily("每日一次", 2, "片"), drug=text("西罗莫司片")),), None),
    ("a range", (supplied({"timing": {"code": text("qd")}, "doseAndRate": [{"doseRange": {"low": {"value": 1, "unit": "mg"}, "high": {"value": 2, "unit": "mg"}}}]}),), None),
    ("1 and 2 mg in turn", (supplied(line(1, 48), line(2, 48)),), None),
    ("words nobody listed", (supplied(said_daily("as directed")),), None),
]  # fmt: skip


@pytest.mark.parametrize(("what", "sirolimus", "mg"), WRITTEN, ids=[w[0] for w in WRITTEN])
def test_a_dose_is_read_in_milligrams_or_not_at_all(what: str, sirolimus: Chart, mg: str | None) -> None:
    told = on(*sirolimus)
    assert dose(decision(told)["currentDose"]) == (mg or "-")
    assert said(told) == (UP if mg else UNTOLD)


@pytest.mark.parametrize("words", ["q12h", "bid", "每日两次", "每12小时一次"])
def test_ciclosporin_twice_a_day_in_any_words(words: str) -> None:
    supply = dispense(CICLOSPORIN_25MG, 30, 60, said_daily(words, 3, "粒"))
    told = assessed(*on_both(*kidneys(), level("ciclosporin", 100), ciclosporin=(supply,)))
    assert decision(told, "ciclosporin")["currentDose"] == {"amountMg": 75, "everyHours": 12}
    assert said(told, "ciclosporin") == "INCREASE 100 VALID -"


# ---------------------------------------------------------------- doses the trial record does not know


@pytest.mark.parametrize(
    ("mg", "hours", "trough", "outcome"),
    [
        (4, 24, 3, "DECREASE 3 VALID DOSE_OUTSIDE_BOUNDS"),
        (4, 24, 7, "DECREASE 3 VALID DOSE_OUTSIDE_BOUNDS"),
        (0.5, 24, 3, "INCREASE 1 VALID -"),
        (0.5, 24, 7, "RECHECK - VALID DOSE_OUTSIDE_BOUNDS"),
        (1, 48, 3, "RECHECK - VALID DOSE_OUTSIDE_BOUNDS"),
        (1, 12, 3, "RECHECK - VALID DOSE_OUTSIDE_BOUNDS"),
        (1, 12, 13, "DECREASE 1 VALID -"),
        (2.5, 24, 3, "INCREASE 3 VALID -"),
    ],
)
def test_a_sirolimus_dose_outside_the_record_is_never_kept(
    mg: Any, hours: int, trough: int, outcome: str
) -> None:
    taken = taking("sirolimus", mg, hours=hours)
    assert said(on(*taken, trough=level("sirolimus", trough))) == outcome


@pytest.mark.parametrize(
    ("trough", "outcome"),
    [
        (100, "INCREASE 100"),
        (120, "CONTINUE -"),
        (150, "CONTINUE -"),
        (180, "CONTINUE -"),
        (200, "DECREASE 75"),
    ],
)
def test_unequal_doses_of_one_day_are_one_regimen_and_a_change_makes_them_even(
    trough: int, outcome: str
) -> None:
    """100 mg in the morning and 75 mg in the evening (DECISIONS 54)."""
    morning, evening = (
        {"repeat": {"frequency": 1, "period": 1, "periodUnit": "d", "when": [w]}} for w in ("MORN", "EVE")
    )
    supply = dispense(CICLOSPORIN_25MG, 30, 60, dosage(100, timing=morning), dosage(75, timing=evening))
    told = assessed(*on_both(*kidneys(), level("ciclosporin", trough), ciclosporin=(supply,)))
    expected = {"amountMg": 175, "everyHours": 24, "partsMg": [100, 75]}
    assert decision(told, "ciclosporin")["currentDose"] == expected
    assert state(told, "ciclosporin") == outcome


# ---------------------------------------------------------------- the site's day


@pytest.mark.parametrize(
    ("handed_over", "valid"),
    [("2026-02-21T15:59:00Z", "VALID"), ("2026-02-21T16:01:00Z", "NOT_STEADY_STATE")],
)
def test_days_are_those_of_the_site(handed_over: str, valid: str) -> None:
    """16:00 UTC is midnight in Shanghai; the sample is of 28 February, seven days after the 21st."""
    old = dispense(SIROLIMUS_1MG, 60, 90, line(1))
    new = dispense(SIROLIMUS_1MG, handed_over, 30, line(2))
    assert said(on(old, new, trough=level("sirolimus", 3, 2))).split()[2] == valid
