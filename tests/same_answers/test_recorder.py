"""The recorder itself: it names what differs, is the same in any process, and knows no name of our code."""

import json
import os
import re
import subprocess
import sys

import pytest

from tests.same_answers import differences, recording
from tests.same_answers.canonical import canonical, short_hash
from tests.same_answers.kinds import KINDS

ONE_OF_EACH = [(kind.name, next(iter(kind.names()))) for kind in KINDS]
CASE = ("demo", "demo-01")


def _elsewhere(seed: str, zone: str) -> str:
    """The answers of one case of each kind by another process."""
    asked = "".join(json.dumps(case) + "\n" for case in ONE_OF_EACH)
    command = [sys.executable, "-m", "tests.same_answers", "--print"]
    around = os.environ | {"PYTHONHASHSEED": seed, "TZ": zone}
    done = subprocess.run(command, input=asked, env=around, capture_output=True, text=True, check=True)
    return done.stdout


def test_any_process_in_any_time_zone_answers_the_same() -> None:
    assert _elsewhere("1", "Pacific/Honolulu") == _elsewhere("2", "Asia/Shanghai")


@pytest.mark.parametrize("case", ONE_OF_EACH, ids="/".join)
def test_an_answer_names_no_class_or_module_of_ours(case: tuple[str, str]) -> None:
    parts = recording.answers_of(case)
    assert parts.keys() <= {part for kind in KINDS for part in kind.parts}
    assert not re.search(
        r"cds_service|fhir_mappings|<\w+ object|<class |<[A-Z]\w+\.", "".join(parts.values())
    )


def test_what_changes_with_every_release_is_left_out() -> None:
    one = {"softwareVersion": "1", "inputHash": "a", "cards": [{"uuid": "x"}, {"uuid": "y"}, {"uuid": "x"}]}
    two = {"softwareVersion": "2", "inputHash": "b", "cards": [{"uuid": "p"}, {"uuid": "q"}, {"uuid": "p"}]}
    assert canonical(one) == canonical(two)
    assert canonical(one) != canonical(two | {"cards": [{"uuid": "p"}, {"uuid": "q"}, {"uuid": "q"}]})


@pytest.mark.parametrize(
    "other", [{"mg": "2"}, {"mg": 1}, {"MG": "1"}, {"mg": "1", "more": None}, {"mg": ["1"]}]
)
def test_any_other_value_is_another_hash(other: dict[str, object]) -> None:
    assert short_hash(canonical({"mg": "1"})) != short_hash(canonical(other))


def test_the_file_of_hashes_is_read_as_it_was_written() -> None:
    hashes = {
        ("demo", "demo-01"): ("a" * 8, "b" * 8),
        ("code", "hiv text 艾 滋"): ("c" * 8, recording.NOTHING),
    }
    text = "\n".join(recording.lines_of(hashes))
    assert recording.read(text) == hashes


def test_changed_new_gone_and_raising_are_told_apart() -> None:
    kept = {("demo", "a"): ("1",), ("demo", "b"): ("1",), ("demo", "c"): ("1",)}
    found = {("demo", "a"): ("1",), ("demo", "b"): ("2",), ("demo", "d"): ("1",)}
    kept["demo", "e"] = ("1",)
    other = differences.differing(kept, found, {*kept, *found})
    assert other == [("demo", letter) for letter in "bcde"]
    told = list(differences.counted(kept, recording.Found(found, raised={("demo", "e"): "a fault"}), other))
    assert told == [f"     1 demo: {way}" for way in ("changed", "gone", "new", "raises")]


def test_a_difference_is_shown_under_the_case_s_name() -> None:
    now = recording.answers_of(CASE)
    old = now | {"assessment": now["assessment"].replace('"renal"', '"kidney"')}
    shown = list(differences.shown(CASE, old, {}))
    assert shown[0] == "== demo/demo-01"
    assert [line for line in shown if line.startswith(("-  ", "- "))] == ['- "kidney": {']
    assert [line for line in shown if line.startswith("+ ")] == ['+ "renal": {']


def test_a_case_that_raises_is_told_and_the_others_are_answered(monkeypatch: pytest.MonkeyPatch) -> None:
    answers = recording.answers_of
    broken = ("demo", "demo-02")

    def some(case: recording.Case) -> dict[str, str]:
        if case == broken:
            raise ZeroDivisionError("a fault")
        return answers(case)

    monkeypatch.setattr(recording, "answers_of", some)
    found = recording.answer_all([broken, CASE])
    assert list(found.hashes) == [CASE]
    assert "ZeroDivisionError: a fault" in found.raised[broken]


def test_cases_have_one_name_each_and_are_many() -> None:
    cases = recording.all_cases()
    assert len(set(cases)) == len(cases)
    assert len(cases) > 10_000
    assert all("\n" not in name for _, name in cases)
