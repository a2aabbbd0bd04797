"""The site's switch for forecasts: off unless it says so, and which models speak for which drug."""

import tomllib
from pathlib import Path
from typing import Any

import msgspec

import cds_service.pharmacokinetics
from cds_service.rules.answers.forecast_answer import Forecaster
from cds_service.settings.extras import not_installed

_MODELS = Path(cds_service.pharmacokinetics.__file__).parent / "models"


class ForecastEntry(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`[forecast]` of a site file: models by the names of their files, days ahead of the forecast trough.

    No model speaks for ciclosporin unless the site names one: in the virtual trial its intervals held 71
    times in 100 where they promise 90 (docs/decisions/0011-virtual-trial.md).
    """

    enabled: bool = False
    sirolimus_models: tuple[str, ...] = ("mao_2024", "golubovic_2019")
    ciclosporin_models: tuple[str, ...] = ()
    sirolimus_days: int = 14
    ciclosporin_days: int = 7

    @property
    def models(self) -> dict[str, tuple[str, ...]]:
        """The models that speak for each drug."""
        return {"sirolimus": self.sirolimus_models, "ciclosporin": self.ciclosporin_models}

    @property
    def days(self) -> dict[str, int]:
        """How many days ahead the trough of each drug is forecast."""
        return {"sirolimus": self.sirolimus_days, "ciclosporin": self.ciclosporin_days}


def forecaster_of(entry: ForecastEntry) -> Forecaster | None:
    """How the site forecasts levels; None, and nothing of it is loaded, where it does not.

    A site that asks for what is not installed is refused before (`forecast_faults`).
    """
    if not entry.enabled or not_installed("forecast"):
        return None
    from cds_service.services.forecasting import (
        ModelForecaster,  # numpy and scipy, only where they are needed
    )

    return ModelForecaster(entry.models, entry.days)


def forecasts_version(entry: ForecastEntry) -> dict[str, Any]:
    """What a card says depends on the switch, so the version of the texts does."""
    return {"forecast": repr(entry)} if entry.enabled else {}


def forecast_faults(entry: ForecastEntry) -> list[str]:
    """What is wrong with it; the numbers of the models themselves are read only when they speak."""
    faults = [f"forecast: {fault}" for fault in (not_installed("forecast") if entry.enabled else ())]
    if not any(entry.models.values()):
        faults.append("forecast: must name a model of one drug at least")
    faults += [
        f"forecast.{drug}_models: {problem}"
        for drug, names in entry.models.items()
        for problem in _faults(drug, names)
    ]
    return faults + [
        f"forecast.{drug}_days: must be 1 to 56" for drug, days in entry.days.items() if not 1 <= days <= 56
    ]


def _faults(drug: str, names: tuple[str, ...]) -> list[str]:
    shipped = {path.stem: path for path in _MODELS.glob("*.toml")}
    return [problem for name in names if (problem := _fault(drug, name, shipped.get(name)))]


def _fault(drug: str, name: str, path: Path | None) -> str | None:
    if path is None:
        return f"there is no model {name!r}"
    try:
        told: dict[str, Any] = tomllib.loads(path.read_text("utf-8"))
    except tomllib.TOMLDecodeError as error:
        return f"{path.name}: {error}"
    if told.get("drug") != drug:
        return f"{name} is a model of {told.get('drug')}"
    return None if "time-course" in told.get("uses", ()) else f"{name} does not say how a level moves"
