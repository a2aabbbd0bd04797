"""From FHIR to the advice: steps, uneven days, routes, stops and restarts, wash-out (DECISIONS 54-57, 61, 62)."""

from typing import Any

import pytest

from tests.scenarios.dosing_charts import (
    COMBINED_ARM,
    SIROLIMUS_ARM,
    Chart,
    alerts,
    at,
    decision,
    due,
    kidneys,
    lab,
    labs,
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
    ago,
    assessed,
    condition,
    dispense,
    dosage,
    icd,
    order,
    statement,
    text,
)

VEIN = {"text": "静脉滴注"}


def stepped(first: Any, second: Any, changed: int) -> list[Json]:
    """Two daily lines, the second from so many days before TODAY on."""

    def repeat(**bounds: str) -> Json:
        return {"repeat": {"frequency": 1, "period": 1, "periodUnit": "d", "boundsPeriod": bounds}}

    return [
        dosage(first, "mg", timing=repeat(start=ago(40), end=ago(changed + 1))),
        dosage(second, "mg", timing=repeat(start=ago(changed))),
    ]


# ---------------------------------------------------------------- steps (54)


@pytest.mark.parametrize(
    ("changed", "sampled", "outcome"),
    [
        (8, 1, "INCREASE 3 VALID -"),
        (7, 1, "RECHECK - NOT_STEADY_STATE NOT_STEADY_STATE"),
        (7, 0, "INCREASE 3 VALID -"),
        (2, 3, "RECHECK - NOT_STEADY_STATE NOT_STEADY_STATE"),
        (-1, 1, "INCREASE 2 VALID -"),
    ],
)
def test_the_day_of_the_current_line_is_the_day_of_change(changed: int, sampled: int, outcome: str) -> None:
    """1 mg, then 2 mg: the level tells of the dose that was taken for a week before it."""
    lines = stepped(1, 2, changed)
    for sirolimus in (
        (order(SIROLIMUS_1MG, 40, *lines), dispense(SIROLIMUS_1MG, 40, 90, *lines)),
        (statement(SIROLIMUS_1MG, 40, None, *lines),),
    ):
        told = assessed(*on_sirolimus(level("sirolimus", 3, sampled), sirolimus=sirolimus))
        assert said(told) == outcome


@pytest.mark.parametrize(
    ("changed", "sampled", "outcome"),
    [
        (8, 1, "INCREASE 3 VALID -"),
        (7, 1, "RECHECK - NOT_STEADY_STATE NOT_STEADY_STATE"),
        (7, 0, "INCREASE 3 VALID -"),
        (2, 3, "RECHECK - NOT_STEADY_STATE NOT_STEADY_STATE"),
        (-1, 1, "INCREASE 2 VALID -"),
    ],
)
def test_a_supply_that_tells_no_dose_follows_the_lines_of_its_order(
    changed: int, sampled: int, outcome: str
) -> None:
    """Not the first line for as long as the box lasts, with the second as a change that nobody began."""
    sirolimus = (order(SIROLIMUS_1MG, 40, *stepped(1, 2, changed)), dispense(SIROLIMUS_1MG, 40, 90))
    assert said(assessed(*on_sirolimus(level("sirolimus", 3, sampled), sirolimus=sirolimus))) == outcome


@pytest.mark.parametrize(("days", "mg"), [(20, 2), (19, None)])
def test_a_supply_reaches_the_steps_that_begin_while_it_lasts(days: int, mg: int | None) -> None:
    """The second line begins 20 days after the box was handed over."""
    sirolimus = (order(SIROLIMUS_1MG, 28, *stepped(1, 2, 8)), dispense(SIROLIMUS_1MG, 28, days))
    found = decision(assessed(*on_sirolimus(level("sirolimus", 7, 9), sirolimus=sirolimus)))
    assert (found["currentDose"] or {}).get("amountMg") == (mg or 1)


def test_lines_that_contradict_each_other_are_no_dose_in_force() -> None:
    """Both without an end, the second from 20 days ago on: 1 mg, 2 mg, or both?"""

    def open_end(mg: int, since: int) -> Json:
        rhythm = {"frequency": 1, "period": 1, "periodUnit": "d", "boundsPeriod": {"start": ago(since)}}
        return dosage(mg, "mg", timing={"repeat": rhythm})

    lines = [open_end(1, 40), open_end(2, 20)]
    sirolimus = (order(SIROLIMUS_1MG, 40, *lines), dispense(SIROLIMUS_1MG, 40, 90))
    found = decision(assessed(*on_sirolimus(level("sirolimus", 7), sirolimus=sirolimus)))
    assert (found["state"], found["reasons"]) == ("CANNOT_ADVISE", ["DOSE_NOT_DOCUMENTED"])


