"""A copy of the project with one small change, and the tests that are asked about it, the nearest and quickest first."""

import json
import re
import subprocess
import sys
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from tests.mutants.floors import ROOT, Floor
from tests.mutants.places import Mutant
from tests.mutants.seen import BESIDE, seconds_of, tests_that_run

_SEE_MUCH = {
    "test_every_row",
    "test_every_word",
    "test_every_member",
    "test_every_sentence",
    "test_every_origin",
    "test_every_single_fact",
    "test_every_dose_in_force",
    "test_every_measurement",
    "test_every_draft",
}
"""Asked early: they are quick, and see each row of the code lists, each member of the sets, each sentence and origin, and what facts do."""
_FIRST_SECONDS, _TIMES_MORE = 2.0, 4.0
"""How long the tests of the first question take, and how much longer those of each further one."""
_SLOW_SECONDS = 15
"""A file of tests that takes longer is asked only where it is near, or is known to run the changed line."""
_SEES_EVERY_ENUMERATION = "tests/rule_tables/test_every_enumeration.py"
"""Of every floor, wherever its other tests are."""
_SLOWER, _MORE_SECONDS = 10, 60
"""A test may take so many times longer than when it was measured, on a busy machine."""


class Copy:
    """The project in a folder of its own, and a warm pytest in it."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._trusted: set[str] = set()
        self._failing: set[str] = set()
        self._pytest = subprocess.Popen(
            [sys.executable, "-B", "tests/mutants/warm_pytest.py"],
            cwd=folder,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    @contextmanager
    def changed(self, path: Path, text: str) -> Iterator[None]:
        """While the file has another text."""
        file = self._folder / path
        was = file.read_text("utf-8")
        file.write_text(text, "utf-8")
        try:
            yield
        finally:
            file.write_text(was, "utf-8")

    def first_failure(self, tests: Sequence[str]) -> str | None:
        """The test that fails; None where all pass."""
        seconds = _MORE_SECONDS + _SLOWER * sum(seconds_of(test) for test in tests)
        return self._answer(tests, seconds)

    def killer(self, path: Path, text: str, tests: Sequence[str]) -> str | None:
        """The first of the tests that fails with the file's other text, and passes without it.

        One that fails without any change would call each mutant killed: it is named once, and asked no more.
        """
        while left := [test for test in tests if self._may_tell(test)]:
            with self.changed(path, text):
                failed = self.first_failure(left)
            if not failed or self._passes_unchanged(failed, left):
                return failed
            self._failing.add(_function(failed))
            print(f"not asked any more, it fails without any change: {failed}", flush=True)
        return None

    def _may_tell(self, test: str) -> bool:
        """A test of which no part failed unchanged; a whole file is left out with one of its tests."""
        return not any(
            failing == _function(test) or failing.startswith(f"{test}::") for failing in self._failing
        )

    def _passes_unchanged(self, failed: str, asked: Sequence[str]) -> bool:
        tests = [failed] if "::" in failed else asked
        if _function(failed) not in self._trusted:
            if again := self.first_failure(tests):
                if again != failed:
                    raise SystemExit(f"{again}: fails without any change, so that no mutant is told by it")
                return False
            self._trusted |= {_function(test) for test in tests if "::" in test}
        return True

    def end(self) -> None:
        """No further question."""
        self._pytest.communicate()

    def _answer(self, tests: Sequence[str], seconds: float) -> str | None:
        into, out = self._pytest.stdin, self._pytest.stdout
        if not into or not out:
            raise BrokenPipeError("the warm pytest has no pipe")
        into.write(json.dumps({"tests": [*tests], "seconds": seconds}) + "\n")
        into.flush()
        answer: str | None = json.loads(out.readline())
        return answer


def _function(test: str) -> str:
    return test.partition("[")[0]


def in_turn(mutant: Mutant, text: str, floor: Floor) -> list[list[str]]:
    """What is asked together: first what takes seconds, then what takes longer."""
    files = _files_for(mutant.path, floor)
    place = {name: number for number, (name, near) in enumerate(files.items()) if near}
    tests = list(files)
    if mutant.path.suffix == ".py":
        tests = _one_of_each_first(tests_that_run(mutant, text, floor.tests), place)
        tests += [file for file in files if file.split("/")[1] in BESIDE]
        tests = [_SEES_EVERY_ENUMERATION, *tests] if mutant.kind == "enumeration" else tests
    together: list[list[str]] = [[]]
    room, taken = _FIRST_SECONDS, 0.0
    for test in tests:
        if together[-1] and taken + seconds_of(test) > room:
            together.append([])
            room, taken = room * _TIMES_MORE, 0.0
        together[-1].append(test)
        taken += seconds_of(test)
    return [asked for asked in together if asked]


def _files_for(path: Path, floor: Floor) -> dict[str, bool]:
    """The floor's files of tests, those first (True) that name the module or see much; then the quick ones."""
    name = re.sub(r"[^a-z0-9]", "", path.stem.split(".")[0])
    there = [t for folder in floor.tests for t in sorted((ROOT / "tests" / folder).glob("test_*.py"))]
    near = {t for t in there if name in t.stem.replace("_", "") or t.stem in _SEE_MUCH}
    others = [
        str(t.relative_to(ROOT))
        for t in there
        if t not in near and seconds_of(str(t.relative_to(ROOT))) < _SLOW_SECONDS
    ]
    first = [str(t.relative_to(ROOT)) for t in there if t in near]
    return dict.fromkeys(first, True) | dict.fromkeys(sorted(others, key=seconds_of), False)


def _one_of_each_first(tests: Sequence[str], near: dict[str, int]) -> list[str]:
    """Near files first; one case of each test before the second of any; the quick before the slow."""
    cases: defaultdict[str, int] = defaultdict(int)
    rank = {}
    for test in tests:
        function = test.partition("[")[0]
        rank[test] = (near.get(test.partition("::")[0], len(near)), cases[function], seconds_of(test))
        cases[function] += 1
    return sorted(tests, key=rank.__getitem__)
