"""A site that forecasts: what stands on the card and in the assessment, in both languages, and what never changes."""

import subprocess
import sys
from typing import Any

import pytest
from msgspec.structs import replace

from cds_service.cards.card_context import CardContext
from cds_service.cards.forecast_text import outlook_json, outlook_lines
from cds_service.cards.translations import read_wording
from cds_service.services.handler import Installation
from cds_service.settings.forecast_settings import ForecastEntry, forecast_faults, forecaster_of
from cds_service.settings.site_file import BadSite, Site, read_site
from cds_service.trials.nct06802055.assess import assess
from cds_service.trials.nct06802055.cards.titration_card import titration_message
from cds_service.trials.nct06802055.registration import RECORD
from tests.builders import NOW, TODAY
from tests.scenarios.dosing_charts import SIROLIMUS_ARM, lab, labs, level, on_both, on_sirolimus, taking
from tests.scenarios.fhir_charts import Json, ago, assessed, clinic_of

FORECASTING = Site(forecast=ForecastEntry(enabled=True))
BOTH = Site(
    forecast=ForecastEntry(enabled=True, ciclosporin_models=("woillard_2014", "umpierrez_2021", "press_2010"))
)
ARCHITECT = {"method": {"text": "Abbott Architect CMIA"}}
COVARIATES = (lab("4544-3", 31, "%", 3), lab("1920-8", 21, "U/L", 3), lab("29463-7", 60, "kg", 3))


def chart(*more: Json, value: Any = 6, **kinds: Any) -> tuple[Json, ...]:
    """The sirolimus arm with one level and everything the models ask for."""
    return (*on_sirolimus(**kinds), *COVARIATES, level("sirolimus", value, 1, **ARCHITECT), *more)


def forecast_of(*resources: Json, site: Site = FORECASTING) -> Json | None:
    """The `forecast` member of sirolimus."""
    found: Json | None = assessed(*resources, site=site)["titration"][0]["forecast"]
    return found


def test_off_by_default_and_the_member_is_null() -> None:
    assert Site().forecast.enabled is False
    assert forecaster_of(Site().forecast) is None
    assert forecast_of(*chart(), site=Site()) is None


def test_the_forecast_names_doses_interval_chance_models_and_their_fit() -> None:
    found = forecast_of(*chart())
    assert found
    assert found["noForecast"] is None
    assert (found["troughOn"], found["interval"], found["levels"]) == (ago(-14), 0.9, 1)
    assert [d["dose"]["amountMg"] for d in found["doses"]] == [1, 2, 3]
    one, two, three = found["doses"]
    assert one["median"] < two["median"] < three["median"]
    assert two["low"] < 6 < two["high"]
    assert all(0 <= d["inBand"] <= 1 for d in found["doses"])
    models = {m["name"]: m for m in found["models"]}
    assert set(models) == {"mao_2024", "golubovic_2019"}
    assert sum(m["weight"] for m in models.values()) == pytest.approx(1, abs=0.02)
    assert {m["fit"] for m in models.values()} == {"inside"}
    members = {"name", "citation", "weight", "fit", "because", "refused"}
    assert {name: set(m) for name, m in models.items()} == dict.fromkeys(models, members)
    assert all(m["citation"].strip() for m in models.values())
    assert set(found) == {"troughOn", "unit", "interval", "levels", "doses", "models", "noForecast", "says"}
    assert all(set(d) == {"dose", "median", "low", "high", "inBand"} for d in found["doses"])


@pytest.mark.parametrize("value", ["3.1", "6", "13", "16", "21"])
def test_switching_it_on_changes_no_state_dose_rule_or_finding(value: str) -> None:
    resources = chart(value=value)
    without, with_it = assessed(*resources), assessed(*resources, site=FORECASTING)
    for told in (without, with_it):
        del told["inputHash"]
        for decision in told["titration"]:
            del decision["forecast"]
    assert without == with_it


def test_no_dose_outside_the_record_is_ever_forecast() -> None:
    taken = taking("sirolimus", 5)
    found = forecast_of(*chart(sirolimus=taken, value="3"))
    assert found
    assert all(1 <= d["dose"]["amountMg"] <= 3 for d in found["doses"])


def test_a_recheck_says_what_the_wait_is_expected_to_show() -> None:
    told = assessed(
        *SIROLIMUS_ARM,
        *labs(),
        *COVARIATES,
        *taking("sirolimus", 2, since=4),
        level("sirolimus", 5, 1),
        site=FORECASTING,
    )
    decision = told["titration"][0]
    assert decision["state"] == "RECHECK"
    assert decision["forecast"]["says"][0].startswith("The recheck stands. At the present dose")


def test_levels_still_on_their_way_up_forecast_a_higher_one() -> None:
    """What a proportional rule cannot see: on day 3 the level is not yet where it goes."""
    told = forecast_of(
        *SIROLIMUS_ARM, *labs(), *COVARIATES, *taking("sirolimus", 2, since=3), level("sirolimus", 4, 1)
    )
    assert told
    assert told["doses"][1]["median"] > 4.5


@pytest.mark.parametrize(
    ("resources", "why"),
    [
        ((*on_sirolimus(), *COVARIATES), "NO_LEVEL"),
        ((*on_sirolimus(), lab("4544-3", 31, "%", 40), level("sirolimus", 6, 1)), "NO_MODEL_FITS"),
    ],
)
def test_where_there_is_none_it_says_why(resources: tuple[Json, ...], why: str) -> None:
    found = forecast_of(*resources)
    assert found
    assert (found["noForecast"], found["doses"]) == (why, [])
    (sentence,) = found["says"]
    assert sentence.startswith("No forecast: ")


