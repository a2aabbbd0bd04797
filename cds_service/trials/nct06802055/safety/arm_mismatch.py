"""What is taken against what the arm says; two orders of the same dose (DECISIONS 22, 37)."""

from collections.abc import Iterator

from cds_service.rules.answers.alerts import Action, Severity
from cds_service.trials.nct06802055.patient_state.doses.current_dose import DoseStatus
from cds_service.trials.nct06802055.safety.dangerous_levels import level_drug_name
from cds_service.trials.nct06802055.safety.safety_context import Found, Situation
from cds_service.trials.nct06802055.trial_arms import Arm
from cds_service.trials.nct06802055.two_drugs import Drug
from fhir_mappings.clinical_model.messages import say


def arm_mismatch(chart: Situation) -> Iterator[Found]:
    """Ciclosporin is taken in the arm of sirolimus alone."""
    if chart.participation.arm == Arm.SIROLIMUS and chart.on_ciclosporin:
        dose = chart.doses.get(Drug.CICLOSPORIN)
        seen = say("safety.mismatch", since=dose.since if dose else None)
        evidence = (*chart.participation.evidence, *(dose.evidence if dose else ()))
        yield chart.alert("ARM_MISMATCH", Severity.WARNING, Action.REVIEW, seen, Drug.CICLOSPORIN, evidence)


def duplicate_orders(chart: Situation) -> Iterator[Found]:
    """Two active orders of one drug with the same daily amount: advice as usual, and a warning."""
    for drug, dose in chart.doses.items():
        if dose.duplicate_orders and dose.status is not DoseStatus.CONFLICTING:
            seen = say("safety.duplicate", drug=level_drug_name(drug))
            yield chart.alert(
                "DUPLICATE_ORDER", Severity.WARNING, Action.CORRECT_ORDER, seen, drug, dose.duplicate_orders
            )
