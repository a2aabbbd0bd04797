"""The numbers of titration, from `nct06802055/titration.toml`."""

from dataclasses import dataclass
from decimal import Decimal


@dataclass(frozen=True, slots=True)
class TitrationLimits:
    """Bounds, bands, steps and windows of both study drugs."""

    sirolimus_min_mg: Decimal
