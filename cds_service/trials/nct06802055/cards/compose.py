"""Which cards the services of the trial answer with, and in which order."""

from collections.abc import Sequence
from datetime import date

from cds_service.cards.card_builder import Message
from cds_service.cards.card_context import CardContext
from cds_service.cards.card_set import CardSet
from cds_service.cards.eligibility_card import eligibility_message, is_shown
from cds_service.rules.answers.alerts import Alert, Severity
from cds_service.rules.answers.assessment import Assessment
from cds_service.trials.nct06802055.cards.order_card import order_messages
from cds_service.trials.nct06802055.cards.safety_card import safety_message
from cds_service.trials.nct06802055.cards.titration_card import titration_message
from cds_service.trials.nct06802055.cards.visit_cards import monitoring_message, response_message
from cds_service.trials.nct06802055.two_drugs import Drug
from fhir_mappings.clinical_model.studies import StudyState


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
        if about_it := [alert for alert in ranked if alert.drug == drug]:
            messages.append(safety_message(drug, about_it, context))
    return messages


def _belongs(alert: Alert, drug: str, *, is_first: bool) -> bool:
    return alert.drug == drug or (alert.drug is None and is_first)


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
