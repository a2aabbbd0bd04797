"""The cards that a service answers with: two at most, and one more if the chart had holes."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date

from cds_service.cards.card_builder import Message, framed
from cds_service.cards.card_context import CardContext
from cds_service.cards.data_quality_card import data_quality_message, with_unread
from cds_service.cds_hooks.card import Card
from cds_service.rules.answers.assessment import Assessment
from fhir_mappings.clinical_model.known_unknown import Part
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
    """The cards of one service: at most two, critical first, and one more if the chart had holes.

    A participation that could not be told was not read either.
    """
    messages = sorted(wanted.messages(assessment, today, context), key=lambda m: m.severity.rank)
    told = messages[:MOST_CARDS]
    untold = assessment.participation.status is StudyState.UNKNOWN
    if unread := record.unavailable | ({Part.RESEARCH_SUBJECTS} if untold else frozenset()):
        if told and wanted.gaps_are_told_beside(assessment):
            told = [with_unread(message, unread, context) for message in told]
        else:
            told.append(data_quality_message(unread, assessment.gaps, context))
    return tuple(framed(message, context) for message in sorted(told, key=lambda m: m.severity.rank))
