"""What is remembered of a card: its codes, and for each rule a hash that changes when what it saw changes."""

from copy import deepcopy

import pytest

from cds_service.audit.card_digest import given_card
from cds_service.audit.pseudonym import Pseudonyms
from cds_service.cds_hooks.card import (
    Card,
    CardCoding,
    CardSource,
    Indicator,
    InvalidCard,
    SelectionBehavior,
    Suggestion,
)
from tests.audit.rows import KEYS, uuid

CARD = Card(
    "A summary",
    Indicator.WARNING,
    CardSource("label"),
    uuid=f"urn:uuid:{uuid('card').upper()}",
    override_reasons=(CardCoding("other", "urn:x", "Other"),),
    suggestions=(Suggestion("take", uuid=uuid("suggestion")), Suggestion("leave")),
    selection_behavior=SelectionBehavior.ANY,
)
SEEN = {"reference": "Observation/o1", "date": "2026-03-01", "value": 3.1, "unit": "ng/mL"}
EXTENSION = {
    "schema": "assessment/1",
    "kind": "titration",
    "ruleIds": ["SRL-02", "SAFE-01", "OTHER-1"],
    "asOf": "2026-03-02",
    "decision": {
        "drug": "sirolimus",
        "state": "INCREASE",
        "ruleId": "SRL-02",
        "origin": "P",
        "seen": "level 3.1 ng/mL",
        "reasons": ["BELOW_TARGET"],
        "currentDose": {"amountMg": 1, "everyHours": 24},
        "proposedDose": {"amountMg": 2, "everyHours": 24},
        "trough": SEEN | {"validity": "VALID"},
        "recheck": {"test": "sirolimus-trough", "by": "2026-03-16"},
    },
    "safety": [
        {
            "ruleId": "SAFE-01",
            "severity": "warning",
            "action": "REVIEW",
            "seen": "words",
            "evidence": [
                {"reference": "Patient/p1"},
                {"reference": "Condition/p1-cough"},
                {"reference": "Condition/p12"},
                {"reference": "free text about p1"},
            ],
        }
    ],
}


def summary(patient="p1", **changes):
    extension = deepcopy(EXTENSION)
    extension["decision"] |= changes
    return given_card(CARD, extension, patient, KEYS)


def test_the_codes_the_dose_and_the_offers_are_kept():
    given = summary()
    assert (given.card, given.kind, given.state, given.severity) == (
        uuid("card"),
        "titration",
        "INCREASE",
        "warning",
    )
    assert given.decision == {
        "findings": [
            {"ruleId": "SRL-02", "drug": "sirolimus", "state": "INCREASE", "reasons": ["BELOW_TARGET"]},
            {"ruleId": "SAFE-01", "action": "REVIEW", "severity": "warning"},
        ]
    }
    assert given.proposed == ({"drug": "sirolimus", "amountMg": 2, "everyHours": 24},)
    assert (given.reasons_offered, given.suggestions_offered) == (("urn:x|other",), (uuid("suggestion"),))


def test_references_are_kept_without_the_patient():
    first, second, third = summary().evidence
    assert (second, third) == ("Condition/p12", "Observation/o1")
    assert first == f"Condition/hmac-{KEYS.of_text('Condition/p1-cough')}"


def test_a_rule_is_unchanged_by_words_and_by_the_day_of_its_next_test():
    same = summary(seen="other words", recheck={"by": "2026-03-17"}, origin="L")
    assert same.rules == summary().rules


@pytest.mark.parametrize(
    "change",
    [
        {"state": "RECHECK"},
        {"trough": SEEN | {"value": 3.2, "validity": "VALID"}},
        {"trough": SEEN | {"validity": "STALE"}},
        {"currentDose": {"amountMg": 2, "everyHours": 24}},
    ],
)
def test_a_rule_changes_with_what_it_saw_and_no_other_rule_does(change):
    (before, safety, _), (after, same, _) = summary().rules, summary(**change).rules
    assert before.id == after.id == "SRL-02"
    assert before.inputs != after.inputs
    assert safety == same
    assert summary().facts != summary(**change).facts


def test_a_rule_without_a_finding_of_its_own_saw_the_whole_decision():
    assert summary().rules[2].inputs != summary(state="RECHECK").rules[2].inputs


def test_what_a_rule_saw_cannot_be_guessed_without_the_key():
    other = given_card(CARD, EXTENSION, "p1", Pseudonyms("o" * 32))
    assert not {rule.inputs for rule in other.rules} & {rule.inputs for rule in summary().rules}


def test_a_card_without_uuid_cannot_be_remembered():
    with pytest.raises(InvalidCard):
        given_card(Card("s", Indicator.INFO, CardSource("l")), EXTENSION, "p1", KEYS)
