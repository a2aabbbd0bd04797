"""The origin of every rule, limit and interaction, beside a copy that was kept: none changes unseen.

A letter decides what a site may set (A only) and what a card calls an assumption. `every_origin.tsv` has a line for each;
after a change on purpose it is kept anew by `python -m tests.rule_tables.test_every_origin`.
"""

import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from cds_service.rules.thresholds import FOLDER
from cds_service.trials.nct06802055.assess import all_rules

KEPT = Path(__file__).parent / "every_origin.tsv"


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


def kept() -> dict[str, str]:
    return dict(line.split("\t") for line in KEPT.read_text("utf-8").splitlines())


def test_every_origin_is_the_one_that_was_kept() -> None:
    assert origins() == kept()


def test_every_rule_says_the_origin_of_its_file() -> None:
    rules = all_rules()
    told = {name.split(" rule ")[1]: origin for name, origin in kept().items() if " rule " in name}
    assert {name: rule.origin.value for name, rule in rules.items()} == {
        name: told.get(name) for name in rules
    }


if __name__ == "__main__":
    KEPT.write_text("".join(f"{name}\t{origin}\n" for name, origin in origins().items()), "utf-8")
