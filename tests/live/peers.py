"""Peers that do nothing: a FHIR server that never answers, calls that make us ask it, and silent connections."""

import socket
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager

_REPLACED_EVERY = 0.02


@contextmanager
def hanging_server() -> Iterator[str]:
    """The base of a FHIR server that takes connections and never says a word."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(4096)
        yield f"http://127.0.0.1:{listener.getsockname()[1]}/fhir"


class Peers:
    """So many connections at once to our service: each says `first`, and nothing else for `seconds`.

    Then it is given up for a new one; not all at the same moment.
    """

    def __init__(self, port: int, count: int, first: Callable[[], bytes], seconds: float) -> None:
        self._port = port
        self._count = count
        self._first = first
        self._seconds = seconds
        self._open: deque[tuple[float, socket.socket]] = deque()
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> "Peers":
        for n in range(self._count):
            self._connect(self._seconds * (n + 1) / self._count)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()
        for _, peer in self._open:
            peer.close()

    def _connect(self, seconds: float) -> None:
        peer = socket.create_connection(("127.0.0.1", self._port), timeout=10)
        peer.sendall(self._first())
        self._open.append((time.monotonic() + seconds, peer))

    def _run(self) -> None:
        while not self._over.wait(_REPLACED_EVERY):
            while self._open[0][0] <= time.monotonic():
                self._open.popleft()[1].close()
                self._connect(self._seconds)
