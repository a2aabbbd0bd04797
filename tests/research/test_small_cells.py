"""No count from 1 to 4 is shown, and none can be had from those that are."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cds_service.research.small_cells import SMALLEST_SHOWN, alone, guarded

counts = st.integers(0, 40)
rows = st.lists(counts, min_size=1, max_size=5).map(lambda found: {f"p{n}": c for n, c in enumerate(found)})


@pytest.mark.parametrize(
    ("parts", "shown", "total"),
    [
        ({"a": 5, "b": 7}, {"a": 5, "b": 7}, 12),
        ({"a": 4, "b": 7, "c": 9}, {"a": None, "b": None, "c": 9}, 20),
        ({"a": 4, "b": 7}, {"a": None, "b": None}, 11),
        ({"a": 0, "b": 7}, {"a": 0, "b": 7}, 7),
        ({"a": 0, "b": 3, "c": 20}, {"a": 0, "b": None, "c": None}, 23),
        ({"a": 1, "b": 1, "c": 20}, {"a": None, "b": None, "c": None}, 22),
        ({"a": 4, "b": 4, "c": 20}, {"a": None, "b": None, "c": 20}, 28),
        ({"a": 2, "b": 0}, {"a": None, "b": 0}, None),
        ({"a": 2, "b": 1}, {"a": None, "b": None}, None),
        ({"a": 4, "b": 1, "c": 0}, {"a": None, "b": None, "c": 0}, None),
        ({}, {}, 0),
    ],
)
def test_a_small_count_is_hidden_with_what_would_give_it_away(parts, shown, total):
    row = guarded(parts)
    assert (dict(row.parts), row.total) == (shown, total)


@pytest.mark.parametrize(("count", "shown"), [(0, 0), (1, None), (4, None), (5, 5)])
def test_a_count_that_stands_alone(count, shown):
    assert alone(count) == shown


@given(rows)
def test_what_is_shown_is_true_and_never_small(parts):
    row = guarded(parts)
    for name, cell in row.parts.items():
        assert cell in (None, parts[name])
        assert cell is None or cell == 0 or cell >= SMALLEST_SHOWN
    assert row.total in (None, sum(parts.values()))


@given(rows)
def test_nobody_can_tell_from_the_total_that_a_hidden_count_is_small(parts):
    """With all that is shown, each hidden count may still be 5 or more; if not, the total is hidden, too."""
    row = guarded(parts)
    hidden = [name for name, cell in row.parts.items() if cell is None]
    if hidden and row.total is not None:
        left = row.total - sum(cell for cell in row.parts.values() if cell)
        assert len(hidden) > 1
        assert left - (len(hidden) - 1) >= SMALLEST_SHOWN
