"""How far a measured level may stray from what the model says, and how believable one is.

An error is added to the logarithm of the level, or to the level itself, as the model's authors wrote it. A
part in ng/mL belongs to the level: as a spread of the logarithm it grows without end where the level is low,
and a level far above the typical one would then speak for a patient who clears the drug fast.
"""

from collections.abc import Callable, Sequence

import msgspec
import numpy as np

from cds_service.pharmacokinetics.compartments import Array
from cds_service.pharmacokinetics.population_model import PopulationModel

_NODES = 24
BETWEEN_METHODS_CV = 0.123
"""Spread of immunoassay against LC-MS/MS (Abbott CMIA +21.9 % +/- 12.3 %, proficiency testing 2007-2012).

The mean difference is not corrected for: the trial's target is read in the site's own method.
"""


class Sample(msgspec.Struct, frozen=True):
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


def deviance(
    model: PopulationModel, logs: Array, samples: Sequence[Sample], extra: Array
) -> tuple[Array, Array]:
    """-2 ln(likelihood) of each sample where ln(level) is `logs`, and its slope by them.

    A measured level's likelihood is the density of its logarithm, so that models of either scale compare; a
    censored one's is the chance of "at most". Up to a constant.
    """
    from scipy.special import log_ndtr

    gap = np.log([sample.ng_per_ml for sample in samples]) - logs
    below = np.array([sample.below for sample in samples])
    if model.residual.scale == "level":
        off, moving, width, widening = _on_level(model, logs, gap, extra)
    else:
        off, moving, width, widening = _on_logarithm(model, gap, extra)
    tail = np.where(below, off, 0.0)
    hazard = np.exp(-0.5 * tail**2 - 0.5 * np.log(2 * np.pi) - log_ndtr(tail))
    value = np.where(below, -2 * log_ndtr(tail), off**2 + width)
    return value, np.where(below, -2 * hazard * moving, 2 * off * moving + widening)


Straying = tuple[Array, Array, Array, Array]
"""Standard deviations off, their slope by ln(level), ln(variance of the density), its slope by ln(level)."""


def _on_logarithm(model: PopulationModel, gap: Array, extra: Array) -> Straying:
    variance = model.residual.proportional**2 + extra
    spread = np.sqrt(variance)
    return gap / spread, -1 / spread, np.log(variance), np.zeros_like(gap)


def _on_level(model: PopulationModel, logs: Array, gap: Array, extra: Array) -> Straying:
    """Relative to the level: a normal error of the model's own; what is `extra` stays log-normal.

    (y - f)^2 / (f y) is (ln y - ln f)^2 but for terms of the fourth order, hence `ratio` beside `extra`; and
    a log-normal density of ln(y) is as wide at every level, hence its square in the width.
    """
    ratio = np.exp(gap)
    additive = (model.residual.additive / np.exp(logs)) ** 2
    own = model.residual.proportional**2 + additive
    variance, width = own + extra * ratio, own + extra * ratio**2
    spread = np.sqrt(variance)
    off = np.expm1(gap) / spread
    moving = -ratio / spread + off * (2 * additive + extra * ratio) / (2 * variance)
    widening = 2 - 2 * (additive + extra * ratio**2) / width
    return off, moving, np.log(width) - 2 * gap, widening


def information(model: PopulationModel, logs: Array, samples: Sequence[Sample], extra: Array) -> Array:
    """What each sample is expected to tell of ln(level): by where it lies, and by how far it strays (Fisher).

    A censored level is taken to tell nothing: the estimate is then held to be less certain than it is.
    """
    variance = log_variance(model, np.exp(logs), extra)
    growth = 2 * model.residual.proportional**2 / variance if model.residual.scale == "level" else 0.0
    below = np.array([sample.below for sample in samples])
    found: Array = np.where(below, 0.0, 1 / variance + growth**2 / 2)
    return found


def chance_below(model: PopulationModel, middle: Array, spread: Array) -> Callable[[Array], Array]:
    """The chance that a measured level is at most so many ng/mL, where ln(true level) is normal.

    One level for each `middle` and `spread` of it.

    On the scale of the level a sum over the true level, since a normal error stays one: at a low level it can
    be a small number, or nothing, more often than a log-normal one would say.
    """
    from scipy.special import ndtr

    residual = model.residual
    if residual.scale == "logarithm":
        strays = np.hypot(spread, residual.proportional)
        return lambda level: np.asarray(ndtr((np.log(level) - middle) / strays))
    places, weights = np.polynomial.hermite_e.hermegauss(_NODES)
    true, weights = np.exp(middle[..., None] + spread[..., None] * places), weights / weights.sum()
    own = np.hypot(residual.proportional * true, residual.additive)
    return lambda level: np.asarray(ndtr((level[..., None] - true) / own) @ weights)
