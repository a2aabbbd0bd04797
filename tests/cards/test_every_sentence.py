"""Every sentence of the cards in both languages side by side, and each source of a rule, beside a copy that was kept.

The demo's cards show about half of them, word for word (`scenarios/test_golden_cards.py`); the rest a clinician meets
in the rarer cases. `every_sentence.tsv` has a line for each: key, English, Chinese. After a change on purpose it is kept
anew by `python -m tests.cards.test_every_sentence`; the difference is what a clinician of both languages reviews.
"""

from pathlib import Path

import pytest

from cds_service.cards.translations import read_wording
from cds_service.rules.criterion_folders import word_folders
from cds_service.rules.thresholds import FOLDER

KEPT = Path(__file__).parent / "every_sentence.tsv"
_WORDS = read_wording(*word_folders(FOLDER), FOLDER.parent / "page_words")
_SOURCE = "source"


def sentences() -> dict[tuple[str, str], str]:
    """By key and language; of a source, its English is the key."""
    said = {(key, language): text for language, w in _WORDS.items() for key, text in w.sentences.items()}
    told = {(f"{_SOURCE} {source}", "zh"): text for source, text in _WORDS["zh"].sources.items()}
    return said | told


def kept() -> dict[tuple[str, str], str]:
    """As the file of this folder has them."""
    lines = (line.split("\t") for line in KEPT.read_text("utf-8").splitlines())
    return {
        (key, language): text
        for key, *both in lines
        for language, text in zip(("en", "zh"), both, strict=True)
        if text
    }


@pytest.mark.parametrize("language", sorted(_WORDS))
def test_every_sentence_is_the_one_that_was_kept(language: str) -> None:
    now, was = (
        {key: text for (key, of), text in all_.items() if of == language} for all_ in (sentences(), kept())
    )
    assert now == was
    assert len(now) > 600


if __name__ == "__main__":
    told = sentences()
    rows = (
        "\t".join((key, told.get((key, "en"), ""), told[key, "zh"]))
        for key in sorted({key for key, _ in told})
    )
    KEPT.write_text("".join(f"{row}\n" for row in rows), "utf-8")
