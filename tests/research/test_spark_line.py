"""A rule's year as a line: a month that is not told is a gap, and nothing of the line tells its count."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from cds_service.audit.append_calls import append_call
from cds_service.audit.database import open_store
from cds_service.audit.monthly_counts import rules_by_month
from cds_service.audit.reaction_report import report
from cds_service.pages.small_cells import shown_count
from cds_service.research.advice_statistics import advice
from cds_service.research.spark_line import HEIGHT, spark_line
from tests.audit.rows import a_call, a_card

SITE = ZoneInfo("Asia/Shanghai")
NOW = datetime(2026, 3, 10, tzinfo=UTC)
SINCE = NOW - timedelta(days=365)


@pytest.fixture
def engine(tmp_path):
    found = open_store(f"sqlite:///{tmp_path / 'audit.db'}")
    yield found
    found.dispose()


def _give(engine, name, at, *rules):
    append_call(engine, a_call(a_card(name, rules=rules), hook_instance=name, at=at))


def test_the_line_joins_only_neighbours_that_are_told():
    line = spark_line((None, 10, 20, None, 15, None))
    assert [path.count("L") for path in line.paths] == [1]
    assert [x for x, _ in line.dots] == [11, 19, 35]
    assert line.untold == (3, 27, 43)
    assert min(y for _, y in line.dots) == 3
    assert line.height == HEIGHT + 6


def test_of_small_months_nothing_is_drawn():
    assert spark_line((None, None)) is None
    assert spark_line(()) is None


@pytest.mark.parametrize("hidden", range(8))
def test_a_small_month_looks_like_any_other(hidden):
    told = [shown_count(count) for count in (12, hidden, 30)]
    assert spark_line(told) == spark_line([10, None, 30])


def test_cards_are_counted_by_rule_in_the_months_of_the_site(engine):
    """The last hour of February in London is March in Shanghai; every month is there, also an empty one."""
    edge = datetime(2026, 2, 28, 16, tzinfo=UTC)
    _give(engine, "before", edge - timedelta(seconds=1), "SRL-02", "SAF-TG")
    _give(engine, "on", edge, "SRL-02")
    _give(engine, "old", SINCE - timedelta(seconds=1), "SRL-02")
    months = rules_by_month(engine, SITE, SINCE, NOW)
    assert next(iter(months)) == "2025-03"
    assert list(months)[-2:] == ["2026-02", "2026-03"]
    assert len(months) == 13
    assert months["2026-02"] == {"SRL-02": 1, "SAF-TG": 1}
    assert months["2026-03"] == {"SRL-02": 1}
    assert months["2025-03"] == {}


def test_a_rule_s_course_is_rounded_month_by_month(engine):
    for number in range(20):
        at = NOW - timedelta(days=1 if number < 13 else 40)
        _give(engine, f"c{number}", at, "SRL-02")
    told = advice(report(engine, SINCE), {}, rules_by_month(engine, SITE, SINCE, NOW))
    (rule,) = told.rules
    assert (rule.course["2026-03"], rule.course["2026-01"], rule.course["2026-02"]) == (15, None, None)
    assert rule.shown == 20
