"""A site's forecaster: the plain question of the protocol, asked of the published models.

Imported only where a site has switched forecasts on: it needs numpy and scipy.
"""

import re
from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal

import msgspec

from cds_service.pharmacokinetics.concentrations import DoseHistory, DoseStretch
from cds_service.pharmacokinetics.forecast import DoseForecast, ModelShare, Question, forecast
from cds_service.pharmacokinetics.level_course import LevelAt, level_courses
from cds_service.pharmacokinetics.population_model import model
from cds_service.pharmacokinetics.regimen import DoseTaken, DosingCourse, courses_of
from cds_service.pharmacokinetics.residual_error import Sample
from cds_service.pharmacokinetics.validity import Measured
from cds_service.rules.answers.forecast_answer import (
    CovariateSeen,
    DoseOutlook,
    DoseRun,
    LevelExpected,
    MeasuredLevel,
    ModelFit,
    ModelOutlook,
    NoForecast,
    Outlook,
    OutlookQuestion,
)
from fhir_mappings.clinical_model.calendar import days_after
from fhir_mappings.clinical_model.medications import Dose

_DAY = 24.0
_CHROMATOGRAPHY = re.compile(r"(?i)\b(lc|hplc)\b|mass spec|ms/ms|tandem")
_IMMUNOASSAY = re.compile(r"(?i)immuno|architect|cmia|emit\b|eclia|elecsys|dimension|axsym|meia")
_TENTH, _HUNDREDTH = Decimal("0.1"), Decimal("0.01")


class ModelForecaster(msgspec.Struct, frozen=True):
    """Which models speak for each drug, and how many days ahead the trough is forecast."""

    models: Mapping[str, tuple[str, ...]]
    days_ahead: Mapping[str, int]

    def __call__(self, question: OutlookQuestion) -> Outlook | None:
        """The forecast, or why there is none; None for a drug that no model speaks for here."""
        if not self.models[question.drug]:
            return None
        asked = _asked(question, self.days_ahead[question.drug])
        models = [model(name) for name in self.models[question.drug]]
        found = forecast(models, asked)
        courses = level_courses(models, asked) if question.hourly else ((),) * len(found.doses)
        doses = zip(question.doses, found.doses, courses, strict=False)
        return Outlook(
            days_after(question.today, self.days_ahead[question.drug]),
            tuple(_dose_outlook(dose, told, course) for dose, told, course in doses),
            tuple(_model_outlook(share) for share in found.models),
            found.samples,
            None if found.doses else NoForecast.NO_MODEL,
        )


def _asked(question: OutlookQuestion, ahead: int) -> Question:
    """Hours count from the first dose's day; every dose is put at its usual hour of that clock."""
    zero = question.runs[0].first
    every = float(question.doses[0].every_hours) if question.doses else _DAY
    courses = tuple(course for run in question.runs for course in _courses(run, zero))
    return Question(
        history=DoseHistory(courses, _stretches(question, zero)),
        samples=tuple(_sample(level, zero, every) for level in question.levels),
        patient={name: _measured(seen[-1], question.today) for name, seen in question.covariates.items()},
        now=_hours(question.today, zero),
        doses=tuple(float(dose.amount_mg) for dose in question.doses),
        every=every,
        ahead=ahead * _DAY,
        band=(float(question.band[0]), float(question.band[1])),
        assay=_assay(question.levels[-1].method) if question.levels else None,
    )


def _hours(day: date, zero: date) -> float:
    return (day - zero).days * _DAY


def _courses(run: DoseRun, zero: date) -> tuple[DosingCourse, ...]:
    """The doses of one run without the missed ones."""
    every = float(run.every_hours)
    count = round(_hours(run.until, run.first) / every)
    begun = _hours(run.first, zero)
    missed = {_hours(day, zero) for day in run.missed}
    hours = (begun + every * k for k in range(count))
    return courses_of(DoseTaken(hour, float(run.mg)) for hour in hours if hour not in missed)


def _stretches(question: OutlookQuestion, zero: date) -> tuple[DoseStretch, ...]:
    """A stretch begins with each day on which a covariate was seen anew since the first dose."""
    days = {s.day for seen in question.covariates.values() for s in seen if s.day and s.day > zero}
    begins = [zero, *sorted(day for day in days if day < question.today)]
    return tuple(
        DoseStretch(
            _hours(day, zero), {name: _value_on(seen, day) for name, seen in question.covariates.items()}
        )
        for day in begins
    )


def _value_on(seen: Sequence[CovariateSeen], day: date) -> float:
    """The last value seen by then, else the first one."""
    before = [s for s in seen if s.day is not None and s.day <= day]
    return (before[-1] if before else seen[0]).value


def _measured(seen: CovariateSeen, today: date) -> Measured:
    return Measured(seen.value, None if seen.day is None else (today - seen.day).days)


def _sample(level: MeasuredLevel, zero: date, every: float) -> Sample:
    """At the time told, else just before the dose of that day."""
    due = _hours(level.day, zero)
    late = 0.0
    if level.hours_after_dose is not None:
        late = level.hours_after_dose - every * max(1, round(level.hours_after_dose / every))
    return Sample(due + late, float(level.ng_per_ml), level.below, _assay(level.method))


def _assay(method: str | None) -> str | None:
    """The kind of method by its name; None when the name tells neither."""
    if method and _CHROMATOGRAPHY.search(method):
        return "lc-ms/ms"
    return "immunoassay" if method and _IMMUNOASSAY.search(method) else None


def _dose_outlook(dose: Dose, told: DoseForecast, course: Sequence[LevelAt]) -> DoseOutlook:
    median, low, high = (_rounded(value, _TENTH) for value in (told.median, told.low, told.high))
    drawn = tuple(LevelExpected(at.hour, at.median, at.low, at.high) for at in course)
    return DoseOutlook(dose, median, low, high, _rounded(told.in_band, _HUNDREDTH), drawn)


def _model_outlook(share: ModelShare) -> ModelOutlook:
    fit = ModelFit(share.judgement.fit.name.lower().replace("_", "-"))
    weight = _rounded(share.weight, _HUNDREDTH)
    citation = model(share.name).file.citation
    return ModelOutlook(share.name, citation, weight, fit, share.judgement.because, share.refused)


def _rounded(value: float, step: Decimal) -> Decimal:
    return Decimal(value).quantize(step)
