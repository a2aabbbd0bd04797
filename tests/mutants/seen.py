"""Which tests run a line of the product, and how long each takes: measured once for a state of the code, and kept.

Of each folder of tests, `.coverage_of_tests/<folder>` has the runs and, by file of tests, the state of the code and the
run that measured it: a new file of tests is measured by itself.
"""

import ast
import hashlib
import json
import os
import subprocess
import sys
import xml.etree.ElementTree as ElementTree
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path

from coverage import CoverageData

from tests.mutants.floors import ROOT, product_files
from tests.mutants.places import Mutant

KEPT = ROOT / ".coverage_of_tests"
_NOT_MEASURED_SECONDS = 0.1
_FILE_NOT_MEASURED_SECONDS = 30.0
_SOME_FAILED = 1
"""Under measurement a test may fail that passes otherwise (it counts warnings, or time): it is asked all the same."""
_INDEX = "measured.json"
_AT_ONCE = 12
"""Files of tests in one run: what a measurement that is broken off has lost."""
BESIDE = {"live", "image", "stack", "deployment"}
"""Folders whose tests start the product as a process of its own: no line of it is seen."""


def tests_that_run(mutant: Mutant, text: str, folders: Iterable[str]) -> list[str]:
    """Tests that run the changed lines; of what runs at import, all that run its module or a module that imports it.

    Empty for code that no test of the folders runs in its own process.
    """
    first, last = (text.count("\n", 0, place) + 1 for place in (mutant.start, mutant.end))
    measured = [folder for folder in folders if folder not in BESIDE]
    lines = set(range(first, last + 1))
    if body := _of_a_header(text, lines):
        lines = body
    if found := _that_run(mutant.path, lines, measured):
        return found
    near = _that_run(mutant.path, None, measured)
    users = [path for path in _imports() if _dotted(mutant.path) in _imports()[path]]
    return list(dict.fromkeys((*near, *(test for path in users for test in _that_run(path, None, measured)))))


def seconds_of(test: str) -> float:
    """How long the test, or the file of tests, took when it was measured."""
    folder = test.split("/")[1]
    if "::" in test:
        return _seconds(folder).get(test, _NOT_MEASURED_SECONDS)
    return sum(s for one, s in _seconds(folder).items() if one.startswith(test)) or _FILE_NOT_MEASURED_SECONDS


def measure(folder: str) -> None:
    """Runs those of the folder's tests that were not measured with the product and the tests as they are."""
    if folder in BESIDE:
        return
    states = {file: _state(file) for file in _files(folder)}
    kept = {file: run for file, run in _measured(folder).items() if states.get(file) == run["state"]}
    stale = sorted(states.keys() - kept.keys())
    if stale:
        told = f"{len(stale)} of {len(states)} files of tests of {folder}"
        print(f"measured: which lines {told} run", flush=True)
    for begun in range(0, len(stale), _AT_ONCE):
        files = stale[begun : begun + _AT_ONCE]
        name = hashlib.sha256("".join(states[file] for file in files).encode()).hexdigest()[:16]
        _run(folder, name, files)
        kept |= {file: {"state": states[file], "run": name} for file in files}
        (KEPT / folder / _INDEX).write_text(json.dumps(kept, indent=1), "utf-8")
    used = {run["run"] for run in kept.values()}
    for old in (KEPT / folder).glob("*.*"):
        if old.stem not in used and old.name != _INDEX:
            old.unlink()


def _files(folder: str) -> list[str]:
    return sorted(str(file.relative_to(ROOT)) for file in (ROOT / "tests" / folder).rglob("test_*.py"))


def _run(folder: str, name: str, files: list[str]) -> None:
    (KEPT / folder).mkdir(parents=True, exist_ok=True)
    parts, times = (KEPT / folder / f"{name}.{suffix}" for suffix in ("part", "xml"))
    command = [
        sys.executable, "-m", "pytest", "-q", "-n0", "-pno:cacheprovider", "--cov=cds_service", "--cov=fhir_mappings",
        "--cov-config=/dev/null", "--cov-context=test", "-ojunit_family=xunit1", "--cov-report=", f"--junitxml={times}", *files,
    ]  # fmt: skip
    around = os.environ | {"COVERAGE_FILE": str(parts)}
    done = subprocess.run(command, cwd=ROOT, env=around, capture_output=True, text=True, check=False)
    if done.returncode not in (0, _SOME_FAILED):
        raise SystemExit(f"tests/{folder} cannot be measured:\n{done.stdout[-2000:]}{done.stderr[-2000:]}")
    parts.rename(parts.with_suffix(".coverage"))


