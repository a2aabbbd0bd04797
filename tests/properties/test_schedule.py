"""The schedule never says "done", or a later day, of a test that the advice or a finding asks for (DECISIONS 60).

Over every state: what is asked, when, by whom, the last time that it was done, kidneys, a high level. That the law
speaks of something is counted beside it: each status is reached, and the calendar alone would have said "done", or a
later day, in thousands of the states.
"""

import itertools
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from functools import cache

import pytest

from cds_service.rules.answers.alerts import Action, Alert, Severity
from cds_service.rules.answers.dosing_answers import Recheck, State
from cds_service.rules.answers.follow_up import DueStatus, MonitoringItem
from cds_service.rules.answers.renal_answers import RenalState
from cds_service.trials.nct06802055.monitoring.tests_findings_ask_for import REPEATED_FOR
from cds_service.trials.nct06802055.two_drugs import Drug
from fhir_mappings.clinical_model.messages import say
from fhir_mappings.clinical_model.record import ClinicalRecord
from fhir_mappings.clinical_model.results import Analyte
from tests.builders import TODAY, a_record, days_ago, level, result
from tests.properties.test_ordered_changes import CHANGES
from tests.rule_tables.enrolled import RULES, decision, kidney, scheduled
from tests.scenarios.dosing_charts import Chart
from tests.scenarios.fhir_charts import Json, assessed
from tests.scenarios.visits import PATIENTS

TESTS = ("sirolimus-trough", "ciclosporin-trough", "creatinine", "potassium", "alt", "cbc")
WINDOWS = ((None, 0), (None, 7), (-3, -1), (-3, 4), (0, 0), (1, 2), (7, 14), (28, 35))
"""First and last day on which a test is wanted, from today."""
LAST = (None, 0, 1, 2, 7, 30)
HIGH = (None, 0, 2, 5)
FINDINGS = (None, *REPEATED_FOR)
STUDY_DRUGS = tuple(drug.value for drug in Drug)


@dataclass(frozen=True, slots=True)
class Asked:
    """What asks for a test: a recheck by the advice, a finding; either may be missing."""

    recheck: Recheck | None
    finding: str | None

    def by_advice(self, test: str) -> date | None:
        """The first day on which the advice wants the test."""
        if self.recheck is None or self.recheck.test != test:
            return None
        return self.recheck.not_before or self.recheck.by

    def by_finding(self, test: str) -> date | None:
        """Findings ask for today."""
        return TODAY if self.finding and REPEATED_FOR[self.finding] == test else None

    def latest(self, test: str) -> date | None:
        """The day after which the schedule may not put it; None where nobody asks."""
        days = [day for day in (self.by_advice(test), self.by_finding(test)) if day]
        return max(min(days), TODAY) if days else None


def _rechecks() -> Iterator[Recheck | None]:
    yield None
    for test, (first, by) in itertools.product(TESTS, WINDOWS):
        yield Recheck(test, None if first is None else days_ago(-first), days_ago(-by))


def _asked() -> list[Asked]:
    return [Asked(*pair) for pair in itertools.product(_rechecks(), FINDINGS)]


@cache
def _chart(last: int | None, high: int | None) -> ClinicalRecord:
    facts = [] if last is None else [result(a, 5, last) for a in Analyte if a.value not in STUDY_DRUGS]
    troughs = [] if last is None else [level(drug, "8", last) for drug in Drug]
    return a_record(*facts, *troughs, *([] if high is None else [level(Drug.CICLOSPORIN, "300", high)]))


def _items(asked: Asked, last: int | None, high: int | None, renal: RenalState) -> dict[str, MonitoringItem]:
    advice = decision(Drug.SIROLIMUS, State.RECHECK, recheck=asked.recheck)
    alerts = (_finding(asked.finding),) if asked.finding else ()
    return scheduled(_chart(last, high), titration=(advice,), renal=kidney(renal), alerts=alerts)


def _finding(rule: str) -> Alert:
    return Alert(RULES[rule], Severity.WARNING, Action.REPEAT_TEST, say("analyte.sirolimus"))


NOBODY = Asked(None, None)


def _breaks(item: MonitoringItem, latest: date | None) -> bool:
    """Done, or put off, although somebody asks for it."""
    if latest is None:
        return False
    return item.status is DueStatus.DONE or item.due is None or item.due > latest


def test_no_test_that_is_asked_for_is_called_done_or_put_off() -> None:
    said: Counter[DueStatus] = Counter()
    unasked: Counter[DueStatus] = Counter()
    moved: Counter[tuple[str, str]] = Counter()
    broken = []
    for last, high, renal in itertools.product(LAST, HIGH, RenalState):
        alone = _items(NOBODY, last, high, renal)
        for asked in _asked():
            for test, item in _items(asked, last, high, renal).items():
                latest = asked.latest(test)
                if latest is None:
                    unasked[item.status] += 1
                    continue
                said[item.status] += 1
                who = "advice" if asked.by_finding(test) is None else "finding"
                moved[who, test] += _breaks(alone[test], latest)
                broken += [(asked, last, high, renal, item)] if _breaks(item, latest) else []
    assert broken == []
    assert said == SAID  # and never "done"
    assert unasked.keys() == set(DueStatus)
    assert {who: sum(n for (w, _), n in moved.items() if w == who) for who in ("advice", "finding")} == MOVED
    assert all(moved.values())


SAID = {DueStatus.DUE: 84_024, DueStatus.OVERDUE: 17_448, DueStatus.NOT_YET: 27_552}
"""How often each is said of a test that is asked for; "done" never."""
MOVED = {"advice": 37_828, "finding": 33_712}
"""In how many states the calendar alone would have said "done", or a later day."""


@cache
def is_kept(recheck: Recheck) -> bool:
    """Does the schedule keep to what an answer wants again, whenever the test was done last?"""
    asked = Asked(recheck, None)
    items = [_items(asked, last, None, RenalState.NORMAL)[recheck.test] for last in LAST]
    return not any(_breaks(item, asked.latest(recheck.test)) for item in items)


# ---------------------------------------------------------------- whole charts


def _charts() -> dict[str, Chart]:
    found: dict[str, Chart] = {name: patient.resources for name, patient in PATIENTS.items()}
    return found | {name: chart for name, (_, _, chart) in CHANGES.items()}


@pytest.mark.parametrize("name", _charts())
def test_nor_in_any_chart(name: str) -> None:
    told = assessed(*_charts()[name])
    items = {item["test"]: item for item in told["monitoring"]}
    for decided in told["titration"]:
        recheck = decided["recheck"]
        if recheck and recheck["test"] in items:
            _is_asked(items[recheck["test"]], recheck["notBefore"] or recheck["by"])
    for alert in told["safety"]:
        if alert["action"] == "REPEAT_TEST" and alert["ruleId"] in REPEATED_FOR:
            _is_asked(items[REPEATED_FOR[alert["ruleId"]]], str(TODAY))


def _is_asked(item: Json, first: str) -> None:
    assert item["status"] != "done"
    assert item["due"] <= max(first, str(TODAY))
