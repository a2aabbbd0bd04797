"""How long others wait while one FHIR server hangs, or a thousand peers are silent."""

import http.client
import statistics
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from pathlib import Path

from cds_service.web.waiting_connections import LobbyLimits
from tests.faults.peer_faults import URL, a_hanging_call
from tests.live.peers import Peers, hanging_server
from tests.live.service import serving
from tests.standard.calls import a_body
from tests.web.test_client_trust import WHOLE

SILENT = 1_000
MOST_TIMES = 2.0
STALL = 0.005
"""Seconds that a shared machine adds to a median now and then; one that waits for a peer waits for seconds."""
_HANGING_SECONDS = 5.0  # fetching ends after four, then each client calls again
_SILENT_SECONDS = 9.0
Ask = tuple[str, bytes | None]


@dataclass(frozen=True)
class Beside:
    """Median seconds of one request, as usual and in each situation, by its name."""

    asked: str
    usual: float
    meanwhile: dict[str, float]


def beside(folder: Path, workers: int, times: int) -> list[Beside]:
    """Each request so many times in each situation, by a service of its own."""
    with hanging_server() as base:
        (folder / "beside.toml").write_text(f'[[fhir_servers]]\nbase = "{base}"\n', encoding="utf-8")
        with serving(
            folder, SITE_FILE="beside.toml", WORKERS=str(workers), ADDRESS_CALLS_PER_SECOND="0"
        ) as service:
            return _measured(service.port, base, workers, times)


def _measured(port: int, base: str, workers: int, times: int) -> list[Beside]:
    asked: dict[str, Ask] = {
        "prefetched call": (URL, a_body(prefetch=WHOLE)),
        "discovery": ("/cds-services", None),
        "/health/ready": ("/health/ready", None),
    }
    slots = workers * LobbyLimits().slots
    situations: dict[str, Callable[[], AbstractContextManager[object]]] = {
        "usual": nullcontext,
        f"{slots} calls hang": lambda: Peers(port, slots, lambda: a_hanging_call(base), _HANGING_SECONDS),
        f"{SILENT} are silent": lambda: Peers(port, SILENT, lambda: b"", _SILENT_SECONDS),
    }
    found: dict[str, dict[str, float]] = {}
    for name, situation in situations.items():
        with situation():
            time.sleep(1.0)  # until all are there
            found[name] = {what: _median(port, ask, times) for what, ask in asked.items()}
    usual = found.pop("usual")
    return [Beside(what, usual[what], {name: one[what] for name, one in found.items()}) for what in asked]


def slow(figures: list[Beside]) -> Iterator[str]:
    """Who waited for what was none of his business."""
    for one in figures:
        for name, seconds in one.meanwhile.items():
            if seconds > MOST_TIMES * one.usual + STALL:
                yield f"{one.asked} took {seconds * 1000:.1f} ms while {name}, usually {one.usual * 1000:.1f} ms"


def _median(port: int, ask: Ask, times: int) -> float:
    return statistics.median(_seconds(port, *ask) for _ in range(times))


def _seconds(port: int, path: str, body: bytes | None) -> float:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    started = time.perf_counter()
    try:
        connection.request("POST" if body else "GET", path, body, {"Content-Type": "application/json"})
        answer = connection.getresponse()
        answer.read()
    finally:
        connection.close()
    if answer.status != 200:
        raise RuntimeError(f"{path}: {answer.status}")
    return time.perf_counter() - started
