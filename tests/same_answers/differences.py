"""What differs from the recorded answers, with the old answer beside the new one.

Only hashes are kept. The old answer is worked out again by the commit that recorded them, in a work tree of its
own in a temporary folder, with the Python of this environment.
"""

import difflib
import json
import os
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.same_answers.recording import ANSWERS, Case, Found, answers_of

ROOT = Path(__file__).parents[2]
_GIT = ("git", "-C", str(ROOT))
_MOST_LINES = 40
_OLD = "recorded"
Hashes = dict[Case, tuple[str, ...]]


def differing(kept: Hashes, found: Hashes, asked: set[Case]) -> list[Case]:
    """The cases of `asked` that are told otherwise, are new, or are gone."""
    return sorted(case for case in asked if kept.get(case) != found.get(case))


def counted(kept: Hashes, found: Found, cases: list[Case]) -> Iterator[str]:
    """How many of each kind differ, for the message of the commit that means it."""
    ways = Counter((kind, _way(kept, found, (kind, name))) for kind, name in cases)
    yield from (f"{many:6} {kind}: {way}" for (kind, way), many in sorted(ways.items()))


def _way(kept: Hashes, found: Found, case: Case) -> str:
    if case in found.raised:
        return "raises"
    if case not in kept:
        return "new"
    return "changed" if case in found.hashes else "gone"


# ---------------------------------------------------------------- the old answers


def recorded_by() -> str | None:
    """The commit whose hashes stand in the file; None where it cannot be told."""
    name = str(ANSWERS.relative_to(ROOT))
    if _said(*_GIT, "status", "--porcelain", "--", name):
        return None
    return _said(*_GIT, "log", "-1", "--format=%H", "--", name) or None


def _said(*command: str) -> str:
    try:
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return ""


def old_answers(cases: list[Case], commit: str) -> dict[Case, dict[str, str]]:
    """What the product of that commit answers to these cases; nothing for a case that it does not know."""
    with _worktree(commit) as folder:
        names = "".join(json.dumps(case) + "\n" for case in cases)
        told = subprocess.run(
            [sys.executable, "-m", "tests.same_answers", "--print"],
            cwd=folder,
            env=os.environ | {"PYTHONPATH": str(folder)},
            input=names,
            capture_output=True,
            text=True,
            check=True,
        )
    lines = (json.loads(line) for line in told.stdout.splitlines())
    return {(line["case"][0], line["case"][1]): line["answers"] for line in lines}


@contextmanager
def _worktree(commit: str) -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="same-answers-") as folder:
        place = Path(folder) / "old"
        subprocess.run([*_GIT, "worktree", "add", "--quiet", "--detach", place, commit], check=True)
        try:
            yield place
        finally:
            subprocess.run([*_GIT, "worktree", "remove", "--force", place], check=True)


# ---------------------------------------------------------------- side by side


def shown(case: Case, old: dict[str, str], raised: dict[Case, str]) -> Iterator[str]:
    """The differences of one case, part by part, as a unified diff."""
    yield f"== {'/'.join(case)}"
    if case in raised:
        yield raised[case]
        return
    new = _new(case)
    for part in sorted(old.keys() | new.keys()):
        yield from _diff(part, old.get(part, ""), new.get(part, ""))


def _new(case: Case) -> dict[str, str]:
    try:
        return answers_of(case)
    except KeyError:
        return {}


def _diff(part: str, old: str, new: str) -> Iterator[str]:
    names = f"{part}, {_OLD}", f"{part}, now"
    lines = list(difflib.unified_diff(old.splitlines(), new.splitlines(), *names, n=4, lineterm=""))
    yield from lines[:_MOST_LINES]
    if len(lines) > _MOST_LINES:
        yield f"... and {len(lines) - _MOST_LINES} lines more"
