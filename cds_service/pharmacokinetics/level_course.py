"""The level to come, hour by hour, at one dose: the middle, and the 90 % interval of what would be measured.

At the hour of the trough it is the forecast of that trough: the same estimates, asked of more hours.
"""

from collections.abc import Callable, Sequence

import msgspec
import numpy as np

from cds_service.pharmacokinetics.forecast import (
    LEAST,
    TAIL,
    Question,
    Speaking,
    chosen_doses,
    speaking_models,
)
from cds_service.pharmacokinetics.map_estimate import Estimate, log_levels, occasion_variance
from cds_service.pharmacokinetics.population_model import Floats, PopulationModel
from cds_service.pharmacokinetics.residual_error import chance_below, method_variance

_PARTS = (0.0, 1 / 24, 1 / 12, 1 / 6, 1 / 3, 1 / 2, 3 / 4)
"""Where each interval between two doses is looked at: closely while the drug is absorbed, then less so."""
_HALVINGS = 40


class LevelAt(msgspec.Struct, frozen=True):
    """Hours after `now`; middle and 90 % interval of the measured level, ng/mL."""

    hour: float
    median: float
    low: float
    high: float


def level_courses(models: Sequence[PopulationModel], question: Question) -> tuple[tuple[LevelAt, ...], ...]:
    """For each dose asked for, from `now` to the trough `ahead`; nothing where no model may speak."""
    speaking = speaking_models(models, question)
    return tuple(_course(speaking, question, mg) for mg in question.doses) if speaking.estimates else ()


def _course(speaking: Speaking, question: Question, mg: float) -> tuple[LevelAt, ...]:
    hours = _hours(question)
    by_model = [_chances(found, question, mg, hours) for found in speaking.estimates]

    def below(levels: Floats) -> Floats:
        """The chance at each hour that the measured level is at most so many ng/mL, over all models."""
        return np.asarray(speaking.weights @ np.array([chances(levels) for chances in by_model]))

    middle, low, high = (_levels(share, below, len(hours)) for share in (0.5, TAIL, 1 - TAIL))
    return tuple(
        LevelAt(hour - question.now, *map(float, at))
        for hour, *at in zip(hours, middle, low, high, strict=True)
    )


def _hours(question: Question) -> list[float]:
    doses = round(question.ahead / question.every)
    each = [question.now + question.every * (dose + part) for dose in range(doses) for part in _PARTS]
    return [*each, question.now + question.ahead]


def _chances(
    found: Estimate, question: Question, mg: float, hours: Sequence[float]
) -> Callable[[Floats], Floats]:
    """At each hour: the chance that the measured level is at most so many ng/mL."""
    history = chosen_doses(question, mg)
    logs, slopes = log_levels(found.model, history, hours, found.u)
    extra = occasion_variance(found.model, history, hours, found.factors)
    extra = extra + method_variance(found.model, question.assay)
    spreads = np.sqrt(np.einsum("hi,ij,hj->h", slopes, found.covariance, slopes) + extra)
    return chance_below(found.model, logs, spreads)


def _levels(share: float, below: Callable[[Floats], Floats], hours: int) -> Floats:
    """At each hour the level that is not exceeded with this chance, ng/mL, by halving the logarithm.

    0 where nothing measurable may be there.
    """
    least = np.full(hours, LEAST)
    low, high = np.log(least), np.zeros(hours)
    while (more := below(np.exp(high)) < share).any():
        high = np.where(more, high + 1, high)
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        is_under = below(np.exp(middle)) < share
        low, high = np.where(is_under, middle, low), np.where(is_under, high, middle)
    return np.where(below(least) >= share, 0.0, np.exp(high))