def test_a_patient_outside_what_was_studied_is_called_so() -> None:
    found = forecast_of(*on_sirolimus(), lab("4544-3", 20, "%", 3), level("sirolimus", 6, 1))
    assert found
    assert [(m["name"], m["fit"], m["refused"]) for m in found["models"]] == [
        ("mao_2024", "stretched", None),
        ("golubovic_2019", "not-for-this-patient", "not-for-this-patient"),
    ]
    assert found["says"][-1] == "Take it with caution: outside what these models studied in haematocrit"


def test_ciclosporin_is_forecast_in_the_sites_band() -> None:
    creatinines = [
        lab("14682-9", 60, "umol/L", d, referenceRange=[{"high": {"value": 110, "unit": "umol/L"}}])
        for d in (80, 70, 2)
    ]
    told = assessed(*on_both(), *COVARIATES, *creatinines, level("ciclosporin", 140, 1), site=BOTH)
    decision = told["titration"][1]
    assert decision["state"] == "CONTINUE"
    found = decision["forecast"]
    assert [d["dose"]["amountMg"] for d in found["doses"]] == [50, 75, 100]
    assert {m["name"] for m in found["models"]} == {"woillard_2014", "umpierrez_2021", "press_2010"}
    assert "120–180 ng/mL" in found["says"][0]


def test_ciclosporin_is_not_forecast_unless_the_site_names_a_model() -> None:
    told = assessed(*on_both(), *COVARIATES, level("ciclosporin", 140, 1), site=FORECASTING)
    assert told["titration"][1]["drug"] == "ciclosporin"
    assert told["titration"][1]["forecast"] is None


def card_detail(installation: Installation, language: str) -> str:
    """The dosing card of sirolimus, as the clinician reads it."""
    words = read_wording()[language]
    context = CardContext(
        "iss", "", "h", "aa-trial-titration", NOW.text, "sha256:0", "http://x", words, RECORD
    )
    record = _record(installation)
    found = assess(record, NOW, installation.protocol)
    message = titration_message(found.titration[0], [], found.renal, record.patient, TODAY, context)
    return "\n".join(b if isinstance(b, str) else "\n".join(b.lines) for b in message.why)


def _record(installation: Installation) -> Any:
    from cds_service.services.chart_file import read_chart
    from fhir_mappings.readers.read_record import read_record
    from tests.scenarios.fhir_charts import as_bytes, with_patient

    read = read_chart(as_bytes(*with_patient(*chart())))
    return read_record(read.resources, read.patient_id, NOW.instant, installation.gatherer.reader)


def test_the_card_carries_it_under_its_own_heading_in_both_languages() -> None:
    installation = clinic_of(FORECASTING)
    english, chinese = card_detail(installation, "en"), card_detail(installation, "zh")
    assert "**Forecast, model-based: it changes no state and no dose above**" in english
    assert "2 mg once daily: " in english
    assert "Mao 2024" in english
    assert "**模型预测：不改变上面的状态和剂量**" in chinese
    assert "Forecast" not in card_detail(clinic_of(), "en")


def test_the_explain_page_has_data_and_sentences_from_one_decision() -> None:
    installation = clinic_of(FORECASTING)
    decision = assess(_record(installation), NOW, installation.protocol).titration[0]
    words = read_wording()["en"]
    told = outlook_json(decision, words)
    assert told
    assert told["says"] == [words.plain(line) for line in outlook_lines(decision)]
    assert outlook_json(replace(decision, outlook=None), words) is None
    assert outlook_lines(replace(decision, outlook=None)) == []


@pytest.mark.parametrize(
    ("entry", "fault"),
    [
        (ForecastEntry(sirolimus_models=()), "forecast: must name a model of one drug at least"),
        (ForecastEntry(sirolimus_models=("mao",)), "forecast.sirolimus_models: there is no model 'mao'"),
        (
            ForecastEntry(ciclosporin_models=("mao_2024",)),
            "forecast.ciclosporin_models: mao_2024 is a model of sirolimus",
        ),
        (
            ForecastEntry(sirolimus_models=("jiao_2009",)),
            "forecast.sirolimus_models: jiao_2009 does not say how a level moves",
        ),
        (ForecastEntry(sirolimus_days=0), "forecast.sirolimus_days: must be 1 to 56"),
        (ForecastEntry(ciclosporin_days=57), "forecast.ciclosporin_days: must be 1 to 56"),
    ],
)
def test_a_switch_that_cannot_be_obeyed_is_a_fault(entry: ForecastEntry, fault: str) -> None:
    assert forecast_faults(entry) == [fault]


def test_the_site_file_switches_it_on_and_refuses_what_is_not_there(tmp_path: Any) -> None:
    file = tmp_path / "site.toml"
    file.write_text("[forecast]\nenabled = true\n")
    assert read_site(file).forecast == ForecastEntry(enabled=True)
    file.write_text('[forecast]\nenabled = true\nsirolimus_models = ["jiao_2009"]\n')
    with pytest.raises(BadSite, match="jiao_2009"):
        read_site(file)


def test_a_service_that_does_not_forecast_loads_no_numbers_library() -> None:
    program = (
        "import sys; from cds_service.settings.site_file import Site; from cds_service.wiring import *; "
        "from cds_service import wiring; wiring.build_installation(wiring.offline(Site())); "
        "sys.exit(bool({'numpy', 'scipy'} & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0
