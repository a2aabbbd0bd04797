"""A sentence says the same units in both languages: one that lost its "mg" in one of them is seen."""

import re
from collections import Counter

import pytest

from cds_service.cards.translations import read_wording

WORDS = read_wording()
_UNIT = re.compile(
    r"(?<![A-Za-z])(mg/g|mg/d|mg|ng/mL|mmol/L|µmol/L|U/L|g/L|10⁹/L|mL/min|mmHg|%|kg)(?![A-Za-z])"
)
_EVERY = re.compile(r"\} ?(h|小时)(?![a-z])")
_SAID_OTHERWISE = {"orders.unreadable", "orders.strength", "orders.formulation"}
"""English repeats a unit that Chinese says once, or says without it."""


def units(language: str, key: str) -> Counter[str]:
    said = WORDS[language].sentences[key]
    return Counter([*_UNIT.findall(said), *("h" for _ in _EVERY.findall(said))])


@pytest.mark.parametrize("key", sorted(WORDS["en"].sentences.keys() - _SAID_OTHERWISE))
def test_both_languages_say_the_same_units(key: str) -> None:
    assert units("en", key) == units("zh", key)


def test_many_sentences_say_a_unit_and_those_said_otherwise_still_do() -> None:
    assert sum(bool(units("en", key)) for key in WORDS["en"].sentences) >= 75
    assert all(units("en", key) != units("zh", key) for key in _SAID_OTHERWISE)
