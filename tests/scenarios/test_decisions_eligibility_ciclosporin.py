"""DECISIONS 5 from FHIR: what proves three months of ciclosporin, and what a response to it looks like (I4.1).

A course of 200 days up to today reached three months 108 days ago. Before it the counts are severe.
"""

from datetime import date, timedelta
from typing import Any

import pytest

from tests.scenarios import fhir_charts as chart
from tests.scenarios.fhir_charts import (
    CICLOSPORIN,
    administration,
    ago,
    atc,
    attestation,
    concept,
    condition,
    count,
    dispense,
    dosage,
    holds,
    icd,
    observation,
    order,
    period,
    quantity,
    rxnorm,
    statement,
    text,
    transfusion,
)

AA = condition(icd("D61.3"), onset=900)
LONG_AGO = transfusion("red", 900)


def full(hb: Any, plt: Any, anc: Any, when: Any, retic: int = 30) -> tuple[Any, ...]:
    """A full count with reticulocytes."""
    return *count(hb, plt, anc, when), observation("60474-4", retic, "10*9/L", when)


BEFORE = full(65, 12, 0.3, 205, 15)
POOR = full(68, 14, 0.4, 5)
GOOD = full(101, 55, 1.1, 5, 70)
GOOD_EARLIER = full(101, 55, 1.1, 33, 70)


def supplied(*starts: int, days: int = 40, drug: Any = CICLOSPORIN) -> tuple[Any, ...]:
    return tuple(dispense(drug, start, days) for start in starts)


COURSE = supplied(200, 160, 120, 80, 40)


def judged(expected: str, *facts: Any, **more: Any) -> None:
    holds(f"I4.1 {expected}", AA, LONG_AGO, *BEFORE, *facts, **more)


# ---------------------------------------------------------------- exposure, by each kind of entry


def test_no_response_after_three_months_of_dispensed_ciclosporin_is_met() -> None:
    judged("met", *COURSE, *POOR)
    holds("I4 met data", AA, LONG_AGO, *BEFORE, *COURSE, *POOR)


@pytest.mark.parametrize(
    "drug",
    [
        atc("L04AD01"),
        rxnorm("3008"),
        rxnorm("236077"),
        rxnorm("835894"),
        rxnorm("328160"),
        rxnorm("835909"),
        concept(("urn:local:pharmacy", "X1"), (chart.ATC, "L04AD01"), text="环孢素软胶囊"),
    ],
    ids=lambda d: d["coding"][-1]["code"],
)
def test_every_systemic_product_is_exposure(drug: Any) -> None:
    judged("met", *supplied(200, 160, 120, 80, 40, drug=drug), *POOR)


@pytest.mark.parametrize(
    "drug",
    [
        atc("S01XA18", "ciclosporin eye drops"),
        rxnorm("352951", "Restasis"),
        rxnorm("2055022"),
        rxnorm("2639940"),
        rxnorm("2590610"),
        rxnorm("35302", "sirolimus"),
        atc("L04AD02", "tacrolimus"),
        atc("L04AD03", "voclosporin"),
    ],
    ids=lambda d: d["coding"][-1]["code"],
)
def test_eye_drops_and_other_drugs_are_no_exposure(drug: Any) -> None:
    judged("unknown", *supplied(200, 160, 120, 80, 40, drug=drug), *POOR)


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        (dosage(100, "mg", 12, route=text("口服")), "met"),
        (dosage(1, "{drop}", 12, route=text("滴眼")), "unknown"),
        (dosage(1, "{drop}", 12, text="滴眼, 每日两次"), "unknown"),
        (dosage(1, "{drop}", 12, route=chart.snomed("54485002")), "unknown"),
        (dosage(text="滴眼, 每日两次"), "unknown"),
        (dosage(text="口服 100mg 每日两次"), "unknown"),
        (dosage(100, "mg", timing={"code": {"text": "每日两次"}}), "met"),
    ],
    ids=str,
)
def test_route_and_dose_tell_eye_drops_from_capsules(line: Any, expected: str) -> None:
    drug = rxnorm("3008", "cyclosporine")
    drops = tuple(dispense(drug, start, 40, line) for start in (200, 160, 120, 80, 40))
    judged(expected, *drops, *POOR)


