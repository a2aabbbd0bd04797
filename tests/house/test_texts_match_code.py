"""The words and the code are married: what a rule says has its sentence, and no sentence is orphaned."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from cds_service.cards.wording import placeholders, read_wording

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


def _families() -> list[re.Pattern[str]]:
    """Keys made from an enum's value, such as f"action.{alert.action}", or from another key: f"{key}.short"."""
    patterns = []
    for path in SOURCES:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.JoinedStr) and (
                isinstance(node.values[0], ast.Constant) or _is_suffix(node.values[-1])
            ):
                parts = [
                    re.escape(str(v.value)) if isinstance(v, ast.Constant) else r".+" for v in node.values
                ]
                patterns.append(re.compile("".join(parts)))
    return patterns


def _is_suffix(part: ast.expr) -> bool:
    return isinstance(part, ast.Constant) and re.fullmatch(r"\.[a-z]+", str(part.value)) is not None


SAID = _said()
FAMILIES = _families()
LITERALS = {
    node.value
    for path in SOURCES
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
    if isinstance(node, ast.Constant) and isinstance(node.value, str)
}


@pytest.mark.parametrize("key", sorted(SAID))
def test_every_key_that_a_rule_says_has_its_sentence(key: str) -> None:
    assert key in WORDS["en"].sentences


@pytest.mark.parametrize("key", sorted(k for k, names in SAID.items() if names is not None))
def test_every_sentence_gets_exactly_the_values_it_names(key: str) -> None:
    if key in WORDS["en"].sentences:
        assert placeholders(WORDS["en"].sentences[key]) <= SAID[key]


def test_no_sentence_is_left_that_nothing_says() -> None:
    unused = [
        key
        for key in WORDS["en"].sentences
        if key not in LITERALS and not any(f.fullmatch(key) for f in FAMILIES)
    ]
    assert unused == []
