"""Seeded people drawn from a population model: for medians, for recovery tests, for the virtual trial."""

import numpy as np

from cds_service.pharmacokinetics.population_model import PARAMETERS, Floats, PopulationModel


def draw(model: PopulationModel, count: int, chance: np.random.Generator) -> Floats:
    """`count` patients as factors of the typical parameters, (count, 7)."""
    return _log_normal(model.between, count, chance)


def draw_occasions(model: PopulationModel, count: int, chance: np.random.Generator) -> Floats:
    """`count` occasions of one patient as further factors, (count, 7)."""
    return _log_normal(model.occasion, count, chance)


def _log_normal(covariance: Floats, count: int, chance: np.random.Generator) -> Floats:
    eta = chance.multivariate_normal(np.zeros(len(PARAMETERS)), covariance, size=count, method="eigh")
    return np.asarray(np.exp(eta))
