"""The schedule follows the advice and the findings: what they ask for is never done or later (DECISIONS 60)."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from cds_service.rules.answers.alerts import Action, Alert, Severity
from cds_service.rules.answers.dosing_answers import Recheck, State, Trough, Validity
from cds_service.rules.answers.follow_up import DueStatus, MonitoringItem
from cds_service.rules.answers.renal_answers import RenalState
from cds_service.trials.nct06802055.monitoring.tests_findings_ask_for import REPEATED_FOR
from cds_service.trials.nct06802055.two_drugs import Drug
from fhir_mappings.clinical_model.known_unknown import Evidence
from fhir_mappings.clinical_model.messages import say
from fhir_mappings.clinical_model.results import Analyte
from tests.builders import TODAY, a_record, days_ago, level, result
from tests.rule_tables.enrolled import RULES, decision, kidney, scheduled

KIDNEY_TESTS = {"creatinine": Analyte.CREATININE, "potassium": Analyte.POTASSIUM}
FRESH = tuple(result(analyte, 5, 0) for analyte in Analyte if analyte.value not in tuple(Drug))
"""Every test done today: by the calendar alone all are done."""


def finding(rule: str, action: Action = Action.REPEAT_TEST, evidence: tuple[Evidence, ...] = ()) -> Alert:
    return Alert(RULES[rule], Severity.WARNING, action, say("analyte.sirolimus"), evidence=evidence)


# ---------------------------------------------------------------- after a high level


@pytest.mark.parametrize("test", KIDNEY_TESTS)
@pytest.mark.parametrize(
    ("value", "ago", "done", "due", "status"),
    [
        ("250", 2, 2, -12, DueStatus.DONE),
        ("250.1", 2, 2, 0, DueStatus.DUE),
        ("300", 1, 1, -1, DueStatus.NOT_YET),
        ("300", 2, 1, 0, DueStatus.DUE),
        ("300", 3, 2, 1, DueStatus.DUE),
        ("300", 4, 3, 2, DueStatus.OVERDUE),
        ("300", 3, 1, -13, DueStatus.DONE),
        ("300", 3, 0, -14, DueStatus.DONE),
    ],
)
def test_kidneys_and_potassium_are_looked_at_two_to_three_days_after_a_high_ciclosporin_level(
    test: str, value: str, ago: int, done: int, due: int, status: DueStatus
) -> None:
    facts = level(Drug.CICLOSPORIN, value, ago), result(KIDNEY_TESTS[test], 5, done)
    item = scheduled(a_record(*facts))[test]
    assert (item.due, item.status) == (days_ago(due), status)


def test_a_high_level_that_was_no_trough_asks_for_nothing() -> None:
    high = level(Drug.CICLOSPORIN, "900", 2)
    for validity, status in ((Validity.NOT_TROUGH, DueStatus.DONE), (Validity.VALID, DueStatus.DUE)):
        levels = {Drug.CICLOSPORIN: Trough(validity, high.number, reference=high.reference)}
        items = scheduled(a_record(high, result(Analyte.POTASSIUM, 4, 2)), levels=levels)
        assert items["potassium"].status is status


# ---------------------------------------------------------------- in kidney injury


@pytest.mark.parametrize("test", KIDNEY_TESTS)
@pytest.mark.parametrize(
    ("ago", "due", "status"),
    [
        (0, -1, DueStatus.NOT_YET),
        (1, 0, DueStatus.DUE),
        (2, 1, DueStatus.DUE),
        (3, 2, DueStatus.OVERDUE),
    ],
)
def test_kidney_injury_asks_for_creatinine_and_potassium_each_day_or_two(
    test: str, ago: int, due: int, status: DueStatus
) -> None:
    injured = kidney(RenalState.AKI)
    item = scheduled(a_record(result(KIDNEY_TESTS[test], 5, ago)), renal=injured)[test]
    assert (item.due, item.status) == (days_ago(due), status)


def test_an_injury_told_by_an_old_creatinine_is_one_still_and_a_potassium_never_measured_is_due() -> None:
    injured = replace(kidney(RenalState.UNKNOWN), last=RenalState.AKI)
    items = scheduled(a_record(), renal=injured)
    assert {items[test].status for test in KIDNEY_TESTS} == {DueStatus.DUE}


@pytest.mark.parametrize(("reasons", "asked"), [(("RESTART_AFTER_HOLD",), True), ((), False)])
def test_ciclosporin_given_again_is_looked_at_with_kidneys_and_potassium(
    reasons: tuple[str, ...], asked: bool
) -> None:
    recheck = Recheck("ciclosporin-trough", days_ago(-3), days_ago(-5))
    start = decision(Drug.CICLOSPORIN, State.INITIATE, 50, recheck=recheck, reasons=reasons)
    items = scheduled(a_record(*FRESH), titration=(start,))
    assert {items[test].due == days_ago(-3) for test in KIDNEY_TESTS} == {asked}
    assert items["ciclosporin-trough"].due == days_ago(-3)


# ---------------------------------------------------------------- findings


@pytest.mark.parametrize(("rule", "test"), REPEATED_FOR.items())
def test_a_test_that_a_finding_asks_for_is_due(rule: str, test: str) -> None:
    assert scheduled(a_record(*FRESH))[test].status is not DueStatus.DUE
    item = scheduled(a_record(*FRESH), alerts=(finding(rule),))[test]
    assert (item.due, item.status) == (TODAY, DueStatus.DUE)


def test_a_finding_that_asks_for_something_else_does_not_move_its_test_but_a_potassium_of_6_does() -> None:
    for rule, test in REPEATED_FOR.items():
        item = scheduled(a_record(*FRESH), alerts=(finding(rule, Action.HOLD),))[test]
        assert (item.status is DueStatus.DUE) == (rule == "SAF-K6")


@pytest.mark.parametrize(("since", "status"), [(None, DueStatus.DUE), (1, DueStatus.DONE)])
def test_results_that_differ_are_repeated_until_the_test_is_done_again(
    since: int | None, status: DueStatus
) -> None:
    first = result(Analyte.POTASSIUM, 5, 3)
    later = (
        () if since is None else (replace(result(Analyte.POTASSIUM, 4, since), reference="Observation/new"),)
    )
    pair = finding("SAF-PAIR", evidence=(Evidence(first.reference),))
    items = scheduled(a_record(first, *later), alerts=(pair,))
    assert (items["potassium"].status, items["creatinine"].status) == (status, DueStatus.OVERDUE)


# ---------------------------------------------------------------- over all states

RECHECKED = ("sirolimus-trough", "ciclosporin-trough", "creatinine", "potassium", "alt", "cbc")


@given(
    test=st.sampled_from(RECHECKED),
    window=st.tuples(st.none() | st.integers(-5, 40), st.integers(-5, 60)),
    last=st.none() | st.integers(0, 30),
    renal=st.sampled_from(list(RenalState)),
    alerts=st.lists(st.sampled_from(sorted(REPEATED_FOR)), max_size=3),
    high=st.none() | st.integers(0, 10),
)
def test_no_test_that_is_asked_for_is_called_done_or_put_off(
    test: str, window: Any, last: int | None, renal: RenalState, alerts: list[str], high: int | None
) -> None:
    first, by = window
    recheck = Recheck(test, None if first is None else days_ago(-first), days_ago(-by))
    facts = [] if last is None else [result(a, 5, last) for a in Analyte if a.value not in tuple(Drug)]
    facts += [] if high is None else [level(Drug.CICLOSPORIN, "300", high)]
    asked = decision(Drug.SIROLIMUS, State.RECHECK, recheck=recheck)
    items = scheduled(
        a_record(*facts),
        titration=(asked,),
        renal=kidney(renal),
        alerts=tuple(finding(rule) for rule in alerts),
    )
    _asked_by(items[test], recheck)
    for rule in alerts:
        assert items[REPEATED_FOR[rule]].status in (DueStatus.DUE, DueStatus.OVERDUE)


def _asked_by(item: MonitoringItem, recheck: Recheck) -> None:
    assert item.status is not DueStatus.DONE
    assert item.due is not None
    wanted = recheck.not_before or recheck.by
    assert wanted is not None
    assert item.due <= max(wanted, TODAY)
