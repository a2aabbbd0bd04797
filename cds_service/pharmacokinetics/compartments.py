"""Exact solutions of linear compartments: drug in gut, (transit,) central and peripheral compartment.

Parameters come as arrays (..., 7) in the order of PARAMETERS, real or complex: a complex step through these
functions gives derivatives to machine precision. Amounts in mg, times in h.
"""

from typing import Any

import numpy as np
import numpy.typing as npt

from cds_service.pharmacokinetics.population_model import PopulationModel

Array = npt.NDArray[Any]
_NEAR = 1e-9
_FIRST = 2  # rows before the gut chain: central, peripheral


def system(parameters: Array, stages: int) -> Array:
    """The matrix A of x' = A x; x = central, peripheral, then the gut chain from last to first stage."""
    cl, v1, q, v2, ka = (parameters[..., i] for i in range(5))
    size = _FIRST + stages
    found = np.zeros((*parameters.shape[:-1], size, size), dtype=parameters.dtype)
    found[..., 0, 0] = -(cl + q) / v1
    found[..., 0, 1] = q / v2
    found[..., 1, 0] = q / v1
    found[..., 1, 1] = -q / v2
    for stage in range(stages):
        found[..., _FIRST + stage, _FIRST + stage] = -ka
        found[..., 0 if stage == 0 else _FIRST + stage - 1, _FIRST + stage] = ka
    return found


def step(parameters: Array, hours: Array, stages: int = 1) -> Array:
    """exp(A hours), (..., n, n): in closed form for one stage, by scipy's matrix exponential for a chain."""
    if stages == 1:
        return _closed_form(parameters, hours)
    from scipy.linalg import expm

    found: Array = expm(system(parameters, stages) * hours[..., None, None])
    return found


def _closed_form(parameters: Array, hours: Array) -> Array:
    """Sums of exponentials; with q = 0 they are those of one compartment."""
    cl, v1, q, v2, ka = (parameters[..., i] for i in range(5))
    out, back = (cl + q) / v1, q / v2
    root = np.sqrt((out + back) ** 2 - 4 * back * cl / v1)
    fast = (out + back + root) / 2
    slow = back * cl / (v1 * fast)  # the product of both is known, and a difference would cancel
    shares = ((back - fast) / (slow - fast), (back - slow) / (fast - slow))
    decays = (np.exp(-fast * hours), np.exp(-slow * hours))
    gut = np.exp(-ka * hours)
    spread = (decays[1] - decays[0]) / (fast - slow)
    inputs = tuple(
        _input(ka, rate, gut, decay, hours) for rate, decay in zip((fast, slow), decays, strict=True)
    )
    shape = np.broadcast_shapes(parameters.shape[:-1], hours.shape)
    found = np.zeros((*shape, 3, 3), dtype=parameters.dtype)
    found[..., 0, 0] = shares[0] * decays[0] + shares[1] * decays[1]
    found[..., 0, 1] = back * spread
    found[..., 1, 0] = q / v1 * spread
    inside = (out - fast) / (slow - fast) * decays[0] + (out - slow) / (fast - slow) * decays[1]
    found[..., 1, 1] = np.where(q == 0, 0.0, inside)  # what nothing enters need not be remembered
    found[..., 0, 2] = shares[0] * inputs[0] + shares[1] * inputs[1]
    found[..., 1, 2] = q / v1 * (inputs[1] - inputs[0]) / (fast - slow)
    found[..., 2, 2] = gut
    return found


def _input(ka: Array, rate: Array, gut: Array, decay: Array, hours: Array) -> Array:
    """ka x integral of exp(-ka s) exp(-rate (t - s)); where both rates meet it is ka t exp(-rate t)."""
    gap = ka - rate
    meet = np.abs(gap) < _NEAR * np.abs(ka)
    apart = ka * (decay - gut) / np.where(meet, 1.0, gap)
    return np.where(meet, ka * hours * decay, apart)


def repeated(parameters: Array, every: float, count: int, stages: int = 1) -> Array:
    """Sum of exp(A k every) for k = 0 .. count - 1: what `count` equal doses have left behind."""
    once = step(parameters, np.asarray(every), stages)
    all_of = step(parameters, np.asarray(every * count), stages)
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