def test_an_instruction_nobody_can_read_is_not_taken_for_no_ciclosporin() -> None:
    """Chinese free text: with the ATC code of the systemic drug it is exposure, with a bare substance unclear."""
    line = dosage(text="遵医嘱口服")
    coded = tuple(dispense(atc("L04AD01"), start, 40, line) for start in (200, 160, 120, 80, 40))
    judged("met", *coded, *POOR)
    bare = tuple(dispense(rxnorm("3008"), start, 40, line) for start in (200, 160, 120, 80, 40))
    told = chart.assessed(AA, LONG_AGO, *BEFORE, *bare, *POOR)
    assert "do not tell" in chart.criterion(told, "I4")["seen"]


@pytest.mark.parametrize("name", ["环孢素软胶囊 25mg", "新山地明", "Cyclosporine capsules"])
def test_dispenses_by_name_with_dates_and_doses_prove_like_coded_ones_and_say_so(name: str) -> None:
    line = dosage(100, every_hours=12)
    named = tuple(dispense(text(name), start, 40, line) for start in (200, 160, 120, 80, 40))
    told = chart.assessed(AA, LONG_AGO, *BEFORE, *named, *POOR)
    assert chart.status(told, "I4.1") == "met"
    assert "by name, not coded" in chart.criterion(told, "I4")["seen"]
    assert "words alone" not in chart.criterion(told, "I4")["seen"]


@pytest.mark.parametrize("name", ["伏环孢素软胶囊", "环孢素滴眼液"])
def test_another_drug_or_drops_by_name_prove_nothing(name: str) -> None:
    named = tuple(
        dispense(text(name), start, 40, dosage(100, every_hours=12)) for start in (200, 160, 120, 80, 40)
    )
    judged("unknown", *named, *POOR)


def test_ciclosporin_by_words_alone_without_a_dose_proves_nothing_but_is_seen() -> None:
    words = supplied(200, 160, 120, 80, 40, drug=text("环孢素软胶囊 25mg"))
    told = chart.assessed(AA, LONG_AGO, *BEFORE, *words, *POOR)
    assert chart.status(told, "I4.1") == "unknown"
    seen = [e["reference"] for e in chart.criterion(told, "I4")["evidence"]]
    assert {words[0]["id"], words[-1]["id"]} <= {reference.partition("/")[2] for reference in seen}


def test_daily_administrations_prove_exposure() -> None:
    given = tuple(administration(CICLOSPORIN, day, 100) for day in range(20, 115))
    judged("met", *given, *POOR)
    some = tuple(administration(CICLOSPORIN, day, 100) for day in range(20, 60))
    judged("unknown", *some, *POOR)


def test_an_administration_not_done_is_none() -> None:
    given = tuple(administration(CICLOSPORIN, day, 100, status="not-done") for day in range(20, 115))
    judged("unknown", *given, *POOR)


def test_a_statement_of_three_months_proves_exposure() -> None:
    judged("met", statement(CICLOSPORIN, 200, 20), *POOR)
    judged("met", statement(CICLOSPORIN, 200), *POOR)
    judged("unknown", statement(CICLOSPORIN, 100, 20), *POOR)
    judged("unknown", statement(CICLOSPORIN, 200, 20, status="not-taken"), *POOR)
    judged("unknown", statement(CICLOSPORIN, 200, 20, status="intended"), *POOR)
    judged("unknown", statement(CICLOSPORIN, 200, 20, status="entered-in-error"), *POOR)


def test_not_taken_cancels_orders() -> None:
    orders = tuple(order(CICLOSPORIN, day) for day in (200, 170, 140, 110, 80, 50, 20))
    judged("met", *orders, *POOR)
    judged("unknown", *orders, statement(CICLOSPORIN, 200, 1, status="not-taken"), *POOR)


def _bounded(start: int, end: int, **more: Any) -> Any:
    timing = {
        "repeat": {
            "boundsPeriod": period(ago(start), ago(end)),
            "frequency": 1,
            "period": 12,
            "periodUnit": "h",
        }
    }
    return order(CICLOSPORIN, start, {"timing": timing}, **more)


