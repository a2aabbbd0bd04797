"""What the page says of silences: the longest of a rule, the trial card's pause, and each reason why nothing is known."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from cds_service.audit.store_errors import StoreUnavailable
from cds_service.audit.suppression import AdviceHistory, Because, Shown, Snooze
from cds_service.cds_hooks.service import Caller
from cds_service.explain.snoozed import Quiet, Recollection, SnoozedCard

NOW = datetime(2026, 3, 2, 1, tzinfo=UTC)
DAY, SECOND = timedelta(days=1), timedelta(seconds=1)
EHR = Caller("https://ehr.example", "ward")
SITE = ZoneInfo("Asia/Shanghai")


class Words:
    """Says the name of what is said, and its rule."""

    def say(self, name, **parts):
        return " ".join([name, *parts.values()])


class Memory:
    def __init__(self, history):
        self.kept = history

    def history(self, caller, patient, now):
        assert (caller, patient, now) == (EHR, "p1", NOW)
        if isinstance(self.kept, Exception):
            raise self.kept
        return self.kept


def told(history, caller=EHR, days=7):
    memory = Memory(history) if history is not None else None
    return Recollection(memory, days, SITE).of("p1", caller, NOW, Words())


def silence(rule="SRL-02", days=1, because=Because.SNOOZED):
    return Snooze(rule, "seen", "INCREASE", "warning", because, NOW + days * DAY)


def shown(ago):
    return Shown("card", "facts", NOW - ago)


@pytest.mark.parametrize(
    ("history", "caller", "why"),
    [
        (None, EHR, "page.quiet.notKept"),
        (AdviceHistory(), None, "page.quiet.whichTenant"),
        (StoreUnavailable("locked"), EHR, "page.quiet.unavailable"),
    ],
)
def test_what_is_not_known_is_said(history, caller, why):
    assert told(history, caller) == Quiet(why_not=why)


def test_nothing_silenced_is_nothing():
    assert told(AdviceHistory()) == Quiet()


def test_of_several_silences_of_a_rule_the_longest_and_those_that_end_first_stand_first():
    history = AdviceHistory(
        (
            silence(days=3),
            silence(days=9),
            silence(days=5),
            silence("CSA-01", 1),
            silence(days=2, because=Because.ACKNOWLEDGED),
        )
    )
    assert told(history).held == (
        SnoozedCard("page.quiet.rule CSA-01", "page.because.snoozed", "2026-03-03 09:00"),
        SnoozedCard("page.quiet.rule SRL-02", "page.because.acknowledged", "2026-03-04 09:00"),
        SnoozedCard("page.quiet.rule SRL-02", "page.because.snoozed", "2026-03-11 09:00"),
    )


@pytest.mark.parametrize(
    ("ago", "until"),
    [
        ([7 * DAY - SECOND], "2026-03-02 09:00"),
        ([7 * DAY], None),
        ([8 * DAY], None),
        ([DAY], "2026-03-08 09:00"),
        ([8 * DAY, 2 * DAY, 5 * DAY], "2026-03-07 09:00"),
        ([], None),
    ],
)
def test_the_trial_card_is_quiet_for_a_week_after_it_was_shown_last(ago, until):
    held = told(AdviceHistory((), [shown(one) for one in ago])).held
    expected = (SnoozedCard("page.quiet.trialCard", "page.because.shown-recently", until),) if until else ()
    assert held == expected
