"""The origin of every rule, limit and interaction, and every value, beside copies that were kept: none changes unseen.

A letter decides what a site may set (A only) and what a card calls an assumption. Tests that take an edge from the limits
themselves follow a changed number; here it is missed. `every_origin.tsv` and `every_value.tsv` have a line for each;
after a change on purpose they are kept anew by `python -m tests.rule_tables.test_every_origin`, and the difference is what
a clinician reviews.
"""

import json
import tomllib
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

from cds_service.rules.thresholds import FOLDER
from cds_service.trials.nct06802055.assess import all_rules

KEPT = Path(__file__).parent / "every_origin.tsv"
KEPT_VALUES = Path(__file__).parent / "every_value.tsv"
_SAID = {"source", "sentence", "origin"}
"""Words about a number, and the letter that stands in the other copy."""


def _entries(told: dict[str, Any], name: str) -> Iterator[tuple[str, str]]:
    if "origin" in told:
        yield name, told["origin"]
    for key, value in told.items():
        if isinstance(value, dict):
            yield from _entries(value, f"{name} {key}")


def origins() -> dict[str, str]:
    """By the file's place in the trial's folder, the table and the name."""
    return {
        name: origin
        for path in sorted(FOLDER.parent.rglob("*.toml"))
        for name, origin in _entries(
            tomllib.loads(path.read_text("utf-8")), path.relative_to(FOLDER.parent).as_posix()
        )
    }


def _values(told: Any, name: str) -> Iterator[tuple[str, str]]:
    if not isinstance(told, dict):
        yield name, json.dumps(told, ensure_ascii=False, default=str)
        return
    for key, value in told.items():
        if key not in _SAID:
            yield from _values(value, f"{name} {key}".strip())


def values() -> dict[str, str]:
    """By the file's place in the trial's folder, the table and the name; sentences of cards have their own copy."""
    files = [p for p in sorted(FOLDER.parent.rglob("*.toml")) if not _has_sentences(p)]
    return {
        f"{path.relative_to(FOLDER.parent).as_posix()} {name}": value
        for path in files
        for name, value in _values(tomllib.loads(path.read_text("utf-8"), parse_float=Decimal), "")
    }


def _has_sentences(path: Path) -> bool:
    return path.parent.name in ("wording", "page_words") or path.name.startswith(("words.", "sources-"))


def kept() -> dict[str, str]:
    return dict(line.split("\t") for line in KEPT.read_text("utf-8").splitlines())


def test_every_origin_is_the_one_that_was_kept() -> None:
    assert origins() == kept()


def test_every_value_is_the_one_that_was_kept() -> None:
    kept_values = dict(line.split("\t") for line in KEPT_VALUES.read_text("utf-8").splitlines())
    assert values() == kept_values
    assert len(kept_values) > 900


def test_every_rule_says_the_origin_of_its_file() -> None:
    rules = all_rules()
    told = {name.split(" rule ")[1]: origin for name, origin in kept().items() if " rule " in name}
    assert {name: rule.origin.value for name, rule in rules.items()} == {
        name: told.get(name) for name in rules
    }


if __name__ == "__main__":
    for file, told in ((KEPT, origins()), (KEPT_VALUES, values())):
        file.write_text("".join(f"{name}\t{value}\n" for name, value in told.items()), "utf-8")
