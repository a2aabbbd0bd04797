"""What a hook call costs in instructions, beside the least that any view could cost: the same within 1 % anywhere.

CPU time on a shared machine varies by a third, the count of instructions does not. Valgrind counts one process
that makes some calls and one that makes more; the difference is the calls' alone, without start and first use.
"""

import io
import re
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from shutil import which
from typing import Any

ROOT = Path(__file__).parents[2]
BODIES = Path(__file__).with_name("bodies")
_COUNTED = re.compile(r"I\s+refs:\s+([\d,]+)")
_SHORT, _LONG = 3, 13
# Memory and hashes as at every run: what is counted must not depend on where a process happens to be loaded.
_ENVIRONMENT = {"PYTHONHASHSEED": "0", "PATH": "/usr/bin:/bin"}


@dataclass(frozen=True)
class Budget:
    """A body, and how many times the floor's instructions a call with it may take."""

    body: str
    times: float


BUDGETS = (Budget("titration", 4.65), Budget("not-aplastic", 0.63))


def too_dear(say: Callable[[str], None] = print) -> list[str]:
    """Say each ratio; the faults are those above their budget. Without valgrind nothing is measured."""
    if which("valgrind") is None:
        say("SKIPPED, NOT MEASURED: instructions per call need valgrind (Debian: apt-get install valgrind)")
        return []
    faults = []
    for budget in BUDGETS:
        floor, ours = (per_call(application, budget.body) for application in ("floor", "bare"))
        ratio = ours / floor
        told = f"{budget.body}: {ours / 1e6:.2f} M instructions a call, floor {floor / 1e6:.2f} M, ratio {ratio:.2f}"
        say(f"{told} (<= {budget.times})")
        faults += [f"{told}: more than {budget.times}"] if ratio > budget.times else []
    return faults


def per_call(application: str, body: str) -> float:
    """Instructions of one call of `tests.bench.servers`' application, after the first few."""
    _run(_calls(application, body, 1))  # leaves the modules compiled for those that are counted
    few, many = (_counted(application, body, calls) for calls in (_SHORT, _LONG))
    return (many - few) / (_LONG - _SHORT)


def _counted(application: str, body: str, calls: int) -> int:
    valgrind = ["valgrind", "--tool=cachegrind", "--cache-sim=no", "--cachegrind-out-file=/dev/null"]
    said = _run([*valgrind, *_calls(application, body, calls)])
    counted = _COUNTED.search(said)
    if counted is None:
        raise RuntimeError(f"valgrind counted nothing: {said[-2000:]}")
    return int(counted[1].replace(",", ""))


def _calls(application: str, body: str, calls: int) -> list[str]:
    return [sys.executable, "-m", "tests.bench.instructions", application, body, str(calls)]


def _run(command: list[str]) -> str:
    """What the process says on standard error. Raises RuntimeError when it fails."""
    done = subprocess.run(command, cwd=ROOT, env=_ENVIRONMENT, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"{' '.join(command)}: {done.stderr[-2000:]}")
    return done.stderr


def make_calls(application: str, body: str, calls: int) -> None:
    """So many calls as a WSGI server makes them, in this process; what a client costs is no part of it."""
    from cds_service.web.gunicorn_server import freeze
    from tests.bench import servers

    app = getattr(servers, application)()
    content = (BODIES / f"{body}.json").read_bytes()
    freeze()
    for _ in range(calls):
        statuses: list[str] = []
        answer = app(environ(content), lambda status, headers, *_: statuses.append(status))  # noqa: B023
        b"".join(answer)
        getattr(answer, "close", lambda: None)()
        if statuses != ["200 OK"]:
            raise RuntimeError(f"{application} answered {statuses}")


def environ(content: bytes) -> dict[str, Any]:
    return {
        "REQUEST_METHOD": "POST",
        "SCRIPT_NAME": "",
        "PATH_INFO": "/cds-services/aa-trial-titration",
        "QUERY_STRING": "",
        "CONTENT_TYPE": "application/json",
        "CONTENT_LENGTH": str(len(content)),
        "SERVER_NAME": "127.0.0.1",
        "SERVER_PORT": "80",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "REMOTE_ADDR": "127.0.0.1",
        "HTTP_HOST": "127.0.0.1",
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": "http",
        "wsgi.input": io.BytesIO(content),
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": True,
        "wsgi.multiprocess": True,
        "wsgi.run_once": False,
    }


if __name__ == "__main__":
    if len(sys.argv) == 4:
        make_calls(sys.argv[1], sys.argv[2], int(sys.argv[3]))
    else:
        sys.exit(1 if [print(f"FAILED: {fault}") for fault in too_dear()] else 0)