def test_a_step_of_an_order_on_hold_is_no_sign_that_it_is_taken() -> None:
    told = order(SIROLIMUS_1MG, 40, *stepped(1, 2, 5), status="on-hold")
    sirolimus = (told, dispense(SIROLIMUS_1MG, 40, 90))
    found = decision(assessed(*on_sirolimus(level("sirolimus", 24, 8), sirolimus=sirolimus)))
    assert (found["state"], found["currentDose"]) == ("HOLD", None)
    assert "HOLD_OPEN" in found["reasons"]


# ---------------------------------------------------------------- uneven days (54)


def timed(mg: int, time: str) -> Json:
    return dosage(mg, "mg", timing={"repeat": {"when": [time]}})


def two_orders(morning: int, evening: int) -> Chart:
    return tuple(
        resource
        for mg, time in ((morning, "MORN"), (evening, "EVE"))
        for resource in (
            order(CICLOSPORIN_25MG, 30, timed(mg, time)),
            dispense(CICLOSPORIN_25MG, 30, 60, timed(mg, time)),
        )
    )


@pytest.mark.parametrize(
    ("doses", "trough", "outcome"),
    [
        ((100, 75), 150, "CONTINUE -"),
        ((100, 75), 100, "INCREASE 100"),
        ((75, 75), 150, "CONTINUE 75"),
        ((75, 75), 100, "INCREASE 100"),
        ((150, 25), 150, "CONTINUE -"),
        ((175, 25), 150, "RECHECK -"),
    ],
)
def test_two_orders_for_two_times_of_a_day_are_one_regimen(
    doses: tuple[int, int], trough: int, outcome: str
) -> None:
    one = (dispense(CICLOSPORIN_25MG, 30, 60, timed(doses[0], "MORN"), timed(doses[1], "EVE")),)
    for ciclosporin in (two_orders(*doses), one):
        told = assessed(*on_both(*kidneys(), level("ciclosporin", trough), ciclosporin=ciclosporin))
        assert state(told, "ciclosporin") == outcome
        assert alerts(told) == []


# ---------------------------------------------------------------- route (55)


def infused(*days: int, mg: int = 75) -> Chart:
    given = (
        administration(CICLOSPORIN_25MG, at(day, clock), mg) for day in days for clock in ("08:00", "20:00")
    )
    return tuple(one | {"dosage": one["dosage"] | {"route": VEIN}} for one in given)


@pytest.mark.parametrize(
    ("ciclosporin", "reasons"),
    [
        (infused(*range(2, 20)), ["DOSE_NOT_DOCUMENTED", "NOT_ORAL"]),
        ((*taking("ciclosporin", 75), *infused(2, 3)), ["DOSE_NOT_DOCUMENTED", "NOT_ORAL"]),
        (
            (*taking("ciclosporin", 75), *infused(20, 21), dispense(CICLOSPORIN_25MG, 15, 60, line(75, 12))),
            [],
        ),
    ],
)
def test_ciclosporin_by_vein_is_no_study_dose(ciclosporin: Chart, reasons: list[str]) -> None:
    told = assessed(*on_both(*kidneys(), level("ciclosporin", 150), ciclosporin=ciclosporin))
    found = decision(told, "ciclosporin")
    assert (found["state"], found["reasons"]) == ("CANNOT_ADVISE" if reasons else "CONTINUE", reasons)


@pytest.mark.parametrize(
    ("mg", "finding"),
    [
        (40, "ORD-ROUTE warning REVIEW ciclosporin"),
        (50, "ORD-ROUTE warning REVIEW ciclosporin"),
        (75, "ORD-ROUTE critical REVIEW ciclosporin"),
    ],
)
def test_a_draft_by_vein_is_warned_of(mg: int, finding: str) -> None:
    draft = order(CICLOSPORIN_25MG, 0, line(mg, 12, route=VEIN), status="draft")
    told = assessed(*COMBINED_ARM, *labs(), *kidneys(), drafts=[draft])
    assert [found for found in alerts(told, "orders") if "ciclosporin" in found] == [finding]


def test_an_injected_product_is_no_study_dose_whatever_the_route_says() -> None:
    product = text("环孢素注射液")
    draft = order(product, 0, line(40, 12, route=text("口服")), status="draft")
    told = assessed(*COMBINED_ARM, *labs(), *kidneys(), drafts=[draft])
    assert "ORD-ROUTE warning REVIEW ciclosporin" in alerts(told, "orders")


@pytest.mark.parametrize(
    "name", ["西罗莫司白蛋白结合型注射剂", "sirolimus protein-bound particles", "Fyarro"]
)
def test_injected_sirolimus_is_no_study_dose_by_whatever_name(name: str) -> None:
    draft = order(text(name), 0, line(100, 168), status="draft")
    told = assessed(*SIROLIMUS_ARM, *labs(), drafts=[draft])
    assert "ORD-ROUTE critical REVIEW sirolimus" in alerts(told, "orders")


