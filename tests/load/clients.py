"""Clients side by side: each call is made until it is answered, and what was lost on the way is counted."""

import http.client
import json
import threading
import time
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from tests.load.hospital import Call

_PAUSE = 0.1


@dataclass(frozen=True)
class Answer:
    """What came of a call: status and cards of its last try, seconds of that try, tries without an answer."""

    call: Call
    status: int
    cards: tuple[str, ...]
    seconds: float
    lost: int


class Clients:
    """As many clients at once as there are threads; `done` counts, so that others may act on the way."""

    def __init__(self, port: int, threads: int, deadline: float) -> None:
        self._port = port
        self._threads = threads
        self._deadline = deadline
        self._lock = threading.Lock()
        self.done = 0

    def make(self, calls: Iterable[Call]) -> list[Answer]:
        """Every call, answered."""
        with ThreadPoolExecutor(self._threads) as pool:
            return list(pool.map(self._insist, calls))

    def _insist(self, call: Call) -> Answer:
        lost = 0
        while time.monotonic() < self._deadline:
            started = time.perf_counter()
            try:
                status, body = self._post(call)
            except (OSError, http.client.HTTPException):
                lost += 1
                time.sleep(_PAUSE)
                continue
            seconds = time.perf_counter() - started
            with self._lock:
                self.done += 1
            return Answer(call, status, _cards(status, body), seconds, lost)
        raise TimeoutError(f"call {call.number} was not answered in the time of the run")

    def _post(self, call: Call) -> tuple[int, bytes]:
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=30)
        try:
            headers = {"Content-Type": "application/json", "Authorization": call.ehr.token(call.service)}
            connection.request("POST", f"/cds-services/{call.service}", call.body, headers)
            answer = connection.getresponse()
            return answer.status, answer.read()
        finally:
            connection.close()


def _cards(status: int, body: bytes) -> tuple[str, ...]:
    return tuple(card.get("uuid", "") for card in json.loads(body)["cards"]) if status == 200 else ()
