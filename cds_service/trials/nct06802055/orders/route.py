"""A study drug drafted by another route than the mouth: no study dose (DECISIONS 55)."""

from collections.abc import Iterator

from cds_service.rules.answers.alerts import Action, Alert, Severity
from cds_service.trials.nct06802055.orders.order_context import OrderContext
from cds_service.trials.nct06802055.two_drugs import Drug
from fhir_mappings.clinical_model.known_unknown import Known
from fhir_mappings.clinical_model.medications import Dose, MedicationEvent
from fhir_mappings.clinical_model.messages import Phrase, say

RULE = "ORD-ROUTE"


def another_route(desk: OrderContext, draft: MedicationEvent, drug: Drug, name: Phrase) -> Iterator[Alert]:
    """A warning; critical where what it comes to by mouth lies outside the bounds."""
    factor = desk.limits.parenteral_factor
    if not isinstance(draft.dose, Known) or draft.as_needed:
        seen = say("orders.route.unreadable", drug=name, text=draft.as_written or draft.text)
        yield desk.alert(RULE, Severity.WARNING, Action.REVIEW, seen, draft, drug)
        return
    dose = draft.dose.value
    amounts = dose.parts or (dose.amount_mg,)
    by_mouth = Dose(dose.amount_mg * factor, dose.every_hours, tuple(mg * factor for mg in dose.parts))
    outside = not desk.bounds(drug).allow_amounts(by_mouth)
    seen = say("orders.route", drug=name, amount=max(amounts), by_mouth=max(amounts) * factor)
    severity = Severity.CRITICAL if outside else Severity.WARNING
    yield desk.alert(RULE, severity, Action.REVIEW, seen, draft, drug)
