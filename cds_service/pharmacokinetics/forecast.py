"""The trough to come, with its 90 % interval, for several doses; models weighed by how well they fit."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from cds_service.pharmacokinetics.concentrations import History, Stretch
from cds_service.pharmacokinetics.map_estimate import (
    EdgeSolution,
    Estimate,
    InvalidPatient,
    estimate,
    log_levels,
    occasion_variance,
)
from cds_service.pharmacokinetics.population_model import Floats, PopulationModel
from cds_service.pharmacokinetics.regimen import Course
from cds_service.pharmacokinetics.residual_error import Sample, log_variance, method_variance
from cds_service.pharmacokinetics.validity import Fit, Judgement, Measured, judge

TAIL = 0.05
"""Each end of the 90 % interval."""

_MARGIN = 1e-6  # around where the quantile must lie, so that rounding cannot hide it


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked. Hours count from any common zero; `now` is when the next dose is due.

    `doses` are mg, each given every `every` h from `now` on; the trough is the one `ahead` h after `now`, a
    whole number of intervals. `band` is ng/mL. `assay` is the method in which the answer will be measured.
    """

    history: History
    samples: tuple[Sample, ...]
    patient: Mapping[str, Measured]
    now: float
    doses: tuple[float, ...]
    every: float
    ahead: float
    band: tuple[float, float]
    assay: str | None = None
    dose_covariate: str | None = None


@dataclass(frozen=True, slots=True)
class DoseForecast:
    """For one dose: middle and 90 % interval of the measured trough, ng/mL; the chance of the band."""

    mg: float
    median: float
    low: float
    high: float
    in_band: float


@dataclass(frozen=True, slots=True)
class ModelShare:
    """One model's weight in the forecast, how it fits the patient, or why it was left out."""

    name: str
    weight: float
    judgement: Judgement
    refused: str | None = None


@dataclass(frozen=True, slots=True)
class Forecast:
    """The forecast of every dose asked for, and which models speak in it."""

    doses: tuple[DoseForecast, ...]
    models: tuple[ModelShare, ...]
    samples: int

    @property
    def fit(self) -> Fit:
        """The worst fit among the models that speak."""
        return max((m.judgement.fit for m in self.models if m.weight > 0), default=Fit.NOT_FOR_THIS_PATIENT)


def forecast(models: Sequence[PopulationModel], question: Question) -> Forecast:
    """Ask every model that may speak for this patient; without one `doses` is empty and `models` says why."""
    shares: list[ModelShare] = []
    speaking: list[Estimate] = []
    for model in models:
        judgement = judge(model, question.patient)
        answer = _ask(model, judgement, question)
        if isinstance(answer, Estimate):
            speaking.append(answer)
        shares.append(
            ModelShare(model.name, 0.0, judgement, None if isinstance(answer, Estimate) else answer)
        )
    weights = _weights(speaking)
    by_name = {found.model.name: float(weight) for found, weight in zip(speaking, weights, strict=True)}
    told = tuple(replace(share, weight=by_name.get(share.name, 0.0)) for share in shares)
    doses = tuple(_of_dose(speaking, weights, question, mg) for mg in question.doses) if speaking else ()
    return Forecast(doses, told, len(question.samples))


def _ask(model: PopulationModel, judgement: Judgement, question: Question) -> Estimate | str:
    if judgement.fit is Fit.NOT_FOR_THIS_PATIENT:
        return "not-for-this-patient"
    if not model.follows_time:
        return "steady-state-only"
    try:
        return estimate(model, question.history, question.samples)
    except EdgeSolution:
        return "edge-solution"
    except InvalidPatient:
        return "invalid-patient"


def _weights(speaking: Sequence[Estimate]) -> Floats:
    """In proportion to how likely each model makes the levels."""
    if not speaking:
        return np.zeros(0)
    evidence = np.array([found.evidence for found in speaking])
    raw = np.exp(evidence - evidence.max())
    found: Floats = raw / raw.sum()
    return found


def _of_dose(speaking: Sequence[Estimate], weights: Floats, question: Question, mg: float) -> DoseForecast:
    pairs = [_log_trough(found, question, mg) for found in speaking]
    middles, spreads = np.array([p[0] for p in pairs]), np.array([p[1] for p in pairs])
    low, high = question.band
    return DoseForecast(
        mg,
        median=_quantile(0.5, middles, spreads, weights),
        low=_quantile(TAIL, middles, spreads, weights),
        high=_quantile(1 - TAIL, middles, spreads, weights),
        in_band=float(_below(high, middles, spreads, weights) - _below(low, middles, spreads, weights)),
    )


def _log_trough(found: Estimate, question: Question, mg: float) -> tuple[float, float]:
    """Mean and standard deviation of ln(measured trough)."""
    when = question.now + question.ahead
    course = Course(question.now, question.every, round(question.ahead / question.every), mg)
    history = History((*question.history.courses, course), _stretches(question, mg))
    logs, slopes = log_levels(found.model, history, [when], found.u)
    varies = occasion_variance(found.model, history, [when], found.factors)
    extra = varies + method_variance(found.model, question.assay)
    strays = float(log_variance(found.model, np.exp(logs), extra)[0])
    return float(logs[0]), float(np.sqrt(slopes[0] @ found.covariance @ slopes[0] + strays))


def _stretches(question: Question, mg: float) -> tuple[Stretch, ...]:
    """The patient stays as now; only the dose itself changes, for a model that looks at it."""
    stretches = question.history.stretches
    if question.dose_covariate is None:
        return stretches
    dosed = {**stretches[-1].covariates, question.dose_covariate: mg * 24 / question.every}
    return (*stretches, Stretch(question.now, dosed))


def _below(level: float, middles: Floats, spreads: Floats, weights: Floats) -> float:
    """The chance that the measured trough is at most `level`, over all models."""
    from scipy.special import ndtr

    return float(weights @ ndtr((np.log(level) - middles) / spreads))


def _quantile(share: float, middles: Floats, spreads: Floats, weights: Floats) -> float:
    from scipy.optimize import brentq
    from scipy.special import ndtri

    ends = np.exp(middles + spreads * ndtri(share))
    low, high = ends.min() * (1 - _MARGIN), ends.max() * (1 + _MARGIN)
    return float(brentq(lambda x: _below(x, middles, spreads, weights) - share, low, high))