def test_a_single_order_is_low_grade_until_a_level_shows_drug() -> None:
    judged("unknown", _bounded(200, 20), *POOR)
    judged("met", _bounded(200, 20), observation("3520-4", 140, "ng/mL", 100), *POOR)
    judged("unknown", _bounded(200, 20), observation("3520-4", 25, "ng/mL", 100, "<"), *POOR)
    judged("met", _bounded(200, 110), _bounded(105, 20), *POOR)


@pytest.mark.parametrize("status", ["cancelled", "draft", "entered-in-error"])
def test_an_order_that_never_began_is_no_exposure(status: str) -> None:
    orders = tuple(order(CICLOSPORIN, day, status=status) for day in (200, 170, 140, 110, 80, 50, 20))
    judged("unknown", *orders, *POOR)


@pytest.mark.parametrize("intent", ["proposal", "plan", "option"])
def test_a_plan_is_no_exposure(intent: str) -> None:
    orders = tuple(order(CICLOSPORIN, day, intent=intent) for day in (200, 170, 140, 110, 80, 50, 20))
    judged("unknown", *orders, *POOR)


def test_an_order_without_an_end_lasts_30_days_at_most() -> None:
    """Active orders of the 1920s prove no present exposure."""
    judged("unknown", order(CICLOSPORIN, "1926-05-01"), *POOR)
    judged("unknown", order(CICLOSPORIN, 200), *POOR)
    judged("unknown", order(CICLOSPORIN, 200), order(CICLOSPORIN, 150), order(CICLOSPORIN, 100), *POOR)
    judged("met", *(order(CICLOSPORIN, day) for day in (200, 160, 120, 80, 40)), *POOR)


def test_a_stopped_order_with_nothing_after_it_has_an_unknown_end() -> None:
    stopped = order(CICLOSPORIN, 200, status="stopped")
    judged("unknown", stopped, *POOR)
    judged("unknown", order(CICLOSPORIN, 230), stopped, *POOR)


def test_supply_of_an_order_counts_with_its_repeats() -> None:
    request = {"expectedSupplyDuration": quantity(30, "d"), "numberOfRepeatsAllowed": 5}
    first = order(CICLOSPORIN, 200, dispenseRequest=request)
    level = observation("3520-4", 140, "ng/mL", 100)
    judged("met", first, level, *POOR)
    once = order(CICLOSPORIN, 200, dispenseRequest={"expectedSupplyDuration": quantity(30, "d")})
    judged("unknown", once, level, *POOR)


# ---------------------------------------------------------------- exactly three calendar months


@pytest.mark.parametrize(
    ("start", "end", "expected"),
    [
        ("2025-11-30", "2026-02-28", "met"),
        ("2025-11-30", "2026-02-27", "unknown"),
        ("2025-11-28", "2026-02-28", "met"),
        ("2023-11-30", "2024-02-29", "met"),
        ("2023-11-30", "2024-02-28", "unknown"),
        ("2025-12-02", "2026-03-02", "met"),
        ("2025-12-03", "2026-03-02", "unknown"),
    ],
)
def test_three_calendar_months_that_day_included(start: str, end: str, expected: str) -> None:
    before = (date.fromisoformat(start) - timedelta(days=5)).isoformat()
    last = date.fromisoformat(end)
    holds(
        f"I4.1 {expected}",
        AA | {"onsetDateTime": "2020-01-01", "recordedDate": "2020-01-01"},
        transfusion("red", "2020-01-01"),
        *full(65, 12, 0.3, before, 15),
        dispense(CICLOSPORIN, start, (last - date.fromisoformat(start)).days),
        *full(68, 14, 0.4, end),
        as_of=end,
    )


def test_a_gap_of_14_days_is_bridged_and_a_longer_one_is_not() -> None:
    judged("met", *supplied(200, 146, days=40), *supplied(92, days=80), *POOR)
    judged("met", *supplied(160, days=56), *supplied(90, days=60), *POOR)
    judged("unknown", *supplied(160, days=55), *supplied(90, days=60), *POOR)


