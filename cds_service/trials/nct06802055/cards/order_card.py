"""Findings about draft orders: one card per draft, the most severe first."""

import copy
from collections.abc import Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any

from cds_service.cards.assessment_json import alert_json, json_number
from cds_service.cards.card_builder import Message, Offer, bullets, loudest
from cds_service.cards.card_context import CardContext
from cds_service.cards.dose_text import dose_words, drug_name, order_day
from cds_service.cards.first_look import alert_line, dangers, headline, place_of
from cds_service.cds_hooks.card import ActionType, CardAction
from cds_service.rules.answers.alerts import Action as Wanted
from cds_service.rules.answers.alerts import Alert
from cds_service.rules.answers.dosing_answers import TitrationDecision
from cds_service.trials.nct06802055.patient_state.doses.dose_bounds import makes
from fhir_mappings.clinical_model.known_unknown import Evidence
from fhir_mappings.clinical_model.medications import Dose
from fhir_mappings.clinical_model.messages import Argument, Phrase, say
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
    proposal = _proposal(found, titration)
    offers = _correction(order, proposal, _standing(found), context) if proposal else []
    summaries = [
        *(say("order.summary", action=action, seen=seen) for seen in _shorter_names(first.seen)),
        say("order.short", action=action),
    ]
    shown = dangers(found, headline(summaries, context.words), context)
    rest = [alert_line(alert, context) for n, alert in enumerate(found) if place_of(n, alert) not in shown]
    return Message(
        kind="order",
        rules=[alert.rule for alert in found],
        severity=loudest(alert.severity for alert in found),
        summaries=summaries,
        detail=[
            *([bullets(shown.values())] if shown else []),
            *([_in_words(proposal, context)] if proposal and not offers else []),
        ],
        why=[bullets(rest)] if rest else [],
        decision=alert_json(first, context.words),
        offers=offers,
        extra={"orders": [alert_json(alert, context.words) for alert in found]},
        about=order,
    )


_NAME_LENGTHS = (60, 48, 40, 32, 24, 16)


def _shorter_names(seen: Phrase) -> Iterator[Phrase]:
    """What was seen, then the same with the drug's name cut shorter and shorter, but never dropped (66)."""
    yield seen
    for length in _NAME_LENGTHS:
        yield _with_name(seen, length)


def _with_name(phrase: Phrase, length: int) -> Phrase:
    def shortened(name: str, value: Argument) -> Argument:
        if isinstance(value, Phrase):
            return _with_name(value, length)
        if name == "name" and isinstance(value, str) and len(value) > length:
            whole = value[:length].rsplit(" ", 1)[0] if " " in value[:length] else value[:length]
            return f"{whole}…"
        return value

    return Phrase(phrase.key, tuple((name, shortened(name, value)) for name, value in phrase.values))


def _proposal(found: Sequence[Alert], titration: Sequence[TitrationDecision]) -> TitrationDecision | None:
    """The dosing decision whose dose is clearly the right one for the draft (DECISIONS 41)."""
    if any(alert.rule.id == ROUTE_RULE for alert in found):
        return None  # no correction keeps a route that is none of the trial's
    drugs = {alert.drug for alert in found if alert.action is Wanted.CORRECT_ORDER}
    return next((d for d in titration if d.drug in drugs and d.proposed), None)


def _in_words(proposal: TitrationDecision, context: CardContext) -> str:
    """The draft cannot be corrected as it stands: another product, or more than one line of dosage."""
    dose = dose_words(proposal.proposed)
    return context.words.markdown(say("order.writeAnew", drug=drug_name(proposal.drug), dose=dose))


_GOES_ON = ("DUPLICATE_ORDER", "ORDER_GOES_ON")


def _standing(found: Sequence[Alert]) -> Evidence | None:
    """The order in force that would go on beside the draft."""
    return next((one.evidence[0] for one in found if one.rule.id in _GOES_ON and one.evidence), None)


def _correction(
    order: str, proposal: TitrationDecision, standing: Evidence | None, context: CardContext
) -> list[Offer]:
    """The whole draft with the proposed dose, only where its product can give that dose (DECISIONS 64).

    It takes the place of the order in force, and says so: else the right dose would be given twice (63, 65).
    """
    draft, dose = context.drafts_raw.get(order), proposal.proposed
    if dose is None or draft is None or not _is_one_plain_dosage(draft):
        return []
    if not _can_give(draft, dose, context.mg_per_piece.get(order)):
        return []
    told, corrected = say("suggest.correct", drug=drug_name(proposal.drug), dose=dose_words(dose)), {}
    if standing and not draft.get("priorPrescription"):
        corrected = {"priorPrescription": {"reference": standing.reference}}
        told = say("suggest.ends", label=told, days=(order_day(standing),))
    label = context.words.plain(told)
    action = CardAction(ActionType.UPDATE, label, _with_dose(draft, dose) | corrected)
    return [Offer("correct", label, (action,), True)]


def _can_give(draft: Mapping[str, Any], dose: Dose, mg_per_piece: Decimal | None) -> bool:
    """Whole tablets or capsules of a known strength, or a drug ordered by its ingredient alone.

    A product that names a number which nobody could read as its strength may be any other.
    """
    if mg_per_piece is not None:
        return makes(mg_per_piece, dose.amount_mg)
    concept = draft.get("medicationCodeableConcept")
    if not isinstance(concept, dict):
        return False
    codings = concept.get("coding") or []
    names = [concept.get("text"), *(coding.get("display") for coding in codings)]
    return not any(character.isdigit() for name in names if name for character in name)


def _is_one_plain_dosage(draft: Mapping[str, Any]) -> bool:
    """One line without "as needed" or a maximum, which would contradict the dose put in its place."""
    lines = draft.get("dosageInstruction") or []
    if len(lines) != 1 or not draft.get("id"):
        return False
    return not any(name.startswith(("asNeeded", "maxDose")) for name in lines[0])


_SAID_OF_THE_DOSE = ("text", "patientInstruction", "additionalInstruction", "extension")
"""Members of a dosage line, and their extensions, that may name the dose that was wrong."""


def _with_dose(draft: Mapping[str, Any], dose: Dose) -> dict[str, Any]:
    """The same draft, as long as it was meant to run, with another amount and interval.

    What tells the old dose in words, and the quantity that was to be handed over for it, is dropped.
    """
    corrected = copy.deepcopy(dict(draft))
    amount = {"value": json_number(dose.amount_mg), "unit": "mg", "system": UCUM, "code": "mg"}
    instruction = corrected["dosageInstruction"][0]
    old = (instruction.get("timing") or {}).get("repeat") or {}
    bounds = {name: value for name, value in old.items() if name.startswith("bounds")}
    repeat = {"frequency": 1, "period": json_number(dose.every_hours), "periodUnit": "h"}
    instruction["doseAndRate"] = [{"doseQuantity": amount}]
    instruction["timing"] = {"repeat": bounds | repeat}
    for name in _SAID_OF_THE_DOSE:
        instruction.pop(name, None)
        instruction.pop(f"_{name}", None)
    corrected.pop("text", None)
    supply = corrected.get("dispenseRequest")
    if isinstance(supply, dict):
        supply.pop("quantity", None)
        if not supply:
            del corrected["dispenseRequest"]
    return corrected
