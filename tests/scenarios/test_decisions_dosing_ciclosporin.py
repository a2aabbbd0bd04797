"""From FHIR to ciclosporin and the kidneys (DECISIONS 27-31, 33-35; titration.md 5)."""

from typing import Any

import pytest

from tests.scenarios.dosing_charts import (
    BASELINE,
    COMBINED_ARM,
    Chart,
    alerts,
    creatinine,
    creatinines,
    decision,
    kidneys,
    lab,
    labs,
    level,
    on_both,
    said,
    state,
    taking,
)
from tests.scenarios.fhir_charts import Json, ago, assessed, observation, patient
from tests.tables import Case, cases, named


def csa(value: Any, when: Any = 1) -> Json:
    return level("ciclosporin", value, when)


def renal(*values: Json, mg: Any = 75, **who: Any) -> tuple[str, str]:
    """Renal state, and what is said of ciclosporin."""
    found = assessed(*([patient(**who)] if who else []), *on_both(*values, csa(100), mg=mg))
    return found["renal"]["state"], state(found, "ciclosporin")


# ---------------------------------------------------------------- normal kidneys: the level


@pytest.mark.parametrize(
    "case",
    cases("""
    level | 25 mg       | 75 mg        | 100 mg       | 150 mg                  | rule
    50    | INCREASE 50 | INCREASE 125 | INCREASE 150 | AT_CAP_BELOW_TARGET 150 | CSA-N2
    86.9  | INCREASE 50 | INCREASE 125 | INCREASE 150 | AT_CAP_BELOW_TARGET 150 | CSA-N2
    87    | INCREASE 50 | INCREASE 100 | INCREASE 125 | AT_CAP_BELOW_TARGET 150 | CSA-N2
    119.9 | INCREASE 50 | INCREASE 100 | INCREASE 125 | AT_CAP_BELOW_TARGET 150 | CSA-N2
    120   | CONTINUE 25 | CONTINUE 75  | CONTINUE 100 | CONTINUE 150            | CSA-N3
    180   | CONTINUE 25 | CONTINUE 75  | CONTINUE 100 | CONTINUE 150            | CSA-N3
    180.1 | HOLD -      | DECREASE 50  | DECREASE 75  | DECREASE 125            | CSA-N4
    250   | HOLD -      | DECREASE 50  | DECREASE 50  | DECREASE 100            | CSA-N4
    250.1 | HOLD -      | DECREASE 50  | DECREASE 50  | DECREASE 100            | CSA-N5
    400   | HOLD -      | DECREASE 50  | DECREASE 50  | DECREASE 75             | CSA-N5
    400.1 | HOLD -      | HOLD -       | HOLD -       | HOLD -                  | CSA-N6
"""),
    ids=named,
)
def test_every_edge_of_the_ciclosporin_table(case: Case) -> None:
    for mg in (25, 75, 100, 150):
        found = assessed(*on_both(*kidneys(), csa(case["level"]), mg=mg))
        assert state(found, "ciclosporin") == case[f"{mg} mg"], mg
        at_cap = decision(found, "ciclosporin")["state"] == "AT_CAP_BELOW_TARGET"
        assert decision(found, "ciclosporin")["ruleId"] == ("CSA-CAP" if at_cap else case["rule"])


@pytest.mark.parametrize(
    ("days", "outcome"),
    [(7, "INCREASE 100 VALID -"), (8, "RECHECK - VALID MISSING_CREATININE")],
)
def test_an_increase_needs_a_creatinine_of_this_week(days: int, outcome: str) -> None:
    found = assessed(*on_both(*BASELINE, creatinine(62, days), csa(100)))
    assert said(found, "ciclosporin") == outcome
    for enough in (150, 200):
        kept = assessed(*on_both(*BASELINE, creatinine(62, days), csa(enough)))
        assert state(kept, "ciclosporin") in ("CONTINUE 75", "DECREASE 50")


