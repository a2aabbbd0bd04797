"""The tables to take away, cell by cell, the order on the page, and which pages may run a script."""

import csv
import io

import pytest

from cds_service.cards.translations import with_words_of
from cds_service.research.advice_statistics import CountedTold
from cds_service.research.csv_tables import alerts_csv, cell, funnel_csv, largest_first
from cds_service.research.funnel_page import Funnel
from cds_service.research.research_responses import OWN, Pages
from cds_service.research.research_routes import _often_first
from cds_service.trials.nct06802055.trial import TRIAL

FUNNEL = Funnel(
    as_of="2026-03-02T03:00:00+08:00",
    screened=600,
    candidates=40,
    status={"ineligible": 25, "undetermined": None},
    undetermined_by={"E4": 10},
    excluded_by={"E3": 15, "I1": None},
    overdue={"sirolimus-trough": None},
    enrolled=None,
    unreadable=3,
)


def rows(text):
    return [tuple(row) for row in csv.reader(io.StringIO(text))]


def counted(name, shown, reasons=(), **outcomes):
    told = dict.fromkeys(("accepted", "overridden", "ignored")) | outcomes
    return CountedTold(name, shown, told, dict(reasons))


@pytest.mark.parametrize(("count", "told"), [(None, "<8"), (10, "10"), (1000, "1000")])
def test_a_count_that_is_not_told_is_fewer_than_eight(count, told):
    assert cell(count) == told


def test_the_funnel_has_a_line_for_each_count():
    assert rows(funnel_csv(FUNNEL)) == [
        ("table", "name", "patients"),
        ("funnel", "screened", "600"),
        ("funnel", "candidates", "40"),
        ("status", "ineligible", "25"),
        ("status", "undetermined", "<8"),
        ("undetermined-by", "E4", "10"),
        ("excluded-by", "E3", "15"),
        ("excluded-by", "I1", "<8"),
        ("overdue", "sirolimus-trough", "<8"),
    ]


def test_a_rule_has_what_became_of_its_cards_and_why_they_were_overridden():
    told = [
        counted("SRL-02", 15, {"other": None, "done": 10}, accepted=10, overridden=None),
        counted("SRL-03", None),
    ]
    assert rows(alerts_csv(told)) == [
        ("name", "shown", "accepted", "overridden", "ignored", "reasons"),
        ("SRL-02", "15", "10", "<8", "<8", "done 10; other <8"),
        ("SRL-03", "<8", "<8", "<8", "<8", ""),
    ]


def test_the_largest_stands_first_and_of_equals_by_name():
    counts = {"b": 10, "d": None, "a": 10, "c": None, "e": 25}
    assert largest_first(counts) == [("e", 25), ("a", 10), ("b", 10), ("c", None), ("d", None)]


def test_what_was_shown_most_stands_first_and_of_what_is_not_told_the_order_stays():
    told = [counted("R1", None), counted("R2", 10), counted("R3", 25), counted("R4", None), counted("R5", 10)]
    assert [one.name for one in _often_first(told)] == ["R3", "R2", "R5", "R1", "R4"]


@pytest.mark.parametrize("may_run", [True, False, None])
def test_a_page_runs_our_scripts_only_where_it_asks_for_them(may_run):
    asked = {} if may_run is None else {"policy_of_scripts": may_run}
    words = with_words_of(OWN / "words", TRIAL.words)["en"]
    page = Pages("/static").page("research/message.html", words, 404, key="ended", path="/research", **asked)
    policy = page.headers["Content-Security-Policy"]
    assert page.status_code == 404
    assert ("script-src 'self'" in policy) is bool(may_run)
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
