"""The pharmacy's tablets and capsules as the limits that titration knows."""

import math
from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal
from itertools import chain, combinations_with_replacement
from typing import Any, Literal

TabletDrug = Literal["sirolimus", "ciclosporin"]
"""Whose tablets a site may name: the keys of `[tablets]`."""
_MOST_TABLETS = 6  # more at once nobody is asked to swallow
_HUNDREDTHS = 100
_MOST_STRENGTHS = 8
_LARGEST_MG = 1_000
_LIMITS: Mapping[TabletDrug, str] = {
    "sirolimus": "titration.sirolimus_doses_mg",
    "ciclosporin": "titration.ciclosporin_grid_mg",
}
"""The limit that each drug's tablets settle."""


def tablet_faults(
    tablets: Mapping[TabletDrug, tuple[Decimal, ...]], thresholds: Mapping[str, Any]
) -> Iterator[str]:
    """Amounts that no tablet has, and doses that the site also sets as thresholds."""
    for drug, amounts in tablets.items():
        if not 0 < len(set(amounts)) == len(amounts) <= _MOST_STRENGTHS or not all(map(_is_amount, amounts)):
            yield (
                f"tablets.{drug}: must be one to {_MOST_STRENGTHS} different amounts above 0 mg and at most "
                f"{_LARGEST_MG} mg, in steps of 0.01 mg"
            )
        if _LIMITS[drug] in thresholds:
            yield f"tablets.{drug}: states the same fact as thresholds.{_LIMITS[drug]}; set one of them"


def _is_amount(mg: Decimal) -> bool:
    return mg.is_finite() and 0 < mg <= _LARGEST_MG and mg * _HUNDREDTHS % 1 == 0


def tablet_limits(tablets: Mapping[TabletDrug, tuple[Decimal, ...]]) -> dict[str, Any]:
    """Site values, in mg, of the limits `sirolimus_doses_mg` and `ciclosporin_grid_mg`, where given."""
    limits: dict[str, Any] = {}
    if strengths := tablets.get("sirolimus"):
        limits[_LIMITS["sirolimus"]] = list(doses_from(strengths))
    if strengths := tablets.get("ciclosporin"):
        limits[_LIMITS["ciclosporin"]] = grid_of(strengths)
    return limits


def doses_from(strengths: Iterable[Decimal]) -> tuple[Decimal, ...]:
    """Every dose that whole tablets make, in rising order; titration keeps those within its bounds."""
    kinds = sorted(set(strengths))
    handfuls = chain.from_iterable(combinations_with_replacement(kinds, n + 1) for n in range(_MOST_TABLETS))
    return tuple(sorted({sum(handful, Decimal()) for handful in handfuls}))


def grid_of(strengths: Iterable[Decimal]) -> Decimal:
    """The smallest step between doses of whole capsules; amounts finer than 0.01 mg do not exist."""
    return Decimal(math.gcd(*(int(strength * _HUNDREDTHS) for strength in strengths))) / _HUNDREDTHS
