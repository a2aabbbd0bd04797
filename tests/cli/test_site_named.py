"""`--site FILE`: every command takes it, says which site file is used, and leaves the environment alone."""

import io
import json
import os
import sys
from pathlib import Path
from typing import Any

import pytest

from cds_service import wiring
from cds_service.cli import main
from cds_service.cli.commands import _parser
from cds_service.cli.demo_site import demo_site
from tests.builders import TODAY
from tests.scenarios.dosing_charts import labs, level, taking
from tests.scenarios.fhir_charts import as_bytes, enrolled, with_patient

COMMANDS = tuple(
    name
    for name in _parser()._subparsers._group_actions[0].choices  # type: ignore[union-attr,union-attr]
    if name != "new-client-key"  # makes a file, and reads none
)
CHART = (*enrolled("sirolimus"), *taking("sirolimus", 2), *labs(), level("sirolimus", 12.5))


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a chart and two sites: what they stock shows which one is in force."""
    for name in [name for name in os.environ if name.startswith("CDS_")]:
        monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "chart.json").write_bytes(as_bytes(*with_patient(*CHART)))
    (tmp_path / "halves.toml").write_text("[tablets]\nsirolimus = [0.5, 1]\n")
    (tmp_path / "zh.toml").write_text("language = 'zh'\n")
    return tmp_path


def proposed(capsys: pytest.CaptureFixture[str], *options: str) -> tuple[Any, str]:
    assert main(["assess", "chart.json", "--as-of", TODAY.isoformat(), *options]) == 0
    out, err = capsys.readouterr()
    (titration,) = json.loads(out)["titration"]
    return titration["proposedDose"]["amountMg"], err


def test_assess_uses_the_site_it_is_told_and_says_so(
    here: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert proposed(capsys) == (1, "site file: none, the defaults hold\n")
    assert proposed(capsys, "--site", "halves.toml") == (
        1.5,
        f"site file: {here}/halves.toml (command line)\n",
    )
    monkeypatch.setenv("CDS_SITE_FILE", str(here / "halves.toml"))
    assert proposed(capsys) == (1.5, f"site file: {here}/halves.toml (CDS_SITE_FILE)\n")
    assert proposed(capsys, "--site", "zh.toml") == (1, f"site file: {here}/zh.toml (command line)\n")
    assert os.environ["CDS_SITE_FILE"] == str(here / "halves.toml")


def test_the_site_of_one_command_is_not_that_of_the_next(capsys: pytest.CaptureFixture[str]) -> None:
    proposed(capsys, "--site", "halves.toml")
    assert wiring.site_file_in_use() is None
    with pytest.raises(RuntimeError), wiring.site_file_named("halves.toml"):
        raise RuntimeError
    assert wiring.site_file_in_use() is None


ARGUMENTS = {
    "assess": ["chart.json"],
    "replay": ["chart.json"],
    "delete-old": ["--days", "3650"],
    "simulate": ["--patients", "1"],
    "demo": ["--port", "0", "--no-browser"],
    "unmapped": ["chart.json"],
    "screen": ["export", "--out", "out"],
    "study-list": ["screening"],
    "fetch-export": ["--fhir-server", "http://127.0.0.1:9/fhir", "--into", "exports"],
    "sign": ["--content", "sha256:0", "--key", "li.pem", "--signer", "Dr Li"],
}


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_takes_a_site_and_refuses_a_bad_one(
    command: str, here: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("CDS_ENVIRONMENT", "development")
    monkeypatch.setattr(sys, "stdin", io.StringIO("p1\n"))
    (here / "bad.toml").write_text("language = 'fr'\n")
    assert main([command, *ARGUMENTS.get(command, []), "--site", "bad.toml"]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert "language" in err
    assert command == "serve" or err.startswith(f"site file: {here}/bad.toml (command line)\n")


def test_check_of_one_file_says_that_file(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", "zh.toml"]) == 0
    assert capsys.readouterr().err.startswith(f"site file: {here}/zh.toml (command line)\n")


def test_the_demo_takes_a_site_by_the_command_line_alone(
    here: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("CDS_SITE_FILE", str(here / "bad.toml"))
    assert main(["demo", "--once", "--fhir-server", "http://127.0.0.1:1/fhir"]) == 2
    assert capsys.readouterr().err.startswith("site file: none, the demo has its own\n")
    assert demo_site(here / "zh.toml").language == "zh"
    assert demo_site(here / "zh.toml").thresholds == {"restraint.trial_card_days": 0}
