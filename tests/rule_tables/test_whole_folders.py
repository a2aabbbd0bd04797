"""Is a criterion's folder whole? Each piece of the how-to's one left out, and what the start then says."""

import ast
import shutil
from pathlib import Path

import pytest

from cds_service.rules.criterion_folders import criterion_number
from cds_service.rules.thresholds import FOLDER, ProtocolTextFault, read_topic
from cds_service.trials.nct06802055.criteria.attestation_questionnaire import MODULE, faults_of_form
from cds_service.trials.nct06802055.criteria.criterion_judges import judges_of
from cds_service.trials.nct06802055.criteria.whole_folders import faults_of_folders, keys_said
from cds_service.trials.nct06802055.read_reviewed import load_protocol
from tests.criterion_to_add import ADDED, add_criterion, pieces_of_criterion
from tests.reviewed_copy import copy_of_reviewed


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The new criterion's folder, whole, in a copy of what is reviewed."""
    copy_of_reviewed(tmp_path)
    return add_criterion(tmp_path / "criteria")


def told_of(folder: Path) -> list[str]:
    return faults_of_folders(folder.parents[1] / "reviewed")


def test_nothing_is_told_of_the_whole_folder_and_of_the_shipped_ones(folder: Path) -> None:
    assert told_of(folder) == []
    assert len(pieces_of_criterion()) == 7


@pytest.mark.parametrize(
    ("lost", "told"),
    [
        ("__init__.py", "has no __init__.py, so that no installation would hold it"),
        ("judge.py", "has no judge.py"),
        ("criterion.toml", "has no criterion.toml that can be read"),
        ("words.en.toml", "has no words.en.toml that can be read"),
        ("words.zh.toml", "has no words.zh.toml that can be read"),
        ("sources-zh.toml", "has no sources-zh.toml that can be read"),
        ("examples.json", "has no examples.json that can be read"),
    ],
)
def test_each_file_left_out_is_told_and_the_protocol_refused(folder: Path, lost: str, told: str) -> None:
    (folder / lost).unlink()
    assert f"criteria/{ADDED}: {told}" in told_of(folder)
    with pytest.raises(ProtocolTextFault) as refused:
        load_protocol({}, folder.parents[1] / "reviewed")
    assert f"criteria/{ADDED}: {told}" in refused.value.faults


@pytest.mark.parametrize(
    ("file", "old", "new", "told"),
    [
        ("judge.py", "exc_13_", "exc_31_", "judge.py must have one function exc_13_..., has 0"),
        (
            "judge.py",
            "t0: date, limits",
            "t0: date, more: int, limits",
            "exc_13_high_creatinine must take record, t0 and limits, with the type of the limits",
        ),
        (
            "judge.py",
            "limits: CreatinineLimits",
            "limits",
            "exc_13_high_creatinine must take record, t0 and limits, with the type of the limits",
        ),
        ("judge.py", "E13.nothing", "E13.nowhere", "words.en.toml: criterion.E13.nowhere is missing"),
        ("judge.py", "E13.nothing", "E13.nowhere", "words.zh.toml: criterion.E13.nowhere is missing"),
        ("criterion.toml", "[rule.E13]", "[rule.E31]", "criterion.toml must hold one rule, [rule.E13]"),
        (
            "criterion.toml",
            "[form.E13]",
            "[forms.E13]",
            "criterion.toml has no [form.E13]: what is asked on the form (an empty [form]: nothing)",
        ),
        (
            "criterion.toml",
            "[form.E13]",
            "[form.E12]",
            "criterion.toml: [form.E12] is a line of another criterion",
        ),
        (
            "criterion.toml",
            '"boolean"',
            '"text"',
            "criterion.toml: [form.E13] must be a boolean, or an integer with lowest and highest",
        ),
        (
            "criterion.toml",
            '"boolean"',
            '"integer"',
            "criterion.toml: [form.E13] must be a boolean, or an integer with lowest and highest",
        ),
        ("words.en.toml", "title.E13", "titel.E13", "words.en.toml: criterion.title.E13 is missing"),
        ("words.zh.toml", "short.E13", "kurz.E13", "words.zh.toml: criterion.short.E13 is missing"),
        ("words.zh.toml", "number.E13", "no.E13", "words.zh.toml: criterion.number.E13 is missing"),
        ("words.zh.toml", '"form.E13"', '"form.E31"', "words.zh.toml: form.E13 is missing"),
        ("sources-zh.toml", "13: Creat", "13: creat", "sources-zh.toml does not say the rule's source"),
        ("examples.json", '"absent"', '"present"', "examples.json: no example is absent"),
        (
            "examples.json",
            '"answer": "unknown"',
            '"said": "unknown"',
            "has no examples.json that can be read",
        ),
    ],
)
def test_each_piece_of_a_file_left_out_is_told(
    folder: Path, file: str, old: str, new: str, told: str
) -> None:
    text = (folder / file).read_text("utf-8")
    assert old in text
    (folder / file).write_text(text.replace(old, new), "utf-8")
    assert f"criteria/{ADDED}: {told}" in told_of(folder)


