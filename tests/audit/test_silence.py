"""From a reaction through the database to a card held back: for one patient, at one site, and no other."""

from datetime import timedelta

import pytest
from msgspec.structs import replace

from cds_service.audit.append_calls import append_call
from cds_service.audit.feedback_rows import record
from cds_service.audit.snoozes import history_of
from cds_service.audit.suppression import quiet
from tests.audit.rows import (
    KEYS,
    NOW,
    PATIENT,
    RESTRAINT,
    SENDER,
    SNOOZE_7,
    SNOOZE_30,
    a_call,
    a_card,
    accepted,
    overridden,
    uuid,
)


def held(store, card, days, patient=PATIENT, issuer=SENDER.issuer, tenant=SENDER.tenant):
    now = NOW + timedelta(days=days)
    found = quiet(card, history_of(store, patient, issuer, tenant, now, RESTRAINT), now, RESTRAINT)
    return found and (found.because, (found.until - NOW).days)


def send(store, *reactions, days=0.01):
    record(store, KEYS, SENDER, reactions, NOW + timedelta(days=days), RESTRAINT)


@pytest.fixture
def given(store):
    append_call(store, a_call(a_card("first")))
    return store


def test_without_a_reaction_the_trial_card_pauses_seven_days(given):
    assert held(given, a_card("next"), 6.9) == ("shown-recently", 7)
    assert held(given, a_card("next"), 7) is None
    assert held(given, a_card("next", inputs="new"), 1) is None


def test_a_snoozed_card_is_quiet_for_its_days(given):
    send(given, overridden("first", SNOOZE_30))
    assert held(given, a_card("next"), 29.9) == ("snoozed", 30)
    assert held(given, a_card("next"), 30) is None


def test_a_snooze_ends_when_what_the_rule_saw_has_changed(given):
    send(given, overridden("first", SNOOZE_30))
    assert held(given, a_card("next", inputs="new"), 1) is None


def test_a_snooze_holds_back_the_other_trial_service_too(given):
    send(given, overridden("first", SNOOZE_30))
    assert held(given, a_card("other service", rules=("I2",)), 20) == ("snoozed", 30)


@pytest.mark.parametrize(
    "whose", [{"patient": "0" * 64}, {"issuer": "https://other.example"}, {"tenant": "other"}]
)
def test_a_snooze_is_for_one_patient_at_one_site(given, whose):
    send(given, overridden("first", SNOOZE_30))
    assert held(given, a_card("next"), 1, **whose) is None


def test_who_changes_his_mind_is_heard(given):
    send(given, overridden("first", SNOOZE_30), days=0.01)
    send(given, overridden("first", SNOOZE_7, days=1), days=1)
    assert held(given, a_card("next"), 7.5) == ("snoozed", 8)
    assert held(given, a_card("next"), 8) is None
    send(given, accepted("first", days=2), days=2)
    assert held(given, a_card("next"), 7.5) is None


def test_a_snooze_sent_again_does_not_start_again(given):
    send(given, overridden("first", SNOOZE_7), days=0.01)
    send(given, overridden("first", SNOOZE_7), days=5)
    assert held(given, a_card("next"), 7) is None


def test_a_snooze_dated_before_its_card_or_in_the_future_starts_in_between(given):
    send(given, overridden("first", SNOOZE_30, days=-400))
    assert held(given, a_card("next"), 29) == ("snoozed", 30)
    append_call(given, a_call(a_card("second"), hook_instance="h2", patient="1" * 64))
    send(given, overridden("second", SNOOZE_30, days=400), days=1)
    assert held(given, a_card("next"), 30.9, patient="1" * 64) == ("snoozed", 31)
    assert held(given, a_card("next"), 31, patient="1" * 64) is None


def test_a_state_that_was_acknowledged_is_quiet_for_fourteen_days(store):
    card = a_card("cap", rules=("SRL-08",), kind="titration", state="AT_CAP_BELOW_TARGET")
    append_call(store, a_call(card))
    assert held(store, card, 1) is None
    send(store, accepted("cap"))
    assert held(store, replace(card, card=uuid("next")), 13.9) == ("acknowledged", 14)
    assert held(store, replace(card, card=uuid("next")), 14) is None
    assert held(store, replace(card, card=uuid("next"), state="HOLD"), 1) is None
    assert held(store, replace(card, card=uuid("next"), severity="critical"), 1) is None
