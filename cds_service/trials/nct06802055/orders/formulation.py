"""Ciclosporin drafted in another formulation than the one that is taken (DECISIONS 65, L)."""

from collections.abc import Iterator

from cds_service.rules.answers.alerts import Action, Alert, Severity
from cds_service.trials.nct06802055.orders.order_context import OrderContext
from cds_service.trials.nct06802055.two_drugs import Drug
from fhir_mappings.clinical_model.concepts import FORMULATIONS, Concept
from fhir_mappings.clinical_model.known_unknown import Evidence
from fhir_mappings.clinical_model.medications import MedicationEvent, MedicationStatus
from fhir_mappings.clinical_model.messages import say

_NEVER_TAKEN = frozenset(MedicationStatus(s) for s in ("cancelled", "draft", "not-taken", "intended"))


def another_formulation(desk: OrderContext, draft: MedicationEvent) -> Iterator[Alert]:
    """Modified for not modified ciclosporin, or the reverse: they are not bioequivalent."""
    drafted, taken = _formulation(draft), _taken(desk, draft)
    if drafted is None or taken is None or _formulation(taken) is drafted:
        return
    start = taken.start
    seen = say("orders.formulation", name=draft.text, taken=taken.text, since=start.last if start else None)
    evidence = [Evidence(taken.reference, start.text if start else None)]
    yield desk.alert(
        "ORD-FORMULATION", Severity.WARNING, Action.REVIEW, seen, draft, Drug.CICLOSPORIN, evidence
    )


def _taken(desk: OrderContext, draft: MedicationEvent) -> MedicationEvent | None:
    """The newest entry of the chart that says which formulation the patient takes."""
    known = [
        entry
        for entry in desk.record.taking(Drug.CICLOSPORIN)
        if _formulation(entry) and entry.reference != draft.reference and entry.status not in _NEVER_TAKEN
    ]
    begun = [entry for entry in known if entry.start is None or entry.start.first <= desk.day]
    return begun[-1] if begun else None


def _formulation(entry: MedicationEvent) -> Concept | None:
    if entry.systemic is False:
        return None
    return next(iter(entry.concepts & FORMULATIONS), None)