def test_an_inclusion_has_its_doubt_and_its_own_answers(folder: Path) -> None:
    told = told_of(folder.rename(folder.with_name("i09_high_creatinine")))
    assert "criteria/i09_high_creatinine: words.en.toml: criterion.doubt.I9 is missing" in told
    assert "criteria/i09_high_creatinine: examples.json: no example is not-met" in told


def test_a_folder_of_another_name_and_a_number_twice_are_told(folder: Path) -> None:
    shutil.copytree(folder, folder.with_name("e13_again"))
    folder.with_name("thirteenth").mkdir()
    assert {
        "criteria/thirteenth: no folder of a criterion; its name must be as e03_pnh_clone",
        "criteria: E13 has two folders",
    } <= set(told_of(folder))


def test_a_form_that_was_not_made_anew_is_told(folder: Path) -> None:
    reviewed = folder.parents[1] / "reviewed"
    assert faults_of_form(reviewed) == [
        f"questionnaire.json: is not what the criteria ask; `python -m {MODULE}` writes it anew",
        "questionnaire.json: asks nothing for E13",
    ]


@pytest.mark.parametrize("written", ["{", "[]", '{"item": 1}', '{"item": [{}]}'])
def test_a_form_that_cannot_be_read_is_told(tmp_path: Path, written: str) -> None:
    reviewed = copy_of_reviewed(tmp_path)
    (reviewed / "questionnaire.json").write_text(written, "utf-8")
    stale, why = faults_of_form(reviewed)
    assert stale.endswith("writes it anew")
    assert why.startswith("questionnaire.json: cannot be read (")


def test_the_form_as_shipped_is_current() -> None:
    assert faults_of_form(FOLDER) == []


@pytest.mark.parametrize(
    ("file", "old", "new", "told"),
    [
        ("eligibility.en.toml", '"form.title"', '"form.titel"', "wording zh: form.titel is missing"),
        ("eligibility.*.toml", '"form.title"', '"form.titel"', "wording: form.title is missing"),
    ],
)
def test_a_form_that_lacks_its_words_is_told(
    tmp_path: Path, file: str, old: str, new: str, told: str
) -> None:
    reviewed = copy_of_reviewed(tmp_path)
    for path in (reviewed / "wording").glob(file):
        path.write_text(path.read_text("utf-8").replace(old, new), "utf-8")
    assert told in faults_of_form(reviewed)


def test_a_limit_or_a_rule_of_two_folders_is_told(folder: Path) -> None:
    shutil.copytree(folder, folder.with_name("e14_again"))
    with pytest.raises(ProtocolTextFault) as refused:
        read_topic("eligibility", folder.parents[1] / "reviewed")
    assert refused.value.faults == [
        "e14_again/criterion.toml: limit excluding_creatinine stands in two files",
        "e14_again/criterion.toml: limit excluding_creatinine_days stands in two files",
        "e14_again/criterion.toml: rule E13 stands in two files",
    ]


def test_a_folder_without_its_judge_has_none_and_one_of_another_name_no_number(tmp_path: Path) -> None:
    (tmp_path / "e03_pnh_clone").mkdir()
    assert dict(judges_of((tmp_path / "e03_pnh_clone",))) == {}
    with pytest.raises(ValueError, match="thirteenth"):
        criterion_number(tmp_path / "thirteenth")


@pytest.mark.parametrize("module", sorted((FOLDER.parent / "criteria").rglob("*.py")), ids=lambda p: p.stem)
def test_what_a_module_says_is_found_in_its_text_as_in_its_code(module: Path) -> None:
    source = module.read_text("utf-8")
    said = {
        str(node.args[0].value)
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "say"
        if isinstance(node.args[0], ast.Constant)
    }
    assert keys_said(source) == said
