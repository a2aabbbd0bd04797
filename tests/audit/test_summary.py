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


# ---------------------------------------------------------------- every member

KEPT = (
    *("ruleId", "id", "status", "basis", "missing", "drug", "state", "reasons", "action", "severity"),
    *("test", "visit", "category", "profile"),
)
"""What of a finding is written to the database: codes of ours, no word, no value, no reference."""
NOT_KEPT = (
    *("seen", "question", "openQuestions", "origin", "recheck", "forecast", "evidence", "trough", "value"),
    *("currentDose", "proposedDose", "text", "name", "reference", "date", "unit"),
)
NO_REASON = ("seen", "question", "openQuestions", "origin", "recheck", "forecast")
"""Changes although no input of the rule did: a silence stays."""


@pytest.mark.parametrize("member", KEPT)
def test_each_code_of_a_finding_is_kept(member):
    (finding, _) = summary(**{member: "X"}).decision["findings"]
    assert finding[member] == "X"
    assert finding.keys() <= set(KEPT)


@pytest.mark.parametrize("member", NOT_KEPT)
def test_nothing_else_of_a_finding_is_kept(member):
    dose = {"amountMg": 2, "everyHours": 24}
    given = summary(**{member: dose if member == "proposedDose" else "SECRET"})
    assert member not in str(given.decision)
    assert "SECRET" not in str(given.decision)


@pytest.mark.parametrize("member", ["status", "unavailable"])
def test_what_the_decision_is_and_lacks_is_kept_beside_its_findings(member):
    assert summary(**{member: ["x"]}).decision[member] == ["x"]
    assert member not in summary(**{member: []}).decision


@pytest.mark.parametrize("member", [*KEPT[1:], *NOT_KEPT])
def test_a_silence_ends_with_each_thing_that_a_rule_saw_and_with_nothing_else(member):
    dose = {"amountMg": 3, "everyHours": 24}
    (before, *_), (after, *_) = summary().rules, summary(**{member: dose if "Dose" in member else "X"}).rules
    assert (before.inputs == after.inputs) is (member in NO_REASON)


@pytest.mark.parametrize(
    ("members", "state"),
    [
        ({"state": "A", "status": "B", "category": "C"}, "A"),
        ({"state": "", "status": "B", "category": "C"}, "B"),
        ({"state": None, "status": None, "category": "C"}, "C"),
        ({"state": None}, ""),
    ],
)
def test_the_state_of_a_card_is_the_first_that_its_decision_has(members, state):
    assert summary(**members).state == state
