"""`[forecast]` of the site file: the switch, both ends of its days, each model of its drug, and the version of the texts."""

import pytest
from msgspec.structs import replace

from cds_service.settings import forecast_settings
from cds_service.settings.forecast_settings import (
    ForecastEntry,
    forecast_faults,
    forecaster_of,
    forecasts_version,
)

ON = ForecastEntry(enabled=True)


def test_it_is_off_and_then_speaks_for_sirolimus_alone():
    assert ForecastEntry() == ForecastEntry(False, ("mao_2024", "golubovic_2019"), (), 14, 7)
    assert forecaster_of(ForecastEntry()) is None
    found = forecaster_of(ON)
    assert found.models == {"sirolimus": ("mao_2024", "golubovic_2019"), "ciclosporin": ()}
    assert found.days_ahead == {"sirolimus": 14, "ciclosporin": 7}
    assert forecast_faults(ForecastEntry()) == forecast_faults(ON) == []


@pytest.mark.parametrize("enabled", [True, False])
def test_what_is_not_installed_is_a_fault_only_of_a_site_that_asks_for_it(monkeypatch, enabled):
    monkeypatch.setattr(forecast_settings, "not_installed", lambda extra: [f"needs {extra}"])
    entry = replace(ON, enabled=enabled)
    assert forecast_faults(entry) == (["forecast: needs forecast"] if enabled else [])
    assert forecaster_of(entry) is None


@pytest.mark.parametrize("drug", ["sirolimus", "ciclosporin"])
@pytest.mark.parametrize(("days", "is_fine"), [(0, False), (1, True), (56, True), (57, False), (-1, False)])
@pytest.mark.parametrize("enabled", [True, False])
def test_days_ahead_are_one_to_fifty_six(drug, days, is_fine, enabled):
    entry = replace(ON, enabled=enabled, **{f"{drug}_days": days})
    assert forecast_faults(entry) == ([] if is_fine else [f"forecast.{drug}_days: must be 1 to 56"])


@pytest.mark.parametrize(
    ("sirolimus", "ciclosporin", "faults"),
    [
        ((), (), ["forecast: must name a model of one drug at least"]),
        (("mao_2024",), (), []),
        (("golubovic_2019",), (), []),
        (("mao_2025",), (), ["forecast.sirolimus_models: there is no model 'mao_2025'"]),
        ((), ("mao_2024",), ["forecast.ciclosporin_models: mao_2024 is a model of sirolimus"]),
        ((), ("press_2010", "wilhelm_2012"), []),
        (("jiao_2009",), (), ["forecast.sirolimus_models: jiao_2009 does not say how a level moves"]),
        (
            ("x", "y"),
            (),
            [
                "forecast.sirolimus_models: there is no model 'x'",
                "forecast.sirolimus_models: there is no model 'y'",
            ],
        ),
    ],
)
def test_each_model_is_one_of_its_drug_that_is_shipped(sirolimus, ciclosporin, faults):
    assert forecast_faults(replace(ON, sirolimus_models=sirolimus, ciclosporin_models=ciclosporin)) == faults


@pytest.mark.parametrize(
    "other",
    [
        ON,
        replace(ON, sirolimus_days=13),
        replace(ON, sirolimus_models=("mao_2024",)),
        replace(ON, ciclosporin_days=8),
    ],
)
def test_what_is_forecast_is_part_of_the_version_of_the_texts(other):
    """An advice of before the switch is not taken for one of after it."""
    versions = [
        forecasts_version(entry) for entry in (ForecastEntry(), ForecastEntry(sirolimus_days=9), other)
    ]
    assert versions[0] == versions[1] == {}
    assert versions[2] == {"forecast": repr(other)}
    assert other == ON or versions[2] != forecasts_version(ON)
