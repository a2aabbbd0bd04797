"""A rule, criterion or sentence that was taken out of a reviewed file is told by `check`, with all the others."""

import shutil
from pathlib import Path

import pytest
from msgspec.structs import replace

from cds_service import offline_wiring, wiring
from cds_service.cards.said import lacking_on_page, lacking_rules, lacking_sentences, said_by_name
from cds_service.cards.translations import read_wording, with_words_of
from cds_service.cli import check as checking
from cds_service.cli.report import UNUSABLE
from cds_service.cli.said_in_code import PAGES, said_in_source, wanted_sentences
from cds_service.cli.serve import serve
from cds_service.rules.thresholds import FOLDER, ProtocolTextFault, read_topic
from cds_service.trials import trial_interface
from cds_service.trials.nct06802055 import reviewed_faults as texts
from cds_service.trials.nct06802055.contradictions import limits_in_force
from cds_service.trials.nct06802055.criteria.attestation_questionnaire import MODULE
from cds_service.trials.nct06802055.patient_state.interactions import read_interactions
from cds_service.trials.nct06802055.read_reviewed import all_rules, load_protocol
from cds_service.trials.nct06802055.trial import TRIAL
from tests.reviewed_copy import copy_of_reviewed

RULES = all_rules()
WORDS = read_wording()
PAGE = read_wording(TRIAL.page_words)
BY_WEEK = frozenset({"MON-W13", "MON-W25"})  # their names are made from the weeks of the visits


DRUGS = read_interactions()
RENEW = "python -m cds_service.cli.said_in_code writes cds_service/cards/said.json anew"


def test_the_list_that_the_start_reads_is_what_the_program_says() -> None:
    assert said_by_name() == said_in_source(), RENEW


def test_nothing_is_missing_as_shipped() -> None:
    assert lacking_rules(RULES, [13, 25]) == []
    assert [lacking_sentences(name, one.sentences, DRUGS) for name, one in WORDS.items()] == [[], []]


@pytest.mark.parametrize("name", sorted(RULES.keys() - BY_WEEK))
def test_every_rule_that_is_taken_out_is_missed(name: str) -> None:
    told = lacking_rules(RULES.keys() - {name})
    assert told == [f"rule {name}: the program names it, and no reviewed file holds it"]


LIMITS = limits_in_force({})


@pytest.mark.parametrize("language", sorted(WORDS))
def test_every_sentence_is_wanted_and_every_wanted_one_is_there(language: str) -> None:
    """So that any sentence taken out, in all languages at once, is missed by its key."""
    words = WORDS[language]
    assert wanted_sentences(words, LIMITS) == words.sentences.keys()


@pytest.mark.parametrize("key", ["interactions.pair", "action.HOLD", "join.comma", "safety.fever", "sign.<"])
def test_a_sentence_that_is_taken_out_is_missed(key: str) -> None:
    chinese = WORDS["zh"]
    left = replace(chinese, sentences={k: v for k, v in chinese.sentences.items() if k != key})
    assert lacking_sentences("zh", left.sentences, DRUGS) == [f"wording zh: {key} is missing"]


@pytest.mark.parametrize("page", sorted(PAGES))
def test_a_sentence_that_a_page_has_lost_is_missed(page: str) -> None:
    joined = with_words_of(PAGES[page] / "words", WORDS)["en"].sentences
    assert lacking_on_page(page, "en", joined) == []
    for key in said_by_name().pages[page]:
        left = {k: v for k, v in joined.items() if k != key}
        assert lacking_on_page(page, "en", left) == [
            f"wording en: {key} is missing, for the page of cds_service.{page}"
        ]


def test_a_page_that_lost_a_sentence_in_all_languages_is_refused_when_it_is_built(tmp_path: Path) -> None:
    folder = tmp_path / "explain" / "words"
    shutil.copytree(PAGES["explain"] / "words", folder)
    lost = said_by_name().pages["explain"][0]
    for file in folder.glob("*.toml"):
        kept = [line for line in file.read_text("utf-8").splitlines() if not line.startswith(f'"{lost}" =')]
        file.write_text("\n".join(kept), "utf-8")
    with pytest.raises(ProtocolTextFault, match=lost.replace(".", r"\.")):
        with_words_of(folder, WORDS)


