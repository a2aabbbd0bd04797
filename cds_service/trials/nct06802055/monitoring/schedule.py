"""Monitoring: which test is due when, by arm and week of the study, and after what has happened.

Source: `titration.md` 10; each interval stands in `reviewed/monitoring.toml`.
"""

from collections.abc import Mapping

from cds_service.rules.answers.alerts import Alert
from cds_service.rules.answers.dosing_answers import TitrationDecision
from cds_service.rules.answers.follow_up import DueStatus, MonitoringItem
from cds_service.rules.thresholds import Rule
from cds_service.trials.nct06802055.monitoring.event_rules import reasons_for
from cds_service.trials.nct06802055.monitoring.plan import MonitoringLimits, Test, calendar_of, tests_of
from cds_service.trials.nct06802055.monitoring.routine import item_of
from cds_service.trials.nct06802055.monitoring.study_course import StudyCourse
from cds_service.trials.nct06802055.patient_state.doses.titration_limits import TitrationLimits
from cds_service.trials.nct06802055.patient_state.enrolled_case import EnrolledCase
from cds_service.trials.nct06802055.trial_arms import Arm
from cds_service.trials.nct06802055.two_drugs import Drug
from fhir_mappings.clinical_model.known_unknown import Part
from fhir_mappings.clinical_model.messages import Phrase, say
from fhir_mappings.clinical_model.studies import StudyState

__all__ = ["MonitoringLimits", "schedule"]


def schedule(
    case: EnrolledCase,
    titration: tuple[TitrationDecision, ...],
    limits: MonitoringLimits,
    dosing: TitrationLimits,
    alerts: tuple[Alert, ...] = (),
) -> tuple[MonitoringItem, ...]:
    """One item per test of the arm, for an enrolled patient who has not died.

    The schedule follows the advice and the safety findings (`alerts`): what they want again is not done.

    Due is the last one (or day 1) plus the interval of the study week, or what an event asks for. Where day 1
    or the results cannot be known, an item says so and has no date. No level of ciclosporin is asked for once
    it was stopped by decision.
    """
    participation, rules = case.participation, case.rules
    if participation.status is not StudyState.ENROLLED or case.record.deceased:
        return ()
    tests = [t for t in tests_of(limits) if participation.arm == Arm.COMBINED or not t.only_combined]
    ciclosporin = case.doses.get(Drug.CICLOSPORIN)
    if ciclosporin and ciclosporin.stopped:
        tests = [test for test in tests if test.name != f"{Drug.CICLOSPORIN}-trough"]
    if case.record.lacks(Part.OBSERVATIONS):
        return _without_date(tests, rules, DueStatus.DUE, say("schedule.unread"))
    calendar = calendar_of(case.record, case.as_of.day, participation)
    if calendar is None:
        return _without_date(tests, rules, DueStatus.NOT_YET, say("schedule.noDayOne"))
    course = StudyCourse(calendar, case, titration, limits, dosing, alerts)
    targets = {f"{d.drug}-trough": d.target for d in titration}
    return tuple(
        item_of(test, reasons_for(test, course), calendar, targets.get(test.name), limits, rules)
        for test in tests
    )


def _without_date(
    tests: list[Test], rules: Mapping[str, Rule], status: DueStatus, seen: Phrase
) -> tuple[MonitoringItem, ...]:
    return tuple(MonitoringItem(test.name, None, status, rules[test.rule], seen) for test in tests)
