"""`make bench-peers`: our whole advice beside what others need for a constant card, same body, one run.

Each server has one processor and the client the other, where there are two. Fails when a peer answers more calls a
second with its constant card than ours does with the advice; everything is printed. The Java peer is left out, and
said so, where it was not built.
"""

import os
import shutil
import statistics
import sys
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack

import msgspec

from cds_service.audit.database import open_store
from tests.audit.postgres import MISSING, Cluster, binaries, cluster
from tests.bench.running_server import ROOT, SERVICE, free_port, gunicorn_command, post, running, wait_for
from tests.bench.signed_calls import as_new, audit_kept, token_header

BODY = (ROOT / "tests/bench/bodies/titration.json").read_bytes()
HEALTHCHAIN = ROOT / "build/peers/bin/python"
HAPI = ROOT / "tests/bench/peers/hapi/build/hapi-cds-hooks.jar"
SAID = ROOT / "build/peers.log"
WARM_UP, ROUNDS, CALLS, CLIENTS = 150, 5, 100, 4
"""Java answers its first hundred calls ten times as slowly as the next."""


class Peer(msgspec.Struct):
    """One server: how it is started on a port, and what its calls carry."""

    name: str
    command: list[str]
    port: int
    with_token: bool = False
    path: str = SERVICE
    rates: list[float] = []
    waits: list[float] = []


def main() -> int:
    """Print calls a second and the 99th percentile of one call at a time; 1 when a peer is faster than ours."""
    peers = [*_peers()]
    with ExitStack() as stack:
        stack.enter_context(audit_kept())
        if binaries():
            peers.insert(3, _on_postgresql(stack.enter_context(cluster(waits_for_disk=True))))
        else:
            print(f"NOT TRIED: PostgreSQL. {MISSING}")
        for peer in peers:
            stack.enter_context(running(_on_first_processor(peer.command), SAID))
        _keep_off_first_processor()
        for peer in peers:
            wait_for(peer.port)
            _calls(peer, WARM_UP)
        for _ in range(ROUNDS):
            for peer in peers:
                peer.rates.append(_calls(peer, CALLS))
                peer.waits.extend(_one_by_one(peer, CALLS))
    return _told({peer.name: peer for peer in peers})


def _peers() -> Iterator[Peer]:
    floor, bare, whole = free_port(), free_port(), free_port()
    yield Peer("a bare view, constant card", gunicorn_command("floor", floor), floor)
    yield Peer("ours, the whole advice", gunicorn_command("bare", bare), bare)
    yield Peer("ours, with trust and audit", gunicorn_command("audited", whole), whole, with_token=True)
    port = free_port()
    yield Peer("HealthChain, constant card", [*_healthchain(), f"{port}"], port, path=f"/cds{SERVICE}")
    if HAPI.exists() and shutil.which("java"):
        port = free_port()
        yield Peer("HAPI FHIR, constant card", ["java", "-jar", str(HAPI), f"{port}"], port)
    else:
        print(f"NOT TRIED: HAPI FHIR, for want of {HAPI.relative_to(ROOT)} (Java 17 and Maven)")


def _on_postgresql(server: Cluster) -> Peer:
    """The same as with SQLite; both wait for the disk with each call."""
    server.sql("CREATE DATABASE bench")
    open_store(url := server.url("bench")).dispose()
    command = ["env", f"BENCH_DATABASE_URL={url}", *gunicorn_command("audited", port := free_port())]
    return Peer("ours, the same on PostgreSQL", command, port, with_token=True)


def _healthchain() -> list[str]:
    application = "tests.bench.peers.healthchain_app:app"
    return [str(HEALTHCHAIN), "-m", "uvicorn", application, "--log-level", "warning", "--port"]


def _on_first_processor(command: list[str]) -> list[str]:
    return ["taskset", "-c", "0", *command] if len(os.sched_getaffinity(0)) > 1 else command


def _keep_off_first_processor() -> None:
    if len(mine := os.sched_getaffinity(0)) > 1:
        os.sched_setaffinity(0, mine - {0})


def _calls(peer: Peer, many: int) -> float:
    """Calls a second, so many clients at once."""
    made = [_call(peer) for _ in range(many)]
    begun = time.perf_counter()
    with ThreadPoolExecutor(CLIENTS) as pool:
        answers = [*pool.map(lambda call: post(peer.port, *call, peer.path), made)]
    seconds = time.perf_counter() - begun
    if not all(b'"summary"' in answer for answer in answers):
        raise RuntimeError(f"{peer.name} answered without a card")
    return many / seconds


def _one_by_one(peer: Peer, many: int) -> Iterator[float]:
    """Milliseconds of each call, one in flight."""
    for call in [_call(peer) for _ in range(many)]:
        begun = time.perf_counter()
        post(peer.port, *call, peer.path)
        yield (time.perf_counter() - begun) * 1000


def _call(peer: Peer) -> tuple[bytes, Mapping[str, str]]:
    """A new body, and what production asks for beside it."""
    return as_new(BODY), token_header() if peer.with_token else {}


def _told(peers: Mapping[str, Peer]) -> int:
    ours, slower = peers["ours, the whole advice"], 0
    print(f"{len(BODY) / 1000:.0f} KB a call, {CLIENTS} clients; one call at a time for the 99th percentile")
    for peer in peers.values():
        ratio = statistics.median(a / b for a, b in zip(ours.rates, peer.rates, strict=True))
        rate, wait = statistics.median(peer.rates), statistics.quantiles(peer.waits, n=100)[98]
        print(f"{peer.name:32} {rate:7.0f} calls/s   99 % within {wait:6.1f} ms   ours is {ratio:.2f} x")
        slower += ratio < 1 and not peer.name.startswith(("ours", "a bare"))
    return 1 if slower else 0


if __name__ == "__main__":
    sys.exit(main())
