"""Monitoring: which test is due when, by arm and week of the study, and after what has happened.

Source: `titration.md` 10; each interval stands in `reviewed/monitoring.toml`.
"""

from collections.abc import Mapping

from cds_service.rules.answers.alerts import Alert
from cds_service.rules.answers.dosing_answers import TitrationDecision, Trough
from cds_service.rules.answers.follow_up import DueStatus, MonitoringItem
from cds_service.rules.answers.renal_answers import RenalFinding
from cds_service.rules.answers.trial_part import Participation
from cds_service.rules.as_of import AsOf
from cds_service.rules.thresholds import Rule
from cds_service.trials.nct06802055.dosing.titration_limits import TitrationLimits
from cds_service.trials.nct06802055.monitoring.event_rules import reasons_for
from cds_service.trials.nct06802055.monitoring.plan import MonitoringLimits, Test, calendar_of, tests_of
from cds_service.trials.nct06802055.monitoring.routine import item_of
from cds_service.trials.nct06802055.monitoring.study_course import StudyCourse
from cds_service.trials.nct06802055.patient_state.doses.current_dose import DoseInForce
from cds_service.trials.nct06802055.patient_state.interactions import ActiveInteraction
from fhir_mappings.clinical_model.known_unknown import Part
from fhir_mappings.clinical_model.medications import Drug
from fhir_mappings.clinical_model.messages import Phrase, say
from fhir_mappings.clinical_model.record import ClinicalRecord
from fhir_mappings.clinical_model.studies import Arm, StudyState

__all__ = ["MonitoringLimits", "schedule"]


def schedule(
    record: ClinicalRecord,
    as_of: AsOf,
    participation: Participation,
    doses: Mapping[Drug, DoseInForce],
    levels: Mapping[Drug, Trough],
    titration: tuple[TitrationDecision, ...],
    renal: RenalFinding,
    interactions: tuple[ActiveInteraction, ...],
    limits: MonitoringLimits,
    rules: Mapping[str, Rule],
    dosing: TitrationLimits,
    alerts: tuple[Alert, ...] = (),
) -> tuple[MonitoringItem, ...]:
    """One item per test of the arm, for an enrolled patient.

    The schedule follows the advice and the safety findings (`alerts`): what they want again is not done.

    Due is the last one (or day 1) plus the interval of the study week, or what an event asks for. Where day 1
    or the results cannot be known, an item says so and has no date. No level of ciclosporin is asked for once
    it was stopped by decision.
    """
    if participation.status is not StudyState.ENROLLED:
        return ()
    tests = [t for t in tests_of(limits) if participation.arm is Arm.COMBINED or not t.only_combined]
    ciclosporin = doses.get(Drug.CICLOSPORIN)
    if ciclosporin and ciclosporin.stopped:
        tests = [test for test in tests if test.name != f"{Drug.CICLOSPORIN}-trough"]
    if record.lacks(Part.OBSERVATIONS):
        return _without_date(tests, rules, DueStatus.DUE, say("schedule.unread"))
    calendar = calendar_of(record, as_of.day, participation)
    if calendar is None:
        return _without_date(tests, rules, DueStatus.NOT_YET, say("schedule.noDayOne"))
    course = StudyCourse(
        calendar, doses, levels, titration, renal, interactions, limits, rules, dosing, alerts
    )
    targets = {f"{d.drug}-trough": d.target for d in titration}
    return tuple(
        item_of(test, reasons_for(test, course), calendar, targets.get(test.name), limits, rules)
        for test in tests
    )


def _without_date(
    tests: list[Test], rules: Mapping[str, Rule], status: DueStatus, seen: Phrase
) -> tuple[MonitoringItem, ...]:
    return tuple(MonitoringItem(test.name, None, status, rules[test.rule], seen) for test in tests)
