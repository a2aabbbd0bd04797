"""`make mutants`: a seeded sample of mutants, each given to the tests that could see it; the survivors by name.

Works in a copy of the project in a temporary folder. Generated pages and recorded answers are not asked: they
change with every change. A survivor is a test that is missing, or a change that changes nothing: say which.
"""

import argparse
import os
import random
import shutil
import subprocess
import sys
import tempfile
from collections import Counter, defaultdict
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import zip_longest
from pathlib import Path
from queue import SimpleQueue

from tests.mutants import in_code, in_data
from tests.mutants.floors import FLOORS, ROOT, files, floor_of, tests_for
from tests.mutants.places import Mutant

_LEFT_OUT = shutil.ignore_patterns(
    ".venv", ".git", "__pycache__", ".*_cache", "pictures", "answers.txt", "build"
)
_MOST_SECONDS = 900
_AT_A_TIME = 6
"""Test files given to pytest at once: the nearest alone first, so that a killed mutant costs seconds."""


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


def _all_tried(sample: list[Mutant], processes: int) -> dict[Mutant, str | None]:
    """What killed each; None for a survivor."""
    with tempfile.TemporaryDirectory(prefix="mutants-") as folder:
        copies: SimpleQueue[Path] = SimpleQueue()
        for number in range(processes):
            shutil.copytree(ROOT, Path(folder) / str(number), ignore=_LEFT_OUT)
            copies.put(Path(folder) / str(number))

        def tried(mutant: Mutant) -> str | None:
            copy = copies.get()
            try:
                return _killer(mutant, copy)
            finally:
                copies.put(copy)

        with ThreadPoolExecutor(processes) as pool:
            return dict(zip(sample, pool.map(tried, sample), strict=True))


def _killer(mutant: Mutant, copy: Path) -> str | None:
    """The first test that fails in the copy with the change; None where all pass."""
    file = copy / mutant.path
    text = file.read_text("utf-8")
    file.write_text(mutant.of(text), "utf-8")
    try:
        found = _first_failure(mutant.path, copy)
    finally:
        file.write_text(text, "utf-8")
    if found:
        _must_pass_unchanged(found, copy)
    print(f"{'killed  ' if found else 'SURVIVED'} {mutant.told(text)}  {found or ''}", flush=True)
    return found


_trusted: set[str] = set()


def _must_pass_unchanged(found: str, copy: Path) -> None:
    """A test that fails in the copy without any change would call each mutant killed."""
    test = found.partition(" ")[2].partition(" - ")[0].partition("[")[0]
    if not test.startswith("tests/") or test in _trusted:
        return
    if failed := _run([test], copy):
        raise SystemExit(f"{failed}: fails without any change, so that no mutant is told by it")
    _trusted.add(test)


def _first_failure(path: Path, copy: Path) -> str | None:
    floor = floor_of(path)
    asked = tests_for(path, floor) if floor else []
    for start in range(0, len(asked), _AT_A_TIME):
        if failed := _run(asked[start : start + _AT_A_TIME], copy):
            return failed
    return None


def _run(tests: list[str], copy: Path) -> str | None:
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-xq",
        "-n",
        "0",
        "-p",
        "no:cacheprovider",
        "--no-header",
        *tests,
    ]
    around = os.environ | {"PYTHONPATH": str(copy), "PYTHONDONTWRITEBYTECODE": "1"}
    try:
        done = subprocess.run(
            command, cwd=copy, env=around, capture_output=True, text=True, timeout=_MOST_SECONDS, check=False
        )
    except subprocess.TimeoutExpired:
        return "no answer in time"
    if done.returncode in (0, 5):
        return None
    lines = [line for line in done.stdout.splitlines() if line.startswith(("FAILED", "ERROR"))]
    return lines[0][:160] if lines else f"pytest ends with {done.returncode}"


def _report(killed: dict[Mutant, str | None]) -> int:
    floors = {mutant: floor_of(mutant.path) for mutant in killed}
    every = Counter(floor for floor in floors.values())
    dead = Counter(floors[mutant] for mutant, killer in killed.items() if killer)
    for floor in (f for f in FLOORS if every[f]):
        print(f"{floor.name:18} {dead[floor]:4} of {every[floor]:4} killed (wanted {floor.wanted:.0%})")
    print(f"{'all':18} {sum(dead.values()):4} of {len(killed):4} killed")
    return int(any(dead[f] < f.wanted * every[f] for f in FLOORS if every[f]))


if __name__ == "__main__":
    raise SystemExit(main())
