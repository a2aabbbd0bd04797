"""What may be given and what is aimed at, for every way of dosing alike: NCT06802055, arms.

The record's ciclosporin target is "approximately 150 ng/mL"; 20 % to either side is `titration.md` 5.2.
"""

import numpy as np
import numpy.typing as npt

from cds_service.pharmacokinetics.population_model import Floats
from cds_service.trials.nct06802055.two_drugs import Drug

SIROLIMUS_BAND = (4.0, 12.0)
CICLOSPORIN_BAND = (120.0, 180.0)
"""Troughs, ng/mL."""

DOSES = {Drug.SIROLIMUS: (1.0, 2.0, 3.0), Drug.CICLOSPORIN: (25.0, 50.0, 75.0, 100.0, 125.0, 150.0)}
"""mg a dose that tablets and capsules make, from the record's smallest to its largest."""

IMPAIRED_MOST = 50.0
"""mg of ciclosporin a dose with impaired kidneys."""


def within_bounds(levels: Floats, band: tuple[float, float]) -> npt.NDArray[np.bool_]:
    """Which levels lie in the band, its edges included."""
    low, high = band
    return (levels >= low) & (levels <= high)
