"""Which cards are held back: decided on plain values, both sides of every edge."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from cds_service.audit.suppression import AdviceHistory, Because, Shown, Snooze, quiet, quiet_asked_for
from cds_service.cds_hooks.feedback_request import FeedbackOutcome
from tests.audit.rows import (
    NOW,
    REASONS,
    RESTRAINT,
    SNOOZE_7,
    SNOOZE_30,
    SNOOZE_90,
    a_card,
    accepted,
    overridden,
)

SECOND = timedelta(seconds=1)
DAY = timedelta(days=1)


def silences_of(card, until=NOW + DAY, because=Because.SNOOZED):
    return [Snooze(r.id, r.inputs, card.state, card.severity, because, until) for r in card.rules]


def held(card, silences=(), shown=(), now=NOW):
    return quiet(card, AdviceHistory(silences, shown), now, RESTRAINT)


def test_a_card_whose_every_rule_is_silenced_is_held_back_until_the_first_lapses():
    first, second = silences_of(a_card())
    found = held(a_card(), [first, replace(second, until=NOW + 2 * DAY)])
    assert (found.until, found.because, found.rules) == (NOW + DAY, "snoozed", ("I1", "I2"))


@pytest.mark.parametrize(("later", "is_quiet"), [(DAY - SECOND, True), (DAY, False), (DAY + SECOND, False)])
def test_a_silence_lapses_to_the_second(later, is_quiet):
    assert bool(held(a_card(), silences_of(a_card()), now=NOW + later)) is is_quiet


@pytest.mark.parametrize(
    "changed",
    [
        a_card(inputs="other"),
        a_card(state="eligible-pending-investigator"),
        a_card(severity="warning"),
        a_card(severity="critical"),
        a_card(rules=("I1", "I2", "I3")),
        a_card(rules=("I4",)),
    ],
    ids=["inputs", "state", "louder", "critical", "one more rule", "another rule"],
)
def test_what_has_changed_is_no_longer_silenced(changed):
    assert held(changed, silences_of(a_card())) is None


def test_a_quieter_card_stays_silenced():
    assert held(a_card(), silences_of(a_card(severity="warning")))


def test_a_card_without_rules_is_never_held_back():
    assert held(a_card(rules=()), []) is None


@given(st.lists(st.sampled_from(["I1", "I2"])), st.booleans())
def test_nothing_critical_is_ever_held_back(rules, was_shown):
    card = a_card(rules=tuple(dict.fromkeys(rules)), severity="critical")
    shown = [Shown("other", card.facts, NOW - DAY)] if was_shown else []
    assert held(card, silences_of(card), shown) is None


@pytest.mark.parametrize(
    ("ago", "is_quiet"), [(SECOND, True), (7 * DAY - SECOND, True), (7 * DAY, False), (8 * DAY, False)]
)
def test_an_unchanged_trial_card_is_shown_once_in_seven_days(ago, is_quiet):
    found = held(a_card(), shown=[Shown("other", a_card().facts, NOW - ago)])
    assert bool(found) is is_quiet
    if found:
        assert (found.because, found.until) == ("shown-recently", NOW - ago + 7 * DAY)


def test_a_trial_card_is_shown_again_when_its_facts_change():
    assert held(a_card(inputs="new"), shown=[Shown("other", a_card().facts, NOW - DAY)]) is None


def test_a_repeated_call_gets_its_own_card_again():
    card = a_card()
    assert held(card, shown=[Shown(card.card, card.facts, NOW - SECOND)]) is None


def test_only_the_trial_card_is_restrained_by_having_been_shown():
    card = a_card(kind="titration")
    assert held(card, shown=[Shown("other", card.facts, NOW - SECOND)]) is None


OFFERED = [SNOOZE_7, SNOOZE_30, SNOOZE_90]


@pytest.mark.parametrize(
    ("state", "severity", "reaction", "asked"),
    [
        ("undetermined", "info", overridden(reason=SNOOZE_7), (Because.SNOOZED, 7)),
        ("undetermined", "info", overridden(reason=SNOOZE_30), (Because.SNOOZED, 30)),
        ("undetermined", "info", overridden(reason=SNOOZE_90), (Because.SNOOZED, 90)),
        ("undetermined", "critical", overridden(reason=SNOOZE_90), None),
        ("undetermined", "info", overridden(reason=f"{REASONS}|snooze-365"), None),
        ("undetermined", "info", overridden(reason=f"{REASONS}|other"), None),
        ("undetermined", "info", overridden(reason="urn:other|snooze-7"), None),
        ("undetermined", "info", overridden(), None),
        (
            "undetermined",
            "info",
            replace(overridden(reason=SNOOZE_7), outcome=FeedbackOutcome.ACCEPTED),
            None,
        ),
        ("AT_CAP_BELOW_TARGET", "info", accepted(), (Because.ACKNOWLEDGED, 14)),
        ("AT_CAP_BELOW_TARGET", "warning", overridden(), (Because.ACKNOWLEDGED, 14)),
        ("AT_CAP_BELOW_TARGET", "critical", overridden(), None),
        ("CANNOT_ADVISE", "warning", overridden(), (Because.ACKNOWLEDGED, 14)),
        ("INCREASE", "warning", overridden(), None),
        ("HOLD", "warning", accepted(), None),
        ("RECHECK", "info", accepted(), None),
    ],
)
def test_what_a_reaction_asks_for(state, severity, reaction, asked):
    assert quiet_asked_for(state, severity, OFFERED, reaction, RESTRAINT) == asked


def test_a_snooze_that_the_card_did_not_offer_has_no_effect():
    assert quiet_asked_for("undetermined", "info", [], overridden(reason=SNOOZE_7), RESTRAINT) is None