def test_courses_are_not_added_up() -> None:
    judged("unknown", *supplied(400, days=60), *supplied(200, days=60), *POOR)


# ---------------------------------------------------------------- response


def test_a_confirmed_response_never_lost_is_not_met() -> None:
    judged("not-met", *COURSE, *GOOD_EARLIER, *GOOD)
    holds("I4 unknown; I4.2 unknown", AA, LONG_AGO, *BEFORE, *COURSE, *GOOD_EARLIER, *GOOD)
    holds(
        "I4 not-met; overall ineligible",
        *(AA, LONG_AGO, *BEFORE, *COURSE, *GOOD_EARLIER, *GOOD),
        attestation({"I4.2": False}),
    )


def test_an_unconfirmed_response_asks_for_a_second_count() -> None:
    judged("unknown", *COURSE, *GOOD)
    judged("unknown", *COURSE, *full(101, 55, 1.1, 32, 70), *GOOD)
    judged("not-met", *COURSE, *full(101, 55, 1.1, 33, 70), *GOOD)


def test_a_response_lost_by_two_counts_is_a_relapse() -> None:
    early = (*full(101, 55, 1.1, 100, 70), *full(101, 55, 1.1, 60, 70))
    judged("met", *COURSE, *early, *full(65, 14, 0.3, 19), *full(65, 14, 0.3, 5))
    judged("unknown", *COURSE, *early, *full(65, 14, 0.3, 18), *full(65, 14, 0.3, 5))


def test_a_transfusion_after_a_response_is_a_relapse() -> None:
    early = (*full(101, 55, 1.1, 100, 70), *full(101, 55, 1.1, 60, 70))
    judged("met", *COURSE, *early, transfusion("red", 4))


@pytest.mark.parametrize("clinical", ["relapse", "recurrence"])
def test_a_coded_relapse_is_seen(clinical: str) -> None:
    again = condition(icd("D61.3"), onset=20, clinical=clinical)
    early = (*full(101, 55, 1.1, 100, 70), *full(101, 55, 1.1, 60, 70))
    judged("met", *COURSE, *early, again)


def test_no_count_after_three_months_leaves_it_open() -> None:
    judged("unknown", *COURSE)
    judged("unknown", *COURSE, *full(68, 14, 0.4, 109))
    judged("met", *COURSE, *full(68, 14, 0.4, 108))


def test_a_count_counts_until_30_days_after_the_last_ciclosporin() -> None:
    ended = supplied(200, 160, 120, days=40)
    judged("met", *ended, *full(68, 14, 0.4, 50))
    judged("unknown", *ended, *full(68, 14, 0.4, 49))


def test_a_count_without_a_needed_line_is_not_evaluable() -> None:
    judged("unknown", *COURSE, *count(68, 14, None, 5))


def test_severity_by_counts_is_marked_and_the_profile_named() -> None:
    told = chart.assessed(AA, LONG_AGO, *BEFORE, *COURSE, *POOR)
    seen = chart.criterion(told, "I4")["seen"]
    assert "marrow unknown" in seen
    assert "Camitta" in seen


def test_low_troughs_are_shown_and_not_judged() -> None:
    low = tuple(observation("3523-8", 60, "ng/mL", day) for day in (150, 100, 50))
    told = chart.assessed(AA, LONG_AGO, *BEFORE, *COURSE, *POOR, *low)
    assert chart.status(told, "I4.1") == "met"
    assert "75" in chart.criterion(told, "I4")["seen"]


@pytest.mark.parametrize(("answer", "expected"), [(True, "met"), (False, "unknown")])
def test_an_attestation_that_contradicts_definite_data_leaves_it_open(answer: bool, expected: str) -> None:
    facts = (AA, LONG_AGO, *BEFORE, *COURSE, *POOR)
    holds(f"I4.1 {expected}", *facts, attestation({"I4.1": answer}, 1))


def test_without_any_ciclosporin_the_attestation_alone_decides() -> None:
    holds("I4.1 unknown", AA)
    holds("I4.1 met; I4 met attestation", AA, attestation({"I4.1": True}))
