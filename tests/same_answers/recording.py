"""Answering all cases on all cores, and the file in which their hashes are kept.

`answers.txt` has a line for each case: the hashes of its answers, in the order of its kind's parts, and its name.
"""

import os
import traceback
from collections import Counter
from collections.abc import Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from multiprocessing import get_context
from pathlib import Path

from tests.same_answers import reach
from tests.same_answers.canonical import DIGITS, canonical, short_hash
from tests.same_answers.kinds import KINDS, Kind

ANSWERS = Path(__file__).parent / "answers.txt"
NOTHING = "-" * DIGITS
_AT_ONCE = 40
_BY_NAME = {kind.name: kind for kind in KINDS}
Case = tuple[str, str]
"""Kind and name."""


@dataclass
class Found:
    """The hashes of each case by part, what they reach, and what was raised where an answer was due."""

    hashes: dict[Case, tuple[str, ...]] = field(default_factory=dict)
    reached: Counter[str] = field(default_factory=Counter)
    raised: dict[Case, str] = field(default_factory=dict)

    def add(self, other: "Found") -> None:
        """Take in what another process found."""
        self.hashes |= other.hashes
        self.reached += other.reached
        self.raised |= other.raised


def all_cases(wanted: str = "") -> list[Case]:
    """Every case whose "kind/name" holds `wanted`."""
    cases = [(kind.name, name) for kind in KINDS for name in kind.names()]
    return [case for case in cases if wanted in "/".join(case)]


def answered(cases: list[Case], processes: int = 0) -> Found:
    """The hashes of these cases, worked out by so many processes (0: as many as there are cores)."""
    found = Found()
    for one in _batches(cases, processes or os.cpu_count() or 1):
        found.add(one)
    return found


def _batches(cases: list[Case], processes: int) -> Iterator[Found]:
    parts = [cases[start : start + _AT_ONCE] for start in range(0, len(cases), _AT_ONCE)]
    if processes == 1:
        yield from map(answer_all, parts)
        return
    with ProcessPoolExecutor(processes, mp_context=get_context("spawn"), initializer=_start) as pool:
        yield from pool.map(answer_all, parts)


def _start() -> None:
    os.environ["OPENBLAS_NUM_THREADS"] = "1"


def answer_all(cases: Iterable[Case]) -> Found:
    """These cases, one after another; a case that raises is told and does not stop the others."""
    found = Found()
    for case in cases:
        try:
            parts = answers_of(case)
        except Exception:  # noqa: BLE001 - every exception is a finding
            found.raised[case] = traceback.format_exc(limit=-3)
            continue
        found.hashes[case] = tuple(short_hash(parts[p]) if p in parts else NOTHING for p in _parts(case))
        found.reached.update(reach.reached(parts))
    return found


def answers_of(case: Case) -> dict[str, str]:
    """The canonical answers of one case, by part."""
    kind, name = case
    return {part: canonical(answer) for part, answer in _BY_NAME[kind].answers(name).items()}


def _parts(case: Case) -> tuple[str, ...]:
    return _BY_NAME[case[0]].parts


# ---------------------------------------------------------------- the files


def write(found: Found) -> None:
    """Keep what was found."""
    ANSWERS.write_text("".join(f"{line}\n" for line in lines_of(found.hashes)), "utf-8")


def lines_of(hashes: dict[Case, tuple[str, ...]]) -> Iterator[str]:
    """Each kind's cases below a line that names its parts."""
    for kind in KINDS:
        yield _head(kind)
        own = sorted(case for case in hashes if case[0] == kind.name)
        yield from (f"{' '.join(hashes[case])} {case[1]}" for case in own)


def _head(kind: Kind) -> str:
    return f"# {kind.name}: {' '.join(kind.parts)}"


def read(text: str) -> dict[Case, tuple[str, ...]]:
    """The hashes as they are kept."""
    found: dict[Case, tuple[str, ...]] = {}
    kind, many = "", 0
    for line in text.splitlines():
        if line.startswith("# "):
            kind, _, parts = line.removeprefix("# ").partition(": ")
            many = len(parts.split())
        else:
            *hashes, name = line.split(" ", many)
            found[kind, name] = tuple(hashes)
    return found


def kept() -> dict[Case, tuple[str, ...]]:
    """The recorded hashes; none where nothing is recorded yet."""
    return read(ANSWERS.read_text("utf-8")) if ANSWERS.exists() else {}
