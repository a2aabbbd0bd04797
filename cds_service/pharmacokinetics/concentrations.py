"""Concentrations at given hours over a real history: changing doses, missed doses, changing covariates."""

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from cds_service.pharmacokinetics.compartments import Array, repeated, steady_trough, step
from cds_service.pharmacokinetics.population_model import Covariates, PopulationModel
from cds_service.pharmacokinetics.regimen import Course


class BeyondItsUse(ValueError):
    """The model may not be asked this; `model` is its name."""

    def __init__(self, model: str) -> None:
        super().__init__(f"{model} does not say how a level moves")
        self.model = model


@dataclass(frozen=True, slots=True)
class Stretch:
    """Covariates that hold from `start`, h, until the next stretch."""

    start: float
    covariates: Covariates


@dataclass(frozen=True, slots=True)
class History:
    """What was taken, and what the patient was like meanwhile; the first stretch holds from the beginning."""

    courses: tuple[Course, ...]
    stretches: tuple[Stretch, ...]


def concentrations(model: PopulationModel, history: History, hours: Sequence[float], factors: Array) -> Array:
    """Concentrations, ng/mL, (..., hours); `factors` (..., 7) multiply the typical parameters.

    `hours` rise. Nothing is taken before the first course. Raises MissingCovariate, and BeyondItsUse for a
    model that was made for steady state only.
    """
    if not model.follows_time:
        raise BeyondItsUse(model.name)
    stages = model.file.stages
    typical = [model.typical(stretch.covariates) for stretch in history.stretches]
    lag = typical[0][6]
    courses = [course.later(lag) for course in history.courses]
    state = np.zeros((*factors.shape[:-1], 2 + stages, 1), dtype=factors.dtype)
    found = np.zeros((*factors.shape[:-1], len(hours)), dtype=factors.dtype)
    borders = _borders(history, courses, hours)
    starts = [stretch.start for stretch in history.stretches]
    for first, last in pairwise(borders):
        parameters = typical[max(0, bisect_right(starts, first) - 1)] * factors
        state = step(parameters, np.asarray(last - first), stages) @ state
        for course in courses:
            state = state + _taken(course, first, last, parameters, stages)
        for place in (i for i, hour in enumerate(hours) if hour == last):
            found[..., place] = 1000 * state[..., 0, 0] / parameters[..., 1]
    return found


def _borders(history: History, courses: Sequence[Course], hours: Sequence[float]) -> list[float]:
    """Every hour at which something begins, ends, or is measured, from the first dose on."""
    last = max(hours)
    told = {stretch.start for stretch in history.stretches} | {*hours}
    told |= {course.start for course in courses} | {course.end for course in courses}
    begin = min((course.start for course in courses), default=last)
    return sorted(hour for hour in {begin, *told} if min(begin, last) <= hour <= last)


def _taken(course: Course, first: float, last: float, parameters: Array, stages: int) -> Array:
    """What the doses of [first, last) have become at `last`."""
    part = course.within(first, last)
    size = 2 + stages
    gut = np.zeros((size, 1), dtype=parameters.dtype)
    if part is None:
        return gut
    gut[-1] = part.mg
    since = last - (part.start + part.every * (part.count - 1))
    left = repeated(parameters, part.every, part.count, stages) if part.count > 1 else np.eye(size)
    found: Array = step(parameters, np.asarray(since), stages) @ left @ gut * parameters[..., 5, None, None]
    return found


def settled(model: PopulationModel, covariates: Covariates, mg: float, every: float, factors: Array) -> Array:
    """The trough at steady state, ng/mL, of patients `factors` x typical. Raises MissingCovariate."""
    return steady_trough(model, model.typical(covariates) * factors, mg, every)
