"""What a newcomer is told is so: slices, paths and commands of DEVELOPING, CONTRIBUTING and SECURITY."""

import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGES = ("DEVELOPING.md", "CONTRIBUTING.md", "SECURITY.md")
NOT_IN_A_SLICE = {"bench", "foreign", "mutants"}
"""Run by commands of their own: make bench, make test-hapi, make mutants."""
_CODE = re.compile(r"`([^`\n]+)`")


def _make(goal: str) -> str:
    return subprocess.run(["make", "-s", goal], cwd=ROOT, capture_output=True, text=True, check=True).stdout


def test_each_folder_of_tests_stands_in_exactly_one_slice() -> None:
    listed = re.findall(r"tests/(\w+)", _make("slices"))
    folders = {p.parent.name for p in (ROOT / "tests").glob("*/__init__.py")} - NOT_IN_A_SLICE
    assert sorted(listed) == sorted(folders)


@pytest.mark.parametrize("page", PAGES)
def test_paths_and_goals_that_the_page_names_are_there(page: str) -> None:
    said = _CODE.findall((ROOT / page).read_text(encoding="utf-8"))
    paths = [s for s in said if re.fullmatch(r"(tests|docs|cds_service|fhir_mappings)/[\w./-]+", s)]
    goals = [s.split()[1] for s in said if s.startswith("make ")]
    there = _make("help") + _make("slices")
    assert [p for p in paths if not (ROOT / p).exists()] == []
    assert [g for g in goals if f"make {g} " not in there] == []


def test_the_worked_example_names_a_test_and_a_number_that_are_there() -> None:
    example = (ROOT / "DEVELOPING.md").read_text(encoding="utf-8")
    limits = (ROOT / "cds_service/trials/nct06802055/reviewed/renal.toml").read_text(encoding="utf-8")
    table = (ROOT / "tests/rule_tables/test_renal.py").read_text(encoding="utf-8")
    assert "[limit.creatinine_age_days]\nvalue = 14\n" in limits
    assert "creatinine at most this old" in limits
    assert "test_a_state_needs_a_creatinine_of_the_last_14_days[14-NORMAL]" in example
    assert "def test_a_state_needs_a_creatinine_of_the_last_14_days(" in table
