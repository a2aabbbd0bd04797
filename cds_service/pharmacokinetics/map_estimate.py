"""The most believable patient given the levels: maximum a posteriori, with its uncertainty.

Levels and parameters are on the log scale, a level's error is on its model's. Unknowns are u, with eta = L u
and L L' = Omega, so that u is standard normal in the population. A level below quantification is censored: it
says "at most", and never a number.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from cds_service.pharmacokinetics.compartments import Array
from cds_service.pharmacokinetics.concentrations import DoseHistory, concentrations
from cds_service.pharmacokinetics.population_model import PARAMETERS, Floats, PopulationModel
from cds_service.pharmacokinetics.residual_error import Sample, deviance, information, method_variance

EDGE = 4.0
"""Standard deviations from the typical patient that are still believed: 1 in 16,000."""

_SETTLED = 1e-6  # what one more step would still gain in -2 ln(likelihood x prior)
_COMPLEX_STEP = 1e-30
_LOWEST = 1e-12  # ng/mL; keeps the logarithm of a level before the first dose finite


class EdgeSolution(ValueError):
    """The best estimate lies where nobody is: a refusal, no answer. `parameter` is the one at the edge."""

    def __init__(self, parameter: str) -> None:
        super().__init__(parameter)
        self.parameter = parameter


class InvalidPatient(ValueError):
    """No estimate can be made of this patient. `problem` says why."""

    def __init__(self, problem: str) -> None:
        super().__init__(problem)
        self.problem = problem


@dataclass(frozen=True)
class Estimate:
    """One patient in one model: `u` at its most believable, its covariance, and how well the model fits.

    `evidence` is the logarithm of the marginal likelihood by Laplace, for weighing models against each other.
    """

    model: PopulationModel
    u: Floats
    covariance: Floats
    evidence: float

    @property
    def factors(self) -> Floats:
        """What multiplies the typical parameters, in the order of PARAMETERS."""
        return np.real(factors_of(self.model, self.u))


def factors_of(model: PopulationModel, u: Array) -> Array:
    """exp(L u) in the places of the estimated parameters, 1 elsewhere; (..., n) -> (..., 7)."""
    places = list(model.estimated)
    found = np.ones((*u.shape[:-1], len(PARAMETERS)), dtype=u.dtype)
    found[..., places] = np.exp(u @ _root(model).T)
    return found


def _root(model: PopulationModel) -> Floats:
    places = list(model.estimated)
    return np.asarray(np.linalg.cholesky(model.between[np.ix_(places, places)]))


def log_levels(
    model: PopulationModel, history: DoseHistory, hours: Sequence[float], u: Floats
) -> tuple[Floats, Floats]:
    """ln(level) at `hours`, and its derivatives by u, (hours, n): exact, by a complex step."""
    count = len(u)
    steps = np.vstack([u.astype(complex), u + 1j * _COMPLEX_STEP * np.eye(count)])
    levels = concentrations(model, history, hours, factors_of(model, steps))
    logs = np.log(levels + _LOWEST)
    return np.real(logs[0]), np.imag(logs[1:]).T / _COMPLEX_STEP


def estimate(
    model: PopulationModel, history: DoseHistory, samples: Sequence[Sample], most_steps: int = 100
) -> Estimate:
    """The patient of these samples; without samples the typical one.

    Raises InvalidPatient, EdgeSolution, and what `concentrations` raises.
    """
    from scipy.optimize import minimize

    ordered = sorted(samples, key=lambda sample: sample.hour)
    _check(history, ordered)
    count = len(model.estimated)
    if not ordered:
        return Estimate(model, np.zeros(count), np.eye(count), 0.0)
    seen = Posterior(model, history, ordered)
    found = minimize(
        seen.judge,
        np.zeros(count),
        jac=True,
        hess=lambda u: 2 * seen.precision(u),
        method="trust-exact",
        options={"gtol": 1e-6, "maxiter": most_steps},
    )
    if np.abs(found.x).max() >= EDGE:
        raise EdgeSolution(PARAMETERS[model.estimated[int(np.abs(found.x).argmax())]])
    hessian = seen.precision(found.x)
    if found.jac @ np.linalg.solve(2 * hessian, found.jac) > _SETTLED:
        raise InvalidPatient("the search for an estimate did not settle")
    log_determinant = float(np.linalg.slogdet(hessian)[1])
    evidence = -0.5 * float(found.fun) - 0.5 * log_determinant
    return Estimate(model, found.x, np.asarray(np.linalg.inv(hessian)), evidence)


def _check(history: DoseHistory, samples: Sequence[Sample]) -> None:
    if not history.courses:
        raise InvalidPatient("no dose was taken")
    if any(not np.isfinite(course.mg) or course.mg <= 0 for course in history.courses):
        raise InvalidPatient("a dose is no amount")
    first = min(course.start for course in history.courses)
    for sample in samples:
        if not (np.isfinite(sample.ng_per_ml) and sample.ng_per_ml > 0):
            raise InvalidPatient("a level is no concentration")
        if sample.hour <= first:
            raise InvalidPatient("a level from before the first dose")


def occasion_variance(
    model: PopulationModel, history: DoseHistory, hours: Sequence[float], factors: Floats
) -> Floats:
    """Variance of ln(level) by what varies in one patient from time to time, as if each time had lasted.

    It cannot be known beforehand, so it widens what is believed of a level, past or to come.
    """
    places = [i for i in np.flatnonzero(np.diag(model.occasion)) if PARAMETERS[i] != "tlag"]
    if not places:
        return np.zeros(len(hours))
    steps = np.tile(factors.astype(complex), (len(places), 1))
    steps[range(len(places)), places] *= 1 + 1j * _COMPLEX_STEP
    levels = concentrations(model, history, hours, steps)
    slopes = np.imag(np.log(levels + _LOWEST)).T / _COMPLEX_STEP
    found: Floats = np.einsum("hi,ij,hj->h", slopes, model.occasion[np.ix_(places, places)], slopes)
    return found


class Posterior:
    """How believable each u is, given the samples.

    A search asks for value and curvature at the same u: the levels there are worked out once.
    """

    def __init__(self, model: PopulationModel, history: DoseHistory, samples: Sequence[Sample]) -> None:
        self._model, self._samples = model, samples
        hours = [sample.hour for sample in samples]
        methods = np.array([method_variance(model, sample.assay) for sample in samples])
        # What the samples stray by beyond the model's own error; taken at the typical patient: it stays put.
        self._extra = methods + occasion_variance(model, history, hours, np.ones(len(PARAMETERS)))
        self._levels = lru_cache(maxsize=2)(lambda u: log_levels(model, history, hours, np.array(u)))

    def judge(self, u: Floats) -> tuple[float, Floats]:
        """-2 ln(likelihood x prior) up to a constant, with its gradient."""
        logs, slopes = self._levels(tuple(u))
        value, by_log = deviance(self._model, logs, self._samples, self._extra)
        return float(value.sum() + u @ u), np.asarray(2 * u + by_log @ slopes)

    def precision(self, u: Floats) -> Floats:
        """The precision of u: the prior's, and what each measured level is expected to add."""
        logs, slopes = self._levels(tuple(u))
        weights = information(self._model, logs, self._samples, self._extra)
        found: Floats = np.eye(len(u)) + slopes.T @ (weights[:, None] * slopes)
        return found
