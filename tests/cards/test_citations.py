"""A card cites what a clinician can look up (DECISIONS 66)."""

import re

import pytest

from cds_service.cards.citations import cited
from cds_service.cards.translations import LANGUAGES, read_wording
from cds_service.trials.nct06802055.read_reviewed import all_rules, load_protocol

OWN = re.compile(r"DECISIONS|\w+\.md|\.toml|contract")
WORDS = read_wording()
SOURCES = sorted(
    {rule.source for rule in all_rules().values()}
    | {row.source for row in load_protocol().interactions.values()}
)


@pytest.mark.parametrize(
    ("source", "shown"),
    [
        ("CTCAE v5; titration.md 8", "CTCAE v5"),
        (
            "CTCAE v5 grades; titration.md 4.3: above 3 x the upper limit",
            "CTCAE v5 grades: above 3 x the upper limit",
        ),
        ("KDIGO stage 1, titration.md 5.1: hold and urgent review", "KDIGO stage 1: hold and urgent review"),
        ("KDIGO 1, DECISIONS 30 and 31: ciclosporin is held", "KDIGO 1: ciclosporin is held"),
        ("DECISIONS 26, titration.md 4.2: sirolimus above 20 ng/mL", "sirolimus above 20 ng/mL"),
        ("titration.md 4.2, trough above 12 to 15 ng/mL", "trough above 12 to 15 ng/mL"),
        ("DECISIONS 38; Mao 2024: at the same dose", "Mao 2024: at the same dose"),
        ("NCT06802055, exclusion 5: previous use; DECISIONS 43", "NCT06802055, exclusion 5: previous use"),
        ("KDIGO 1 期，DECISIONS 30 和 31：暂停环孢素", "KDIGO 1 期：暂停环孢素"),
        ("titration.md 10", ""),
        ("DECISIONS 58 and 87", ""),
        (
            "US sirolimus label 5.11, interstitial lung disease",
            "US sirolimus label 5.11, interstitial lung disease",
        ),
    ],
)
def test_what_is_left_of_a_source(source: str, shown: str) -> None:
    assert cited(source) == shown


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_card_names_a_file_of_ours(language: str) -> None:
    shown = {source: WORDS[language].source(source) for source in SOURCES}
    assert [source for source, text in shown.items() if OWN.search(text)] == []
    assert all(text.strip() and not re.search(r"^[;:,，；：]|[;:,，；：]$", text) for text in shown.values())


def test_a_source_without_our_files_stays_as_it_is() -> None:
    outside = [source for source in SOURCES if not OWN.search(source)]
    assert len(outside) > 60
    assert [source for source in outside if cited(source) != source] == []
