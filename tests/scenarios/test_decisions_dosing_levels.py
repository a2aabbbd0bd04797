"""From FHIR to the use of a level: units, specimen, timing, age, duplicates, danger (DECISIONS 24-26)."""

from typing import Any

import pytest

from tests.scenarios.dosing_charts import (
    at,
    called,
    kidneys,
    level,
    line,
    on_both,
    on_sirolimus,
    said,
)
from tests.scenarios.fhir_charts import (
    CICLOSPORIN_25MG,
    SIROLIMUS_1MG,
    UCUM,
    Json,
    administration,
    assessed,
    dispense,
    problems,
    text,
)
from tests.tables import Case, cases

UP = "INCREASE 3 VALID -"
SERUM = {"resourceType": "Specimen", "id": "sp", "type": {"text": "血清"}}


def srl(value: Any, when: Any = 1, **more: Any) -> Json:
    return level("sirolimus", value, when, **more)


def csa(value: Any, when: Any = 1, **more: Any) -> Json:
    return level("ciclosporin", value, when, **more)


def sirolimus_with(*more: Json) -> str:
    """What is said of 2 mg of sirolimus with these entries beside it."""
    return said(assessed(*on_sirolimus(*more)))


def ciclosporin_with(*more: Json) -> str:
    """What is said of 75 mg of ciclosporin with healthy kidneys and these entries beside it."""
    return said(assessed(*on_both(*kidneys(), *more)), "ciclosporin")


# ---------------------------------------------------------------- units and comparators


@pytest.mark.parametrize(
    "case",
    cases("""
    value  | unit   | outcome
    3.2    | ng/mL  | INCREASE 3 VALID -
    3.2    | ug/L   | INCREASE 3 VALID -
    0.0032 | mg/L   | INCREASE 3 VALID -
    4.37   | nmol/L | INCREASE 3 VALID -
    4.38   | nmol/L | CONTINUE 2 VALID -
    3.2    | ng/dL  | RECHECK - UNIT_UNUSABLE UNIT_UNUSABLE
    3.2    | mmol/L | RECHECK - UNIT_UNUSABLE UNIT_UNUSABLE
    3200   | ng/L   | RECHECK - UNIT_UNUSABLE UNIT_UNUSABLE
    <0.3   | ng/mL  | RECHECK - BELOW_QUANTIFICATION BELOW_QUANTIFICATION
    <2     | ng/mL  | RECHECK - BELOW_QUANTIFICATION BELOW_QUANTIFICATION
    0.29   | ng/mL  | RECHECK - BELOW_QUANTIFICATION BELOW_QUANTIFICATION
    0      | ng/mL  | RECHECK - BELOW_QUANTIFICATION BELOW_QUANTIFICATION
    >14    | ng/mL  | RECHECK - ABOVE_QUANTIFICATION ABOVE_QUANTIFICATION
    >15    | ng/mL  | HOLD - ABOVE_QUANTIFICATION SAFETY_LEVEL
    >30    | ng/mL  | HOLD - ABOVE_QUANTIFICATION SAFETY_LEVEL
    31     | ng/mL  | HOLD - ABOVE_QUANTIFICATION SAFETY_LEVEL
    -3     | ng/mL  | RECHECK - MISSING MISSING
"""),
    ids=lambda c: f"{c['value']} {c['unit']}",
)
def test_a_sirolimus_level_counts_in_the_unit_it_came_in(case: Case) -> None:
    assert sirolimus_with(srl(case["value"], unit=case["unit"])) == case["outcome"]


@pytest.mark.parametrize(
    "case",
    cases("""
    code    | value | unit   | outcome
    48597-9 | 100   | ng/mL  | INCREASE 100 VALID -
    48597-9 | 100   | ug/L   | INCREASE 100 VALID -
    48597-9 | 0.1   | mg/L   | INCREASE 100 VALID -
    48597-9 | 144.4 | nmol/L | CONTINUE 75 VALID -
    53828-0 | 83.2  | nmol/L | RECHECK - UNIT_UNUSABLE UNIT_UNUSABLE
    48597-9 | 12.4  | ng/mL  | RECHECK - BELOW_QUANTIFICATION BELOW_QUANTIFICATION
    48597-9 | <25   | ng/mL  | RECHECK - BELOW_QUANTIFICATION BELOW_QUANTIFICATION
    48597-9 | >300  | ng/mL  | RECHECK - ABOVE_QUANTIFICATION ABOVE_QUANTIFICATION
    48597-9 | >400  | ng/mL  | HOLD - ABOVE_QUANTIFICATION SAFETY_LEVEL
    48597-9 | 601   | ng/mL  | HOLD - IMPLAUSIBLE SAFETY_LEVEL
"""),
    ids=lambda c: f"{c['code']} {c['value']} {c['unit']}",
)
def test_a_ciclosporin_level_counts_in_the_unit_its_code_allows(case: Case) -> None:
    result = csa(case["value"], code=case["code"], unit=case["unit"])
    assert ciclosporin_with(result) == case["outcome"]


