"""Laws of units: the same amount in any accepted unit is the same number to us."""

import itertools
from decimal import Decimal, localcontext

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fhir_mappings.clinical_model.quantity import CANONICAL_UNIT, UNITS, UnitNotAllowed, to_canonical
from fhir_mappings.clinical_model.results import Analyte

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


CASED = {"G/l", "M/ul", "M/mcl"}
"""Giga and millions, where grams or thousandths would differ by the case of the first letter alone."""


@pytest.mark.parametrize("analyte", UNITS)
def test_blanks_and_width_do_not_change_an_amount(analyte: Analyte) -> None:
    for name in UNITS[analyte]:
        wide = "".join(chr(ord(c) + 0xFEE0) if "!" <= c <= "~" else c for c in name)
        for other in (f" {name} ", " ".join(name), wide, name.replace("u", "µ"), name.replace("u", "μ")):
            assert to_canonical(analyte, Decimal(7), other) == to_canonical(analyte, Decimal(7), name)


@pytest.mark.parametrize("analyte", UNITS)
def test_case_never_gives_another_amount(analyte: Analyte) -> None:
    for name in UNITS[analyte]:
        meant = to_canonical(analyte, Decimal(7), name)
        capitals = name.replace("u", "μ").upper()
        for other in (name.upper(), name.lower(), name.swapcase(), name.title(), capitals):
            if other[:1] == name[:1] or name not in CASED:
                assert to_canonical(analyte, Decimal(7), other) == meant
            else:
                with pytest.raises(UnitNotAllowed):
                    to_canonical(analyte, Decimal(7), other)


def test_no_spelling_of_an_analyte_is_two_units() -> None:
    for units in UNITS.values():
        by_case: dict[str, set[Decimal]] = {}
        for name, unit in units.items():
            by_case.setdefault(name.casefold(), set()).add(unit.times)
        assert all(len(factors) == 1 for factors in by_case.values())


POWERS = (
    "10*{}",
    "10^{}",
    "10x{}",
    "10e{}",
    "10E+{}",
    "10({})",
    "10**{}",
    "10^({})",
    "10e0{}",
    "10{}",
    "E{}",
)


@pytest.mark.parametrize(
    ("power", "rest"), [(9, "/L"), (3, "/uL"), (3, "/mm3"), (4, "/uL"), (6, "/L"), (12, "/L")]
)
def test_a_power_of_ten_is_one_however_it_is_written(power: int, rest: str) -> None:
    plain = to_canonical(Analyte.PLATELETS, Decimal(7), f"10*{power}{rest}")
    spellings = [p.format(power) for p in POWERS if power < 10 or "e0" not in p]
    for before, written in itertools.product(("", "*", "x", "×", "X ", "* "), spellings):
        assert to_canonical(Analyte.PLATELETS, Decimal(7), before + written + rest) == plain


@settings(deadline=None, max_examples=60)
@given(st.sampled_from(sorted(CANONICAL_UNIT)), AMOUNTS)
def test_the_canonical_unit_changes_nothing(analyte: Analyte, amount: Decimal) -> None:
    assert to_canonical(analyte, amount, CANONICAL_UNIT[analyte]) == amount
