"""Every number and range of the published models, beside a copy that was kept: none changes unseen.

A forecast is as good as the numbers that were copied from a paper. After a correction the copy is made anew by
`python -m tests.pharmacokinetics.test_every_parameter`; who reviews it holds the difference against the paper.
"""

import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import cds_service.pharmacokinetics

KEPT = Path(__file__).parent / "every_parameter.tsv"
MODELS = Path(cds_service.pharmacokinetics.__file__).parent / "models"


def _numbers(told: Any, name: str) -> Iterator[tuple[str, str]]:
    if isinstance(told, dict):
        for key, value in told.items():
            yield from _numbers(value, f"{name} {key}")
    elif isinstance(told, list):
        for place, value in enumerate(told):
            yield from _numbers(value, f"{name} {place}")
    elif isinstance(told, int | float):
        yield name, str(told)


def numbers() -> Iterator[tuple[str, str]]:
    """Each number by its model, table and name."""
    for path in sorted(MODELS.glob("*.toml")):
        yield from _numbers(tomllib.loads(path.read_text("utf-8")), path.stem)


def test_every_number_is_the_one_that_was_kept() -> None:
    kept = [tuple(line.split("\t")) for line in KEPT.read_text("utf-8").splitlines()]
    assert [*numbers()] == kept
    assert len({name.split()[0] for name, _ in kept}) == len(list(MODELS.glob("*.toml")))


if __name__ == "__main__":
    KEPT.write_text("".join(f"{name}\t{number}\n" for name, number in numbers()), "utf-8")
