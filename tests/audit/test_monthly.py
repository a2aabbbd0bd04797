"""Cards by month of the site: the edges of a month and of the year, every outcome, no shadow, services apart."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from cds_service.audit.append_calls import append_call
from cds_service.audit.audit_records import CallOutcome
from cds_service.audit.feedback_rows import record
from cds_service.audit.monthly_counts import cards_by_month, rules_by_month
from tests.audit.rows import KEYS, RESTRAINT, SENDER, a_call, a_card, accepted, overridden

SITE = ZoneInfo("Asia/Shanghai")
LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)
YEAR_S_END = datetime(2025, 12, 31, 16, tzinfo=UTC)
"""Midnight in Shanghai."""
SECOND = timedelta(seconds=1)


def given(store, name, at, rules=("I1",), **changes):
    append_call(store, a_call(a_card(name, rules=rules), hook_instance=name, at=at, **changes))


def said(store, at, *reactions):
    record(store, KEYS, SENDER, reactions, at, RESTRAINT)


def test_the_last_reaction_to_a_card_counts_and_none_counts_too(store):
    for name in ("accepted", "overridden", "changed", "ignored"):
        given(store, name, YEAR_S_END)
    said(store, YEAR_S_END, accepted("accepted"), overridden("overridden"), overridden("changed"))
    said(store, YEAR_S_END + SECOND, accepted("changed"))
    assert cards_by_month(store, SITE, LONG_AGO) == {
        "2026-01": {"accepted": 2, "overridden": 1, "": 1},
    }


def test_a_month_begins_at_midnight_of_the_site(store):
    given(store, "before", YEAR_S_END - SECOND)
    given(store, "on", YEAR_S_END)
    given(store, "february", datetime(2026, 1, 31, 16, tzinfo=UTC))
    found = cards_by_month(store, SITE, LONG_AGO)
    assert {month: counts.total() for month, counts in found.items()} == {
        "2025-12": 1,
        "2026-01": 1,
        "2026-02": 1,
    }
    assert list(found) == sorted(found)
    assert cards_by_month(store, ZoneInfo("Europe/London"), LONG_AGO).keys() == {"2025-12", "2026-01"}


@pytest.mark.parametrize(("later", "is_counted"), [(-SECOND, True), (SECOND * 0, True), (SECOND, False)])
def test_what_was_given_before_a_moment_is_not_counted(store, later, is_counted):
    given(store, "one", YEAR_S_END)
    assert bool(cards_by_month(store, SITE, YEAR_S_END + later)) is is_counted
    told = rules_by_month(store, SITE, YEAR_S_END + later, YEAR_S_END + SECOND)
    assert (sum(counts.total() for counts in told.values()) == 1) is is_counted


def test_nothing_of_shadow_mode_is_counted(store):
    given(store, "shadow", YEAR_S_END, outcome=CallOutcome.SHADOW)
    assert cards_by_month(store, SITE, LONG_AGO) == {}
    assert set(map(bool, rules_by_month(store, SITE, YEAR_S_END, YEAR_S_END).values())) == {False}


def test_services_of_another_trial_are_counted_apart(store):
    given(store, "ours", YEAR_S_END)
    given(store, "theirs", YEAR_S_END, service="other-trial")
    for services, count in ((frozenset(), 2), (frozenset({SENDER.service}), 1), (frozenset({"third"}), 0)):
        assert sum(c.total() for c in cards_by_month(store, SITE, LONG_AGO, services).values()) == count
        told = rules_by_month(store, SITE, YEAR_S_END, YEAR_S_END, services)
        assert sum(counts.total() for counts in told.values()) == count


@pytest.mark.parametrize(
    ("since", "until", "months"),
    [
        ((2025, 11, 5), (2026, 2, 1), ["2025-11", "2025-12", "2026-01", "2026-02"]),
        ((2025, 12, 31), (2026, 1, 1), ["2025-12", "2026-01"]),
        ((2025, 12, 1), (2025, 12, 31), ["2025-12"]),
        ((2026, 1, 31), (2026, 3, 31), ["2026-01", "2026-02", "2026-03"]),
    ],
)
def test_every_month_is_there_also_an_empty_one(store, since, until, months):
    told = rules_by_month(store, SITE, datetime(*since, tzinfo=SITE), datetime(*until, tzinfo=SITE))
    assert list(told) == months


def test_a_card_counts_once_for_each_rule_that_spoke_on_it_in_its_month(store):
    given(store, "old", YEAR_S_END - SECOND, ("I1", "I2"))
    given(store, "new", YEAR_S_END, ("I1",))
    given(store, "newer", YEAR_S_END + SECOND, ("I1", "E4"))
    told = rules_by_month(store, SITE, LONG_AGO.replace(year=2025, month=12), YEAR_S_END)
    assert told == {"2025-12": {"I1": 1, "I2": 1}, "2026-01": {"I1": 2, "E4": 1}}
