"""Whoever asks for Chinese reads Chinese: every sentence of every card, the sources of the rules included."""

import ast
import json
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from cds_service.cards.citations import cited
from cds_service.cards.translations import read_wording
from cds_service.trials.nct06802055.registration import RECORD
from tests.bench.servers import ours
from tests.scenarios.visits import PATIENTS, calls

ROOT = Path(__file__).parents[2]
TEXTS = ROOT / "cds_service/trials/nct06802055/reviewed"
CHINESE = read_wording()["zh"]
_WORDS = re.compile(r"[A-Za-z][a-z]{2,}(?:[ -][a-z]{2,})+")
Json = dict[str, Any]


def _sources() -> Iterator[str]:
    """What a footer can cite: the sources of rules and of interactions, not those of limits."""
    yield from _written_in_code()
    for path in (*sorted(TEXTS.glob("*.toml")), *sorted(TEXTS.parent.glob("criteria/*/criterion.toml"))):
        tables = tomllib.loads(path.read_text(encoding="utf-8"))
        yield from (rule["source"] for rule in tables.get("rule", {}).values())
        if path.stem == "interactions":
            entries = (table for name, table in tables.items() if name not in ("rule", "limit"))
            yield from (source for entry in entries for source in _all_sources(entry))


def _written_in_code() -> Iterator[str]:
    """Rules that stand in the code itself: `Rule(id, origin, "source")`, and the record that the card cites."""
    yield f"{RECORD.id}, eligibility criteria, record of {RECORD.version}"
    for path in (ROOT / "cds_service").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "Rule":
                yield from (a.value for a in node.args[2:3] if isinstance(a, ast.Constant))


def _all_sources(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for name, member in value.items():
            if name == "source":
                yield member
            else:
                yield from _all_sources(member)


def test_every_source_of_a_rule_has_its_chinese_and_none_is_left_over() -> None:
    assert sorted(set(_sources()) - CHINESE.sources.keys()) == []
    assert sorted(CHINESE.sources.keys() - set(_sources())) == []


def test_english_reads_its_sources_as_they_are() -> None:
    source, *_ = _written_in_code()
    assert read_wording()["en"].source(source) == cited(source)
    assert CHINESE.source(source) != source


def _shown(card: Json) -> Iterator[str]:
    yield from (card["summary"], card.get("detail", ""), card["source"]["label"])
    yield card["source"].get("topic", {}).get("display", "")
    yield from (link["label"] for link in card.get("links", ()))
    yield from (reason["display"] for reason in card.get("overrideReasons", ()))
    for suggestion in card.get("suggestions", ()):
        yield suggestion["label"]
        yield from (action["description"] for action in suggestion.get("actions", ()))


def _words_of_the_chart(body: Json) -> str:
    """What the record itself says is quoted as it stands, whatever its language."""
    return json.dumps(body, ensure_ascii=False)


@pytest.mark.parametrize("patient", PATIENTS.values(), ids=lambda patient: patient.id)
@pytest.mark.parametrize("missing", [None, "observations", "medicationRequests"])
def test_no_english_is_left_in_a_chinese_card_but_what_the_record_says(patient: Any, missing: str) -> None:
    client = ours("zh").test_client()
    for _, service, body in calls(patient):
        chart = _words_of_the_chart(body)
        body["prefetch"].pop(missing, None)
        for card in client.post(f"/cds-services/{service}", json=body).get_json()["cards"]:
            texts = list(_shown(card))
            assert all(re.search(r"[\u4e00-\u9fff]", text) for text in texts if text)
            left = [found for text in texts for found in _WORDS.findall(text) if found not in chart]
            assert left == []
