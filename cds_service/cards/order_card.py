"""Findings about draft orders: one card per draft, the most severe first."""

import copy
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from cds_service.cards.assessment_json import alert_json, number
from cds_service.cards.context import CardContext
from cds_service.cards.dose_words import dose_words, drug_name
from cds_service.cards.frame import Message, Offer, bullets, loudest
from cds_service.cards.titration_card import alert_line
from cds_service.hooks.card import Action, ActionType
from cds_service.protocol.answers.alerts import Action as Wanted
from cds_service.protocol.answers.alerts import Alert
from cds_service.protocol.answers.dosing import TitrationDecision
from fhir_mappings.vocabulary.medications import Dose
from fhir_mappings.vocabulary.phrases import Phrase, say
from fhir_mappings.writers.drafts import UCUM

ROUTE_RULE = "ORD-ROUTE"


def order_messages(
    alerts: Iterable[Alert], titration: Sequence[TitrationDecision], context: CardContext
) -> list[Message]:
    """The cards of one order hook, loudest draft first."""
    by_order: dict[str, list[Alert]] = {}
    for alert in sorted(alerts, key=lambda a: a.severity.rank):
        by_order.setdefault(alert.order or "", []).append(alert)
    groups = sorted(by_order.items(), key=lambda item: item[1][0].severity.rank)
    return [_message(order, found, titration, context) for order, found in groups]


def _message(
    order: str, found: Sequence[Alert], titration: Sequence[TitrationDecision], context: CardContext
) -> Message:
    first = found[0]
    action = Phrase(f"action.{first.action}")
    return Message(
        kind="order",
        rules=[alert.rule for alert in found],
        severity=loudest(alert.severity for alert in found),
        summaries=[say("order.summary", action=action, seen=first.seen), say("order.short", action=action)],
        detail=[bullets(alert_line(alert, context) for alert in found)],
        decision=alert_json(first, context.words),
        offers=_correction(order, found, titration, context),
        extra={"orders": [alert_json(alert, context.words) for alert in found]},
        about=order,
    )


def _correction(
    order: str, found: Sequence[Alert], titration: Sequence[TitrationDecision], context: CardContext
) -> list[Offer]:
    """The whole draft with the proposed dose, only where one dose is clearly right (DECISIONS 41)."""
    if any(alert.rule.id == ROUTE_RULE for alert in found):
        return []  # no correction keeps a route that is none of the trial's
    drugs = {alert.drug for alert in found if alert.action is Wanted.CORRECT_ORDER}
    proposal = next((d for d in titration if d.drug in drugs and d.proposed), None)
    draft = context.drafts_raw.get(order)
    if proposal is None or proposal.proposed is None or draft is None or not _is_one_plain_dosage(draft):
        return []
    dose = proposal.proposed
    label = context.words.plain(say("suggest.correct", drug=drug_name(proposal.drug), dose=dose_words(dose)))
    return [Offer("correct", label, (Action(ActionType.UPDATE, label, _with_dose(draft, dose)),), True)]


def _is_one_plain_dosage(draft: Mapping[str, Any]) -> bool:
    """One line without "as needed" or a maximum, which would contradict the dose put in its place."""
    lines = draft.get("dosageInstruction") or []
    if len(lines) != 1 or not draft.get("id"):
        return False
    return not any(name.startswith(("asNeeded", "maxDose")) for name in lines[0])


def _with_dose(draft: Mapping[str, Any], dose: Dose) -> dict[str, Any]:
    """The same draft, all of it and as long as it was meant to run, with another amount and interval."""
    corrected = copy.deepcopy(dict(draft))
    amount = {"value": number(dose.amount_mg), "unit": "mg", "system": UCUM, "code": "mg"}
    instruction = corrected["dosageInstruction"][0]
    old = (instruction.get("timing") or {}).get("repeat") or {}
    bounds = {name: value for name, value in old.items() if name.startswith("bounds")}
    repeat = {"frequency": 1, "period": number(dose.every_hours), "periodUnit": "h"}
    instruction["doseAndRate"] = [{"doseQuantity": amount}]
    instruction["timing"] = {"repeat": bounds | repeat}
    instruction.pop("text", None)
    return corrected
