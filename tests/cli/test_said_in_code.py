"""A rule, criterion or sentence that was taken out of a reviewed file is told by `check`, with all the others."""

import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from cds_service.cards.wording import read_wording
from cds_service.cli import check as checking
from cds_service.cli.said_in_code import missing_rules, missing_sentences
from cds_service.protocol.parameters import FOLDER, ProtocolTextFault, read_topic
from cds_service.protocol.reviewed import all_rules

RULES = all_rules()
WORDS = read_wording()
BY_WEEK = frozenset({"MON-W13", "MON-W25"})  # their names are made from the weeks of the visits


def test_nothing_is_missing_as_shipped() -> None:
    assert missing_rules(RULES) == []
    assert [missing_sentences(words) for words in WORDS.values()] == [[], []]


@pytest.mark.parametrize("name", sorted(RULES.keys() - BY_WEEK))
def test_every_rule_that_is_taken_out_is_missed(name: str) -> None:
    told = missing_rules(RULES.keys() - {name})
    assert told == [f"rule {name}: the program names it, and no reviewed file holds it"]


@pytest.mark.parametrize(
    "key",
    ["interactions.pair", "orders.formulation", "action.HOLD", "criterion.title.E8", "renal.state.AKI",
     "part.conditions", "analyte.potassium", "card.origin.P", "drug.sirolimus", "severity.critical"],
)  # fmt: skip
def test_a_sentence_that_is_taken_out_is_missed(key: str) -> None:
    chinese = WORDS["zh"]
    left = replace(chinese, sentences={k: v for k, v in chinese.sentences.items() if k != key})
    assert missing_sentences(left) == [f"wording zh: {key} is missing"]


def test_check_tells_what_is_missing_everywhere_at_once(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    left = replace(
        WORDS["en"], sentences={k: v for k, v in WORDS["en"].sentences.items() if k != "action.HOLD"}
    )
    rules = {name: rule for name, rule in RULES.items() if name not in ("SAF-TG", "E8")}
    form = {"item": [{"item": [{"linkId": "I2"}, {"linkId": "X9"}]}]}
    monkeypatch.setattr(checking, "all_rules", lambda: rules)
    monkeypatch.setattr(checking, "read_wording", lambda: {"en": left})
    monkeypatch.setattr(checking, "questionnaire", lambda: form)
    monkeypatch.setattr(checking, "with_words_of", lambda *_: {})
    site = tmp_path / "site.toml"
    site.write_text("[thresholds]\n'safety.potassium_high' = 7\n'levels.sirolimus_danger' = 30\n")
    assert checking.check(str(site)) == 2
    told = capsys.readouterr().err
    for fault in (
        "rule SAF-TG: the program names it",
        "rule E8: the program names it",
        "wording en: action.HOLD is missing",
        "questionnaire.json: asks nothing for E8",
        "questionnaire.json: there is no X9",
        "safety.potassium_high: 7 is above safety.potassium_critical, 6.0",
        "levels.sirolimus_danger: states the same fact as titration.sirolimus_danger",
    ):
        assert told.count(f"cds-service: {fault}") == 1, fault


@pytest.mark.parametrize("form", [{}, {"item": [{}]}, {"item": 7}])
def test_a_form_that_cannot_be_read_is_a_fault(
    form: object, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(checking, "questionnaire", lambda: form)
    site = tmp_path / "site.toml"
    site.write_text("language = 'zh'\n")
    assert checking.check(str(site)) == 2
    assert "cds-service: questionnaire.json: cannot be read" in capsys.readouterr().err


@pytest.mark.parametrize(
    "content",
    [b"this is no TOML", b"\xff\xfe", b'"interactions.pair" = "{where"', b'"interactions.pair" = 7'],
)
def test_a_wording_file_that_cannot_be_read_is_a_fault(content: bytes, tmp_path: Path) -> None:
    shutil.copytree(FOLDER / "wording", tmp_path, dirs_exist_ok=True)
    (tmp_path / "interactions.en.toml").write_bytes(content)
    with pytest.raises(ProtocolTextFault, match=r"interactions\.en\.toml"):
        read_wording(tmp_path)


def test_sources_that_cannot_be_read_are_a_fault(tmp_path: Path) -> None:
    shutil.copytree(FOLDER / "wording", tmp_path, dirs_exist_ok=True)
    (tmp_path / "sources-zh.toml").write_bytes(b"[")
    with pytest.raises(ProtocolTextFault, match=r"sources-zh\.toml"):
        read_wording(tmp_path)


def test_a_topic_without_its_file_or_in_another_encoding_is_a_fault(tmp_path: Path) -> None:
    with pytest.raises(ProtocolTextFault, match=r"safety\.toml"):
        read_topic("safety", tmp_path)
    (tmp_path / "safety.toml").write_bytes(b"\xff\xfe")
    with pytest.raises(ProtocolTextFault, match=r"safety\.toml"):
        read_topic("safety", tmp_path)
