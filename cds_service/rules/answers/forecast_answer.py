"""What a forecast may say beside a decision. It informs; it changes no state and no dose."""

from collections.abc import Callable, Mapping
from datetime import date
from decimal import Decimal
from enum import StrEnum

import msgspec

from fhir_mappings.clinical_model.medications import Dose


class NoForecast(StrEnum):
    """Why there is no forecast for this patient."""

    NO_MODEL = "NO_MODEL_FITS"
    INTERACTING_DRUG = "INTERACTING_DRUG"
    COURSE_INTERRUPTED = "COURSE_INTERRUPTED"
    NO_LEVEL = "NO_LEVEL"


class ModelFit(StrEnum):
    """Whether a model's study had patients like this one."""

    INSIDE = "inside"
    STRETCHED = "stretched"
    NOT_FOR_THIS_PATIENT = "not-for-this-patient"


class LevelExpected(msgspec.Struct, frozen=True):
    """The level to expect so many hours after the next dose, ng/mL, with its 90 % interval; for drawing."""

    hour: float
    median: float
    low: float
    high: float


class DoseOutlook(msgspec.Struct, frozen=True):
    """The measured trough to expect at one dose, ng/mL, 90 % interval; `in_band` from 0 to 1.

    `course` leads to it hour by hour, where that was asked for.
    """

    dose: Dose
    median: Decimal
    low: Decimal
    high: Decimal
    in_band: Decimal
    course: tuple[LevelExpected, ...] = ()


class ModelOutlook(msgspec.Struct, frozen=True):
    """One model: its weight from 0 to 1, its fit, the covariates that stretch it, why it is left out."""

    name: str
    citation: str
    weight: Decimal
    fit: ModelFit
    because: tuple[str, ...] = ()
    refused: str | None = None


class Outlook(msgspec.Struct, frozen=True):
    """The forecast beside one decision, or why there is none. `levels`: how many measured levels it knows."""

    trough_on: date
    doses: tuple[DoseOutlook, ...] = ()
    models: tuple[ModelOutlook, ...] = ()
    levels: int = 0
    none_because: NoForecast | None = None

    @property
    def is_stretched(self) -> bool:
        """Does a model speak that did not study patients like this one?"""
        return any(m.weight > 0 and m.fit is ModelFit.STRETCHED for m in self.models)


class DoseRun(msgspec.Struct, frozen=True):
    """One dose of a study drug, from one day to the day before another; mg, hours."""

    first: date
    until: date
    mg: Decimal
    every_hours: Decimal
    missed: tuple[date, ...] = ()


class MeasuredLevel(msgspec.Struct, frozen=True):
    """A level: its day, hours after the dose before it where that is known, ng/mL."""

    day: date
    ng_per_ml: Decimal
    hours_after_dose: float | None = None
    below: bool = False
    method: str | None = None


class CovariateSeen(msgspec.Struct, frozen=True):
    """A covariate's value on a day; day None: it does not age."""

    day: date | None
    value: float


class OutlookQuestion(msgspec.Struct, frozen=True):
    """What a forecaster is asked: plain facts of one patient and one drug, no chart.

    `covariates` are by name, oldest first. `doses` are real doses within the trial record, forecast from
    `today` on. `band` is ng/mL. `hourly`: the course to the trough is wanted as well, to be drawn.
    """

    drug: str
    today: date
    runs: tuple[DoseRun, ...]
    levels: tuple[MeasuredLevel, ...]
    covariates: Mapping[str, tuple[CovariateSeen, ...]]
    doses: tuple[Dose, ...]
    band: tuple[Decimal, Decimal]
    hourly: bool = False


Forecaster = Callable[[OutlookQuestion], Outlook | None]
"""How a site forecasts, when it does."""


def drawing(forecaster: Forecaster) -> Forecaster:
    """The same forecasts, each with the course that leads to it."""
    return lambda question: forecaster(msgspec.structs.replace(question, hourly=True))
