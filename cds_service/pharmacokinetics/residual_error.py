"""How far a measured level may stray from what the model says, on the log scale."""

from dataclasses import dataclass

import numpy as np

from cds_service.pharmacokinetics.compartments import Array
from cds_service.pharmacokinetics.population_model import PopulationModel

BETWEEN_METHODS_CV = 0.123
"""Spread of immunoassay against LC-MS/MS (Abbott CMIA +21.9 % +/- 12.3 %, proficiency testing 2007-2012).

The mean difference is not corrected for: the trial's target is read in the site's own method.
"""


@dataclass(frozen=True, slots=True)
class Sample:
    """One measured level, ng/mL, at an hour of the history; `below`: under the quantification limit given.

    `assay`: "immunoassay", "lc-ms/ms", or None when the report does not say.
    """

    hour: float
    ng_per_ml: float
    below: bool = False
    assay: str | None = None


def log_variance(model: PopulationModel, level: Array, extra: Array) -> Array:
    """Variance of ln(measured) at a true `level`, ng/mL; `extra`: what the model's own error leaves out."""
    residual = model.residual
    found: Array = residual.proportional**2 + (residual.additive / level) ** 2 + extra
    return found


def method_variance(model: PopulationModel, assay: str | None) -> float:
    """What a level of another method than the model was made with, or of one that nobody told, adds."""
    return 0.0 if assay == model.file.assay else BETWEEN_METHODS_CV**2


def slope_of_log_variance(model: PopulationModel, level: Array) -> Array:
    """Its derivative by ln(level)."""
    slope: Array = -2 * (model.residual.additive / np.asarray(level)) ** 2
    return slope
