"""A reaction counts from whom the card was given to, at its service; every other is kept without effect."""

from datetime import timedelta

import pytest
from msgspec.structs import replace

from cds_service.audit.append_calls import append_call
from cds_service.audit.feedback_rows import NOT_OFFERED, Recorded, Sender, record
from cds_service.audit.reaction_report import report
from tests.audit.rows import (
    KEYS,
    NOW,
    REASONS,
    RESTRAINT,
    SENDER,
    SNOOZE_7,
    SNOOZE_30,
    a_call,
    a_card,
    accepted,
    overridden,
    rows,
    uuid,
)


def send(store, *reactions, sender=SENDER, hours=1):
    return record(store, KEYS, sender, reactions, NOW + timedelta(hours=hours), RESTRAINT)


@pytest.fixture
def given(store):
    append_call(store, a_call(a_card()))
    return store


def test_an_accepted_suggestion_is_joined_to_its_card(given):
    assert send(given, accepted()) == Recorded(1, 0)
    [row] = rows(given, "feedback")
    assert (row["card"], row["outcome"], row["suggestions"]) == (
        uuid("card"),
        "accepted",
        [uuid("suggestion")],
    )
    assert (row["suggestions_unknown"], row["reason_code"], row["comment_length"]) == (0, None, None)


def test_a_card_may_be_named_as_urn_and_in_capitals(given):
    shouted = replace(overridden(), card=f"urn:uuid:{uuid('card').upper()}")
    assert send(given, shouted) == Recorded(1, 0)


def test_a_reason_of_the_card_is_kept_as_it_is(given):
    send(given, overridden(reason=f"{REASONS}|other", comment="SECRET words"))
    [row] = rows(given, "feedback")
    assert (row["reason_system"], row["reason_code"], row["comment_length"]) == (REASONS, "other", 12)


def test_a_reason_or_suggestion_that_was_not_offered_is_kept_as_that_fact_only(given):
    send(given, overridden(reason="urn:SECRET|SECRET"), accepted(suggestions=("suggestion", "SECRET")))
    first, second = rows(given, "feedback")
    assert (first["reason_system"], first["reason_code"]) == (None, NOT_OFFERED)
    assert (second["suggestions"], second["suggestions_unknown"]) == ([uuid("suggestion")], 1)
    assert "SECRET" not in repr(rows(given, "feedback"))


@pytest.mark.parametrize(
    ("why", "sender"),
    [
        ("other-client", Sender(SENDER.service, "https://other.example", SENDER.tenant)),
        ("other-client", Sender(SENDER.service, SENDER.issuer, "other")),
        ("other-service", Sender("aa-trial-titration", SENDER.issuer, SENDER.tenant)),
    ],
)
def test_feedback_from_whoever_was_not_given_the_card_has_no_effect(given, why, sender):
    assert send(given, overridden(reason=SNOOZE_30), sender=sender) == Recorded(0, 1)
    assert [row["why"] for row in rows(given, "unmatched_feedback")] == [why]
    assert rows(given, "feedback") == rows(given, "silences") == []
    assert report(given)[0].ignored == 1


def test_feedback_on_an_unknown_card_is_kept_without_its_texts(store):
    strange = replace(overridden(reason="urn:SECRET|SECRET", comment="SECRET"), card="SECRET")
    assert send(store, strange) == Recorded(0, 1)
    [row] = rows(store, "unmatched_feedback")
    assert (row["why"], row["comment_length"]) == ("unknown-card", 6)
    assert "SECRET" not in repr(row)


@pytest.mark.parametrize("card", ["\x00", "病人", "x" * 100_000, "' OR 1=1 --", "%"])
def test_any_text_may_stand_for_a_card(given, card):
    odd = replace(overridden(reason="\x00|\x00", comment="\x00"), card=card)
    assert send(given, odd, overridden(reason="\x00|\x00")) == Recorded(1, 1)


def test_a_batch_may_be_mixed(given):
    assert send(given, accepted(), overridden("nobody's"), overridden(days=1)) == Recorded(2, 1)


def test_a_repeated_item_is_kept_twice_and_counted_once(given):
    for hours in (1, 2):
        send(given, overridden(reason=SNOOZE_7), hours=hours)
    assert len({row["item"] for row in rows(given, "feedback")}) == 1
    assert len(rows(given, "feedback")) == 2
    assert [(entry.shown, entry.outcomes["overridden"]) for entry in report(given)] == [(1, 1)] * 2
    assert len(rows(given, "silences")) == 2  # one for each rule of the card


def test_items_that_differ_in_their_comment_only_are_two(given):
    send(given, overridden(comment="a"), overridden(comment="b"), overridden())
    assert len({row["item"] for row in rows(given, "feedback")}) == 3


def test_the_last_reaction_counts_whatever_order_they_came_in(given):
    send(given, accepted(days=0.02), overridden(days=0.01), hours=24)
    assert [entry.outcomes["accepted"] for entry in report(given)] == [1, 1]


def test_a_client_whose_clock_runs_ahead_has_not_the_last_word_for_ever(given):
    send(given, overridden(days=4000), hours=1)
    send(given, accepted(days=1), hours=48)
    assert [entry.outcomes["accepted"] for entry in report(given)] == [1, 1]
