"""The pharmacy's tablets and capsules as the limits that titration knows."""

import math
from collections.abc import Iterable, Mapping
from decimal import Decimal
from itertools import chain, combinations_with_replacement
from typing import Any

from fhir_mappings.vocabulary.medications import Drug

_MOST_TABLETS = 6  # more at once nobody is asked to swallow
_HUNDREDTHS = 100


def tablet_limits(tablets: Mapping[Drug, tuple[Decimal, ...]]) -> dict[str, Any]:
    """Site values, in mg, of the limits `sirolimus_doses_mg` and `ciclosporin_grid_mg`, where given."""
    limits: dict[str, Any] = {}
    if strengths := tablets.get(Drug.SIROLIMUS):
        limits["titration.sirolimus_doses_mg"] = list(doses_from(strengths))
    if strengths := tablets.get(Drug.CICLOSPORIN):
        limits["titration.ciclosporin_grid_mg"] = grid_of(strengths)
    return limits


def doses_from(strengths: Iterable[Decimal]) -> tuple[Decimal, ...]:
    """Every dose that whole tablets make, in rising order; titration keeps those within its bounds."""
    kinds = sorted(set(strengths))
    handfuls = chain.from_iterable(combinations_with_replacement(kinds, n + 1) for n in range(_MOST_TABLETS))
    return tuple(sorted({sum(handful, Decimal()) for handful in handfuls}))


def grid_of(strengths: Iterable[Decimal]) -> Decimal:
    """The smallest step between doses of whole capsules; amounts finer than 0.01 mg do not exist."""
    return Decimal(math.gcd(*(int(strength * _HUNDREDTHS) for strength in strengths))) / _HUNDREDTHS
