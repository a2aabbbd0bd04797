"""An enrolled patient at the door of safety, monitoring and orders, built in a line."""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any

from cds_service.rules.answers.alerts import Alert, SafetyReport
from cds_service.rules.answers.dosing_answers import State, TitrationDecision
from cds_service.rules.answers.follow_up import MonitoringItem
from cds_service.rules.answers.renal_answers import RenalFinding, RenalState
from cds_service.rules.answers.trial_part import Participation
from cds_service.rules.thresholds import Origin, Rule, read_limits, read_rules
from cds_service.trials.nct06802055.monitoring import schedule as monitoring
from cds_service.trials.nct06802055.monitoring.schedule import MonitoringLimits
from cds_service.trials.nct06802055.orders import draft_orders as orders
from cds_service.trials.nct06802055.orders.draft_orders import OrderLimits
from cds_service.trials.nct06802055.patient_state.doses.current_dose import DoseInForce, DoseStatus, DoseStep
from cds_service.trials.nct06802055.patient_state.doses.titration_limits import TitrationLimits
from cds_service.trials.nct06802055.patient_state.enrolled_case import EnrolledCase
from cds_service.trials.nct06802055.patient_state.interactions import (
    InteractionLimits,
    active_interactions,
    read_interactions,
)
from cds_service.trials.nct06802055.safety import safety_report as safety
from cds_service.trials.nct06802055.safety.safety_report import SafetyLimits
from cds_service.trials.nct06802055.trial_arms import Arm
from cds_service.trials.nct06802055.two_drugs import Drug
from fhir_mappings.clinical_model.medications import Dose, MedicationEvent, MedicationStatus
from fhir_mappings.clinical_model.messages import say
from fhir_mappings.clinical_model.record import ClinicalRecord
from fhir_mappings.clinical_model.results import Result
from fhir_mappings.clinical_model.studies import StudyState
from tests.builders import NOW, days_ago, medication

TABLE = read_interactions()
RULES = {
    name: rule for topic in ("safety", "monitoring", "orders") for name, rule in read_rules(topic).items()
}
SAFETY = read_limits(SafetyLimits, "safety")
MONITORING = read_limits(MonitoringLimits, "monitoring")
TITRATION = read_limits(TitrationLimits, "titration")
ORDERS = read_limits(OrderLimits, "orders")
CURRENT_USE = read_limits(InteractionLimits, "interactions")
SOME_RULE = Rule("SRL-03", Origin.ASSUMPTION, "test")
STUDY_DAYS = 60


def patient(
    arm: Arm | None = Arm.COMBINED, status: StudyState = StudyState.ENROLLED, days: int | None = STUDY_DAYS
) -> Participation:
    """On the trial for `days` days; None: day 1 is not known."""
    start = None if days is None else days_ago(days)
    return Participation(status, arm, start, start, None if days is None else days + 1)


def dose(
    drug: Drug,
    mg: "str | int | None",
    every: int | None = None,
    status: DoseStatus = DoseStatus.KNOWN,
    steps: tuple[tuple[int, int], ...] = (),
    **more: Any,
) -> DoseInForce:
    """What is taken; `steps` are (days ago, mg) pairs, oldest first."""
    hours = Decimal(every or (24 if drug == Drug.SIROLIMUS else 12))
    taken = None if mg is None else Dose(Decimal(mg), hours)
    history = tuple(DoseStep(days_ago(ago), Dose(Decimal(amount), hours)) for ago, amount in steps)
    since: date | None = history[-1].day if history else days_ago(STUDY_DAYS)
    return DoseInForce(drug, status, taken, since, steps=history, **more)


BOTH = {
    Drug.SIROLIMUS: dose(Drug.SIROLIMUS, 2),
    Drug.CICLOSPORIN: dose(Drug.CICLOSPORIN, 75),
}
SIROLIMUS_ONLY = {
    Drug.SIROLIMUS: dose(Drug.SIROLIMUS, 2),
    Drug.CICLOSPORIN: dose(Drug.CICLOSPORIN, None, status=DoseStatus.NONE),
}


def kidney(state: RenalState = RenalState.NORMAL, **more: Any) -> RenalFinding:
    """A renal finding of the state."""
    return RenalFinding(state, SOME_RULE, say("analyte.creatinine"), **more)


def doses_for(arm: Arm | None) -> Mapping[Drug, DoseInForce]:
    """What the arm takes; both drugs where the arm is not known."""
    return SIROLIMUS_ONLY if arm == Arm.SIROLIMUS else BOTH


def case_of(record: ClinicalRecord, arm: Arm | None, more: Mapping[str, Any]) -> EnrolledCase:
    """An enrolled patient as a test wants it, else with usual doses, no levels and healthy kidneys."""
    return EnrolledCase(
        record,
        NOW,
        more.get("participation", patient(arm)),
        more.get("doses", doses_for(arm)),
        more.get("levels", {}),
        more.get("renal", kidney()),
        active_interactions(record, NOW, TABLE, CURRENT_USE),
        RULES,
    )


def reviewed(record: ClinicalRecord, arm: Arm | None = Arm.COMBINED, **more: Any) -> SafetyReport:
    """The safety report of an enrolled patient."""
    dangerous: Mapping[Drug, Result | None] = more.get("dangerous", {})
    return safety.safety_review(case_of(record, arm, more), dangerous, CURRENT_USE, SAFETY)


def said(alerts: "tuple[Alert, ...]") -> list[str]:
    """Each alert as "RULE severity ACTION drug", in the order in which they are told."""
    return [f"{a.rule.id} {a.severity} {a.action} {a.drug or '-'}" for a in alerts]


def scheduled(
    record: ClinicalRecord, arm: Arm | None = Arm.COMBINED, **more: Any
) -> dict[str, MonitoringItem]:
    """The schedule by the name of the test."""
    items = monitoring.schedule(
        case_of(record, arm, more),
        more.get("titration", ()),
        MONITORING,
        TITRATION,
        more.get("alerts", ()),
    )
    return {item.test: item for item in items}


def drafted(ingredient: str, mg: "str | int | None" = None, every: int = 24, **more: Any) -> MedicationEvent:
    """A draft order."""
    return medication(ingredient, mg, every, 0, status=MedicationStatus.DRAFT, **more)


def decision(drug: Drug, state: State, mg: "str | int | None" = None, **more: Any) -> TitrationDecision:
    """What titration says about one drug; `mg` is the proposed dose."""
    hours = Decimal(24 if drug == Drug.SIROLIMUS else 12)
    proposed = None if mg is None else Dose(Decimal(mg), hours)
    return TitrationDecision(drug, state, SOME_RULE, say("analyte.sirolimus"), proposed=proposed, **more)


def judged(
    record: ClinicalRecord, *drafts: MedicationEvent, arm: Arm | None = Arm.COMBINED, **more: Any
) -> tuple[Alert, ...]:
    """The findings about the drafts."""
    return orders.review_orders(
        case_of(record, arm, more),
        drafts,
        more.get("titration", ()),
        TABLE,
        CURRENT_USE,
        ORDERS,
        candidate=more.get("candidate", False),
    )
