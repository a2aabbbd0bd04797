"""Advice by rule and by month: two tables of the same cards, and neither gives the other's small counts away."""

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from cds_service.research.alerts import OUTCOMES, advice
from cds_service.research.small_cells import SMALLEST_SHOWN
from cds_service.store.report import RuleReport

counts = st.builds(
    lambda a, o, i: Counter({"accepted": a, "overridden": o, "": i}), *[st.integers(0, 12)] * 3
)


def entry(rule, outcomes, texts="t"):
    return RuleReport(rule, "0.1.0", texts, Counter(outcomes), Counter())


def test_versions_of_a_rule_are_taken_together():
    told = advice([entry("R", {"accepted": 3}, "old"), entry("R", {"accepted": 4}, "new")], {})
    (rule,) = told.rules
    assert (rule.shown, rule.outcomes["accepted"]) == (7, 7)


def test_rules_stand_in_the_order_of_their_numbers():
    told = advice([entry(rule, {"": 9}) for rule in ("E10", "SRL-02", "E2", "I1", "E1")], {})
    assert [rule.name for rule in told.rules] == ["E1", "E2", "E10", "I1", "SRL-02"]


def test_a_month_does_not_give_away_what_a_rule_hides():
    """One month: its 11 without reaction less the 7 of the other rule would be the hidden 4."""
    rules = [entry("A", {"accepted": 6, "overridden": 3, "": 4}), entry("B", {"": 7})]
    (month,) = advice(rules, {"2026-03": Counter({"accepted": 6, "overridden": 3, "": 11})}).months
    assert month.outcomes["ignored"] is None
    assert month.outcomes["overridden"] is None


@given(st.lists(counts, min_size=1, max_size=4))
def test_no_difference_of_the_two_tables_is_a_small_count(found):
    """Every card has one rule and one month here: the case in which the tables add up to the same."""
    told = advice([entry(f"R{n}", c) for n, c in enumerate(found)], {"2026-03": sum(found, Counter())})
    (month,) = told.months
    for outcome, shown in OUTCOMES.items():
        hidden = [n for n, rule in enumerate(told.rules) if rule.outcomes[shown] is None]
        if hidden and month.outcomes[shown] is not None:
            left = month.outcomes[shown] - sum(rule.outcomes[shown] or 0 for rule in told.rules)
            assert left == sum(found[n][outcome] for n in hidden)
            assert left - (len(hidden) - 1) >= SMALLEST_SHOWN
            assert len(hidden) > 1
