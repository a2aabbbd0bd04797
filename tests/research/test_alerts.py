"""Advice by rule and by month: every count rounded by itself, small ones not told."""

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from cds_service.audit.reaction_report import RuleReport
from cds_service.pages.small_cells import shown_count
from cds_service.research.advice_statistics import OUTCOMES, advice

counts = st.builds(
    lambda a, o, i: Counter({"accepted": a, "overridden": o, "": i}), *[st.integers(0, 30)] * 3
)


def entry(rule, outcomes, texts="t"):
    return RuleReport(rule, "0.1.0", texts, Counter(outcomes), Counter())


def test_versions_of_a_rule_are_taken_together():
    told = advice([entry("R", {"accepted": 6}, "old"), entry("R", {"accepted": 7}, "new")], {})
    (rule,) = told.rules
    assert (rule.shown, rule.outcomes["accepted"]) == (15, 15)


def test_rules_stand_in_the_order_of_their_numbers():
    told = advice([entry(rule, {"": 9}) for rule in ("E10", "SRL-02", "E2", "I1", "E1")], {})
    assert [rule.name for rule in told.rules] == ["E1", "E2", "E10", "I1", "SRL-02"]


@given(st.lists(counts, min_size=1, max_size=4))
def test_every_count_of_both_tables_is_rounded_by_itself(found):
    """A total is that of the true counts, not of those shown."""
    told = advice([entry(f"R{n}", c) for n, c in enumerate(found)], {"2026-03": sum(found, Counter())})
    for one, true in zip([*told.rules, *told.months], [*found, sum(found, Counter())], strict=True):
        assert one.shown == shown_count(true.total())
        assert one.outcomes == {name: shown_count(true[outcome]) for outcome, name in OUTCOMES.items()}


def test_reasons_are_rounded_too():
    found = RuleReport("R", "0.1.0", "t", Counter(overridden=20), Counter({"other": 12, "data-wrong": 7}))
    (rule,) = advice([found], {}).rules
    assert rule.reasons == {"other": 10, "data-wrong": None}
