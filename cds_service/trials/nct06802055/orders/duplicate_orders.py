"""A draft that repeats an order the patient already has (DECISIONS 40)."""

from collections.abc import Iterator
from itertools import takewhile

from cds_service.rules.answers.alerts import Action, Alert, Severity
from cds_service.rules.answers.dosing_answers import State
from cds_service.trials.nct06802055.orders.order_context import OrderContext
from cds_service.trials.nct06802055.two_drugs import Drug
from fhir_mappings.clinical_model.calendar import days_after
from fhir_mappings.clinical_model.known_unknown import Evidence, Known
from fhir_mappings.clinical_model.medications import (
    MedicationEvent,
    MedicationSource,
    MedicationStatus,
    apart_in_a_day,
)
from fhir_mappings.clinical_model.messages import Phrase, say

_NAME = {Drug.SIROLIMUS: say("orders.sirolimus"), Drug.CICLOSPORIN: say("orders.ciclosporin")}
_CHANGES = frozenset({State.INITIATE, State.INCREASE, State.DECREASE, State.HOLD})


def duplicates(desk: OrderContext, draft: MedicationEvent) -> Iterator[Alert]:
    """A second draft, or an active order that goes on beside it.

    The dose that titration proposes repeats no order; but the one that it changes has to end.
    """
    if draft.systemic is False:
        return
    for drug in Drug:
        if drug.value not in draft.ingredients:
            continue
        twin = _earlier_draft(desk, draft, drug)
        standing = _active_order(desk, draft, drug)
        if standing and not twin and _is_the_proposal(desk, draft, drug):
            yield _goes_on(desk, draft, drug, standing)
        elif twin or standing:
            yield _duplicate(desk, draft, drug, twin, standing)


def _duplicate(
    desk: OrderContext,
    draft: MedicationEvent,
    drug: Drug,
    twin: MedicationEvent | None,
    standing: MedicationEvent | None,
) -> Alert:
    evidence = []
    seen: Phrase = say("orders.twin", drug=_NAME[drug])
    if twin is None:
        assert standing is not None
        start = standing.start
        seen = say("orders.duplicate", drug=_NAME[drug], since=start.last if start else None)
        evidence = [Evidence(standing.reference, start.text if start else None)]
    return desk.alert("DUPLICATE_ORDER", Severity.WARNING, Action.REVIEW, seen, draft, drug, evidence)


def _goes_on(desk: OrderContext, draft: MedicationEvent, drug: Drug, standing: MedicationEvent) -> Alert:
    start = standing.start
    seen = say("orders.goesOn", drug=_NAME[drug], since=start.last if start else None)
    evidence = [Evidence(standing.reference, start.text if start else None)]
    return desk.alert("ORDER_GOES_ON", Severity.WARNING, Action.REVIEW, seen, draft, drug, evidence)


def _earlier_draft(desk: OrderContext, draft: MedicationEvent, drug: Drug) -> MedicationEvent | None:
    earlier = takewhile(lambda other: other is not draft, desk.drafts)
    return next((d for d in earlier if drug.value in d.ingredients and _is_a_twin(d, draft)), None)


def _is_a_twin(other: MedicationEvent, draft: MedicationEvent) -> bool:
    """Of the same way into the body, not a part of the same day, a step of the same draft or its renewal."""
    same = other.systemic is not False and other.reference != draft.reference
    return same and not apart_in_a_day(other.times, draft.times) and not _belong_together(other, draft)


def _is_the_proposal(desk: OrderContext, draft: MedicationEvent, drug: Drug) -> bool:
    """A proposal in force is a change: the dose of CONTINUE is what the active order already says."""
    decision = desk.titration.get(drug)
    if decision is None or decision.state not in _CHANGES or not isinstance(draft.dose, Known):
        return False
    return draft.dose.value in (decision.proposed, *decision.alternatives)


def _active_order(desk: OrderContext, draft: MedicationEvent, drug: Drug) -> MedicationEvent | None:
    for order in desk.record.taking(drug):
        active = order.source is MedicationSource.ORDER and order.status is MedicationStatus.ACTIVE
        goes_on = active and order.reference not in desk.ended and not _runs_out(desk, order)
        if goes_on and _is_a_twin(order, draft):
            return order
    return None


def _belong_together(order: MedicationEvent, draft: MedicationEvent) -> bool:
    """Does the draft renew or carry out the order, or is it already carried out by it (DECISIONS 65)?"""
    return order.reference in draft.replaces | draft.part_of or draft.reference in order.part_of


def _runs_out(desk: OrderContext, order: MedicationEvent) -> bool:
    """Ended, about to end, or too old to be believed: then the draft renews it."""
    start = order.start.last if order.start else None
    if start and (desk.day - start).days > desk.limits.active_order_days:
        return True
    end = order.end.last if order.end else None
    if end is None and start and order.supply_days:
        end = days_after(start, int(order.supply_days) - 1)
    return end is not None and (end - desk.day).days <= desk.limits.renewal_days
