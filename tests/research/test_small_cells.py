"""Counts are shown rounded, small ones not at all, and no sum of what is shown tells a small one."""

from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cds_service.pages.small_cells import FEWEST_SHOWN, shown_count
from cds_service.research.csv_tables import cell, largest_first


@pytest.mark.parametrize(
    ("count", "told"),
    [
        (0, None), (1, None), (4, None), (7, None),
        (8, 10), (10, 10), (12, 10), (13, 15), (17, 15), (18, 20), (600, 600), (602, 600), (603, 605),
    ],
)  # fmt: skip
def test_both_sides_of_each_edge(count, told):
    assert shown_count(count) == told


@given(st.integers(0, 10_000), st.integers(0, 10_000))
def test_a_larger_count_is_never_shown_as_a_smaller_one(one, other):
    low, high = sorted((one, other))
    assert (shown_count(low) or 0) <= (shown_count(high) or 0)
    assert shown_count(low) is None or abs(shown_count(low) - low) <= 2


def behind(told):
    """Every count that is shown as this."""
    return (
        range(FEWEST_SHOWN)
        if told is None
        else [n for n in range(told - 2, told + 3) if shown_count(n) == told]
    )


@given(st.lists(st.integers(0, 30), min_size=2, max_size=4))
def test_nobody_can_tell_by_the_total_that_a_count_is_from_one_to_six(parts):
    """Of all that the row may be, each count that is not told may be zero in one, or seven in one."""
    told, total = [shown_count(part) for part in parts], shown_count(sum(parts))
    possible = [row for row in product(*map(behind, told)) if shown_count(sum(row)) == total]
    for place, part in enumerate(told):
        if part is None:
            assert {row[place] for row in possible} & {0, FEWEST_SHOWN - 1}


def test_neither_the_file_nor_the_order_tells_more():
    counts = {"c": None, "b": 10, "a": 10, "z": 15, "y": None}
    assert largest_first(counts) == [("z", 15), ("a", 10), ("b", 10), ("c", None), ("y", None)]
    assert [cell(None), cell(10)] == ["<8", "10"]
