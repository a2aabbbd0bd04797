"""A feedback body is read strictly; an item that is none is named, and costs no other (CH-120..125)."""

import json

import pytest

from cds_service.cds_hooks.errors import BadHookRequest
from cds_service.cds_hooks.feedback_request import MOST_ITEMS, FeedbackOutcome, read_reactions
from tests.audit.rows import uuid

GOOD = {
    "card": uuid("card"),
    "outcome": "accepted",
    "acceptedSuggestions": [{"id": uuid("suggestion")}],
    "outcomeTimestamp": "2026-03-02T09:00:00.250+08:00",
}
OVERRIDE = {"card": "c", "outcome": "overridden", "outcomeTimestamp": "2026-03-02T01:00:00Z"}
REASON = {"code": "other", "system": "urn:x"}


def read(*items):
    return read_reactions(json.dumps({"feedback": items}).encode())


def good(*items):
    batch = read(*items)
    assert batch.refused == ()
    return batch.reactions


def test_a_batch_is_read_in_order_and_in_utc():
    first, second = good(GOOD, OVERRIDE | {"unknown": {"deep": 1}})
    assert (first.card, first.outcome, first.suggestions) == (
        uuid("card"),
        FeedbackOutcome.ACCEPTED,
        (uuid("suggestion"),),
    )
    assert first.at.isoformat() == "2026-03-02T01:00:00.250000+00:00"
    assert (second.outcome, second.reason, second.comment) == (FeedbackOutcome.OVERRIDDEN, None, None)


@pytest.mark.parametrize(
    ("given", "reason", "comment"),
    [
        ({"reason": REASON | {"display": "x"}}, "urn:x|other", None),
        ({"userComment": "no"}, None, "no"),
        ({"reason": REASON, "userComment": "no"}, "urn:x|other", "no"),
    ],
)
def test_an_override_has_a_reason_a_comment_or_both(given, reason, comment):
    [item] = good(OVERRIDE | {"overrideReason": given})
    assert (item.reason, item.comment) == (reason, comment)


@pytest.mark.parametrize(
    ("item", "member"),
    [
        ({**GOOD, "card": 7}, "card"),
        ({**GOOD, "card": " "}, "feedback[0]"),
        ({k: v for k, v in GOOD.items() if k != "card"}, "card"),
        ({**GOOD, "outcome": "banana"}, "feedback[0].outcome"),
        ({k: v for k, v in GOOD.items() if k != "outcome"}, "outcome"),
        ({k: v for k, v in GOOD.items() if k != "acceptedSuggestions"}, "acceptedSuggestions"),
        ({**GOOD, "acceptedSuggestions": []}, "acceptedSuggestions"),
        ({**GOOD, "acceptedSuggestions": [{}]}, "id"),
        ({**GOOD, "acceptedSuggestions": [{"id": ""}]}, "feedback[0]"),
        ({**GOOD, "acceptedSuggestions": {"id": "x"}}, "acceptedSuggestions"),
        ({**OVERRIDE, "overrideReason": {}}, "overrideReason"),
        ({**OVERRIDE, "overrideReason": []}, "overrideReason"),
        ({**OVERRIDE, "overrideReason": {"userComment": ""}}, "userComment"),
        ({**OVERRIDE, "overrideReason": {"reason": {"code": "x"}}}, "system"),
        ({**OVERRIDE, "overrideReason": {"reason": {"code": "", "system": "x"}}}, "reason"),
        ({**GOOD, "outcomeTimestamp": "yesterday"}, "outcomeTimestamp"),
        ({**GOOD, "outcomeTimestamp": "2026-03-02"}, "outcomeTimestamp"),
        ({**GOOD, "outcomeTimestamp": "2026-03-02T09:00:00"}, "outcomeTimestamp"),
        ({**GOOD, "outcomeTimestamp": "2026-02-30T09:00:00Z"}, "outcomeTimestamp"),
        ({**GOOD, "outcomeTimestamp": "0001-01-01T00:00:00+14:00"}, "outcomeTimestamp"),
        ({**GOOD, "outcomeTimestamp": 7}, "outcomeTimestamp"),
        ("text", "feedback"),
    ],
)
def test_a_bad_item_is_named_and_costs_no_other(item, member):
    with pytest.raises(BadHookRequest) as refused:
        read(item)
    assert member in str(refused.value)
    batch = read(OVERRIDE, item, GOOD)
    assert [reaction.outcome for reaction in batch.reactions] == [
        FeedbackOutcome.OVERRIDDEN,
        FeedbackOutcome.ACCEPTED,
    ]
    [why] = batch.refused
    assert "feedback[1]" in str(why)
    assert member.removeprefix("feedback[0]") in str(why)


def test_a_suggestion_named_twice_was_taken_once():
    twice = [{"id": uuid("a")}, {"id": uuid("b")}, {"id": uuid("a")}]
    [item] = good(GOOD | {"acceptedSuggestions": twice})
    assert item.suggestions == (uuid("a"), uuid("b"))


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b"{}",
        b'{"feedback": null}',
        b'{"feedback": {}}',
        b'{"feedback": []}',
        b'{"feedback": [null]}',
        b'{"feedback": ' + b"[" * 100_000 + b"]" * 100_000 + b"}",
        b'{"feedback": [], "feedback": []}',
        b"\xff",
        json.dumps({"feedback": [OVERRIDE] * (MOST_ITEMS + 1)}).encode(),
    ],
    ids=lambda body: body[:24].decode(errors="replace"),
)
def test_a_body_that_is_no_feedback_is_refused(body):
    with pytest.raises(BadHookRequest):
        read_reactions(body)


def test_half_a_character_is_refused():
    body = json.dumps({"feedback": [OVERRIDE | {"card": "@"}]}).replace("@", "\\ud800")
    with pytest.raises(BadHookRequest):
        read_reactions(body.encode())


def test_no_refusal_and_no_repr_quotes_what_was_sent():
    with pytest.raises(BadHookRequest) as refused:
        read(GOOD | {"outcome": "SECRET"})
    assert "SECRET" not in str(refused.value)
    [item] = good(OVERRIDE | {"card": "SECRET", "overrideReason": {"userComment": "SECRET"}})
    assert "SECRET" not in repr(item)
