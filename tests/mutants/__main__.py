"""`make mutants`: a seeded sample of mutants, each given to the tests that could see it; the survivors by name.

Works in a copy of the project in a temporary folder. Which tests run which line is measured first. Generated pages and recorded answers are not asked: they
change with every change. A survivor is a test that is missing, or a change that changes nothing: say which.
"""

import argparse
import os
import random
import shutil
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import zip_longest
from pathlib import Path
from queue import SimpleQueue

from tests.mutants import in_code, in_data
from tests.mutants.asking import Copy, in_turn
from tests.mutants.floors import FLOORS, ROOT, Floor, files, floor_of
from tests.mutants.places import Mutant
from tests.mutants.seen import measure

_LEFT_OUT = shutil.ignore_patterns(
    ".venv", ".git", ".*_cache", ".coverage*", ".hypothesis", "pictures", "answers.txt", "build"
)


def main() -> int:
    """The command; exit code 1 where a floor of the sample stays below its share."""
    parser = argparse.ArgumentParser(prog="python -m tests.mutants", description=__doc__)
    parser.add_argument("--many", type=int, default=60, help="mutants in the sample")
    parser.add_argument("--seed", default="1")
    parser.add_argument("--only", default="", help="files whose path begins so")
    parser.add_argument("--kind", default="", help="one kind of change: guard, member, limit, word ...")
    parser.add_argument("--processes", type=int, default=os.cpu_count() or 1)
    asked = parser.parse_args()
    sample = _sample(asked.many, asked.seed, asked.only, asked.kind)
    for folder in sorted({folder for mutant in sample for folder in _floor(mutant).tests}):
        measure(folder)
    killed = _all_tried(sample, asked.processes)
    return _report(killed)


def _sample(many: int, seed: str, only: str, kind: str) -> list[Mutant]:
    """Each kind of change as often as any other; the same for the same seed and text."""
    chance, found = random.Random(seed), defaultdict(list)
    for mutant in _every(only):
        if kind in mutant.kind:
            found[mutant.kind].append(mutant)
    for one in found.values():
        chance.shuffle(one)
    drawn = [mutant for row in zip_longest(*found.values()) for mutant in row if mutant]
    return drawn[:many]


def _every(only: str) -> Iterator[Mutant]:
    for path in files(only):
        text = (ROOT / path).read_text("utf-8")
        mutants = in_code.of_module if path.suffix == ".py" else in_data.of_file
        yield from mutants(path, text)


def _floor(mutant: Mutant) -> Floor:
    if floor := floor_of(mutant.path):
        return floor
    raise LookupError(f"no floor has {mutant.path}")


def _all_tried(sample: list[Mutant], processes: int) -> dict[Mutant, str | None]:
    """What killed each; None for a survivor."""
    with tempfile.TemporaryDirectory(prefix="mutants-") as folder:
        copies: SimpleQueue[Copy] = SimpleQueue()
        for number in range(processes):
            shutil.copytree(ROOT, Path(folder) / str(number), ignore=_LEFT_OUT)
            copies.put(Copy(Path(folder) / str(number)))

        def tried(mutant: Mutant) -> str | None:
            copy = copies.get()
            try:
                return _killer(mutant, copy)
            finally:
                copies.put(copy)

        with ThreadPoolExecutor(processes) as pool:
            killed = dict(zip(sample, pool.map(tried, sample), strict=True))
        while not copies.empty():
            copies.get().end()
        return killed


def _killer(mutant: Mutant, copy: Copy) -> str | None:
    """The first test that fails in the copy with the change; None where all pass."""
    text = (ROOT / mutant.path).read_text("utf-8")
    asked = in_turn(mutant, text, _floor(mutant))
    begun = time.monotonic()
    questions = (copy.killer(mutant.path, mutant.of(text), tests) for tests in asked)
    found = next((failed for failed in questions if failed), None)
    seconds = time.monotonic() - begun
    print(
        f"{'killed  ' if found else 'SURVIVED'} {seconds:5.0f} s {mutant.told(text)}  "
        f"{found or f'{sum(map(len, asked))} tests'}",
        flush=True,
    )
    return found


def _report(killed: dict[Mutant, str | None]) -> int:
    floors = {mutant: _floor(mutant) for mutant in killed}
    every = Counter(floor for floor in floors.values())
    dead = Counter(floors[mutant] for mutant, killer in killed.items() if killer)
    for floor in (f for f in FLOORS if every[f]):
        print(f"{floor.name:18} {dead[floor]:4} of {every[floor]:4} killed (wanted {floor.wanted:.0%})")
    print(f"{'all':18} {sum(dead.values()):4} of {len(killed):4} killed")
    return int(any(dead[f] < f.wanted * every[f] for f in FLOORS if every[f]))


if __name__ == "__main__":
    raise SystemExit(main())
