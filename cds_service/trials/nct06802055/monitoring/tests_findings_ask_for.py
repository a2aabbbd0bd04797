"""Tests that a safety finding asks for: due now, whatever the calendar says (DECISIONS 60)."""

from collections.abc import Iterator

from cds_service.rules.answers.alerts import Action, Alert
from cds_service.rules.answers.causes import without_causes
from cds_service.trials.nct06802055.monitoring.plan import Candidate, Test
from cds_service.trials.nct06802055.monitoring.study_course import EVENT, StudyCourse
from fhir_mappings.clinical_model.messages import say

REPEATED_FOR = {
    "SAF-AKI": "creatinine",
    "SAF-AKI-CODED": "creatinine",
    "SAF-K": "potassium",
    "SAF-K6": "potassium",
    "SAF-PROT": "urine-protein",
    "SAF-BILI": "alt",
    "SAF-ANC": "cbc",
    "SAF-PLT": "cbc",
}
"""Which test of the schedule each finding means when it asks for one again."""

_ALWAYS = frozenset({"SAF-K6"})
"""Findings that ask for the test again beside what else they ask for."""

PAIR = "SAF-PAIR"


def asked_by_findings(test: Test, course: StudyCourse) -> Iterator[Candidate]:
    """Today, as long as the finding stands."""
    for alert in course.alerts:
        if _asks_for(alert, test, course):
            seen = say("schedule.finding", seen=without_causes(alert.seen))
            today = course.calendar.day
            yield Candidate(today, today, alert.rule, seen, EVENT, asked=True)


def _asks_for(alert: Alert, test: Test, course: StudyCourse) -> bool:
    if alert.action is not Action.REPEAT_TEST and alert.rule.id not in _ALWAYS:
        return False
    if alert.rule.id == PAIR:
        return _is_last(alert, test, course)
    return REPEATED_FOR.get(alert.rule.id) == test.name


def _is_last(alert: Alert, test: Test, course: StudyCourse) -> bool:
    """Do the results that differ belong to this test, and was it not done since?"""
    references = {evidence.reference for evidence in alert.evidence}
    for analyte in (a for group in test.analytes for a in group):
        results = course.calendar.measured.get(analyte, ())
        if results and results[-1].reference in references:
            return True
    return False
