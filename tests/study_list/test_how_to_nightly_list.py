"""`docs/how-to/nightly-list.md`, "From zero": the site file and the commands, as they stand, against the demo's FHIR server."""

import re
import shlex
from datetime import date
from pathlib import Path

import pytest

from cds_service.cli import main
from cds_service.demo.demo_patients import demo_patients
from cds_service.demo.fhir_server import start_fhir_server
from cds_service.demo.start_demo import everything

PAGE = (Path(__file__).parents[2] / "docs/how-to/nightly-list.md").read_text("utf-8")
ZERO = PAGE.split("## From zero", 1)[1].split("\n## ", 1)[0]
BASE = "http://127.0.0.1:8081/fhir"


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", ZERO, re.S | re.M)


@pytest.fixture
def record():
    """A FHIR server of the demo's patients on which no list is yet."""
    server = start_fhir_server(everything(demo_patients(date(2026, 3, 2))))
    yield server
    server.stop()


def run(line: str, monkeypatch: pytest.MonkeyPatch) -> int:
    words = shlex.split(line, comments=True)
    for setting in words[: words.index(".venv/bin/cds-service")]:
        monkeypatch.setenv(*setting.split("=", 1))
    return main(words[words.index(".venv/bin/cds-service") + 1 :])


def test_from_zero_to_the_list_and_the_second_time_nothing(record, tmp_path, monkeypatch, capsys) -> None:
    monkeypatch.chdir(tmp_path)
    (site,) = blocks("toml")
    Path("site.toml").write_text(site.replace(BASE, record.base_url))
    install, nights = blocks("sh")
    assert "pip install '.[screening,demo]'" in install
    first, second, digest = nights.replace(BASE, record.base_url).splitlines()

    assert run(first, monkeypatch) == 0
    assert re.search(r"^[1-9]\d* new, ", capsys.readouterr().out.splitlines()[1])
    assert run(second, monkeypatch) == 0
    assert capsys.readouterr().out.splitlines()[1].startswith("0 new, 0 changed, 0 lost")
    assert run(digest, monkeypatch) == 0
    said = capsys.readouterr().out
    assert re.search(r"\d", said)
    assert "demo-" not in said