def test_one_change_at_a_time_and_ciclosporin_first() -> None:
    chart = (*COMBINED_ARM, *labs(), *taking("sirolimus", 2), *taking("ciclosporin", 75), *kidneys())
    found = assessed(*chart, level("sirolimus", 3), csa(100))
    assert said(found, "ciclosporin") == "INCREASE 100 VALID -"
    assert said(found) == "RECHECK - VALID ONE_CHANGE_AT_A_TIME"
    asked = decision(found)["recheck"]
    assert (asked["notBefore"], asked["by"]) == (ago(-7), ago(-14))
    lower = assessed(*chart, level("sirolimus", 3), csa(200))
    assert (said(lower), state(lower, "ciclosporin")) == ("INCREASE 3 VALID -", "DECREASE 50")


# ---------------------------------------------------------------- the renal state


REPLAY: list[tuple[str, Chart, str, str]] = [
    ("1.24 x baseline", creatinines((2, 74.9)), "NORMAL", "INCREASE 100"),
    ("1.25 x baseline once", creatinines((2, 75)), "WATCH", "RECHECK -"),
    ("1.25 x for 6 days", creatinines((8, 75), (2, 75)), "WATCH", "RECHECK -"),
    ("1.25 x for a week", creatinines((9, 75), (2, 75)), "IMPAIRED", "DECREASE 50"),
    ("1.30 x once", creatinines((2, 78)), "IMPAIRED", "DECREASE 50"),
    ("1.30 x, then better once", creatinines((9, 78), (2, 62)), "IMPAIRED", "DECREASE 50"),
    ("two rises", creatinines((9, 78), (2, 80)), "IMPAIRED", "DECREASE 25"),
    ("1.49 x", creatinines((2, 89.9)), "IMPAIRED", "DECREASE 50"),
    ("1.5 x", creatinines((2, 90)), "AKI", "HOLD -"),
    ("up by 26.4 in 48 h", creatinines((4, 50), (2, 76.4)), "WATCH", "RECHECK -"),
    ("up by 26.5 in 48 h", creatinines((4, 50), (2, 76.5)), "AKI", "HOLD -"),
    ("AKI, one better value", creatinines((4, 90), (2, 62)), "AKI", "HOLD -"),
    ("AKI, better for a day", creatinines((4, 90), (3, 62), (2, 62)), "AKI", "HOLD -"),
    ("AKI, better for 48 h", creatinines((6, 90), (4, 62), (2, 62)), "IMPAIRED", "DECREASE 50"),
    ("AKI, back for 13 days", creatinines((20, 90), (15, 62), (2, 62)), "IMPAIRED", "DECREASE 50"),
    ("AKI, back for a fortnight", creatinines((20, 90), (16, 62), (2, 62)), "RECOVERED", "DECREASE 50"),
    ("impaired, at 1.10 x", creatinines((30, 80), (16, 66), (2, 66)), "RECOVERED", "DECREASE 50"),
    # At 75 mg nothing is called stable (DECISIONS 60).
    ("impaired, at 1.11 x", creatinines((30, 80), (16, 66.7), (2, 66.7)), "IMPAIRED", "DECREASE 50"),
    ("impaired, within 10 %", creatinines((30, 80), (16, 80), (2, 88)), "IMPAIRED", "DECREASE 50"),
    ("impaired, 11 % up", creatinines((30, 79), (16, 79), (2, 87.7)), "IMPAIRED", "DECREASE 50"),
    ("AKI of 15 days ago", creatinines((15, 95)), "UNKNOWN", "HOLD -"),
    ("nothing for 15 days", creatinines((15, 62)), "UNKNOWN", "RECHECK -"),
]


@pytest.mark.parametrize(("what", "values", "expected", "dose"), REPLAY, ids=[r[0] for r in REPLAY])
def test_the_renal_state_is_replayed_over_all_creatinines(
    what: str, values: Chart, expected: str, dose: str
) -> None:
    assert renal(*BASELINE, *values) == (expected, dose)
    assert renal(*reversed(values), *BASELINE) == (expected, dose)


