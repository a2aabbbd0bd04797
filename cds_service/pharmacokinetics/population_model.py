"""Published population models, one TOML file each: numbers, citation, ranges and what they are for.

Units: L/h (cl, q), L (v1, v2), 1/h (ka), fraction (f), h (tlag). Doses in mg, concentrations in ng/mL.
"""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from typing import Literal

import msgspec
import numpy as np
import numpy.typing as npt

MODELS = Path(__file__).parent / "models"
PARAMETERS = ("cl", "v1", "q", "v2", "ka", "f", "tlag")
"""The order of parameters in every array of this floor."""

_ABSENT = {"q": 0.0, "v2": 1.0, "f": 1.0, "tlag": 0.0}
Floats = npt.NDArray[np.float64]
Covariates = Mapping[str, float]


class FaultyModel(ValueError):
    """A model file cannot be used; `fault` says why, naming the file."""

    def __init__(self, fault: str) -> None:
        super().__init__(fault)
        self.fault = fault


class MissingCovariate(LookupError):
    """The model needs a covariate that is not known."""

    def __init__(self, covariate: str) -> None:
        super().__init__(covariate)
        self.covariate = covariate


class ModelPart(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A part of a model file; a field that is not known is a fault."""


class Effect(ModelPart, frozen=True):
    """How one covariate moves one parameter. `linear` effects are added first, the others multiply.

    linear: + amount (x - centre). power: (x/centre)^amount. fraction: 1 + amount x/centre.
    per-step: amount^((x - centre)/step). factor-above: amount where x > centre.
    """

    parameter: Literal["cl", "v1"]
    kind: Literal["linear", "power", "fraction", "per-step", "factor-above"]
    covariate: str
    centre: float
    amount: float
    step: float = 1.0

    def factor(self, value: float) -> float:
        """What the parameter is multiplied by at this covariate value; `linear` gives the summand."""
        match self.kind:
            case "linear":
                return self.amount * (value - self.centre)
            case "power":
                return float((value / self.centre) ** self.amount)
            case "fraction":
                return 1 + self.amount * value / self.centre
            case "per-step":
                return float(self.amount ** ((value - self.centre) / self.step))
        return self.amount if value > self.centre else 1.0


class ModelRange(ModelPart, frozen=True):
    """What a covariate was in the study, what it can be at all, and how long a value counts."""

    unit: str
    studied: tuple[float, float]
    possible: tuple[float, float]
    fresh_days: int | None = None


class ParameterPair(ModelPart, frozen=True):
    """A covariance or correlation of two parameters' variation."""

    of: tuple[str, str]
    value: float


class Residual(ModelPart, frozen=True):
    """How a measured level strays: a fraction, and ng/mL; added to its logarithm or to the level itself."""

    proportional: float
    additive: float = 0.0
    scale: Literal["logarithm", "level"] = "logarithm"


class ModelFile(ModelPart, frozen=True):
    """One model as it stands in its file, of a drug that there are published models of."""

    drug: Literal["sirolimus", "ciclosporin"]
    citation: str
    population: str
    verification: str
    verified: bool
    uses: tuple[Literal["steady-state", "time-course"], ...]
    assay: Literal["immunoassay", "lc-ms/ms"]
    absorption: Literal["first-order", "erlang"]
    typical: dict[str, float]
    residual: Residual
    doi: str = ""
    stages: int = 1
    between_cv: dict[str, float] = {}
    between_variance: dict[str, float] = {}
    between_covariance: tuple[ParameterPair, ...] = ()
    occasion_cv: dict[str, float] = {}
    occasion_variance: dict[str, float] = {}
    occasion_correlation: tuple[ParameterPair, ...] = ()
    effect: tuple[Effect, ...] = ()
    covariate: dict[str, ModelRange] = {}


@dataclass(frozen=True)
class PopulationModel:
    """A published model. Variation is log-normal: parameter = typical x exp(eta)."""

    name: str
    file: ModelFile

    @property
    def residual(self) -> Residual:
        """How a measured level strays from the model."""
        return self.file.residual

    @property
    def follows_time(self) -> bool:
        """May it say how a level moves, or only where it settles?"""
        return "time-course" in self.file.uses

    def typical(self, covariates: Covariates) -> Floats:
        """The typical patient with these covariates, in the order of PARAMETERS.

        Raises MissingCovariate.
        """
        values = _ABSENT | self.file.typical
        for effect in sorted(self.file.effect, key=lambda e: e.kind != "linear"):
            if effect.covariate not in covariates:
                raise MissingCovariate(effect.covariate)
            found = effect.factor(covariates[effect.covariate])
            now = values[effect.parameter]
            values[effect.parameter] = now + found if effect.kind == "linear" else now * found
        return np.array([values[name] for name in PARAMETERS])

    @cached_property
    def estimated(self) -> tuple[int, ...]:
        """Positions of the parameters that vary and that a level can tell of: not the lag."""
        return tuple(i for i, v in enumerate(np.diag(self.between)) if v > 0 and PARAMETERS[i] != "tlag")

    @cached_property
    def between(self) -> Floats:
        """Covariance of eta between patients, in the order of PARAMETERS."""
        file = self.file
        return _covariance(file.between_cv, file.between_variance, file.between_covariance, ())

    @cached_property
    def occasion(self) -> Floats:
        """Covariance of eta within one patient, from one time to the next."""
        file = self.file
        return _covariance(file.occasion_cv, file.occasion_variance, (), file.occasion_correlation)


def _covariance(
    cvs: Mapping[str, float],
    variances: Mapping[str, float],
    covariances: tuple[ParameterPair, ...],
    correlations: tuple[ParameterPair, ...],
) -> Floats:
    """A coefficient of variation is that of the log-normal: variance ln(1 + CV^2)."""
    found = np.zeros((len(PARAMETERS), len(PARAMETERS)))
    place = {name: i for i, name in enumerate(PARAMETERS)}
    logs = {name: float(np.log1p(cv**2)) for name, cv in cvs.items()}
    for name, variance in (logs | dict(variances)).items():
        found[place[name], place[name]] = variance
    for pair, scale in [(p, False) for p in covariances] + [(p, True) for p in correlations]:
        i, j = place[pair.of[0]], place[pair.of[1]]
        spread = float(np.sqrt(found[i, i] * found[j, j])) if scale else 1.0
        found[i, j] = found[j, i] = pair.value * spread
    return found


def read_model(path: Path) -> PopulationModel:
    """One model file, checked. Raises FaultyModel."""
    try:
        file = msgspec.convert(tomllib.loads(path.read_text("utf-8")), ModelFile)
    except (msgspec.ValidationError, tomllib.TOMLDecodeError) as error:
        raise FaultyModel(f"{path.name}: {error}") from error
    faults = list(_faults(file))
    if faults:
        raise FaultyModel(f"{path.name}: {'; '.join(faults)}")
    return PopulationModel(path.stem, file)


def _faults(file: ModelFile) -> list[str]:
    variations = (file.between_cv, file.between_variance, file.occasion_cv, file.occasion_variance)
    named = {*file.typical, *(name for variation in variations for name in variation)}
    faults = [f"no parameter {name!r}" for name in sorted(named - set(PARAMETERS))]
    faults += [f"{name} is missing" for name in ("cl", "v1", "ka") if name not in file.typical]
    if file.residual.additive and file.residual.scale == "logarithm":
        faults.append("an additive error is one of the level, not of its logarithm")
    faults += [
        f"{effect.covariate} has no range" for effect in file.effect if effect.covariate not in file.covariate
    ]
    for name, known in file.covariate.items():
        (low, high), (least, most) = known.studied, known.possible
        if not least <= low <= high <= most:
            faults.append(f"{name}: the studied range lies outside the possible one")
    return faults


@cache
def model(name: str) -> PopulationModel:
    """A shipped model by the stem of its file."""
    return read_model(MODELS / f"{name}.toml")


def shipped_models() -> tuple[PopulationModel, ...]:
    """Every shipped model, in the order of their names."""
    return tuple(model(path.stem) for path in sorted(MODELS.glob("*.toml")))
