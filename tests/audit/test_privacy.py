"""After every demo patient's visit, no row holds a name, a patient id, a measured value, a sentence or a token."""

import re
from datetime import timedelta

import pytest
from msgspec.structs import replace

from cds_service.audit.append_calls import append_call
from cds_service.audit.feedback_rows import Sender, record
from cds_service.audit.replay_guard import first_time
from cds_service.cds_hooks.feedback_request import CardReaction, FeedbackOutcome
from tests.audit.demo_visits import ISSUER, TENANT, TOKEN, remembered
from tests.audit.rows import KEYS, RESTRAINT, everything, rows
from tests.demo.demo_charts import of_kind

COMMENT = "PLANTED-COMMENT about Wang"
_CODE = re.compile(r"[A-Za-z0-9_.+–-]+")


@pytest.fixture(scope="module")
def visits():
    return list(remembered())


@pytest.fixture
def full_store(store, visits):
    """Every visit, a reaction to every card (and to cards of nobody), and every token."""
    for _, call, cards in visits:
        append_call(store, call)
        sender = Sender(call.service, ISSUER, TENANT)
        reactions = [_reaction(card, call.at) for card in cards]
        if reactions:
            strangers = [replace(reaction, card=f"PLANTED-{TOKEN}") for reaction in reactions]
            record(store, KEYS, sender, [*reactions, *strangers], call.at, RESTRAINT)
        first_time(store, ISSUER, TOKEN, call.at + timedelta(minutes=5), call.at)
    return store


def _reaction(card, at):
    reason = card.override_reasons[0]
    chosen = f"{reason.system}|{reason.code}"
    return CardReaction(card.uuid, FeedbackOutcome.OVERRIDDEN, at, ("PLANTED-SUGGESTION",), chosen, COMMENT)


def test_each_card_of_each_visit_is_in_the_audit(full_store, visits):
    given = sorted(card.uuid for _, _, cards in visits for card in cards)
    assert sorted(row["card"] for row in rows(full_store, "given_advice")) == given
    assert len(given) > len({patient.id for patient, _, _ in visits})
    assert len(rows(full_store, "calls")) == len(visits)
    assert len(rows(full_store, "feedback")) == len(rows(full_store, "unmatched_feedback")) == len(given)


def test_nobody_can_be_named_from_the_database(full_store, visits):
    told = everything(full_store)
    for patient, _, _ in visits:
        assert not re.search(rf"(?<![A-Za-z0-9]){patient.id}(?![A-Za-z0-9])", told)
        for name in of_kind(patient, "Patient")[0].get("name", ()):
            for text in (name.get("text"), name.get("family"), *name.get("given", ())):
                assert not text or text not in told
    assert "PLANTED" not in told
    assert "Patient/" not in told


def test_what_was_decided_is_kept_in_codes_alone(full_store):
    for card in rows(full_store, "given_advice"):
        for leaf in _leaves(card["decision"]):
            assert isinstance(leaf, str)
            assert _CODE.fullmatch(leaf), leaf


def test_no_measured_value_is_in_the_database(full_store, visits):
    """Proposed doses are kept; no chart measures anything in their numbers with a decimal point."""
    told = everything(full_store)
    measured = {
        str(o["valueQuantity"]["value"])
        for patient, _, _ in visits
        for o in of_kind(patient, "Observation")
        if "valueQuantity" in o and "." in str(o["valueQuantity"]["value"])
    }
    assert len(measured) > 20
    assert measured.isdisjoint(re.findall(r"(?<![\w.-])[\d.]+(?![\w.])", told))


def test_a_proposed_dose_is_kept(full_store):
    proposed = [dose for card in rows(full_store, "given_advice") for dose in card["proposed"]]
    assert {"drug": "sirolimus", "amountMg": 2, "everyHours": 24} in proposed


def _leaves(value):
    if isinstance(value, dict):
        for member in value.values():
            yield from _leaves(member)
    elif isinstance(value, list):
        for member in value:
            yield from _leaves(member)
    else:
        yield value