def test_the_same_creatinine_in_two_units_is_the_same_state() -> None:
    def in_mg_dl(value: Any, when: int, high: Any = 1.24) -> Json:
        usual = [{"high": {"value": high, "unit": "mg/dL"}}]
        return lab("2160-0", value, "mg/dL", when, referenceRange=usual)

    assert renal(in_mg_dl(0.68, 80), in_mg_dl(0.68, 70), in_mg_dl(0.70, 2)) == ("NORMAL", "INCREASE 100")
    assert renal(*BASELINE, in_mg_dl(0.90, 2)) == ("IMPAIRED", "DECREASE 50")
    assert renal(in_mg_dl(0.68, 80), in_mg_dl(0.68, 70), creatinine(92)) == ("AKI", "HOLD -")


def test_a_creatinine_in_mg_dl_under_a_molar_code_is_not_read() -> None:
    wrong = lab("14682-9", 0.7, "mg/dL", 2)
    assert renal(*BASELINE, wrong) == ("UNKNOWN", "RECHECK -")


UNTOLD: list[tuple[str, Chart, dict[str, Any], str]] = [
    ("no baseline", (creatinine(62),), {}, "UNKNOWN"),
    ("one value before the study", (creatinine(60, 70), creatinine(62)), {}, "UNKNOWN"),
    ("91 days before day 1", (*creatinines((122, 60), (121, 60)), creatinine(62)), {}, "UNKNOWN"),
    ("no reference range", (*BASELINE, creatinine(62, high=None)), {}, "UNKNOWN"),
    ("sex not told", (*BASELINE, creatinine(62)), {"gender": None}, "UNKNOWN"),
    ("birth date not told", (*BASELINE, creatinine(62)), {"birth": None}, "UNKNOWN"),
    ("no baseline, but above normal once", (creatinine(115),), {}, "UNKNOWN"),
    ("no baseline, but above normal twice", creatinines((9, 115), (2, 115)), {}, "IMPAIRED"),
    ("no baseline, but eGFR below 60", (creatinine(140),), {}, "IMPAIRED"),
    ("no baseline, but eGFR below 30", (creatinine(250),), {}, "AKI"),
]


@pytest.mark.parametrize(("what", "values", "who", "expected"), UNTOLD, ids=[u[0] for u in UNTOLD])
def test_what_is_missing_leaves_the_renal_state_unknown_unless_a_rule_decides(
    what: str, values: Chart, who: dict[str, Any], expected: str
) -> None:
    found, dose = renal(*values, **({"birth": "1986-01-15", "gender": "male"} | who))
    assert found == expected
    assert not dose.startswith("INCREASE")


@pytest.mark.parametrize(
    ("mg", "trough", "values", "outcome"),
    [
        (50, 100, creatinines((2, 80)), "CONTINUE 50 VALID RENAL_IMPAIRED"),
        (25, 20, creatinines((2, 80)), "CONTINUE 25 VALID RENAL_IMPAIRED"),
        (50, 180, creatinines((2, 80)), "CONTINUE 50 VALID RENAL_IMPAIRED"),
        (50, "180.1", creatinines((2, 80)), "DECREASE 25 VALID RENAL_IMPAIRED,LEVEL_ABOVE_CEILING"),
        (25, "180.1", creatinines((2, 80)), "HOLD - VALID LEVEL_ABOVE_CEILING"),
        (50, 100, creatinines((9, 78), (2, 80)), "DECREASE 25 VALID RENAL_IMPAIRED,RISING_CREATININE"),
        (
            50,
            100,
            creatinines((30, 80), (16, 80), (2, 80)),
            "CONTINUE 50 VALID RENAL_IMPAIRED,REESCALATION_ASK",
        ),
        (
            25,
            20,
            creatinines((30, 80), (16, 62), (2, 62)),
            "CONTINUE 25 VALID RENAL_IMPAIRED,REESCALATION_ASK",
        ),
        (150, 100, creatinines((2, 75)), "AT_CAP_BELOW_TARGET 150 VALID -"),
        (75, 150, creatinines((2, 75)), "CONTINUE 75 VALID -"),
    ],
)
def test_the_kidneys_beat_the_level(mg: int, trough: Any, values: Chart, outcome: str) -> None:
    found = assessed(*on_both(*BASELINE, *values, csa(trough), mg=mg))
    assert said(found, "ciclosporin") == outcome
    suspended = found["renal"]["state"] in ("IMPAIRED", "STABILISED", "RECOVERED")
    assert (decision(found, "ciclosporin")["target"] is None) is suspended


