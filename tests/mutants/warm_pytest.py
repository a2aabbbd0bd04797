"""A pytest that is warm: what every test imports from outside is loaded once, and each question is a fork of it.

A script of its own, started in a copy of the project: it must not have loaded the product, which is about to change.
A question is a line of JSON: the tests, and the most seconds. The answer is a line too: the first test that failed,
what pytest ended with, or null where all passed.
"""

import contextlib
import importlib
import json
import os
import re
import resource
import signal
import sys
import tempfile
import time
import traceback
from pathlib import Path

import pytest

_FROM_OUTSIDE = (
    "_pytest.assertion.rewrite", "aiosmtpd.controller", "alembic.command", "authlib.oauth2.rfc6749", "circuitbreaker",
    "cryptography.x509", "dateutil.parser", "flask", "flask_cors",
    "gunicorn.app.base", "hypothesis", "jinja2", "jsonschema", "jwt", "limits", "msgspec", "numpy", "orjson",
    "prometheus_client", "requests", "responses", "scipy.integrate", "scipy.optimize", "sqlalchemy.orm", "structlog",
    "xdist", "xml.dom.minidom",
)  # fmt: skip
_MOST_BYTES = 6 * 1024**3
"""An endless loop that gathers must not take the machine with it."""
_PAUSE_SECONDS = 0.02
_NOTHING_RAN, _NOT_THERE = 5, 4
_NOT_FOUND = re.compile(r"^ERROR: not found: .*/(tests/.*)$", re.MULTILINE)
_ARGUMENTS = (
    "-xq", "-n0", "-pno:cacheprovider", "--no-header", "-Wignore::pytest.PytestAssertRewriteWarning",
)  # fmt: skip
"""What is loaded already cannot be rewritten, and need not be: it is not the product."""


class _FirstFailure:
    """What pytest tells of the first test that failed, or could not be read."""

    def __init__(self) -> None:
        self.found: str | None = None

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """A test, its fixtures or what comes after it."""
        if report.failed:
            self.found = self.found or report.nodeid

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        """A module that cannot be imported any more."""
        if report.failed:
            self.found = self.found or f"{report.nodeid} (cannot be read)"


def _asked(tests: list[str], told: Path) -> None:
    """In the child: ends the process."""
    resource.setrlimit(resource.RLIMIT_AS, (_MOST_BYTES, _MOST_BYTES))
    for stream in (1, 2):
        os.dup2(os.open(told.with_suffix(".out"), os.O_WRONLY | os.O_CREAT | os.O_APPEND), stream)
    first = _FirstFailure()
    (arguments := told.with_suffix(".tests")).write_text("\n".join(tests), "utf-8")
    code = pytest.main([*_ARGUMENTS, f"@{arguments}"], plugins=[first])
    if code == _NOT_THERE and (missing := _NOT_FOUND.findall(told.with_suffix(".out").read_text("utf-8"))):
        told.with_suffix(".missing").write_text("\n".join(missing), "utf-8")
    if code not in (0, _NOTHING_RAN):
        told.write_text(first.found or f"pytest ends with {int(code)}", "utf-8")
    os._exit(0)


def _answer(tests: list[str], seconds: float, told: Path) -> str | None:
    child = os.fork()
    if child == 0:
        os.setsid()
        try:
            _asked(tests, told)
        finally:
            traceback.print_exc(file=sys.__stderr__)
            os._exit(1)
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        done, status = os.waitpid(child, os.WNOHANG)
        if done:
            with contextlib.suppress(FileNotFoundError):
                return told.read_text("utf-8")
            return None if status == 0 else f"the process of the tests ends with {status}"
        time.sleep(_PAUSE_SECONDS)
    os.killpg(child, signal.SIGKILL)
    os.waitpid(child, 0)
    return "no answer in time"


def _of_those_there(tests: list[str], seconds: float) -> str | None:
    """A case that the change took out of a table that tests are made from is no failure: its whole test is asked."""
    with tempfile.TemporaryDirectory(prefix="asked-") as folder:
        answer = _answer(tests, seconds, told := Path(folder) / "told")
        if not (gone := told.with_suffix(".missing")).exists():
            return answer
        missing = set(gone.read_text("utf-8").splitlines())
    left = [*dict.fromkeys(whole if (whole := test.partition("[")[0]) in missing else test for test in tests)]
    return _of_those_there(left, seconds) if left != tests else answer


def main() -> None:
    """Answers until its input ends."""
    sys.path[0] = str(Path.cwd())
    for name in _FROM_OUTSIDE:
        with contextlib.suppress(ImportError):
            importlib.import_module(name)
    for line in sys.stdin:
        question = json.loads(line)
        print(json.dumps(_of_those_there(question["tests"], question["seconds"])), flush=True)


if __name__ == "__main__":
    main()
