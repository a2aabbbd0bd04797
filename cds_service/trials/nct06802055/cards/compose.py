"""Which cards the services answer with, and in which order."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
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

MOST_CARDS = 2


@dataclass(frozen=True, slots=True)
class CardSet:
    """The cards that a service may answer with.

    `gaps_are_told_beside`: does another service, asked at the same opening of the chart, have the card about
    what was not read? Each patient has one: dosing for who takes part or may, the trial card's service for
    everybody else. The others say it on the cards that they have anyway.
    """

    messages: "Messages"
    gaps_are_told_beside: Callable[[Assessment], bool]


Messages = Callable[[Assessment, date, CardContext], Sequence[Message]]


def cards_for(
    wanted: CardSet, assessment: Assessment, record: ClinicalRecord, today: date, context: CardContext
) -> tuple[Card, ...]:
    """The cards of one service: at most two, critical first, and one more if the chart had holes."""
    messages = sorted(wanted.messages(assessment, today, context), key=lambda m: m.severity.rank)
    told = messages[:MOST_CARDS]
    if unread := _unread(assessment, record):
        if told and wanted.gaps_are_told_beside(assessment):
            told = [with_unread(message, unread, context) for message in told]
        else:
            told.append(data_quality_message(unread, assessment.gaps, context))
    return tuple(framed(message, context) for message in sorted(told, key=lambda m: m.severity.rank))


def _unread(assessment: Assessment, record: ClinicalRecord) -> frozenset[Part]:
    """The parts that could not be had; a participation that could not be told was not read either."""
    untold = assessment.participation.status is StudyState.UNKNOWN
    return record.unavailable | ({Part.RESEARCH_SUBJECTS} if untold else frozenset())


def _may_take_part(assessment: Assessment) -> bool:
    return assessment.participation.status in (StudyState.ENROLLED, StudyState.UNKNOWN)


def _takes_no_part(assessment: Assessment) -> bool:
    return not _may_take_part(assessment)


def _at_an_opening(_: Assessment) -> bool:
    return True


def _at_its_own_moment(_: Assessment) -> bool:
    return False


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


def _orders(assessment: Assessment, _: date, context: CardContext) -> Sequence[Message]:
    return order_messages(_worth_a_card(assessment.orders), assessment.titration, context)


ELIGIBILITY = CardSet(_trial, gaps_are_told_beside=_may_take_part)
DIAGNOSIS = CardSet(_trial, gaps_are_told_beside=_at_its_own_moment)
DOSING = CardSet(_dosing, gaps_are_told_beside=_takes_no_part)
VISIT = CardSet(_visit, gaps_are_told_beside=_at_an_opening)
ORDERS = CardSet(_orders, gaps_are_told_beside=_at_its_own_moment)
