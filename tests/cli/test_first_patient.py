"""The tutorial of a first patient, followed to the letter: its chart, its command, and what it says comes out."""

import json
import re
from pathlib import Path

from cds_service.cli import commands

PAGE = (Path(__file__).parents[2] / "docs/tutorials/first-patient.md").read_text(encoding="utf-8")
(CHART,) = re.findall(r"```json\n(.*?)```", PAGE, re.DOTALL)
(COMMAND,) = re.findall(r"^\.venv/bin/cds-service (.*)$", PAGE, re.MULTILINE)


def _ask(chart, folder, capsys):
    """What the page's command says of this text, saved under the name that the page gives it."""
    (folder / "mine.json").write_text(chart, encoding="utf-8")
    words = [str(folder / "mine.json") if word == "mine.json" else word for word in COMMAND.split()]
    assert commands.main(words) == 0
    return json.loads(capsys.readouterr().out)


def _criteria(told):
    return {one["id"]: (one["status"], one["seen"]) for one in told["eligibility"]["criteria"]}


def test_the_chart_is_answered_as_the_page_says(tmp_path, capsys):
    told = _ask(CHART, tmp_path, capsys)
    assert told["eligibility"]["status"] == "undetermined"
    rows = re.findall(r"^\| ([IE]\d+) \| (\S+) \| (.*) \|$", PAGE, re.MULTILINE)
    assert len(rows) == 4
    for name, status, seen in rows:
        assert _criteria(told)[name] == (status, seen)
    assert told["dataQuality"] == []


def test_a_haemoglobin_in_another_unit_is_no_number_and_is_named(tmp_path, capsys):
    assert CHART.count('"g/L"') == 2
    told = _ask(CHART.replace('"g/L"', '"ng/mL"'), tmp_path, capsys)
    assert _criteria(told)["I3"][0] == "unknown"
    (row,) = re.findall(r"^\| (Observation/\w+) \| (\w+) \|$", PAGE, re.MULTILINE)
    assert row in [(one["reference"], one["problem"]) for one in told["dataQuality"]]
