"""Which product of a study drug a draft may name: the one that is in use by the chart, where it is one."""

from collections.abc import Iterator
from typing import Any, Final

from cds_service.cards.card_context import CardContext
from cds_service.rules.answers.dosing_answers import TitrationDecision
from cds_service.trials.nct06802055.patient_state.doses.dose_bounds import makes
from cds_service.trials.nct06802055.registration import STUDY_DRUGS
from cds_service.trials.nct06802055.two_drugs import Drug
from fhir_mappings.clinical_model.medications import Dose, MedicationEvent, MedicationSource, MedicationStatus
from fhir_mappings.writers.drafts import OrderedDrug

_TAKEN: Final = (MedicationStatus.ACTIVE, MedicationStatus.COMPLETED)


def ordered_drug(decision: TitrationDecision, dose: Dose, context: CardContext) -> OrderedDrug:
    """The drug as a draft for `dose` names it: the product in use, or else the drug alone.

    The codes of the drug stand first and those of the product after them, so that a pharmacy that knows the
    product finds it, and everybody else the drug.
    """
    drug = Drug(decision.drug)
    coding, trial = STUDY_DRUGS[drug].coding, context.trial.identifier
    product = _product(drug, decision, dose, context)
    if product is None:
        return OrderedDrug(drug.value, coding, trial)
    known = {(one["system"], one["code"]) for one in coding}
    more = [one for one in product.coding if (one.get("system"), one.get("code")) not in known]
    return OrderedDrug(product.text, [*coding, *more], trial)


def _product(drug: Drug, decision: TitrationDecision, dose: Dose, context: CardContext) -> OrderedDrug | None:
    """The product of the orders that the draft takes the place of; None where it is not one alone.

    What was handed out or taken under those orders counts too: an order may have been filled with another
    strength. The dose must be whole tablets or capsules of it.
    """
    ended = {order.reference for order in decision.ends}
    events = [one for one in context.medications if drug.value in one.ingredients]
    orders = [one for one in events if one.reference in ended]
    used = [*orders, *_beside(events, orders)]
    if not orders or len({(one.text, one.concepts, one.ingredients) for one in used}) != 1:
        return None
    strengths = {one.mg_per_piece for one in orders}
    (first, *others) = strengths
    if others or first is None or len(orders[0].ingredients) != 1:
        return None
    if not all(makes(first, amount) for amount in dose.parts or (dose.amount_mg,)):
        return None
    return _named(context.written(orders[0].reference), context)


def _beside(events: list[MedicationEvent], orders: list[MedicationEvent]) -> Iterator[MedicationEvent]:
    """Other orders that run, and what was handed out or taken since the first of these orders began."""
    days = [order.start.first for order in orders if order.start]
    for event in events:
        if event in orders or event.status not in _TAKEN:
            continue
        if event.source is MedicationSource.ORDER:
            if event.status is MedicationStatus.ACTIVE:
                yield event
        elif not (days and event.start) or event.start.last >= min(days):
            yield event


def _named(written: dict[str, Any] | None, context: CardContext) -> OrderedDrug | None:
    """The order's own words and codes; None where it names its product elsewhere, or not in words."""
    concept = (written or {}).get("medicationCodeableConcept")
    if (
        not isinstance(concept, dict)
        or not isinstance(concept.get("text"), str)
        or not concept["text"].strip()
    ):
        return None
    coding = [
        {name: code[name] for name in ("system", "code", "display") if isinstance(code.get(name), str)}
        for code in concept.get("coding") or []
        if isinstance(code.get("system"), str) and isinstance(code.get("code"), str)
    ]
    return OrderedDrug(concept["text"], coding, context.trial.identifier)