# ---------------------------------------------------------------- stopped, and taken up again (56)


def stopped(
    since: int, until: int | None, drug: Json = SIROLIMUS_1MG, mg: Any = 2, hours: int = 24, **more: Any
) -> Json:
    bounds = {"start": ago(since)} | ({"end": ago(until)} if until is not None else {})
    repeat = {"frequency": 1, "period": hours, "periodUnit": "h", "boundsPeriod": bounds}
    return order(drug, since, dosage(mg, "mg", timing={"repeat": repeat}), status="stopped", **more)


@pytest.mark.parametrize(
    ("again", "sampled", "outcome"),
    [
        (8, 1, "CONTINUE 2 VALID -"),
        (7, 1, "RECHECK - NOT_STEADY_STATE NOT_STEADY_STATE"),
        (2, 3, "RECHECK - NOT_TROUGH NOT_TROUGH"),
        (19, 1, "CONTINUE 2 VALID -"),
    ],
)
def test_stopped_and_taken_up_again_is_a_new_start(again: int, sampled: int, outcome: str) -> None:
    sirolimus = (stopped(60, 20), dispense(SIROLIMUS_1MG, 60, 90, line(2)), *taking("sirolimus", 2, again))
    assert said(assessed(*on_sirolimus(level("sirolimus", 7, sampled), sirolimus=sirolimus))) == outcome


@pytest.mark.parametrize("age", [1, 29, 35, 300])
def test_after_a_level_of_any_age_there_is_no_first_dose(age: int) -> None:
    told = assessed(*SIROLIMUS_ARM, *labs(), level("sirolimus", 9.5, age))
    assert decision(told)["reasons"] == ["DOSE_NOT_DOCUMENTED"]
    assert state(assessed(*SIROLIMUS_ARM, *labs(), level("sirolimus", "<0.3", age))) == "INITIATE 2"


# ---------------------------------------------------------------- wash-out, and a decision to stop (56, 62)


BOX = dispense(CICLOSPORIN_25MG, 50, 90, line(75, 12))


def csa_stopped(until: int | None, **more: Any) -> Json:
    return stopped(50, until, CICLOSPORIN_25MG, 75, 12, **more)


TREMOR = {"text": "tremor"}
OFF: list[tuple[str, Chart, str]] = [
    ("stopped 15 days before the level", (BOX, csa_stopped(16, statusReason=TREMOR)), "INCREASE 3 VALID -"),
    ("stopped 14 days before it", (BOX, csa_stopped(15, statusReason=TREMOR)), "INCREASE 3 VALID -"),
    ("stopped 13 days before it", (BOX, csa_stopped(14, statusReason=TREMOR)), "RECHECK - NOT_STEADY_STATE NOT_STEADY_STATE"),
    ("stopped without a reason", (BOX, csa_stopped(16)), "RECHECK - VALID CICLOSPORIN_DOSE_UNKNOWN"),
    ("stopped, nobody wrote when", (BOX, csa_stopped(None, statusReason=TREMOR)), "RECHECK - NOT_STEADY_STATE NOT_STEADY_STATE"),
    ("said to be stopped", (BOX, statement(CICLOSPORIN_25MG, 50, 16, line(75, 12), status="stopped")), "INCREASE 3 VALID -"),
    ("supplied since", (BOX, csa_stopped(16, statusReason=TREMOR), dispense(CICLOSPORIN_25MG, 10, 30, line(75, 12))), "RECHECK - NOT_STEADY_STATE NOT_STEADY_STATE"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "ciclosporin", "outcome"), OFF, ids=[row[0] for row in OFF])
def test_sirolimus_is_titrated_as_alone_after_a_decision_and_the_wash_out(
    name: str, ciclosporin: Chart, outcome: str
) -> None:
    chart = (*COMBINED_ARM, *labs(), *taking("sirolimus", 2), *kidneys(), level("sirolimus", 3.1))
    told = assessed(*chart, *ciclosporin)
    assert said(told) == outcome
    by_decision = "tremor" in str(ciclosporin) or "Statement" in str(ciclosporin)
    expected = "CICLOSPORIN_STOPPED" if by_decision and name != "supplied since" else "DOSE_NOT_DOCUMENTED"
    assert decision(told, "ciclosporin")["reasons"] == [expected]


