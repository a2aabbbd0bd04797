"""Servers of the comparisons: started under gunicorn on a free port of loopback, called, and stopped."""

import http.client
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
SERVICE = "/cds-services/aa-trial-titration"
_NO_HEADERS: Mapping[str, str] = {}


@dataclass(frozen=True)
class Server:
    """A running server: its port, and the process that does the work."""

    port: int
    worker: int


@contextmanager
def serving(application: str) -> Iterator[Server]:
    """One gunicorn worker with the application, as in production: frozen after loading."""
    port = free_port()
    with running(gunicorn_command(application, port)) as master:
        wait_for(port)
        yield Server(port, worker_of(master.pid))


@contextmanager
def running(command: Sequence[str], said: Path | None = None) -> Iterator[subprocess.Popen[bytes]]:
    """A process that is told to stop at the end, and then stopped; what it says goes to a file, or is seen."""
    with said.open("ab") if said else nullcontext() as file:
        master = subprocess.Popen(command, cwd=ROOT, stdout=file, stderr=file)
        try:
            yield master
        finally:
            master.send_signal(signal.SIGTERM)
            master.wait(20)


def gunicorn_command(application: str, port: int) -> list[str]:
    """How one worker with a function of `servers` is started."""
    command = [sys.executable, "-m", "gunicorn", "-c", "tests/bench/gunicorn_bench.py"]
    return [*command, "-b", f"127.0.0.1:{port}", f"tests.bench.servers:{application}()"]


def post(port: int, body: bytes, headers: Mapping[str, str] = _NO_HEADERS, path: str = SERVICE) -> bytes:
    """The answer to one call on a connection of its own. Raises RuntimeError for any status but 200."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    connection.request("POST", path, body, {"Content-Type": "application/json", **headers})
    answer = connection.getresponse()
    content = answer.read()
    connection.close()
    if answer.status != 200:
        raise RuntimeError(f"{answer.status}: {content[:300]!r}")
    return content


def wait_for(port: int, seconds: float = 60) -> None:
    """Until somebody listens there. Raises RuntimeError when nobody does in time."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        try:
            with socket.create_connection(("127.0.0.1", port), timeout=1):
                return
        except OSError:
            time.sleep(0.01)
    raise RuntimeError("the server did not start")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def worker_of(master: int) -> int:
    """The process of the one worker. Raises RuntimeError when there is none."""
    for _ in range(500):
        children = Path(f"/proc/{master}/task/{master}/children").read_text().split()
        if children:
            return int(children[0])
        time.sleep(0.01)
    raise RuntimeError("no worker")


def resident_mb(process: int) -> float:
    """What a process holds in memory, shared pages counted, MB."""
    status = Path(f"/proc/{process}/status").read_text()
    return int(status.split("VmRSS:")[1].split()[0]) / 1024
