"""docs/threat-model.md: every test that it names is there, every risk has one, and all six of the standard come first."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs/threat-model.md").read_text(encoding="utf-8")
NAMED = sorted(set(re.findall(r"`(tests/[\w/.]+(?:::\w+)?)`", PAGE)))


def rows(title):
    section = PAGE.split(f"## {title}\n")[1].split("\n## ")[0]
    return [line.split(" | ") for line in section.splitlines() if line.startswith("| ")][1:]


@pytest.mark.parametrize("named", NAMED)
def test_a_named_test_is_there(named):
    path, _, test = named.partition("::")
    assert (ROOT / path).exists()
    assert not test or f"\ndef {test}(" in (ROOT / path).read_text(encoding="utf-8")


@pytest.mark.parametrize("title", ["The standard's six", "Ours"])
def test_every_risk_has_a_control_and_a_test(title):
    for risk, control, shown, left in rows(title):
        assert risk, title
        assert control, risk
        assert "`tests/" in shown, risk
        assert left, risk


def test_the_standards_six_are_six():
    assert len(rows("The standard's six")) == 6
