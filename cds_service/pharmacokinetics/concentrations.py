"""Concentrations at given hours over a real history: changing doses, missed doses, changing covariates."""

from bisect import bisect_right
from collections.abc import Sequence
from itertools import pairwise

import msgspec
import numpy as np

from cds_service.pharmacokinetics.compartments import FIRST_STAGE, Array, repeated_doses, steady_trough, step
from cds_service.pharmacokinetics.population_model import PARAMETERS, Covariates, PopulationModel
from cds_service.pharmacokinetics.regimen import DosingCourse

_LAG = PARAMETERS.index("tlag")


class BeyondItsUse(ValueError):
    """The model may not be asked this; `model` is its name."""

    def __init__(self, model: str) -> None:
        super().__init__(f"{model} does not say how a level moves")
        self.model = model


class DoseStretch(msgspec.Struct, frozen=True):
    """Covariates that hold from `start`, h, until the next stretch."""

    start: float
    covariates: Covariates


class DoseHistory(msgspec.Struct, frozen=True):
    """What was taken, and what the patient was like meanwhile; the first stretch holds from the beginning."""

    courses: tuple[DosingCourse, ...]
    stretches: tuple[DoseStretch, ...]


def concentrations(
    model: PopulationModel, history: DoseHistory, hours: Sequence[float], factors: Array
) -> Array:
    """Concentrations, ng/mL, (..., hours); `factors` (..., 7) multiply the typical parameters.

    `hours` rise. Nothing is taken before the first course. Raises MissingCovariate, and BeyondItsUse for a
    model that was made for steady state only.
    """
    if not model.follows_time:
        raise BeyondItsUse(model.name)
    typical = [model.typical(stretch.covariates) for stretch in history.stretches]
    courses = [course.later(typical[0][_LAG]) for course in history.courses]
    spans = _spans(history, courses, hours)
    parameters = np.array([typical[span.stretch] for span in spans]).reshape(-1, len(PARAMETERS))
    # One row a span, one column a set of factors: all matrices of a history come from four calls of `step`.
    shaped = parameters[:, *(None,) * (factors.ndim - 1), :] * factors
    moves, gains = _moves(spans, shaped, model.file.stages), _gains(spans, shaped, model.file.stages)
    state = np.zeros((*factors.shape[:-1], FIRST_STAGE + model.file.stages, 1), dtype=factors.dtype)
    found = np.zeros((*factors.shape[:-1], len(hours)), dtype=factors.dtype)
    for row, span in enumerate(spans):
        state = moves[row] @ state
        for gain in gains[row]:
            state = state + gain
        for place in (i for i, hour in enumerate(hours) if hour == span.last):
            found[..., place] = 1000 * state[..., 0, 0] / shaped[row][..., 1]
    return found


class _Span(msgspec.Struct, frozen=True):
    """Hours in which nothing begins or ends: [first, last); the doses in it, and which stretch holds."""

    first: float
    last: float
    stretch: int
    parts: tuple[DosingCourse, ...]


def _spans(history: DoseHistory, courses: Sequence[DosingCourse], hours: Sequence[float]) -> list[_Span]:
    borders = _borders(history, courses, hours)
    starts = [stretch.start for stretch in history.stretches]
    return [
        _Span(
            first,
            last,
            max(0, bisect_right(starts, first) - 1),
            tuple(part for course in courses if (part := course.within(first, last))),
        )
        for first, last in pairwise(borders)
    ]


def _moves(spans: Sequence[_Span], parameters: Array, stages: int) -> Array:
    """What carries the state over each span."""
    return step(parameters, _aligned([span.last - span.first for span in spans], parameters), stages)


def _gains(spans: Sequence[_Span], parameters: Array, stages: int) -> list[list[Array]]:
    """For each span, what each course taken in it has become at its end."""
    jobs = [(row, part, span.last) for row, span in enumerate(spans) for part in span.parts]
    gains: list[list[Array]] = [[] for _ in spans]
    if not jobs:
        return gains
    rows = parameters[[row for row, _, _ in jobs]]
    parts = [part for _, part, _ in jobs]
    since = [last - (part.end - part.every) for _, part, last in jobs]
    once = step(rows, _aligned([part.every for part in parts], rows), stages)
    all_of = step(rows, _aligned([part.every * part.count for part in parts], rows), stages)
    waited = step(rows, _aligned(since, rows), stages)
    mg = _aligned([part.mg for part in parts], rows) * rows[..., 5]
    found = (waited @ repeated_doses(once, all_of))[..., -1:] * mg[..., None, None]
    for (row, _, _), gain in zip(jobs, found, strict=True):
        gains[row].append(gain)
    return gains


def _aligned(values: Sequence[float], parameters: Array) -> Array:
    """One value a row of `parameters`, shaped to go with all its columns."""
    return np.asarray(values)[:, *(None,) * (parameters.ndim - 2)]


def _borders(history: DoseHistory, courses: Sequence[DosingCourse], hours: Sequence[float]) -> list[float]:
    """Every hour at which something begins, ends, or is measured, from the first dose on."""
    last = max(hours)
    told = {stretch.start for stretch in history.stretches} | {*hours}
    told |= {course.start for course in courses} | {course.end for course in courses}
    begin = min((course.start for course in courses), default=last)
    return sorted(hour for hour in {begin, *told} if min(begin, last) <= hour <= last)


def settled(model: PopulationModel, covariates: Covariates, mg: float, every: float, factors: Array) -> Array:
    """The trough at steady state, ng/mL, of patients `factors` x typical. Raises MissingCovariate."""
    return steady_trough(model, model.typical(covariates) * factors, mg, every)
