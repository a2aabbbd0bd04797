"""Amounts of drug -> milligrams: by a closed table of units, and by the strength of the product.

Tablets and millilitres count only with a known strength. A unit that is not in the table, or a code and a
unit that disagree, is no amount.
"""

from decimal import Decimal

import msgspec

from fhir_mappings.clinical_model.code_systems import is_ucum
from fhir_mappings.clinical_model.quantity import folded_unit
from fhir_mappings.readers.fhir_types import Quantity, Ratio


class Strength(msgspec.Struct, frozen=True):
    """Milligrams of one ingredient in one tablet or capsule, and in one millilitre, where known."""

    mg_per_piece: Decimal | None = None
    mg_per_ml: Decimal | None = None


NO_STRENGTH = Strength()

# One unit a line: UCUM, the words laboratories and pharmacies write, SNOMED CT
_MASS = {
    Decimal(1): "mg, milligram, milligrams, 毫克, 258684004",
    Decimal(1000): "g, gm, gram, grams, 克, 258682000",
    Decimal("0.001"): "ug, µg, μg, mcg, microgram, micrograms, 微克, 258685003",
}
_VOLUME = "ml, milliliter, milliliters, millilitre, millilitres, 毫升, 258773002"
_PIECES = """
{pill}, {pills}, {tbl}, {tablet}, {tablets}, {tab}, {cap}, {capsule}, {capsules}, pill, pills, tab, tabs, tbl,
tablet, tablets, tablet(s), oral tablet, cap, caps, capsule, capsules, capsule(s), oral capsule,
片, 粒, 颗, 胶囊, 片剂, 385055001, 385049006, 732936001, 732937005
"""
_Unit = tuple[str, Decimal]
_UNITS: dict[str, _Unit] = {
    folded_unit(name): (kind, factor)
    for kind, factor, names in (
        *(("mass", factor, names) for factor, names in _MASS.items()),
        ("volume", Decimal(1), _VOLUME),
        ("piece", Decimal(1), _PIECES),
    )
    for name in names.split(",")
}


_MILLIONTH = Decimal("0.000001")
_MOST_DIGITS = 20


def exact(number: int | float) -> Decimal:
    """The number as it was written."""
    return Decimal(repr(number))


def plain_amount(number: Decimal) -> Decimal:
    """The same number without zeros that say nothing: 2.000 and 2E0 are 2, so equal amounts look alike."""
    reduced = number.normalize()
    is_short = number.adjusted() < _MOST_DIGITS  # nonsense of forty digits decides nothing
    return reduced.quantize(Decimal(1)) if is_short and reduced == reduced.to_integral_value() else reduced


def divided(number: Decimal, by: Decimal) -> Decimal | None:
    """The quotient where it is exact in at most six decimals, else None: a dose is never rounded."""
    if (number / by).adjusted() >= _MOST_DIGITS:
        return None
    quotient = (number / by).quantize(_MILLIONTH)
    return plain_amount(quotient) if quotient * by == number else None


def amount_mg(quantity: Quantity | None, strength: Strength = NO_STRENGTH) -> Decimal | None:
    """Milligrams of a positive, exact quantity of mass, volume or pieces; None when that cannot be said."""
    if quantity is None or quantity.value is None or quantity.comparator or quantity.value <= 0:
        return None
    unit = unit_of(quantity)
    if unit is None:
        return None
    kind, factor = unit
    if kind == "mass":
        return plain_amount(exact(quantity.value) * factor)
    each = strength.mg_per_ml if kind == "volume" else strength.mg_per_piece
    return plain_amount(exact(quantity.value) * each) if each is not None else None


def amount_as_written(quantity: Quantity | None) -> str:
    """The amount in the record's own words, for showing."""
    if quantity is None:
        return ""
    return f"{exact(quantity.value or 0):f} {quantity.unit or quantity.code or ''}".strip()


def lacks_strength(quantity: Quantity | None, strength: Strength) -> bool:
    """True for an amount counted in pieces or poured, of a product of which nobody has told the strength."""
    unit = unit_of(quantity) if quantity and quantity.value is not None else None
    if unit is None or unit[0] == "mass":
        return False
    return (strength.mg_per_ml if unit[0] == "volume" else strength.mg_per_piece) is None


def unit_of(quantity: Quantity) -> _Unit | None:
    """The unit by code and by words; None when neither is in the table, or when they differ."""
    by_code = _UNITS.get(folded_unit(quantity.code)) if quantity.code else None
    by_words = _UNITS.get(folded_unit(quantity.unit)) if quantity.unit else None
    if quantity.code and is_ucum(quantity.system) and by_code is None:
        return None
    if by_code and by_words and by_code != by_words:
        return None
    return by_code or by_words


def strength_of_ratio(ratio: Ratio | None) -> Strength:
    """The strength that `Medication.ingredient.strength` states: mg per piece, or per mL."""
    if ratio is None or ratio.denominator is None or not ratio.denominator.value:
        return NO_STRENGTH
    mass = amount_mg(ratio.numerator)
    per = ratio.denominator
    bare = per.code in (None, "1") and per.unit in (None, "", "1")
    unit = ("piece", Decimal(1)) if bare else unit_of(per)
    if mass is None or unit is None or per.comparator or per.value is None or per.value <= 0:
        return NO_STRENGTH
    each = divided(mass, exact(per.value))
    if unit[0] == "mass":
        return NO_STRENGTH
    return Strength(mg_per_ml=each) if unit[0] == "volume" else Strength(mg_per_piece=each)