def test_a_low_egfr_asks_for_the_lowest_dose() -> None:
    values = creatinines((80, 150), (70, 150), (2, 160))
    assert renal(*values, mg=50) == ("IMPAIRED", "CONTINUE 50"), "45 or more at 40 years"
    assert renal(*values, mg=50, birth="1966-01-15", gender="male") == ("IMPAIRED", "DECREASE 25")


# ---------------------------------------------------------------- potassium


@pytest.mark.parametrize(
    ("value", "unit", "more", "outcome", "alert"),
    [
        (6.0, "mmol/L", {}, "HOLD - VALID HIGH_POTASSIUM", "SAF-K6 critical HOLD ciclosporin"),
        (6.1, "meq/L", {}, "HOLD - VALID HIGH_POTASSIUM", "SAF-K6 critical HOLD ciclosporin"),
        (">6.0", "mmol/L", {}, "HOLD - VALID HIGH_POTASSIUM", "SAF-K6 critical HOLD ciclosporin"),
        (5.9, "mmol/L", {}, "RECHECK - VALID SAFETY_DOUBT", "SAF-K warning REPEAT_TEST ciclosporin"),
        (
            6.4,
            "mmol/L",
            {"status": "preliminary"},
            "RECHECK - VALID SAFETY_DOUBT",
            "SAF-PRELIM warning REVIEW ciclosporin",
        ),
        (6.4, "mg/L", {}, "RECHECK - VALID SAFETY_DOUBT", "SAF-UNREAD warning REVIEW ciclosporin"),
        (5.5, "mmol/L", {}, "RECHECK - VALID SAFETY_DOUBT", "SAF-K warning REPEAT_TEST ciclosporin"),
        (5.4, "mmol/L", {}, "INCREASE 100 VALID -", None),
        (4.1, "mmol/L", {}, "INCREASE 100 VALID -", None),
    ],
)
def test_potassium_of_six_holds_ciclosporin(
    value: Any, unit: str, more: Json, outcome: str, alert: str | None
) -> None:
    found = assessed(*on_both(*kidneys(), csa(100), lab("2823-3", value, unit, **more)))
    assert said(found, "ciclosporin") == outcome
    assert alerts(found) == ([alert] if alert else [])


def test_acute_kidney_injury_is_critical_and_bars_a_start() -> None:
    found = assessed(*on_both(*BASELINE, creatinine(95), csa(100)))
    assert alerts(found) == ["SAF-AKI critical HOLD ciclosporin"]
    never = assessed(*on_both(*BASELINE, creatinine(95), ciclosporin=()))
    assert said(never, "ciclosporin").startswith("CANNOT_ADVISE -")


def test_a_weighted_start_within_the_bounds() -> None:
    for kg, mg in ((30, 50), (41, 50), (42, 75), (58, 75), (59, 100), (110, 100)):
        chart = on_both(*kidneys(), observation("29463-7", kg, "kg"), ciclosporin=())
        assert state(assessed(*chart), "ciclosporin") == f"INITIATE {mg}"
    impaired = on_both(*BASELINE, creatinine(80), observation("29463-7", 80, "kg"), ciclosporin=())
    assert said(assessed(*impaired), "ciclosporin") == "INITIATE 25 MISSING RENAL_IMPAIRED"
