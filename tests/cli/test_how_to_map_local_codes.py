"""`docs/how-to/map-local-codes.md`, followed to the letter: each of its commands, files and printed lines."""

import json
import os
import re
import shlex
from pathlib import Path

import pytest

from cds_service.cli import main
from fhir_mappings.writers.validation import problems
from tests.scenarios.dosing_charts import labs, line
from tests.scenarios.fhir_charts import (
    Json,
    as_bytes,
    concept,
    dispense,
    enrolled,
    observation,
    order,
    patient,
    with_patient,
)

PAGE = (Path(__file__).parents[2] / "docs/how-to/map-local-codes.md").read_text("utf-8")
LAB, DRUGS = "http://hospital.example/lab", "http://hospital.example/drugs"
DRUG, TWO = concept((DRUGS, "YP-0417", "西罗莫司片")), line(2, unit="片")


def blocks(language: str) -> list[str]:
    """What stands between fences that begin with this language, in the order of the page."""
    fenced = re.findall(r"^```(\w*)\n(.*?)^```$", PAGE, re.S | re.M)
    return [text for named, text in fenced if named == language]


CHART: list[Json] = [
    observation("14682-9", 80, "umol/L") | {"code": concept((LAB, "CREA", "肌酐"))},
    observation("72676-0", 3, "ng/mL", 1) | {"code": concept((LAB, "XLMS-C0", "西罗莫司谷浓度"))},
    order(DRUG, 30, TWO),
    dispense(DRUG, 30, 60, TWO),
]
LISTED: Json = observation("718-7", 84, "g/L")


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in [name for name in os.environ if name.startswith("CDS_")]:
        monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "export").mkdir()
    lines = [json.dumps({k: v for k, v in r.items() if v is not None}) for r in (patient(), LISTED, *CHART)]
    (tmp_path / "export/all.ndjson").write_text("\n".join(lines), "utf-8")
    (tmp_path / "patient.json").write_bytes(as_bytes(*with_patient(*enrolled("Sirolimus"), *labs(), *CHART)))
    return tmp_path


def typed(command: str, capsys: pytest.CaptureFixture[str]) -> tuple[str, str]:
    """Run one line of the page."""
    words, _, into = command.partition(" > ")
    program, *arguments = shlex.split(words)
    assert program == "cds-service"
    arguments += ["--as-of", "2026-03-02T09:00:00+08:00"] if arguments[0] == "assess" else []
    assert main(arguments) == 0
    out, err = capsys.readouterr()
    if into:
        Path(into.strip()).write_text(out, "utf-8")
    return out, err


def test_the_page_holds_when_it_is_followed(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    find, printed, check, see = blocks("")
    filled, toml = blocks("json")[0], blocks("toml")[0]

    found, told = typed(find, capsys)
    assert told == printed
    made = json.loads(found)
    assert problems(made) == []
    waiting = {(g["source"], g["target"], e["code"]) for g in made["group"] for e in g["element"]}

    assert problems(json.loads(filled)) == []
    mapped = {
        (g["source"], g["target"], e["code"]) for g in json.loads(filled)["group"] for e in g["element"]
    }
    assert mapped == waiting
    Path("local-codes.json").write_text(filled, "utf-8")
    Path("site.toml").write_text(toml, "utf-8")
    assert typed(check, capsys)[0] == "Everything is in order.\n"

    assess, again = see.splitlines()
    assessment, told = typed(assess, capsys)
    assert told.startswith(f"site file: {here}/site.toml (command line)\n")
    (titration,) = json.loads(assessment)["titration"]
    assert (titration["state"], titration["trough"]["value"]) == ("INCREASE", 3)
    assert "group" not in json.loads(typed(again, capsys)[0])


def test_without_the_map_nothing_of_it_counts(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assessment, _ = typed("cds-service assess patient.json", capsys)
    (titration,) = json.loads(assessment)["titration"]
    assert titration["state"] != "INCREASE"


def test_the_urns_of_the_page_are_those_that_are_read() -> None:
    from fhir_mappings.readers.read_concept_map import PROPERTY
    from fhir_mappings.value_sets import OWN_UNITS, OWN_WORDS, WITHOUT_SYSTEM

    assert all(f"`{urn}`" in PAGE for urn in (OWN_UNITS, OWN_WORDS, WITHOUT_SYSTEM))
    assert PROPERTY in PAGE
