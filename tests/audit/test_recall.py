"""What was remembered comes back as it was; two answers are compared rule by rule."""

from datetime import timedelta

import pytest
from msgspec.structs import replace

from cds_service.audit.advice_diff import differences, same_advice
from cds_service.audit.append_calls import append_call
from cds_service.audit.audit_records import CallOutcome, HeldBack
from cds_service.audit.load_calls import calls_of
from tests.audit.rows import NOW, SENDER, a_call, a_card, uuid

DOSE = {"drug": "sirolimus", "amountMg": 2, "everyHours": 24}


def test_a_call_comes_back_as_it_was_remembered(store):
    held = HeldBack("eligibility", ("I1", "I2"), "snoozed", NOW + timedelta(days=7))
    cards = sorted([a_card("a"), a_card("b", proposed=(DOSE,), kind="titration")], key=lambda c: c.card)
    call = a_call(*cards, held_back=(held,))
    refused = a_call(outcome=CallOutcome.PATIENT_MISMATCH, input_hash=None, at=NOW + timedelta(hours=1))
    append_call(store, refused)
    append_call(store, call)
    append_call(store, a_call(a_card("c"), hook_instance="other"))
    assert calls_of(store, uuid("h1"), SENDER.service) == (call, refused)
    assert calls_of(store, uuid("h1"), "aa-trial-visit") == ()


BEFORE = a_call(
    a_card("a"), a_card("b", rules=("SRL-02",), kind="titration", state="INCREASE", proposed=(DOSE,))
)


def test_the_same_answer_has_no_difference():
    assert differences(BEFORE, BEFORE) == ()
    assert same_advice(BEFORE, BEFORE)
    assert same_advice(BEFORE, replace(BEFORE, cards=BEFORE.cards[::-1]))


@pytest.mark.parametrize(
    ("after", "what", "same"),
    [
        (replace(BEFORE, texts="t2"), ["texts"], True),
        (replace(BEFORE, software="2", input_hash=None), ["software", "input_hash"], True),
        (replace(BEFORE, cards=BEFORE.cards[:1]), ["rule SRL-02"], False),
        (replace(BEFORE, cards=(a_card("a", inputs="new"), BEFORE.cards[1])), ["rule I1", "rule I2"], True),
        (
            replace(BEFORE, cards=(BEFORE.cards[0], replace(BEFORE.cards[1], state="HOLD"))),
            ["rule SRL-02"],
            False,
        ),
        (
            replace(
                BEFORE, cards=(BEFORE.cards[0], replace(BEFORE.cards[1], proposed=(DOSE | {"amountMg": 3},)))
            ),
            ["rule SRL-02"],
            False,
        ),
    ],
)
def test_what_differs_is_named(after, what, same):
    assert [found.what for found in differences(BEFORE, after)] == what
    assert same_advice(BEFORE, after) is same


@pytest.mark.parametrize("what", ["software", "texts", "record_version", "input_hash"])
@pytest.mark.parametrize(("then", "now"), [("a", "b"), ("a", ""), ("", "b"), (None, "b"), ("a", None)])
def test_of_a_version_both_sides_are_shown_and_nothing_as_nothing(what, then, now):
    before, after = replace(BEFORE, **{what: then}), replace(BEFORE, **{what: now})
    [found] = differences(before, after)
    assert (found.what, found.before, found.after) == (what, then or "", now or "")
    assert differences(replace(BEFORE, **{what: None}), replace(BEFORE, **{what: ""})) == ()


def test_a_difference_shows_both_sides():
    [found] = differences(BEFORE, replace(BEFORE, cards=BEFORE.cards[:1]))
    assert found.before.startswith("titration; INCREASE; info; SRL-02; sirolimus 2 mg / 24 h (saw ")
    assert found.after == ""
