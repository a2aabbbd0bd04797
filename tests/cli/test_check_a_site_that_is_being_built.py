"""`cds-service check` of a site file that names a trial or a model which is not whole yet: a line, no traceback."""

import shutil
from pathlib import Path

import pytest

from cds_service.cli import main
from cds_service.pharmacokinetics import population_model
from cds_service.settings import forecast_settings

GOLUBOVIC = population_model.MODELS / "golubovic_2019.toml"


@pytest.fixture
def check(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]):
    """What check says of a site file; models lie in a folder of the test."""
    models = tmp_path / "models"
    shutil.copytree(population_model.MODELS, models)
    monkeypatch.setattr(population_model, "MODELS", models)
    monkeypatch.setattr(forecast_settings, "_MODELS", models)
    monkeypatch.delenv("CDS_SITE_FILE", raising=False)

    def ask(site: str, model: str | None = None) -> tuple[int, str]:
        population_model.model.cache_clear()
        if model is not None:
            (models / "mine_2026.toml").write_text(model, encoding="utf-8")
        (tmp_path / "site.toml").write_text(site, encoding="utf-8")
        code = main(["check", str(tmp_path / "site.toml")])
        population_model.model.cache_clear()
        return code, capsys.readouterr().err

    return ask


def test_a_trial_that_cannot_be_imported_is_named(check) -> None:
    code, said = check('trials = ["cds_service.trials.nct06802055.trial", "hospital.trials.danazol.trial"]\n')
    assert code == 2
    assert "'hospital.trials.danazol.trial' declares no trial (No module named 'hospital')" in said


@pytest.mark.parametrize(
    ("model", "told"),
    [
        (None, "there is no model 'mine_2026'"),
        ("drug\n", "mine_2026.toml: Expected '='"),
        ("", "mine_2026 is a model of None"),
        (GOLUBOVIC.read_text("utf-8").replace("[typical]", "[typicl]"), "mine_2026.toml: Object"),
    ],
)
def test_a_model_that_is_not_whole_is_named_before_it_speaks(check, model: str | None, told: str) -> None:
    code, said = check('[forecast]\nenabled = true\nsirolimus_models = ["mine_2026"]\n', model)
    assert code == 2
    assert told in said


def test_a_model_that_is_whole_is_in_order(check) -> None:
    site = '[forecast]\nenabled = true\nsirolimus_models = ["mine_2026"]\n'
    assert check(site, GOLUBOVIC.read_text("utf-8"))[0] == 0
