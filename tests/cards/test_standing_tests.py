"""A test that is ordered already is not drafted again: of which days, in which words, and where no day is told."""

from datetime import date, timedelta
from itertools import product

import pytest

from cds_service.cards.tests_to_order import WantedTest, already_ordered, draft_tests
from fhir_mappings.clinical_model.standing import StandingOrder
from tests.cards.assessments import TODAY, WORDS, context

CREATININE = frozenset({"14682-9"})
DAYS = (None, 0, 1, 3, 5)
"""From today on."""


def day(ahead: int | None) -> date | None:
    return None if ahead is None else TODAY + timedelta(ahead)


def told(wanted: WantedTest, order: StandingOrder) -> tuple[list[str], int]:
    """The lines about what stands, and how many are drafted."""
    asked = context("aa-trial-titration", standing=(order,))
    lines = [WORDS["en"].plain(line) for line in already_ordered([wanted], TODAY, asked)]
    return lines, len(draft_tests([wanted], "Patient/p1", TODAY, asked))


SPANS = [(first, last) for first, last in product(DAYS, DAYS) if None in (first, last) or first <= last]


def days_of(first: int | None, last: int | None) -> set[int]:
    """An end that is not told is open; what is wanted on no day is wanted from today on."""
    return {n for n in range(8) if (first or 0) <= n <= (7 if last is None else last)}


@pytest.mark.parametrize(("first", "last"), SPANS)
def test_an_order_for_one_of_the_days_stands_for_the_test(first: int | None, last: int | None) -> None:
    for begins, ends in SPANS:
        order = StandingOrder(CREATININE, day(begins), day(ends), signed=True)
        lines, drafts = told(WantedTest("creatinine", day(first), day(last)), order)
        stands = bool(days_of(first, last) & days_of(begins, ends))
        assert (bool(lines), drafts) == (stands, int(not stands))


@pytest.mark.parametrize(
    ("first", "order_ends", "stands"), [(None, -1, False), (None, 0, True), (1, 0, False), (1, 1, True)]
)
def test_an_order_that_ended_before_the_first_day_does_not_stand(
    first: int | None, order_ends: int, stands: bool
) -> None:
    order = StandingOrder(CREATININE, day(-9), day(order_ends), signed=True)
    assert bool(told(WantedTest("creatinine", day(first), None), order)[0]) is stands


def test_an_order_for_another_test_does_not_stand() -> None:
    assert told(WantedTest("potassium", None, None), StandingOrder(CREATININE, None, None, signed=True)) == (
        [],
        1,
    )


@pytest.mark.parametrize(
    ("signed", "written", "dated", "line"),
    [
        (True, None, False, "creatinine: ordered already"),
        (False, None, False, "creatinine: drafted already, not yet signed"),
        (True, -2, False, "creatinine: ordered on 2026-02-28"),
        (False, -2, False, "creatinine: drafted on 2026-02-28, not yet signed"),
        (True, -2, True, "creatinine: ordered on 2026-02-28, 2026-03-03 to 2026-03-05"),
    ],
)
def test_what_stands_is_said_as_far_as_it_tells(
    signed: bool, written: int | None, dated: bool, line: str
) -> None:
    order = StandingOrder(CREATININE, day(1), day(3), signed, day(written), is_dated=dated)
    assert told(WantedTest("creatinine", day(0), day(5)), order) == ([line], 0)
