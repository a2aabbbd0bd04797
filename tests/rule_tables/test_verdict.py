"""Three answers and how they combine: unknown never decides, and learning more never reverses an answer."""

import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cds_service.rules.verdict import Verdict, all_of, any_of, reverse, verdict_of
from tests.tables import Case, cases, named

MET, NOT_MET, UNKNOWN = Verdict.MET, Verdict.NOT_MET, Verdict.UNKNOWN
verdicts = st.lists(st.sampled_from(Verdict))
settled = st.sampled_from([MET, NOT_MET])


@pytest.mark.parametrize(
    "case",
    cases("""
    one     | other   | any     | all
    met     | met     | met     | met
    met     | not-met | met     | not-met
    met     | unknown | met     | unknown
    not-met | not-met | not-met | not-met
    not-met | unknown | unknown | not-met
    unknown | unknown | unknown | unknown
    """),
    ids=named,
)
def test_two_answers_combine_as_in_kleenes_tables(case: Case) -> None:
    for pair in itertools.permutations([Verdict(case["one"]), Verdict(case["other"])]):
        assert (any_of(pair), all_of(pair)) == (Verdict(case["any"]), Verdict(case["all"]))


def test_of_nothing_all_are_met_and_none_is() -> None:
    assert (any_of([]), all_of([])) == (NOT_MET, MET)


@pytest.mark.parametrize(("answer", "verdict"), [(True, MET), (False, NOT_MET), (None, UNKNOWN)])
def test_a_missing_answer_is_unknown_and_not_a_no(answer: bool | None, verdict: Verdict) -> None:
    assert verdict_of(answer) is verdict


@pytest.mark.parametrize("verdict", Verdict)
def test_the_opposite_of_the_opposite_is_the_same_and_unknown_stays_unknown(verdict: Verdict) -> None:
    assert reverse(reverse(verdict)) is verdict
    assert (reverse(verdict) is verdict) == (verdict is UNKNOWN)


@settings(deadline=None)
@given(verdicts, settled)
def test_learning_more_never_reverses_a_settled_answer(before: list[Verdict], learned: Verdict) -> None:
    after = [learned if v is UNKNOWN else v for v in before]
    for combine in (any_of, all_of):
        assert combine(before) in (UNKNOWN, combine(after))


@settings(deadline=None)
@given(verdicts)
def test_an_unknown_added_never_settles_an_open_question(before: list[Verdict]) -> None:
    for combine in (any_of, all_of):
        assert combine([*before, UNKNOWN]) in (UNKNOWN, combine(before))


@settings(deadline=None)
@given(verdicts)
def test_none_of_them_is_the_same_as_all_of_the_opposites(some: list[Verdict]) -> None:
    assert reverse(any_of(some)) is all_of(reverse(v) for v in some)


@settings(deadline=None)
@given(verdicts.flatmap(lambda some: st.tuples(st.just(some), st.permutations(some))))
def test_the_order_of_the_answers_does_not_matter(pair: tuple[list[Verdict], list[Verdict]]) -> None:
    some, shuffled = pair
    assert (any_of(some), all_of(some)) == (any_of(shuffled), all_of(shuffled))
