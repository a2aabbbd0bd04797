"""The words and the code are married: what a rule says has its sentence, and gets the values that it names."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from cds_service.cards.translations import placeholders, read_wording

ROOT = Path(__file__).parents[2]
SOURCES = [p for package in ("cds_service", "fhir_mappings") for p in (ROOT / package).rglob("*.py")]
WORDS = read_wording()


def _calls(path: Path) -> Iterator[ast.Call]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Name)
            and node.func.id in ("say", "Phrase")
        ):
            yield node


def _said() -> dict[str, frozenset[str] | None]:
    """Every literal key with the names it is given; None when they are not written out at the call."""
    keys: dict[str, frozenset[str] | None] = {}
    for path in SOURCES:
        for call in _calls(path):
            first = call.args[0] if call.args else None
            if isinstance(first, ast.Constant) and isinstance(first.value, str):
                written = isinstance(call.func, ast.Name) and call.func.id == "say"
                names = frozenset(k.arg for k in call.keywords if k.arg) if written else None
                spread = any(k.arg is None for k in call.keywords)
                keys[first.value] = None if spread else names
    return keys


SAID = _said()


@pytest.mark.parametrize("key", sorted(SAID))
def test_every_key_that_a_rule_says_has_its_sentence(key: str) -> None:
    assert key in WORDS["en"].sentences


@pytest.mark.parametrize("key", sorted(k for k, names in SAID.items() if names is not None))
def test_every_sentence_gets_exactly_the_values_it_names(key: str) -> None:
    if key in WORDS["en"].sentences:
        assert placeholders(WORDS["en"].sentences[key]) <= SAID[key]
