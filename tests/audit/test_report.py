"""The report counts cards, per rule and version, by the last reaction to each."""

import csv
import io
from datetime import timedelta

import pytest

from cds_service.audit.append_calls import append_call
from cds_service.audit.feedback_rows import record
from cds_service.audit.reaction_report import COLUMNS, as_table, report, report_csv
from tests.audit.rows import KEYS, NOW, REASONS, RESTRAINT, SENDER, a_call, a_card, accepted, overridden


@pytest.fixture
def told(store):
    """Five cards of I1 (one of them of I2 as well), one in another version of the texts."""
    for number in range(5):
        rules = ("I1", "I2") if number == 0 else ("I1",)
        texts = "new" if number == 4 else "old"
        at = NOW + timedelta(days=number)
        append_call(
            store, a_call(a_card(f"c{number}", rules=rules), hook_instance=f"h{number}", texts=texts, at=at)
        )
    reactions = [
        accepted("c0"),
        overridden("c1", reason=f"{REASONS}|other", comment="words"),
        overridden("c2", comment="words"),
        overridden("c4", reason="urn:x|mine"),
    ]
    record(store, KEYS, SENDER, reactions, NOW + timedelta(days=9), RESTRAINT)
    return store


def test_each_rule_in_each_version_has_its_counts(told):
    assert [entry.cells() for entry in report(told)] == [
        ("I1", "0.1.0", "new", "1", "0", "1", "0", "not-offered 1", ""),
        ("I1", "0.1.0", "old", "4", "1", "2", "1", "comment-only 1; other 1", ""),
        ("I2", "0.1.0", "old", "1", "1", "0", "0", "", ""),
    ]


def test_every_card_is_accepted_overridden_or_ignored(told):
    for entry in report(told):
        assert entry.shown == entry.outcomes["accepted"] + entry.outcomes["overridden"] + entry.ignored


def test_a_period_counts_the_cards_given_in_it(told):
    day = timedelta(days=1)
    assert [e.shown for e in report(told, since=NOW + day, until=NOW + 4 * day)] == [3]
    assert [e.shown for e in report(told, until=NOW)] == []


def test_an_override_without_any_reason_is_said_to_have_none(store):
    append_call(store, a_call(a_card()))
    record(store, KEYS, SENDER, [overridden()], NOW, RESTRAINT)
    assert dict(zip(COLUMNS, report(store)[0].cells(), strict=True))["reasons"] == "none-given 1"


def test_rules_of_two_trials_that_are_called_alike_are_counted_apart(store):
    of = {"one-visit": "NCT2", "one-order": "NCT2", "two-visit": "NCT1"}
    for number, service in enumerate(("one-visit", "one-order", "two-visit", "gone", "one-visit")):
        append_call(
            store, a_call(a_card(f"c{number}", rules=("I1",)), hook_instance=f"h{number}", service=service)
        )
    told = [(entry.trial, entry.rule, entry.shown) for entry in report(store, trial_of_service=of)]
    assert told == [("", "I1", 1), ("NCT1", "I1", 1), ("NCT2", "I1", 3)]
    assert [entry.shown for entry in report(store)] == [5]


def test_the_csv_reads_back_as_what_was_reported(told):
    header, *lines = csv.reader(io.StringIO(report_csv(report(told))))
    assert tuple(header) == COLUMNS
    assert [tuple(line) for line in lines] == [entry.cells() for entry in report(told)]


def test_the_table_has_its_columns_one_under_the_other(told):
    heading, *lines = as_table(report(told)).splitlines()
    place = heading.index("shown")
    assert [line[place:].split()[0] for line in lines] == ["1", "4", "1"]
    assert as_table([]).split() == list(COLUMNS)
