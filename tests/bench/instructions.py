"""What a hook call costs in instructions, beside the least that any view could cost: the same within 1 % anywhere.

CPU time on a shared machine varies by a third, the count of instructions does not. Valgrind counts one process
that makes some calls and one that makes more; the difference is the calls' alone, without start and first use.
"""

import io
import json
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from shutil import which
from typing import Any

ROOT = Path(__file__).parents[2]
BODIES = Path(__file__).with_name("bodies")
_COUNTED = re.compile(r"I\s+refs:\s+([\d,]+)")
VISIT = "-visit"
TITRATION = "aa-trial-titration"
_SERVER = b"https://ehr.example.org/fhir"
"""Each visit is told from the others by its server, so that its first call meets a chart never seen before."""
# Memory and hashes as at every run: what is counted must not depend on where a process happens to be loaded.
_ENVIRONMENT = {"PYTHONHASHSEED": "0", "PATH": "/usr/bin:/bin"}


@dataclass(frozen=True)
class Budget:
    """A body (or the five calls of a visit), and how many times the floor's instructions it may take.

    `calls`: how many are made by the process that makes few, and by that which makes more.
    """

    body: str
    times: float
    application: str = "bare"
    calls: tuple[int, int] = (3, 13)


BUDGETS = (
    Budget("titration", 3.93),
    Budget("not-aplastic", 0.50),
    Budget("titration-visit", 1.83, "visiting", (2, 5)),
)


def too_dear(say: Callable[[str], None] = print) -> list[str]:
    """Say each ratio; the faults are those above their budget. Without valgrind nothing is measured."""
    if which("valgrind") is None:
        say("SKIPPED, NOT MEASURED: instructions per call need valgrind (Debian: apt-get install valgrind)")
        return []
    faults = []
    for budget in BUDGETS:
        floor, ours = (per_call(one, budget.body, budget.calls) for one in ("floor", budget.application))
        ratio = ours / floor
        told = f"{budget.body}: {ours / 1e6:.2f} M instructions a call, floor {floor / 1e6:.2f} M, ratio {ratio:.2f}"
        say(f"{told} (<= {budget.times})")
        faults += [f"{told}: more than {budget.times}"] if ratio > budget.times else []
    return faults


def per_call(application: str, body: str, calls: tuple[int, int]) -> float:
    """Instructions of one call of `tests.bench.servers`' application, after the first few."""
    _run(_calls(application, body, 1))  # leaves the modules compiled for those that are counted
    few, many = (_counted(application, body, number) for number in calls)
    return (many - few) / (calls[1] - calls[0])


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
    from cds_service.web.garbage_collection import freeze
    from tests.bench import servers

    app = getattr(servers, application)()
    content = (BODIES / f"{body.removesuffix(VISIT)}.json").read_bytes()
    bodies = [*a_visit(content)] if body.endswith(VISIT) else [(TITRATION, content)]
    freeze()
    for number in range(calls):
        for service, sent in bodies:
            _call(app, service, sent.replace(_SERVER, f"https://ehr{number}.example.org/fhir".encode()))


def _call(app: Any, service: str, content: bytes) -> None:
    statuses: list[str] = []
    answer = app(environ(service, content), lambda status, headers, *_: statuses.append(status))
    b"".join(answer)
    getattr(answer, "close", lambda: None)()
    if statuses != ["200 OK"]:
        raise RuntimeError(f"{service} answered {statuses}")


def a_visit(content: bytes) -> Iterator[tuple[str, bytes]]:
    """The five calls of one visit, the same chart with each: a patient is opened, arrives, and an order is signed."""
    call = json.loads(content)
    patient = call["context"]["patientId"]
    draft = {
        "resourceType": "MedicationRequest",
        "id": "draft-1",
        "status": "draft",
        "intent": "order",
        "subject": {"reference": f"Patient/{patient}"},
        "medicationCodeableConcept": {"text": "sirolimus 1 mg tablet"},
        "dosageInstruction": [{"text": "2 mg once daily"}],
    }
    drafts = {"resourceType": "Bundle", "type": "collection", "entry": [{"resource": draft}]}
    for service, hook, more in (
        ("aa-trial-eligibility", "patient-view", {}),
        (TITRATION, "patient-view", {}),
        ("aa-trial-visit", "encounter-start", {"encounterId": "e1"}),
        (
            "aa-trial-order-select",
            "order-select",
            {"selections": ["MedicationRequest/draft-1"], "draftOrders": drafts},
        ),
        ("aa-trial-order-sign", "order-sign", {"draftOrders": drafts}),
    ):
        asked = call | {"hook": hook, "fhirServer": _SERVER.decode(), "context": call["context"] | more}
        yield service, json.dumps(asked, ensure_ascii=False, separators=(",", ":")).encode()


def environ(service: str, content: bytes) -> dict[str, Any]:
    return {
        "REQUEST_METHOD": "POST",
        "SCRIPT_NAME": "",
        "PATH_INFO": f"/cds-services/{service}",
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
