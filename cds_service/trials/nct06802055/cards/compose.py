"""Which cards each of the six services answers with, and in which order."""

from collections.abc import Sequence
from datetime import date

from cds_service.cards.card_builder import Message, framed
from cds_service.cards.card_context import CardContext
from cds_service.cards.data_quality_card import data_quality_message, with_unread
from cds_service.cards.eligibility_card import eligibility_message, is_shown
from cds_service.cds_hooks.card import Card
from cds_service.rules.answers.alerts import Alert, Severity
from cds_service.rules.answers.assessment import Assessment
from cds_service.trials.nct06802055.cards.order_card import order_messages
from cds_service.trials.nct06802055.cards.safety_card import safety_message
from cds_service.trials.nct06802055.cards.titration_card import titration_message
from cds_service.trials.nct06802055.cards.visit_cards import monitoring_message, response_message
from fhir_mappings.clinical_model.known_unknown import Part
from fhir_mappings.clinical_model.medications import Drug
from fhir_mappings.clinical_model.record import ClinicalRecord
from fhir_mappings.clinical_model.studies import StudyState

TRIAL_SERVICES = ("aa-trial-eligibility", "aa-trial-diagnosis")
ORDER_SERVICES = ("aa-trial-order-select", "aa-trial-order-sign")
AT_THE_OPENING = ("aa-trial-titration", "aa-trial-visit", "aa-trial-eligibility")
"""The services that are asked together when somebody opens a chart or an encounter begins."""

MOST_CARDS = 2


def cards_for(
    service_id: str, assessment: Assessment, record: ClinicalRecord, today: date, context: CardContext
) -> tuple[Card, ...]:
    """The cards of one service: at most two, critical first, and one more if the chart had holes.

    Raises KeyError for a service id that is not in the contract.
    """
    messages = sorted(_messages(service_id, assessment, today, context), key=lambda m: m.severity.rank)
    told = messages[:MOST_CARDS]
    if unread := _unread(assessment, record):
        if told and _is_told_beside(service_id, assessment):
            told = [with_unread(message, unread, context) for message in told]
        else:
            told.append(data_quality_message(unread, assessment.gaps, context))
    return tuple(framed(message, context) for message in sorted(told, key=lambda m: m.severity.rank))


def _unread(assessment: Assessment, record: ClinicalRecord) -> frozenset[Part]:
    """The parts that could not be had; a participation that could not be told was not read either."""
    untold = assessment.participation.status is StudyState.UNKNOWN
    return record.unavailable | ({Part.RESEARCH_SUBJECTS} if untold else frozenset())


def _is_told_beside(service_id: str, assessment: Assessment) -> bool:
    """Does another service, asked at the same opening of the chart, have the card about what was not read?

    Each patient has one: dosing for who takes part or may, the trial card's service for everybody else. The
    others say it on the cards that they have anyway.
    """
    takes_part = assessment.participation.status in (StudyState.ENROLLED, StudyState.UNKNOWN)
    teller = "aa-trial-titration" if takes_part else "aa-trial-eligibility"
    return service_id in AT_THE_OPENING and service_id != teller


def _messages(
    service_id: str, assessment: Assessment, today: date, context: CardContext
) -> Sequence[Message]:
    if service_id in TRIAL_SERVICES:
        return _trial(assessment, today, context)
    if service_id in ORDER_SERVICES:
        return order_messages(_worth_a_card(assessment.orders), assessment.titration, context)
    return {"aa-trial-titration": _dosing, "aa-trial-visit": _visit}[service_id](assessment, today, context)


def _trial(assessment: Assessment, today: date, context: CardContext) -> list[Message]:
    if not is_shown(assessment.eligibility) or _left(assessment):
        return []
    return [eligibility_message(assessment.eligibility, assessment.patient, today, context)]


def _dosing(assessment: Assessment, today: date, context: CardContext) -> list[Message]:
    """One card per study drug; a finding that names no drug stands on the first.

    Findings about a drug that the arm does not dose have a card of their own.
    """
    messages = []
    ranked = sorted(assessment.safety, key=lambda alert: alert.severity.rank)
    for place, decision in enumerate(assessment.titration):
        alerts = [a for a in ranked if _belongs(a, decision.drug, is_first=place == 0)]
        messages.append(
            titration_message(decision, alerts, assessment.renal, assessment.patient, today, context)
        )
    dosed = {decision.drug for decision in assessment.titration}
    for drug in [drug for drug in Drug if drug not in dosed]:
        if about_it := [alert for alert in ranked if alert.drug is drug]:
            messages.append(safety_message(drug, about_it, context))
    return messages


def _belongs(alert: Alert, drug: Drug, *, is_first: bool) -> bool:
    return alert.drug is drug or (alert.drug is None and is_first)


def _visit(assessment: Assessment, today: date, context: CardContext) -> list[Message]:
    if assessment.participation.status is not StudyState.ENROLLED:
        return []
    due = monitoring_message(
        assessment.monitoring, assessment.participation, assessment.patient, today, context
    )
    response = response_message(assessment.response, context)
    return [due, *([response] if response else [])]


def _worth_a_card(orders: Sequence[Alert]) -> list[Alert]:
    """Caution-class interactions stay inside the dosing card, unless the draft has a card anyway."""
    loud = {alert.order for alert in orders if not _is_caution(alert)}
    return [alert for alert in orders if alert.order in loud]


def _is_caution(alert: Alert) -> bool:
    return alert.severity is Severity.INFO and alert.rule.id.startswith("DDI-")


def _left(assessment: Assessment) -> bool:
    return assessment.participation.status in (StudyState.COMPLETED, StudyState.WITHDRAWN)
