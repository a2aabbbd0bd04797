"""Exact solutions of linear compartments: drug in gut, (transit,) central and peripheral compartment.

Parameters come as arrays (..., 7) in the order of PARAMETERS, real or complex: a complex step through these
functions gives derivatives to machine precision. Amounts in mg, times in h. Everything is in closed form; the
matrix exponential and a stepwise solver judge it in the tests.
"""

import math
from typing import Any

import numpy as np
import numpy.typing as npt

from cds_service.pharmacokinetics.population_model import PopulationModel

Array = npt.NDArray[Any]
FIRST_STAGE = 2
"""Place of the gut in a state: central, peripheral, then the chain of absorption, its last stage first."""

_NEAR = 0.02  # of ka: nearer than this the recursion would cancel, and the series is used
_TERMS = 40


def step(parameters: Array, hours: Array, stages: int = 1) -> Array:
    """exp(A hours), (..., n, n), for x' = A x of central, peripheral, and `stages` of absorption."""
    cl, v1, q, v2, ka = (parameters[..., i] for i in range(5))
    out, back = (cl + q) / v1, q / v2
    root = np.sqrt((out + back) ** 2 - 4 * back * cl / v1)
    fast = (out + back + root) / 2
    slow = back * cl / (v1 * fast)  # the product of both is known, and a difference would cancel
    size = FIRST_STAGE + stages
    shape = np.broadcast_shapes(parameters.shape[:-1], hours.shape)
    found = np.zeros((*shape, size, size), dtype=parameters.dtype)
    shares = ((back - fast) / (slow - fast), (back - slow) / (fast - slow))
    fading, lasting = np.exp(-fast * hours), np.exp(-slow * hours)
    spread = (lasting - fading) / (fast - slow)
    found[..., 0, 0] = shares[0] * fading + shares[1] * lasting
    found[..., 0, 1] = back * spread
    found[..., 1, 0] = q / v1 * spread
    inside = (out - fast) / (slow - fast) * fading + (out - slow) / (fast - slow) * lasting
    found[..., 1, 1] = np.where(q == 0, 0.0, inside)  # what nothing enters need not be remembered
    quick, late = _inputs(ka, fast, hours, stages), _inputs(ka, slow, hours, stages)
    for stage in range(stages):
        column = FIRST_STAGE + stage
        found[..., 0, column] = shares[0] * quick[stage] + shares[1] * late[stage]
        found[..., 1, column] = q / v1 * (late[stage] - quick[stage]) / (fast - slow)
        for ahead in range(stage + 1):
            found[..., FIRST_STAGE + ahead, column] = _staying(ka * hours, stage - ahead)
    return found


def _staying(rated: Array, passed: int) -> Array:
    """The share that has passed exactly so many stages: (ka t)^k exp(-ka t) / k!."""
    found: Array = rated**passed * np.exp(-rated) / math.factorial(passed)
    return found


def _inputs(ka: Array, rate: Array, hours: Array, stages: int) -> list[Array]:
    """For 1, 2 .. `stages`: what the chain gave by `hours`, fading at `rate` since.

    That is the integral of the chain's gamma density times exp(-rate (t - s)); integration by parts leads
    from one stage to the next. Where ka and rate all but meet, its power series is summed instead.
    """
    gap = ka - rate
    near = np.abs(gap) < _NEAR * np.abs(ka)
    apart = np.where(near, 1.0, gap)
    found: list[Array] = []
    before = np.exp(-rate * hours)
    for stage in range(stages):
        before = ka / apart * (before - _staying(ka * hours, stage))
        found.append(np.where(near, _series(ka, rate, hours, stage + 1), before) if near.any() else before)
    return found


def _series(ka: Array, rate: Array, hours: Array, stages: int) -> Array:
    """exp(-rate t) (ka t)^n / (n-1)! x sum of (-(ka - rate) t)^k / (k! (n + k))."""
    power = -(ka - rate) * hours
    total, term = np.zeros_like(power), np.ones_like(power)
    for k in range(_TERMS):
        total = total + term / (stages + k)
        term = term * power / (k + 1)
    found: Array = np.exp(-rate * hours) * (ka * hours) ** stages / math.factorial(stages - 1) * total
    return found


def repeated_doses(once: Array, all_of: Array) -> Array:
    """Sum of E^k for k = 0 .. count - 1, from `once` = E and `all_of` = E^count: what equal doses leave."""
    one = np.eye(once.shape[-1])
    found: Array = np.linalg.solve(one - once, one - all_of)
    return found


def steady_trough(model: PopulationModel, parameters: Array, mg: float, every: float) -> Array:
    """The concentration, ng/mL, just before the next dose once the regimen has settled."""
    stages = model.file.stages
    lag = np.real(parameters[..., 6])
    waited = step(parameters, every - lag, stages)
    once = step(parameters, np.asarray(every), stages)
    dose = np.zeros((once.shape[-1], 1), dtype=parameters.dtype)
    dose[-1] = mg
    left = np.linalg.solve(np.eye(once.shape[-1]) - once, np.broadcast_to(dose, (*once.shape[:-1], 1)))
    amount = (waited @ left)[..., 0, 0] * parameters[..., 5]
    found: Array = 1000 * amount / parameters[..., 1]
    return found
