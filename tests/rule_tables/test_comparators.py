"""A comparator makes a value an interval: it answers only where all of the interval agrees."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from fhir_mappings.clinical_model.results import Analyte, Comparator
from tests.builders import result
from tests.tables import cases, named

ANSWERS = {"yes": True, "no": False, "-": None}


@pytest.mark.parametrize(
    "case",
    cases("""
    platelets | below 50 | above 50
    49        | yes      | no
    50        | no       | no
    51        | no       | yes
    <50       | yes      | no
    <51       | -        | -
    <=49      | yes      | no
    <=50      | -        | no
    >49       | -        | -
    >50       | no       | yes
    >=50      | no       | -
    >=51      | no       | yes
    """),
    ids=named,
)
def test_a_value_is_on_one_side_of_a_limit_or_leaves_it_open(case: dict[str, str]) -> None:
    seen = result(Analyte.PLATELETS, case["platelets"])
    assert seen.below(50) is ANSWERS[case["below 50"]]
    assert seen.above(50) is ANSWERS[case["above 50"]]


def test_a_result_without_a_number_is_on_no_side() -> None:
    seen = result(Analyte.PLATELETS, None)
    assert seen.below(50) is None
    assert seen.above(50) is None


@given(
    st.integers(0, 100),
    st.sampled_from([None, *Comparator]),
    st.integers(0, 100),
)
def test_no_value_is_both_below_and_above(number: int, sign: Comparator | None, limit: int) -> None:
    seen = replace(result(Analyte.PLATELETS, 1), number=Decimal(number), comparator=sign)
    assert not (seen.below(limit) and seen.above(limit))
