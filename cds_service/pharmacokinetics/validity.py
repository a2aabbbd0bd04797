"""Is a model for this patient? A missing or stale covariate counts as outside (lesson 23)."""

from collections.abc import Mapping
from enum import IntEnum

import msgspec

from cds_service.pharmacokinetics.population_model import ModelRange, PopulationModel


class Fit(IntEnum):
    """How well a model fits a patient; the worst covariate decides."""

    INSIDE = 0
    STRETCHED = 1
    NOT_FOR_THIS_PATIENT = 2


class Measured(msgspec.Struct, frozen=True):
    """A covariate's value and its age, days; None: it does not age."""

    value: float
    age_days: int | None = None


class ValidityJudgement(msgspec.Struct, frozen=True):
    """How well the model fits, and the covariates that make it worse than INSIDE."""

    fit: Fit
    because: tuple[str, ...] = ()


def judge_validity(model: PopulationModel, patient: Mapping[str, Measured]) -> ValidityJudgement:
    """The worst fit over every covariate that the model names."""
    found = {name: _fit(known, patient.get(name)) for name, known in model.file.covariate.items()}
    worst = max(found.values(), default=Fit.INSIDE)
    names = tuple(sorted(name for name, fit in found.items() if fit is worst and fit is not Fit.INSIDE))
    return ValidityJudgement(worst, names)


def _fit(known: ModelRange, measured: Measured | None) -> Fit:
    if measured is None or _is_stale(known, measured):
        return Fit.NOT_FOR_THIS_PATIENT
    for fit, (low, high) in ((Fit.INSIDE, known.studied), (Fit.STRETCHED, known.possible)):
        if low <= measured.value <= high:
            return fit
    return Fit.NOT_FOR_THIS_PATIENT


def _is_stale(known: ModelRange, measured: Measured) -> bool:
    if known.fresh_days is None or measured.age_days is None:
        return False
    return measured.age_days > known.fresh_days