def test_check_tells_what_is_missing_everywhere_at_once(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    left = replace(
        WORDS["en"], sentences={k: v for k, v in WORDS["en"].sentences.items() if k != "action.HOLD"}
    )
    rules = {name: rule for name, rule in RULES.items() if name not in ("SAF-TG", "E8")}
    folder = copy_of_reviewed(tmp_path)
    (folder / "questionnaire.json").write_text('{"item": [{"item": [{"linkId": "I2"}, {"linkId": "X9"}]}]}')
    monkeypatch.setattr(texts, "all_rules", lambda _: rules)
    monkeypatch.setattr(texts, "read_wording", lambda *_: {"en": left})
    monkeypatch.setattr(checking, "trials_in", lambda _: (replace(TRIAL, reviewed=folder),))
    site = tmp_path / "site.toml"
    site.write_text("[thresholds]\n'safety.potassium_high' = 7\n'levels.sirolimus_danger' = 30\n")
    assert checking.check(str(site)) == 2
    told = capsys.readouterr().err
    for fault in (
        "rule SAF-TG: the program names it",
        "rule E8: the program names it",
        "wording en: action.HOLD is missing",
        f"questionnaire.json: is not what the criteria ask; `python -m {MODULE}` writes it anew",
        "questionnaire.json: asks nothing for E8",
        "questionnaire.json: there is no X9",
        "safety.potassium_high: 7 is above safety.potassium_critical, 6.0",
        "levels.sirolimus_danger: states the same fact as titration.sirolimus_danger",
    ):
        assert told.count(f"cds-service: {fault}") == 1, fault


@pytest.mark.parametrize("form", ["{}", '{"item": [{}]}', '{"item": 7}', "{", ""])
def test_a_form_that_cannot_be_read_is_a_fault(form: str, tmp_path: Path) -> None:
    folder = copy_of_reviewed(tmp_path)
    (folder / "questionnaire.json").write_text(form)
    assert any(
        f.startswith("questionnaire.json: cannot be read") for f in texts.faults_of_reviewed(folder, {})
    )


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


def test_the_start_refuses_a_folder_that_lacks_a_rule_and_a_sentence_with_every_fault_at_once(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """As `check` does; both the command and gunicorn by itself, which builds the same app."""
    left = {
        name: replace(one, sentences={k: v for k, v in one.sentences.items() if k != "action.HOLD"})
        for name, one in WORDS.items()
    }
    protocol = load_protocol({})
    fewer = replace(protocol, rules={k: v for k, v in protocol.rules.items() if k not in ("SAF-TG", "E8")})
    monkeypatch.setattr(
        trial_interface,
        "read_wording",
        lambda folder, *_, **__: PAGE if folder.name == "page_words" else left,
    )
    broken = replace(TRIAL, load=lambda _: fewer)
    monkeypatch.setattr(wiring, "trials_in", lambda _: (broken,))
    monkeypatch.setattr(offline_wiring, "trials_in", lambda _: (broken,))
    monkeypatch.setattr(texts, "read_wording", lambda *_: left)
    monkeypatch.setattr(texts, "all_rules", lambda _: fewer.rules)
    monkeypatch.setenv("CDS_ENVIRONMENT", "development")
    with pytest.raises(ProtocolTextFault) as refused:
        wiring.app_from_environment()
    faults = {
        "rule SAF-TG: the program names it, and no reviewed file holds it",
        "rule E8: the program names it, and no reviewed file holds it",
        "wording en: action.HOLD is missing",
        "wording zh: action.HOLD is missing",
    }
    assert set(refused.value.faults) == faults
    assert serve("127.0.0.1", 0) == UNUSABLE
    told = capsys.readouterr().err
    assert all(told.count(f"cds-service: {fault}") == 1 for fault in faults)
