"""Which tests run a line of the product, and how long each takes: measured once for a state of the code, and kept."""

import ast
import hashlib
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
_AT_IMPORT = ""
"""Coverage's name for what runs before the first test."""
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
    """Runs the folder's tests once, unless that is done for the product and the tests as they are."""
    if folder in BESIDE or _kept(folder, "coverage").exists():
        return
    print(f"measured: which lines the tests of {folder} run", flush=True)
    KEPT.mkdir(exist_ok=True)
    for old in KEPT.glob(f"{folder}-*"):
        old.unlink()
    parts = _kept(folder, "part")
    command = [
        sys.executable, "-m", "pytest", "-q", "-n0", "-pno:cacheprovider", "--cov=cds_service", "--cov=fhir_mappings",
        "--cov-config=/dev/null", "--cov-context=test", "-ojunit_family=xunit1", "--cov-report=", f"--junitxml={_kept(folder, 'xml')}", f"tests/{folder}",
    ]  # fmt: skip
    around = os.environ | {"COVERAGE_FILE": str(parts)}
    done = subprocess.run(command, cwd=ROOT, env=around, capture_output=True, text=True, check=False)
    if done.returncode not in (0, _SOME_FAILED):
        raise SystemExit(f"tests/{folder} cannot be measured:\n{done.stdout[-2000:]}{done.stderr[-2000:]}")
    parts.rename(_kept(folder, "coverage"))


def _kept(folder: str, suffix: str) -> Path:
    return KEPT / f"{folder}-{_state(folder)}.{suffix}"


@cache
def _state(folder: str) -> str:
    """Changes with the product, the folder's tests and what they are built from."""
    tests = [*(ROOT / "tests").glob("*.py"), *(ROOT / "tests" / folder).rglob("*.py")]
    state = hashlib.sha256()
    for path in sorted((*tests, *(ROOT / one for one in product_files()))):
        state.update(path.relative_to(ROOT).as_posix().encode())
        state.update(path.read_bytes())
    return state.hexdigest()[:16]


@cache
def _seconds(folder: str) -> dict[str, float]:
    file = _kept(folder, "xml")
    if not file.exists():
        return {}
    cases = ElementTree.parse(file).iter("testcase")
    return {
        f"{case.get('classname', '').replace('.', '/')}.py::{case.get('name')}": float(case.get("time", "0"))
        for case in cases
    }


@cache
def _data(folder: str) -> CoverageData:
    if not (file := _kept(folder, "coverage")).exists():
        raise FileNotFoundError(f"{file}: not measured")
    data = CoverageData(str(file))
    data.read()
    return data


@cache
def _contexts(path: Path, folder: str) -> dict[int, list[str]]:
    return _data(folder).contexts_by_lineno(str(ROOT / path))


def _that_run(path: Path, lines: set[int] | None, folders: Iterable[str]) -> list[str]:
    found: dict[str, None] = {}
    for folder in folders:
        for line, contexts in _contexts(path, folder).items():
            if lines is None or line in lines:
                found |= dict.fromkeys(c.partition("|")[0] for c in contexts if c != _AT_IMPORT)
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