def test_a_level_without_a_unit_or_with_two_is_not_read() -> None:
    bare = srl(3, valueQuantity={"value": 3})
    two = srl(3, valueQuantity={"value": 3, "unit": "mg/L", "code": "ng/mL", "system": UCUM})
    for result in (bare, two):
        told = assessed(*on_sirolimus(result))
        assert (said(told), problems(told)) == ("RECHECK - UNIT_UNUSABLE UNIT_UNUSABLE", ["UNIT_UNUSABLE"])


# ---------------------------------------------------------------- what was measured, and how


UNFIT = [
    ("serum, contained", srl(3, contained=[SERUM], specimen={"reference": "#sp"}), "WRONG_SPECIMEN"),
    ("serum, named", srl(3, specimen={"display": "Serum"}), "WRONG_SPECIMEN"),
    ("dried blood spot", srl(3, code="80548-1"), "WRONG_SPECIMEN"),
    ("called a peak", called("Sirolimus peak", 3), "NOT_TROUGH"),
    ("preliminary", srl(3, status="preliminary"), "MISSING"),
    ("in other words", srl(3, valueQuantity=None, valueString="3.2"), "MISSING"),
    ("without a date", srl(3, None), "MISSING"),
    ("of tomorrow", srl(3, -1), "MISSING"),
    ("15 days old", srl(3, 15), "STALE"),
]


@pytest.mark.parametrize(("what", "result", "validity"), UNFIT, ids=[u[0] for u in UNFIT])
def test_an_unfit_sirolimus_level_only_asks_for_another(what: str, result: Json, validity: str) -> None:
    assert sirolimus_with(result) == f"RECHECK - {validity} {validity}"


UNFIT_CSA = [
    ("polyclonal by code", csa(100, code="33956-4"), "WRONG_ASSAY"),
    ("polyclonal by method", csa(100, method=text("Polyclonal immunoassay")), "WRONG_ASSAY"),
    ("with metabolites", csa(100, code="3522-0"), "WRONG_ASSAY"),
    ("serum", csa(100, code="3521-2"), "WRONG_SPECIMEN"),
    ("serum at 500", csa(500, code="3521-2"), "WRONG_SPECIMEN"),
    ("two hours after the dose", csa(100, code="32997-9"), "NOT_TROUGH"),
    ("two hours after the dose, 900", csa(900, code="32997-9"), "NOT_TROUGH"),
    ("peak", csa(900, code="53834-8"), "NOT_TROUGH"),
    ("8 days old", csa(100, 8), "STALE"),
]


@pytest.mark.parametrize(("what", "result", "validity"), UNFIT_CSA, ids=[u[0] for u in UNFIT_CSA])
def test_an_unfit_ciclosporin_level_only_asks_for_another(what: str, result: Json, validity: str) -> None:
    assert ciclosporin_with(result) == f"RECHECK - {validity} {validity}"


def test_levels_on_the_right_side_of_their_edges_are_titrated_on() -> None:
    assert sirolimus_with(srl(3, 14)) == UP
    for fit in (csa(100, 7), csa(100, code="3523-8")):
        assert ciclosporin_with(fit) == "INCREASE 100 VALID -"
    by_method = csa(100, code="33955-6")
    assert ciclosporin_with(by_method).split()[2] == "ASSUMED_TROUGH", (
        "monoclonal is specific, its time not told"
    )


def test_a_later_peak_hides_no_trough() -> None:
    c2 = csa(900, at(1, "10:00"), code="32997-9")
    assert ciclosporin_with(csa(100, at(1)), c2) == "INCREASE 100 VALID -"


# ---------------------------------------------------------------- when it was taken


@pytest.mark.parametrize(
    "case",
    cases("""
    code    | last dose | outcome
    29247-4 | -         | RECHECK - ASSUMED_TROUGH TROUGH_TIME_UNPROVEN
    29247-4 | 2 08:00   | INCREASE 3 VALID -
    72676-0 | 2 12:00   | INCREASE 3 VALID -
    72676-0 | 2 12:06   | RECHECK - NOT_TROUGH NOT_TROUGH
    72676-0 | 2 04:00   | INCREASE 3 VALID -
    72676-0 | 2 03:54   | RECHECK - NOT_TROUGH NOT_TROUGH
    72676-0 | 1 06:00   | RECHECK - NOT_TROUGH NOT_TROUGH
    72676-0 | 1 08:30   | INCREASE 3 VALID -
    72676-0 | -         | INCREASE 3 VALID -
"""),
    ids=lambda c: f"{c['code']} {c['last dose']}",
)
def test_a_documented_dose_has_the_last_word_on_a_sirolimus_trough(case: Case) -> None:
    """The sample is of yesterday, 08:00; 20 to 28 hours after a dose it is a trough."""
    days, _, clock = case["last dose"].partition(" ")
    given = [administration(SIROLIMUS_1MG, at(int(days), clock), 2)] if clock else []
    assert sirolimus_with(*given, srl(3, code=case["code"])) == case["outcome"]


