"""The words of the pages: both languages say the same things, and every place that asks for words finds them."""

import re
import string
from pathlib import Path

import pytest

from cds_service.demo import mini_ehr
from cds_service.demo.mini_ehr.ehr_words import words_in
from cds_service.demo.mini_ehr.frequency import OFTEN
from cds_service.demo.mini_ehr.laboratory import GROUPS
from cds_service.demo.mini_ehr.order_form import UNITS
from cds_service.demo.mini_ehr.switches import COOKIES, Language

HERE = Path(mini_ehr.__file__).parent
EN, ZH = words_in(Language.EN).sentences, words_in(Language.ZH).sentences
ASKED = re.compile(
    r"""(?:\bt\(|\bwords\(\)\(|\bsaid\(|_reported\()\s*["']([a-z_]+\.[A-Za-z0-9_-]*[A-Za-z0-9])["']"""
)


def _places(sentence: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(sentence) if name}


def test_both_languages_have_the_same_keys_and_places() -> None:
    assert EN.keys() == ZH.keys()
    assert {key: _places(text) for key, text in EN.items()} == {
        key: _places(text) for key, text in ZH.items()
    }


def test_the_chinese_words_are_chinese() -> None:
    untranslated = {key for key, text in ZH.items() if not re.search(r"[\u4e00-\u9fff]", text)}
    assert untranslated <= {"unit.mg", "developer.spec"}


def _asked_for() -> set[str]:
    files = [*HERE.glob("*.py"), *HERE.glob("templates/*.html")]
    return {key for file in files for key in ASKED.findall(file.read_text(encoding="utf-8"))}


def test_every_sentence_that_is_asked_for_is_there() -> None:
    assert len(_asked_for()) > 80
    assert _asked_for() - EN.keys() == set()


@pytest.mark.parametrize(
    ("table", "choices"),
    [
        ("often", OFTEN),
        ("unit", UNITS),
        ("prefetch", COOKIES["prefetch"]),
        ("signing", COOKIES["signing"]),
        ("lab", [f"group_{name}" for name in GROUPS]),
        ("indicator", ("critical", "warning", "info")),
        ("sex", ("male", "female", "other", "unknown")),
    ],
)
def test_every_choice_has_its_words(table: str, choices: object) -> None:
    assert {f"{table}.{choice}" for choice in choices} - EN.keys() == set()  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    "key", ["advice.accepted", "advice.took_effect", "advice.dismissed", "order.corrected"]
)
@pytest.mark.parametrize("ending", ["", "_untold", "_unheard"])
def test_what_was_done_can_be_said_however_the_feedback_went(key: str, ending: str) -> None:
    assert f"{key}{ending}" in EN
