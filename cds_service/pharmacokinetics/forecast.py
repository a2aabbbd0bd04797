"""The trough to come, with its 90 % interval, for several doses; models weighed by how well they fit."""

from collections.abc import Callable, Mapping, Sequence

import msgspec
import numpy as np
from msgspec.structs import replace

from cds_service.pharmacokinetics.concentrations import DoseHistory, DoseStretch
from cds_service.pharmacokinetics.map_estimate import (
    EdgeSolution,
    Estimate,
    InvalidPatient,
    estimate,
    log_levels,
    occasion_variance,
)
from cds_service.pharmacokinetics.population_model import Floats, PopulationModel
from cds_service.pharmacokinetics.regimen import DosingCourse
from cds_service.pharmacokinetics.residual_error import Sample, chance_below, method_variance
from cds_service.pharmacokinetics.validity import Fit, Measured, ValidityJudgement, judge_validity

TAIL = 0.05
"""Each end of the 90 % interval."""

LEAST = 1e-3
"""ng/mL: less than any assay can tell from nothing."""


class Question(msgspec.Struct, frozen=True):
    """What is asked. Hours count from any common zero; `now` is when the next dose is due.

    `doses` are mg, each given every `every` h from `now` on; the trough is the one `ahead` h after `now`, a
    whole number of intervals. `band` is ng/mL. `assay` is the method in which the answer will be measured.
    """

    history: DoseHistory
    samples: tuple[Sample, ...]
    patient: Mapping[str, Measured]
    now: float
    doses: tuple[float, ...]
    every: float
    ahead: float
    band: tuple[float, float]
    assay: str | None = None
    dose_covariate: str | None = None


class DoseForecast(msgspec.Struct, frozen=True):
    """For one dose: middle and 90 % interval of the measured trough, ng/mL; the chance of the band."""

    mg: float
    median: float
    low: float
    high: float
    in_band: float


class ModelShare(msgspec.Struct, frozen=True):
    """One model's weight in the forecast, how it fits the patient, or why it was left out."""

    name: str
    weight: float
    judgement: ValidityJudgement
    refused: str | None = None


class Forecast(msgspec.Struct, frozen=True):
    """The forecast of every dose asked for, and which models speak in it."""

    doses: tuple[DoseForecast, ...]
    models: tuple[ModelShare, ...]
    samples: int

    @property
    def fit(self) -> Fit:
        """The worst fit among the models that speak."""
        return max((m.judgement.fit for m in self.models if m.weight > 0), default=Fit.NOT_FOR_THIS_PATIENT)


class Speaking(msgspec.Struct, frozen=True):
    """The models that speak for this patient, with their weights, and how each model asked stands to it."""

    estimates: tuple[Estimate, ...]
    weights: Floats
    shares: tuple[ModelShare, ...]


def forecast(models: Sequence[PopulationModel], question: Question) -> Forecast:
    """Ask every model that may speak for this patient; without one `doses` is empty and `models` says why."""
    found = speaking_models(models, question)
    doses = tuple(_of_dose(found, question, mg) for mg in question.doses) if found.estimates else ()
    return Forecast(doses, found.shares, len(question.samples))


def speaking_models(models: Sequence[PopulationModel], question: Question) -> Speaking:
    """The patient in every model that may speak for it."""
    shares: list[ModelShare] = []
    speaking: list[Estimate] = []
    for model in models:
        judgement = judge_validity(model, question.patient)
        answer = _ask(model, judgement, question)
        if isinstance(answer, Estimate):
            speaking.append(answer)
        shares.append(
            ModelShare(model.name, 0.0, judgement, None if isinstance(answer, Estimate) else answer)
        )
    weights = _weights(speaking)
    by_name = {found.model.name: float(weight) for found, weight in zip(speaking, weights, strict=True)}
    told = tuple(replace(share, weight=by_name.get(share.name, 0.0)) for share in shares)
    return Speaking(tuple(speaking), weights, told)


def _ask(model: PopulationModel, judgement: ValidityJudgement, question: Question) -> Estimate | str:
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


def _of_dose(speaking: Speaking, question: Question, mg: float) -> DoseForecast:
    troughs = [_trough(found, question, mg) for found in speaking.estimates]

    def below(level: float) -> float:
        """The chance that the measured trough is at most `level`, over all models."""
        return float(speaking.weights @ [chance(np.asarray(level)) for chance in troughs])

    low, high = question.band
    return DoseForecast(
        mg,
        median=_quantile(0.5, below),
        low=_quantile(TAIL, below),
        high=_quantile(1 - TAIL, below),
        in_band=below(high) - below(low),
    )


def _trough(found: Estimate, question: Question, mg: float) -> Callable[[Floats], Floats]:
    """The chance that the measured trough is at most so many ng/mL."""
    when = question.now + question.ahead
    history = chosen_doses(question, mg)
    logs, slopes = log_levels(found.model, history, [when], found.u)
    varies = occasion_variance(found.model, history, [when], found.factors)
    extra = varies[0] + method_variance(found.model, question.assay)
    spread = np.sqrt(slopes[0] @ found.covariance @ slopes[0] + extra)
    return chance_below(found.model, logs[0], spread)


def chosen_doses(question: Question, mg: float) -> DoseHistory:
    """What was taken, and from `now` to the trough asked for this dose."""
    course = DosingCourse(question.now, question.every, round(question.ahead / question.every), mg)
    return DoseHistory((*question.history.courses, course), _stretches(question, mg))


def _stretches(question: Question, mg: float) -> tuple[DoseStretch, ...]:
    """The patient stays as now; only the dose itself changes, for a model that looks at it."""
    stretches = question.history.stretches
    if question.dose_covariate is None:
        return stretches
    dosed = {**stretches[-1].covariates, question.dose_covariate: mg * 24 / question.every}
    return (*stretches, DoseStretch(question.now, dosed))


def _quantile(share: float, below: Callable[[float], float]) -> float:
    """The level that is not exceeded with this chance, ng/mL; 0 where nothing measurable may be there."""
    from scipy.optimize import brentq

    if below(LEAST) >= share:
        return 0.0
    high = 1.0
    while below(high) < share:
        high *= 2
    return float(brentq(lambda level: below(level) - share, LEAST, high, xtol=1e-9))