@pytest.mark.parametrize(
    "case",
    cases("""
    code    | last dose | outcome
    3520-4  | -         | RECHECK - ASSUMED_TROUGH TROUGH_TIME_UNPROVEN
    3520-4  | 22:00     | INCREASE 100 VALID -
    3520-4  | 22:06     | RECHECK - NOT_TROUGH NOT_TROUGH
    3520-4  | 18:00     | INCREASE 100 VALID -
    48597-9 | 17:54     | RECHECK - NOT_TROUGH NOT_TROUGH
"""),
    ids=lambda c: f"{c['code']} {c['last dose']}",
)
def test_a_documented_dose_has_the_last_word_on_a_ciclosporin_trough(case: Case) -> None:
    """The sample is of yesterday, 08:00; 10 to 14 hours after the evening dose it is a trough."""
    evening = case["last dose"]
    given = [administration(CICLOSPORIN_25MG, at(2, evening), 75)] if evening != "-" else []
    assert ciclosporin_with(*given, csa(100, code=case["code"])) == case["outcome"]


@pytest.mark.parametrize(
    ("value", "outcome"), [(3, "RECHECK -"), (7, "CONTINUE 2"), (13, "DECREASE 1"), (17, "HOLD 1")]
)
def test_an_assumed_trough_supports_everything_but_more(value: int, outcome: str) -> None:
    assert sirolimus_with(srl(value, code="29247-4")).startswith(f"{outcome} ASSUMED_TROUGH")


# ---------------------------------------------------------------- steady state


@pytest.mark.parametrize(("days", "outcome"), [(7, UP), (6, "RECHECK - NOT_STEADY_STATE NOT_STEADY_STATE")])
def test_a_week_on_the_new_dose_before_a_sirolimus_trough_counts(days: int, outcome: str) -> None:
    """The sample is of yesterday."""
    old, new = dispense(SIROLIMUS_1MG, 60, 90, line(1)), dispense(SIROLIMUS_1MG, days + 1, 30, line(2))
    assert said(assessed(*on_sirolimus(srl(3), sirolimus=(old, new)))) == outcome


@pytest.mark.parametrize(
    ("days", "outcome"), [(3, "INCREASE 100 VALID -"), (2, "RECHECK - NOT_STEADY_STATE NOT_STEADY_STATE")]
)
def test_three_days_on_the_new_dose_before_a_ciclosporin_trough_counts(days: int, outcome: str) -> None:
    new = dispense(CICLOSPORIN_25MG, days + 1, 30, line(75, 12))
    chart = on_both(*kidneys(), csa(100), ciclosporin=(new,))
    assert said(assessed(*chart), "ciclosporin") == outcome


@pytest.mark.parametrize(("days", "valid"), [(7, "VALID"), (6, "NOT_STEADY_STATE")])
def test_a_changed_ciclosporin_dose_unsettles_the_sirolimus_trough(days: int, valid: str) -> None:
    old = dispense(CICLOSPORIN_25MG, 50, 60, line(50, 12))
    new = dispense(CICLOSPORIN_25MG, days + 1, 30, line(75, 12))
    assert said(assessed(*on_both(ciclosporin=(old, new)))).split()[2] == valid


@pytest.mark.parametrize(("days", "valid"), [(5, "NOT_STEADY_STATE"), (6, "VALID")])
def test_a_missed_dose_unsettles_the_trough_for_five_days(days: int, valid: str) -> None:
    missed = administration(SIROLIMUS_1MG, at(days + 1), status="not-done")
    assert sirolimus_with(missed, srl(3)).split()[2] == valid


@pytest.mark.parametrize(
    ("value", "outcome"), [(13, "RECHECK -"), (15, "RECHECK -"), ("15.1", "HOLD 1"), (25, "HOLD -")]
)
def test_a_level_not_at_steady_state_only_ever_lowers(value: Any, outcome: str) -> None:
    new = dispense(SIROLIMUS_1MG, 4, 30, line(2))
    found = said(assessed(*on_sirolimus(srl(value), sirolimus=(new,))))
    assert found.startswith(f"{outcome} NOT_STEADY_STATE")
