"""Every sentence that the page asks for is there, and none is there that nobody asks for."""

import ast
import re
from itertools import chain
from pathlib import Path

from cds_service.cards.translations import read_wording, with_words_of
from cds_service.explain.responses import OWN
from cds_service.trials.nct06802055.trial import TRIAL

TEMPLATES = [*(OWN / "templates").rglob("*.html")]
ASKED = {key for path in TEMPLATES for key in re.findall(r"t\('([\w.+-]+)'[,)]", path.read_text())}
STARTS = {key for path in TEMPLATES for key in re.findall(r"t\('([\w.+-]+\.)' ~", path.read_text())}
DRAWN = (OWN, OWN.parent / "figures", OWN.parent / "trials" / "nct06802055" / "figures")
"""Where the page is made: its own folder, what it is made of, and what the trial draws on it."""
IN_CODE = [
    node
    for path in chain(*(folder.glob("*.py") for folder in DRAWN))
    for node in ast.walk(ast.parse(path.read_text()))
    if isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value.startswith("page.")
]
WORDS = {node.value for node in IN_CODE}
OWN_WORDS = read_wording(OWN / "words")["en"].sentences


def test_every_sentence_of_the_templates_is_there_in_both_languages():
    words = with_words_of(OWN / "words", TRIAL.words)
    for language in ("en", "zh"):
        assert words[language].sentences.keys() >= ASKED
    assert len(ASKED) > 40


def test_no_sentence_is_there_for_nobody():
    starts = STARTS | {word for word in WORDS if word.endswith(".")}
    asked = ASKED | WORDS
    orphans = {key for key in OWN_WORDS if key not in asked and not key.startswith(tuple(starts))}
    assert orphans == set()


def test_every_reason_for_a_refusal_has_its_page():
    from cds_service.signin.signin_errors import WhyRefused

    for why in WhyRefused:
        for part in ("title", "text"):
            assert f"page.message.refused.{why}.{part}" in OWN_WORDS


def test_the_words_stand_in_a_folder_of_their_own():
    assert {path.name for path in (Path(OWN) / "words").iterdir()} == {"explain.en.toml", "explain.zh.toml"}
