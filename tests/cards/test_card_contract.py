"""What a client can rely on beside the words: the reasons to override a card, its link, the days of a drafted test."""

from datetime import date, timedelta

import pytest

from cds_service.cards.assessment_json import gap_json
from cds_service.cards.card_set import cards_for
from cds_service.cards.first_look import dangers
from cds_service.cards.tests_to_order import WantedTest, draft_tests
from cds_service.cds_hooks.card import Card
from cds_service.rules.answers.alerts import Severity
from cds_service.rules.answers.criteria_answers import EligibilityStatus
from fhir_mappings.clinical_model.known_unknown import Gap
from fhir_mappings.clinical_model.messages import say
from tests.builders import a_record
from tests.cards.assessments import TODAY, WORDS, alert, assessment, cards_of, context, eligibility

ELIGIBILITY, TITRATION = "aa-trial-eligibility", "aa-trial-titration"


def card(service: str, **more: object) -> Card:
    told = assessment(eligibility=eligibility(EligibilityStatus.ELIGIBLE_PENDING))
    return cards_for(cards_of(service), told, a_record(), TODAY, context(service, **more))[0]


@pytest.mark.parametrize("language", sorted(WORDS))
@pytest.mark.parametrize(
    ("service", "codes"),
    [
        (
            ELIGIBILITY,
            "known-ineligible already-discussed patient-declined snooze-7 snooze-30 snooze-90 data-wrong other",
        ),
        (TITRATION, "will-monitor tolerated-before data-wrong disagree-with-rule other"),
    ],
)
def test_a_card_offers_its_reasons_to_override_it(service: str, codes: str, language: str) -> None:
    made = card(service, language=language)
    assert " ".join(reason.code for reason in made.override_reasons or ()) == codes
    assert len({reason.display for reason in made.override_reasons or ()}) == len(codes.split())


@pytest.mark.parametrize("explains", [True, False])
def test_a_card_has_its_link_where_the_client_has_the_page(explains: bool) -> None:
    links = [link.type.value for link in card(TITRATION, explains=explains).links or ()]
    assert ("smart" in links) is explains


@pytest.mark.parametrize(
    ("first", "last", "told"),
    [
        (None, None, "2026-03-02"),
        (1, None, "2026-03-03"),
        (None, 5, "by 2026-03-07"),
        (1, 5, "2026-03-03 to 2026-03-07"),
        (5, 5, "2026-03-07"),
    ],
)
def test_a_drafted_test_says_its_day_or_the_days_between(
    first: int | None, last: int | None, told: str
) -> None:
    days: list[date | None] = [None if n is None else TODAY + timedelta(n) for n in (first, last)]
    (action,) = draft_tests([WantedTest("creatinine", *days)], "Patient/p1", TODAY, context(TITRATION))
    assert action.description == f"Draft order: creatinine, {told}"


@pytest.mark.parametrize(("reference", "told"), [("Observation/o1", "Observation/o1"), ("", None)])
def test_a_gap_names_its_entry_or_says_that_there_is_none(reference: str, told: str | None) -> None:
    gap = Gap("ENTRY_UNREADABLE", reference)
    assert gap_json(gap) == {"reference": told, "problem": "ENTRY_UNREADABLE", "detail": gap.detail}


def test_what_is_to_be_done_is_said_beside_a_danger_unless_the_headline_says_it() -> None:
    """A card about drafts has no headline that stops a drug."""
    found = [alert("SAF-K6", Severity.CRITICAL)]
    made = context(TITRATION)
    text = made.words.plain(found[0].seen)
    assert dangers(found, text, made, stops=True) == {}
    (line,) = dangers(found, text, made).values()
    assert made.words.plain(say("action.HOLD")).casefold() in line.casefold()
