"""What a doctor sees of a card before "Why, sources": no danger, and nothing that was not read, is below it."""

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from cds_service.cards.card_builder import FOLD
from cds_service.cards.card_set import cards_for
from cds_service.cards.first_look import PRELIMINARY_RULE, STRENGTH_RULE, UNREAD_RULE, untold
from cds_service.cds_hooks.card import Card
from cds_service.rules.answers.alerts import Action, Alert, Severity
from cds_service.rules.answers.causes import Cause, with_causes
from cds_service.rules.answers.criteria_answers import EligibilityStatus
from cds_service.rules.answers.dosing_answers import State
from cds_service.rules.verdict import Verdict
from cds_service.trials.nct06802055.two_drugs import Drug
from fhir_mappings.clinical_model.known_unknown import Part
from fhir_mappings.clinical_model.messages import Phrase, say
from tests.builders import a_record, unreadable
from tests.cards.assessments import TODAY, WORDS, alert, assessment, cards_of, context, dosing, eligibility

LANGUAGES = pytest.mark.parametrize("language", ["en", "zh"])
CAUSE = Cause(say("suggest.note", rule="diltiazem since Monday"), say("suggest.note", rule="diltiazem"))


def first_look(card: Card) -> str:
    """The headline and what stands above the fold, as plain text."""
    detail = card.detail or ""
    above = detail.split(f"\n\n{FOLD}\n\n")[0] if f"\n\n{FOLD}\n\n" in detail else ""
    return f"{card.summary}\n{above}"


def found(number: int, severity: Severity, action: Action, words: int, caused: bool) -> Alert:
    seen = say("suggest.note", rule=f"finding-{number}-x " + "word " * words)
    made = replace(alert(f"SAF-{number}", severity), action=action)
    if not caused:
        return replace(made, seen=seen)
    return replace(made, seen=with_causes(seen, [CAUSE.told]), causes=(CAUSE,))


ALERTS = st.lists(
    st.tuples(st.sampled_from(Severity), st.sampled_from(Action), st.integers(0, 12), st.booleans()),
    max_size=6,
)


@LANGUAGES
@given(told=ALERTS, state=st.sampled_from(State))
def test_every_danger_is_in_the_headline_or_above_the_fold(
    language: str, told: Sequence[tuple[Severity, Action, int, bool]], state: State
) -> None:
    alerts = tuple(found(n, *one) for n, one in enumerate(told))
    decision = assessment(titration=(dosing(Drug.SIROLIMUS, state),), safety=alerts)
    (card,) = cards_for(
        cards_of("aa-trial-titration"), decision, a_record(), TODAY, context("aa-trial-titration", language)
    )
    look, words = first_look(card), WORDS[language]
    for one in alerts:
        if one.severity is not Severity.INFO:
            assert f"finding-{one.rule.id.removeprefix('SAF-')}-x" in look
            asked = words.plain(Phrase(f"action.{one.action}"))
            held = state in (State.HOLD, State.STOP_REVIEW) and one.action in (
                Action.HOLD,
                Action.STOP_REVIEW,
            )
            assert asked in look or held
            assert not one.causes or "diltiazem" in look
        assert f"finding-{one.rule.id.removeprefix('SAF-')}-x" in f"{card.summary} {card.detail}"


@LANGUAGES
@given(told=ALERTS)
def test_every_danger_of_a_draft_is_in_the_headline_or_above_the_fold(
    language: str, told: Sequence[tuple[Severity, Action, int, bool]]
) -> None:
    alerts = tuple(replace(found(n, *one), order="MedicationRequest/1") for n, one in enumerate(told))
    name = "aa-trial-order-sign"
    for card in cards_for(
        cards_of(name), assessment(orders=alerts), a_record(), TODAY, context(name, language)
    ):
        for one in alerts:
            if one.severity is not Severity.INFO:
                assert f"finding-{one.rule.id.removeprefix('SAF-')}-x" in first_look(card)


@LANGUAGES
@pytest.mark.parametrize("rule", [UNREAD_RULE, PRELIMINARY_RULE, STRENGTH_RULE])
@pytest.mark.parametrize("state", State)
def test_what_was_not_read_is_seen_at_once_however_loud(language: str, rule: str, state: State) -> None:
    lost = replace(alert(rule, Severity.INFO), seen=say("suggest.note", rule="23? of Monday " + "word " * 30))
    told = assessment(titration=(dosing(Drug.SIROLIMUS, state),), safety=(lost,))
    (card,) = cards_for(
        cards_of("aa-trial-titration"), told, a_record(), TODAY, context("aa-trial-titration", language)
    )
    assert "23? of Monday" in first_look(card)


@LANGUAGES
@pytest.mark.parametrize("service", ["aa-trial-titration", "aa-trial-visit", "aa-trial-eligibility"])
def test_the_parts_that_were_not_read_are_named_above_the_fold(language: str, service: str) -> None:
    told = assessment(eligibility=eligibility(EligibilityStatus.UNDETERMINED, E8=Verdict.UNKNOWN))
    record = a_record(**unreadable(Part.OBSERVATIONS))
    named = WORDS[language].plain(Phrase("part.observations"))
    for card in cards_for(cards_of(service), told, record, TODAY, context(service, language)):
        kind = card.as_json()["source"]["topic"]["code"]
        assert named in first_look(card) or kind == "titration", kind


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("", "a level; the investigator decides"),
        ("Stop: a level", "the investigator decides"),
        ("a level and the investigator decides", ""),
    ],
)
def test_of_a_sentence_only_the_clauses_that_the_headline_lacks_are_told(text: str, left: str) -> None:
    sentence = say(
        "titration.summaryNext", said=say("order.short", action=say("level.none")), next=say("level.noTarget")
    )
    words = replace(
        WORDS["en"],
        sentences={
            **WORDS["en"].sentences,
            "order.short": "a level",
            "level.noTarget": "the investigator decides",
        },
    )
    assert untold(sentence, text, words) == left


def test_a_quote_that_holds_the_mark_of_a_clause_is_told_whole() -> None:
    sentence = say("suggest.note", rule="a < b")
    assert untold(sentence, "Proposed by rule a < b", WORDS["en"]) != ""
