"""Laws of units: the same amount in any accepted unit is the same number to us."""

from decimal import Decimal, localcontext

from hypothesis import given, settings
from hypothesis import strategies as st

from fhir_mappings.vocabulary.quantity import CANONICAL_UNIT, UNITS, to_canonical
from fhir_mappings.vocabulary.results import Analyte

SPELLINGS = [(analyte, unit) for analyte, units in UNITS.items() for unit in units]
AMOUNTS = st.decimals("0.001", "100000", places=3)


@settings(deadline=None, max_examples=100)
@given(st.sampled_from(SPELLINGS), AMOUNTS)
def test_the_same_amount_in_any_accepted_unit_is_the_same_canonical_number(
    spelling: tuple[Analyte, str], canonical: Decimal
) -> None:
    analyte, name = spelling
    unit = UNITS[analyte][name]
    with localcontext() as context:
        context.prec = 60
        written = canonical * unit.per / unit.times + unit.offset
        assert abs(to_canonical(analyte, written, name) - canonical) < Decimal("1e-40")


@settings(deadline=None, max_examples=100)
@given(st.sampled_from(SPELLINGS), AMOUNTS, AMOUNTS)
def test_more_in_one_unit_is_never_less_in_another(
    spelling: tuple[Analyte, str], one: Decimal, other: Decimal
) -> None:
    low, high = sorted([one, other])
    assert to_canonical(spelling[0], low, spelling[1]) <= to_canonical(spelling[0], high, spelling[1])


@settings(deadline=None, max_examples=60)
@given(st.sampled_from(SPELLINGS), AMOUNTS)
def test_spaces_and_capitals_do_not_change_an_amount(spelling: tuple[Analyte, str], amount: Decimal) -> None:
    analyte, name = spelling
    if name != "G/L":  # giga, where grams would differ by case alone
        assert to_canonical(analyte, amount, f" {name.upper()} ") == to_canonical(analyte, amount, name)


@settings(deadline=None, max_examples=60)
@given(st.sampled_from(sorted(CANONICAL_UNIT)), AMOUNTS)
def test_the_canonical_unit_changes_nothing(analyte: Analyte, amount: Decimal) -> None:
    assert to_canonical(analyte, amount, CANONICAL_UNIT[analyte]) == amount
