"""`docs/how-to/say-who-takes-part.md`, followed to the letter: its charts, site files, commands and what comes out."""

import json
import re
import shlex
from pathlib import Path

import pytest

from cds_service.cli import main
from fhir_mappings.clinical_model.studies import StudyState
from fhir_mappings.readers.read_participation import _STATES

PAGE = (Path(__file__).parents[2] / "docs/how-to/say-who-takes-part.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", PAGE, re.DOTALL | re.MULTILINE)


SUBJECT, FLAG = blocks("json")
SITE, FLAGS = blocks("toml")
FILES = {"chart.json": SUBJECT, "site.toml": SITE, "flag.json": FLAG, "flag.toml": FLAGS}
COMMANDS = [line for block in blocks("sh") for line in block.splitlines()]


@pytest.fixture
def run(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    for name, text in FILES.items():
        Path(name).write_text(text, encoding="utf-8")

    def ask(line: str) -> str:
        assert main(shlex.split(line)[1:]) == 0
        return capsys.readouterr().out

    return ask


def test_every_file_is_named_on_the_page_and_every_command_runs(run) -> None:
    assert all(f"`{name}`" in PAGE for name in FILES)
    assert len(COMMANDS) == 3
    for line in COMMANDS:
        run(line)


@pytest.mark.parametrize("line", [line for line in COMMANDS if "assess" in line])
def test_participation_is_understood_as_the_page_says(run, line: str) -> None:
    told = json.loads(run(line))["participation"]
    assert (told["status"], told["arm"], told["studyDay"]) == ("enrolled", "sirolimus+ciclosporin", 30)


def test_without_the_site_file_it_is_unknown_and_named(run) -> None:
    told = json.loads(run("cds-service assess chart.json --as-of 2026-03-02"))
    assert told["participation"]["status"] == "unknown"
    assert "STUDY_UNRESOLVED" in {one["problem"] for one in told["dataQuality"]}


@pytest.mark.parametrize(
    ("arms", "problem"),
    [
        (('"assignedArm": "Arm C"',), "ARM_NOT_RECOGNISED"),
        (('"assignedArm": "Arm B"', '"actualArm": "Arm A"'), "ARM_CONFLICTING"),
    ],
)
def test_an_arm_that_is_not_understood_doses_no_ciclosporin(run, arms, problem: str) -> None:
    Path("chart.json").write_text(SUBJECT.replace('"assignedArm": "Arm B"', ", ".join(arms)))
    told = json.loads(run(COMMANDS[0]))
    assert told["participation"]["arm"] is None
    assert problem in {one["problem"] for one in told["dataQuality"]}
    assert [one["proposedDose"] for one in told["titration"] if one["drug"] == "ciclosporin"] in ([], [None])


@pytest.mark.parametrize(
    "ended", ['"status": "inactive"', '"status": "active", "period": {"end": "2026-02-20"}']
)
def test_a_flag_that_has_ended_leaves_it_unknown(run, ended: str) -> None:
    flag = json.loads(FLAG)
    flag["entry"][1]["resource"].pop("period")
    Path("flag.json").write_text(json.dumps(flag).replace('"status": "active"', ended))
    assert json.loads(run(COMMANDS[2]))["participation"]["status"] == "unknown"


@pytest.mark.parametrize(("status", "wanted"), [("withdrawn", "enrolled"), ("off-study", "completed")])
def test_of_a_flag_and_a_subject_the_furthest_along_counts(run, status: str, wanted: str) -> None:
    chart, subject = json.loads(FLAG), json.loads(SUBJECT)["entry"][1]
    subject["resource"]["status"] = status
    chart["entry"].append(subject)
    Path("flag.json").write_text(json.dumps(chart))
    Path("flag.toml").write_text(f"{FLAGS}\n{SITE}")
    assert json.loads(run(COMMANDS[2]))["participation"]["status"] == wanted


def test_the_table_of_statuses_is_the_readers() -> None:
    meaning = {
        "in screening: criteria, no dose": StudyState.SCREENING,
        "enrolled: dosing, visits, response": StudyState.ENROLLED,
        "completed": StudyState.COMPLETED,
        "withdrawn": StudyState.WITHDRAWN,
        "not taking part": StudyState.NONE,
    }
    rows = re.findall(r"^\| ([a-z][a-z, -]+) \| ([^|]+) \|$", PAGE, re.MULTILINE)
    told = {status: meaning[meant] for statuses, meant in rows for status in statuses.split(", ")}
    assert told == _STATES
