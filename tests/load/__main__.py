"""`make load`: 6,000 calls by 8 EHRs with JWTs, real gunicorn, workers killed on the way, and the floor beside it;
then how long others wait while a FHIR server hangs, and while a thousand peers are silent.

Exits with 1 when a law is broken (tests/load/laws.py). Loopback only; ends after 15 minutes at the latest.
"""

import argparse
import os
import signal
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path

from cds_service.audit.database import connect
from tests.audit.postgres import MISSING, binaries, cluster
from tests.live.service import Service, a_free_port, end, serving
from tests.load.beside import Beside, beside, slow
from tests.load.clients import Answer, Clients
from tests.load.hospital import BASE, Call, calls, ehrs, write_site
from tests.load.laws import broken

ROOT = Path(__file__).parents[2]
MOST_SECONDS = 900
REPEATED = 20  # one call of so many is made again afterwards
FLOOR_PART = 4  # the floor answers a quarter of the calls


def main() -> int:
    """Run it; 1 when a law is broken."""
    asked = _arguments()
    if asked.postgres and binaries() is None:
        print(MISSING)
        return 1
    deadline = time.monotonic() + MOST_SECONDS
    with (
        tempfile.TemporaryDirectory(prefix="cds-load-") as name,
        cluster() if asked.postgres else nullcontext() as pg,
    ):
        url = pg.url("postgres") if pg else f"sqlite:///{name}/load.sqlite3"
        return _run(Path(name), url, asked, deadline)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make load", description=__doc__)
    parser.add_argument("--calls", type=int, default=6000)
    parser.add_argument("--clients", type=int, default=8)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--kills", type=int, default=3, help="workers killed on the way")
    parser.add_argument("--postgres", action="store_true", help="a throw-away PostgreSQL instead of SQLite")
    parser.add_argument(
        "--times", type=int, default=200, help="of each request beside silent peers; 0 for none"
    )
    return parser.parse_args()


def _run(folder: Path, url: str, asked: argparse.Namespace, deadline: float) -> int:
    clients = ehrs(asked.clients)
    wanted = list(calls(clients, asked.calls))
    settings = {
        "ENVIRONMENT": "production",
        "PUBLIC_BASE_URL": BASE,
        "SITE_FILE": str(write_site(folder, clients)),
        "DATABASE_URL": url,
        "PSEUDONYM_KEY": os.urandom(24).hex(),
        "WORKERS": str(asked.workers),
        "ADDRESS_CALLS_PER_SECOND": "0",  # all clients of this run have one address
        "CLIENT_CALLS_PER_SECOND": "0",
    }
    floor = _floor(wanted[: asked.calls // FLOOR_PART], asked, deadline)
    with serving(folder, **settings) as service:
        answers, seconds, killed = _under_fire(service, wanted, asked, deadline)
        repeated = Clients(service.port, asked.clients, deadline).make(wanted[::REPEATED])
    engine = connect(url)
    faults = list(broken(answers, repeated, engine, killed, asked.clients))
    engine.dispose()
    _print(asked, answers, seconds, killed, len(repeated), floor)
    if asked.times:
        figures = beside(folder, asked.workers, asked.times)
        _print_beside(figures)
        faults += slow(figures)
    for fault in faults:
        print(f"BROKEN: {fault}")
    return 1 if faults else 0


def _under_fire(
    service: Service, wanted: list[Call], asked: argparse.Namespace, deadline: float
) -> tuple[list[Answer], float, int]:
    """Every call, while workers are killed after equal shares of them; how long it took, how many died."""
    clients = Clients(service.port, asked.clients, deadline)
    over = threading.Event()
    killed: list[int] = []
    marks = [len(wanted) * (n + 1) // (asked.kills + 1) for n in range(asked.kills)]

    def kill() -> None:
        for mark in marks:
            while clients.done < mark and not over.wait(0.002):
                pass
            if not over.is_set():
                worker = service.workers()[0]
                os.kill(worker, signal.SIGKILL)
                killed.append(worker)

    killer = threading.Thread(target=kill)
    started = time.monotonic()
    killer.start()
    try:
        answers = clients.make(wanted)
    finally:
        over.set()
        killer.join()
    return answers, time.monotonic() - started, len(killed)


def _floor(wanted: list[Call], asked: argparse.Namespace, deadline: float) -> list[Answer]:
    """The same bodies at a bare Flask view that parses them, on the same server with as many workers."""
    with _floor_server(asked.workers) as port:
        return Clients(port, asked.clients, deadline).make(wanted)


@contextmanager
def _floor_server(workers: int) -> Iterator[int]:
    port = a_free_port()
    command = [sys.executable, "-m", "gunicorn", "-c", "tests/bench/gunicorn_bench.py", "-w", str(workers)]
    process = subprocess.Popen([*command, "-b", f"127.0.0.1:{port}", "tests.bench.servers:floor()"], cwd=ROOT)
    try:
        Service(port, Path(os.devnull), process).wait_until_ready()
        yield port
    finally:
        end(process)


def _print(
    asked: argparse.Namespace,
    answers: list[Answer],
    seconds: float,
    killed: int,
    repeated: int,
    floor: list[Answer],
) -> None:
    store = "PostgreSQL (fsync off)" if asked.postgres else "SQLite (synchronous=FULL)"
    print(f"{len(answers)} calls, {asked.clients} clients, {asked.workers} workers, {store}, {seconds:.0f} s")
    rows = [
        ("calls per second", f"{len(answers) / seconds:.0f}", ""),
        ("median, ms", f"{_quantile(answers, 50):.1f}", f"{_quantile(floor, 50):.1f}"),
        ("99 of 100 within, ms", f"{_quantile(answers, 99):.1f}", f"{_quantile(floor, 99):.1f}"),
        ("workers killed", str(killed), ""),
        ("requests lost and repeated", str(sum(answer.lost for answer in answers)), ""),
        ("answered calls repeated", str(repeated), ""),
        ("cards given", str(sum(len(answer.cards) for answer in answers)), ""),
        ("answers", str(dict(Counter(answer.status for answer in answers))), ""),
    ]
    print(f"{'':28}{'service':>14}{'bare view':>12}")
    for name, ours, bare in rows:
        print(f"{name:28}{ours:>14}{bare:>12}")


def _print_beside(figures: list[Beside]) -> None:
    print(f"{'median, ms':20}" + "".join(f"{name:>18}" for name in ("usual", *figures[0].meanwhile)))
    for one in figures:
        print(f"{one.asked:20}" + "".join(f"{s * 1000:>18.1f}" for s in (one.usual, *one.meanwhile.values())))


def _quantile(answers: list[Answer], percent: int) -> float:
    """Milliseconds, of the try that was answered."""
    return 1000 * statistics.quantiles([answer.seconds for answer in answers], n=100)[percent - 1]


if __name__ == "__main__":
    sys.exit(main())