def _measured(folder: str) -> dict[str, dict[str, str]]:
    """By file of tests: the state of the code, and the run that measured it."""
    index = KEPT / folder / _INDEX
    found: dict[str, dict[str, str]] = json.loads(index.read_text("utf-8")) if index.exists() else {}
    return found


def _state(file: str) -> str:
    """Changes with the product, the file of tests and what it is built from."""
    state = hashlib.sha256(_state_beside(Path(file).parts[1]))
    state.update((ROOT / file).read_bytes())
    return state.hexdigest()[:16]


@cache
def _state_beside(folder: str) -> bytes:
    builders = [p for p in (ROOT / "tests" / folder).rglob("*.py") if not p.name.startswith("test_")]
    state = hashlib.sha256()
    for path in (
        sorted((ROOT / "tests").glob("*.py")) + sorted(builders) + [ROOT / one for one in product_files()]
    ):
        state.update(path.relative_to(ROOT).as_posix().encode())
        state.update(path.read_bytes())
    return state.digest()


@cache
def _seconds(folder: str) -> dict[str, float]:
    measured = _measured(folder)
    return {
        test: float(case.get("time", "0"))
        for run in {one["run"] for one in measured.values()}
        for case in ElementTree.parse(KEPT / folder / f"{run}.xml").iter("testcase")
        if _ran(
            test := f"{case.get('classname', '').replace('.', '/')}.py::{case.get('name')}", run, measured
        )
    }


def _ran(test: str, run: str, measured: dict[str, dict[str, str]]) -> bool:
    """A file that was measured again is told by its last run."""
    return measured.get(test.partition("::")[0], {}).get("run") == run


@cache
def _runs(folder: str) -> dict[str, CoverageData]:
    if not (names := {one["run"] for one in _measured(folder).values()}):
        raise FileNotFoundError(f"{KEPT / folder}: not measured")
    runs = {name: CoverageData(str(KEPT / folder / f"{name}.coverage")) for name in sorted(names)}
    for data in runs.values():
        data.read()
    return runs


@cache
def _contexts(path: Path, folder: str) -> dict[int, list[str]]:
    found: dict[int, list[str]] = {}
    measured = _measured(folder)
    for run, data in _runs(folder).items():
        for line, contexts in data.contexts_by_lineno(str(ROOT / path)).items():
            found.setdefault(line, []).extend(c for c in contexts if _ran(c, run, measured))
    return found


def _that_run(path: Path, lines: set[int] | None, folders: Iterable[str]) -> list[str]:
    found: dict[str, None] = {}
    for folder in folders:
        for line, contexts in _contexts(path, folder).items():
            if lines is None or line in lines:
                found |= dict.fromkeys(c.partition("|")[0] for c in contexts)
    return list(found)


def _of_a_header(text: str, lines: set[int]) -> set[int]:
    """The lines of the function whose header (defaults, decorators) has the lines; none for what is no header."""
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef):
            begun = min((one.lineno for one in node.decorator_list), default=node.lineno)
            if lines <= set(range(begun, node.body[0].lineno)):
                return set(range(node.body[0].lineno, (node.end_lineno or 0) + 1))
    return set()


def _dotted(path: Path) -> str:
    return ".".join(path.with_suffix("").parts).removesuffix(".__init__")


@cache
def _imports() -> dict[Path, set[str]]:
    """Every module of the product, and the names it imports, with and without their last part."""
    return {path: set(_imported(path)) for path in product_files() if path.suffix == ".py"}


def _imported(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse((ROOT / path).read_text("utf-8"))):
        if isinstance(node, ast.Import):
            yield from (one.name for one in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f"{node.module}.{one.name}" for one in node.names)
