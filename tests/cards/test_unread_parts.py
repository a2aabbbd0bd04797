"""Who tells what was not read, and how the others say it: one card at an opening, one line on each other card."""

from typing import Any

import pytest

from cds_service.cards.card_builder import EXTENSION
from cds_service.cards.card_set import cards_for
from cds_service.cds_hooks.card import Card
from cds_service.rules.answers.criteria_answers import EligibilityStatus
from cds_service.rules.answers.trial_part import Participation
from cds_service.rules.verdict import Verdict
from fhir_mappings.clinical_model.known_unknown import Gap, Part
from fhir_mappings.clinical_model.studies import StudyState
from tests.builders import a_record, unreadable
from tests.cards.assessments import TODAY, assessment, cards_of, context, eligibility

ORDER_SERVICES = ("aa-trial-order-select", "aa-trial-order-sign")
AT_THE_OPENING = ("aa-trial-titration", "aa-trial-visit", "aa-trial-eligibility")
SERVICES = (*AT_THE_OPENING, "aa-trial-diagnosis", *ORDER_SERVICES)
OPEN = eligibility(EligibilityStatus.UNDETERMINED, E8=Verdict.UNKNOWN)
CARD, LINE = "a card of its own", "a line on each card"
# participation -> how each service tells that the results were not read
WHO_TELLS: dict[StudyState, dict[str, str]] = {
    StudyState.NONE: {"aa-trial-eligibility": CARD},
    StudyState.SCREENING: {"aa-trial-eligibility": CARD},
    StudyState.ENROLLED: {"aa-trial-titration": CARD, "aa-trial-visit": LINE},
    StudyState.UNKNOWN: {
        "aa-trial-titration": CARD,
        "aa-trial-visit": CARD,  # it has no other
        "aa-trial-eligibility": LINE,
    },
}
AT_ITS_OWN_MOMENT = ("aa-trial-diagnosis", *ORDER_SERVICES)
ROWS = [(state, *told) for state, tellers in WHO_TELLS.items() for told in tellers.items()]
ROWS += [(state, service, CARD) for state in WHO_TELLS for service in AT_ITS_OWN_MOMENT]


def told(
    service: str, state: StudyState, language: str = "en", *parts: Part, **more: Any
) -> tuple[Card, ...]:
    of_it = {"titration": ()} if state is not StudyState.ENROLLED else {}
    made = assessment(participation=Participation(state), eligibility=OPEN, **(of_it | more))
    return cards_for(
        cards_of(service), made, a_record(**unreadable(*parts)), TODAY, context(service, language)
    )


def decision(card: Card) -> dict[str, Any]:
    return dict(card.as_json()["extension"][EXTENSION])


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize(("state", "service", "how"), ROWS, ids=lambda value: str(value))
def test_one_service_has_a_card_and_the_others_a_line(
    state: StudyState, service: str, how: str, language: str
) -> None:
    cards = told(service, state, language, Part.OBSERVATIONS)
    lost = sorted({"observations", *(["researchSubjects"] if state is StudyState.UNKNOWN else [])})
    own = [card for card in cards if decision(card)["kind"] == "data-quality"]
    others = [card for card in cards if card not in own]
    if how == CARD:
        assert [decision(card)["decision"]["unavailable"] for card in own] == [lost]
        assert all("unavailable" not in decision(card) for card in others)
    else:
        assert own == []
        assert others
        for card in others:
            assert decision(card)["unavailable"] == lost
            assert str(card.detail).startswith({"en": "**Not read** ", "zh": "**未能读取** "}[language])
            louder = card.indicator.value == "warning"
            assert louder is (decision(card)["kind"] != "eligibility"), (
                "the trial card is info (DECISIONS 17)"
            )


def test_at_the_opening_each_patient_has_one_teller() -> None:
    for state, tellers in WHO_TELLS.items():
        cards = [service for service, how in tellers.items() if how == CARD]
        assert set(cards) <= set(AT_THE_OPENING)
        assert len(cards) == 1 or state is StudyState.UNKNOWN


@pytest.mark.parametrize("state", WHO_TELLS)
@pytest.mark.parametrize("service", SERVICES)
def test_where_all_was_read_nobody_says_a_word(state: StudyState, service: str) -> None:
    if state is StudyState.UNKNOWN:
        return  # that is something that was not read
    for card in told(service, state):
        assert decision(card)["kind"] != "data-quality"
        assert "unavailable" not in decision(card)


@pytest.mark.parametrize("language", ["en", "zh"])
def test_a_study_that_cannot_be_identified_is_named(language: str) -> None:
    gaps = (Gap("STUDY_UNRESOLVED", "ResearchSubject/7"), Gap("STUDY_UNRESOLVED", "ResearchSubject/7", "x"))
    (card,) = told("aa-trial-titration", StudyState.UNKNOWN, language, gaps=gaps)
    assert decision(card)["decision"]["unavailable"] == ["researchSubjects"]
    assert str(card.detail).count("ResearchSubject/7") == 1
