"""What other people's software made of the same questions, read from `reference/`."""

import dataclasses
import tomllib
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from cds_service.pharmacokinetics.concentrations import DoseHistory, DoseStretch
from cds_service.pharmacokinetics.population_model import (
    PARAMETERS,
    Floats,
    ModelFile,
    PopulationModel,
    model,
)
from cds_service.pharmacokinetics.regimen import DosingCourse
from cds_service.pharmacokinetics.residual_error import Sample

_FOLDER = Path(__file__).parent / "reference"
_OF_A_STRETCH = ("weight_kg", "female")
_OTHER = {"immunoassay": "lc-ms/ms", "lc-ms/ms": "immunoassay"}


def stored(name: str) -> Any:
    """One file of `reference/`."""
    return tomllib.loads((_FOLDER / f"{name}.toml").read_text("utf-8"))


class Patient(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One patient of a NONMEM run; its file says what the fields mean."""

    id: int
    courses: list[tuple[float, float, int, float]]
    hours: list[float]
    typical: list[float]
    stretches: list[tuple[float, float, float]] = []
    measured: list[float] = []
    predicted: list[float] = []
    eta: list[float] = []
    covariance: list[float] = []
    objective: float = float("nan")
    posologyr_eta: list[float] = []

    @property
    def history(self) -> DoseHistory:
        """Doses and covariates."""
        stretches = [
            DoseStretch(start, dict(zip(_OF_A_STRETCH, values, strict=True)))
            for start, *values in self.stretches
        ]
        return DoseHistory(
            tuple(DosingCourse(*course) for course in self.courses), tuple(stretches) or (DoseStretch(0, {}),)
        )


class Run(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A NONMEM run: its model in our terms, and the parameters that its etas belong to."""

    etas: list[str]
    model: ModelFile
    patient: list[Patient]

    @property
    def population(self) -> PopulationModel:
        """The model of the run."""
        return PopulationModel(self.model.citation, self.model)


def nonmem(run: str) -> Run:
    """A stored run of NONMEM."""
    return msgspec.convert(stored(f"nonmem_{run}"), Run)


class Case(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One estimate by mapbayr with a shipped model; its file says what the fields mean."""

    model: str
    assay: str
    etas: list[str]
    measured: list[float]
    below: list[int]
    eta: list[float]
    predicted: list[float]
    objective: float

    @property
    def population(self) -> PopulationModel:
        """The shipped model, in patients who are always the same."""
        shipped = model(self.model)
        always: dict[str, Any] = {"occasion_cv": {}, "occasion_variance": {}, "occasion_correlation": ()}
        return dataclasses.replace(shipped, file=msgspec.structs.replace(shipped.file, **always))

    def samples(self, hours: list[float]) -> tuple[Sample, ...]:
        """Its levels."""
        own = self.population.file.assay
        assay = own if self.assay == "own" else _OTHER[own]
        return tuple(
            Sample(hour, level, bool(below), assay)
            for hour, level, below in zip(hours, self.measured, self.below, strict=True)
        )


def mapbayr() -> list[Case]:
    """Every estimate by mapbayr."""
    return msgspec.convert(stored("mapbayr_estimates")["case"], list[Case])


def long_history(drug: str) -> DoseHistory:
    """The changing course of `mrgsolve_levels.toml`."""
    told = stored("mrgsolve_levels")
    courses = tuple(DosingCourse(*course) for course in told["courses"][drug])
    return DoseHistory(
        courses, tuple(DoseStretch(each["start"], each["covariates"]) for each in told["stretch"])
    )


def places(etas: list[str]) -> list[int]:
    """Where these parameters stand in every array."""
    return [PARAMETERS.index(name) for name in etas]


def factors(etas: list[str], eta: list[float]) -> Floats:
    """What multiplies the typical parameters at these etas."""
    found = np.ones(len(PARAMETERS))
    found[places(etas)] = np.exp(eta)
    return found
