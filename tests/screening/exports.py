"""Exports of a population, in any arrangement of files that a server or a tool may leave."""

import gzip
import json
import random
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.screening.population import Person


@dataclass(frozen=True)
class Arrangement:
    """How lines lie in files. `files`: how many for each type; `by_type`: one type a file, or all mixed."""

    by_type: bool = True
    files: int = 1
    shuffled: bool = False
    packed: bool = False
    ending: bytes = b"\n"
    last_ends: bool = True


def written(people: Iterable[Person], folder: Path, how: Arrangement = Arrangement(), seed: int = 1) -> Path:
    """Write the export into a folder, which is made."""
    chance = random.Random(seed)
    lines = [line for person in people for line in person.lines]
    if how.shuffled:
        chance.shuffle(lines)
    groups: dict[str, list[bytes]] = {}
    for line in lines:
        groups.setdefault(kind_of(line) if how.by_type else "all", []).append(line)
    folder.mkdir(parents=True)
    for kind, some in groups.items():
        for number in range(how.files):
            _write(folder / f"{kind}.{number:03d}.ndjson", some[number :: how.files], how)
    return folder


def _write(file: Path, lines: Sequence[bytes], how: Arrangement) -> None:
    content = how.ending.join(lines) + (how.ending if how.last_ends and lines else b"")
    if how.packed:
        file.with_name(file.name + ".gz").write_bytes(gzip.compress(content))
    else:
        file.write_bytes(content)


def kind_of(line: bytes) -> str:
    """The type of a line, by its text where it is torn."""
    try:
        return str(json.loads(line)["resourceType"])
    except ValueError:
        found = re.match(rb'\{"resourceType":"([A-Za-z]+)"', line)
        return found.group(1).decode() if found else "Condition"