@pytest.mark.parametrize(
    ("until", "outcome"), [(16, "CONTINUE 2"), (15, "CONTINUE 2"), (14, "RECHECK -"), (None, "RECHECK -")]
)
def test_alone_an_old_box_of_ciclosporin_says_nothing_after_its_stop(until: int | None, outcome: str) -> None:
    chart = (*SIROLIMUS_ARM, *labs(), *taking("sirolimus", 2), level("sirolimus", 7.9))
    told = assessed(*chart, BOX, csa_stopped(until))
    assert state(told) == outcome
    if until is not None:
        assert alerts(told) == []


# ---------------------------------------------------------------- what bars a start (57)


def starting(*more: Json) -> Json:
    return assessed(*COMBINED_ARM, *labs(), *kidneys(), *more)


BARS: list[tuple[str, Chart, str, str]] = [
    ("nothing", (), "INITIATE 2", "INITIATE 50"),
    ("protein 3.6 g/g", (lab("2890-2", 3600, "mg/g"),), "RECHECK -", "INITIATE 50"),
    ("potassium 5.5", (lab("2823-3", 5.5, "mmol/L"),), "INITIATE 2", "RECHECK -"),
    ("potassium 5.4", (lab("2823-3", 5.4, "mmol/L"),), "INITIATE 2", "INITIATE 50"),
    ("160 mmHg", (lab("8480-6", 160, "mm[Hg]"),), "INITIATE 2", "RECHECK -"),
    ("159 mmHg", (lab("8480-6", 159, "mm[Hg]"),), "INITIATE 2", "INITIATE 50"),
    ("140 mmHg twice", (lab("8480-6", 140, "mm[Hg]"), lab("8480-6", 140, "mm[Hg]", 5)), "INITIATE 2", "RECHECK -"),
    ("angio-oedema", (condition(icd("T78.3"), onset=2),), "RECHECK -", "INITIATE 50"),
    ("acute kidney failure since the creatinine", (condition(icd("N17.8"), onset=1),), "INITIATE 2", "RECHECK -"),
    ("and before it", (condition(icd("N17.8"), onset=5),), "INITIATE 2", "INITIATE 50"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "more", "sirolimus", "ciclosporin"), BARS, ids=[row[0] for row in BARS])
def test_a_start_is_barred_by_what_bars_a_raise(
    name: str, more: Chart, sirolimus: str, ciclosporin: str
) -> None:
    told = starting(*more)
    assert (state(told), state(told, "ciclosporin")) == (sirolimus, ciclosporin)


def test_raised_liver_tests_lower_the_first_dose_and_do_not_bar_it() -> None:
    told = assessed(*SIROLIMUS_ARM, *labs(alt=130))
    assert said(told) == "INITIATE 1 MISSING START_LIVER,MISSING_WEIGHT,MISSING_BILIRUBIN"
    assert state(assessed(*SIROLIMUS_ARM, *labs(alt=210))) == "HOLD -"


def test_a_creatinine_of_today_is_due_after_coded_kidney_failure() -> None:
    told = assessed(*on_both(*kidneys(), level("ciclosporin", 88), condition(icd("N17.8"), onset=0)))
    assert due(told, "creatinine")[:2] == (ago(0), "due")


# ---------------------------------------------------------------- timed by a dose, timed by a specimen (61)


@pytest.mark.parametrize(
    ("clock", "outcome", "critical"),
    [
        ("08:15", "HOLD -", True),
        ("08:30", "RECHECK -", False),
        ("10:00", "RECHECK -", False),
        ("14:00", "RECHECK -", False),
        ("14:10", "HOLD -", True),
        ("20:00", "HOLD -", True),
    ],
)
def test_a_level_shortly_after_a_documented_dose_is_no_safety_level(
    clock: str, outcome: str, critical: bool
) -> None:
    given = administration(CICLOSPORIN_25MG, at(2), 75)
    told = assessed(*on_both(*kidneys(), given, level("ciclosporin", 900, at(2, clock), "3520-4")))
    assert state(told, "ciclosporin") == outcome
    assert ("SAF-CSA-LEVEL critical HOLD ciclosporin" in alerts(told)) is critical


@pytest.mark.parametrize(
    ("collected", "outcome"),
    [
        ("08:00", "INCREASE 3 VALID -"),
        ("09:00", "INCREASE 3 VALID -"),
        ("09:01", "RECHECK - ASSUMED_TROUGH TROUGH_TIME_UNPROVEN"),
        ("06:59", "RECHECK - ASSUMED_TROUGH TROUGH_TIME_UNPROVEN"),
    ],
)
def test_a_specimen_of_another_time_makes_a_trough_an_assumption(collected: str, outcome: str) -> None:
    specimen = {"resourceType": "Specimen", "id": "s1", "collection": {"collectedDateTime": at(2, collected)}}
    low = level("sirolimus", 3, at(2), specimen={"reference": "#s1"}, contained=[specimen])
    assert said(assessed(*on_sirolimus(low))) == outcome
