"""Where connections are while no thread works for them: requests arrive here, and answers leave from here.

A thread is taken only by a request that is there whole, and kept only until its answer is made. Peers that
are silent, drip or do not read cost a place in this room, for a fixed time; when it is full, those that have
been arriving longest go first.
"""

import os
import selectors
import socket
import time
from collections import deque
from collections.abc import Callable, Iterable
from contextlib import suppress
from itertools import islice, takewhile

import msgspec
import structlog

from cds_service.web.connection import Connection, RequestProgress

_ACCEPTED_AT_ONCE = 32
_REFUSED_AT_ONCE = 32
_READ, _WRITE = selectors.EVENT_READ, selectors.EVENT_WRITE
_log = structlog.get_logger()
Queue = dict[Connection, float]
"""Connections in the order of the moments (monotonic seconds) at which each has had its time."""


class RequestTooSlow(Exception):
    """The request was not there in time."""


class Crowded(Exception):
    """There is no room for requests that take so long to arrive."""


class LobbyLimits(msgspec.Struct, frozen=True):
    """`request_seconds` are for a request to arrive, and again for its answer to be read.

    `slots` calls are worked on at once; `connections` and `held_bytes` may be arriving.
    """

    request_seconds: float = 10.0
    linger_seconds: float = 2.0
    body_bytes: int = 10_000_000
    slots: int = 64
    connections: int = 4_000
    held_bytes: int = 64_000_000


class Lobby:
    """The connections of one worker. All but `give_back` and `wake` belongs to the worker's own thread.

    `serve` begins the work on a whole request, elsewhere; `refuse` answers one that never became whole.
    `wake` is a pipe, not blocking: its end to read from, and its end to write to.
    """

    def __init__(
        self,
        listeners: Iterable[socket.socket],
        limits: LobbyLimits,
        serve: Callable[[Connection], None],
        refuse: Callable[[Connection, Exception], None],
        wake: tuple[int, int],
    ) -> None:
        self._listeners = list(listeners)
        self._limits = limits
        self._serve = serve
        self._refuse = refuse
        self._wake = wake
        self._selector = selectors.DefaultSelector()
        self._selector.register(wake[0], _READ, self._awake)
        self._is_listening = False
        self._arriving: Queue = {}
        self._served: Queue = {}
        self._leaving: Queue = {}
        self._lingering: Queue = {}
        self._given_back: deque[Connection] = deque()
        self._held = 0
        self._dropped = 0

    @property
    def is_empty(self) -> bool:
        """Is nobody there who is owed anything?"""
        return not (self._arriving or self._served or self._leaving or self._lingering)

    def longest_served(self) -> float:
        """Seconds for which the oldest call has been worked on."""
        return time.monotonic() - next(iter(self._served.values()), time.monotonic())

    def turn(self) -> None:
        """Do whatever can be done now, after waiting for it a second at most."""
        for key, _ in self._selector.select(self._patience()):
            key.data()
        self._end_what_has_had_its_time(time.monotonic())
        if self._dropped:
            _log.warning("connections_dropped", count=self._dropped)
            self._dropped = 0

    def close_door(self) -> None:
        """Nobody else comes in, and who has said nothing yet is let go."""
        self.listen_if(False)
        for listener in self._listeners:
            listener.close()
        self._listeners.clear()
        for connection in [one for one in self._arriving if not one.held]:
            self._let_go(connection, self._arriving)

    def give_back(self, connection: Connection) -> None:
        """From any thread: the answer of this connection is made."""
        self._given_back.append(connection)
        self.wake()

    def wake(self) -> None:
        """From any thread: something has changed."""
        with suppress(BlockingIOError):  # then there is more than enough to wake up for
            os.write(self._wake[1], b"1")

    # ---------------------------------------------------------------- coming

    def listen_if(self, is_wanted: bool) -> None:
        """Let others in, or not now."""
        wanted = is_wanted and len(self._served) < self._limits.slots
        if wanted == self._is_listening:
            return
        self._is_listening = wanted
        for listener in self._listeners:
            if wanted:
                listener.setblocking(False)
                self._selector.register(listener, _READ, lambda listener=listener: self._accept(listener))
            else:
                self._selector.unregister(listener)

    def _accept(self, listener: socket.socket) -> None:
        for _ in range(_ACCEPTED_AT_ONCE):
            try:
                accepted, address = listener.accept()
            except OSError:
                return  # another worker has it, it is gone again, or there are no more descriptors
            here = listener.getsockname()
            connection = Connection(accepted, address, here, self._limits.body_bytes)
            self._arriving[connection] = time.monotonic() + self._limits.request_seconds
            self._selector.register(connection, _READ, lambda c=connection: self._receive(c))
            self._make_room()
            # What a client sends with its connection is there already, as a rule.
            self._receive(connection)
            if connection in self._served:
                return  # the next may find an idle worker

    def _receive(self, connection: Connection) -> None:
        if connection not in self._arriving:
            return  # it had to go for another a moment ago
        before = connection.held
        progress = connection.receive()
        self._held += connection.held - before
        if progress is RequestProgress.WHOLE:
            self._out_of(self._arriving, connection)
            self._served[connection] = time.monotonic()
            self._serve(connection)
        elif progress is RequestProgress.GONE:
            self._let_go(connection, self._arriving)
        else:
            self._make_room()

    def _make_room(self) -> None:
        """Of too many, or of too much in memory, the oldest go."""
        limits = self._limits
        while self._arriving and (len(self._arriving) > limits.connections or self._held > limits.held_bytes):
            self._end_arriving(next(iter(self._arriving)), Crowded())

    def _end_arriving(self, connection: Connection, why: Exception) -> None:
        """Who has begun to say something is answered."""
        if not connection.held:
            self._dropped += 1
            self._let_go(connection, self._arriving)
            return
        self._out_of(self._arriving, connection)
        self._refuse(connection, why)
        self._leave(connection)

    # ---------------------------------------------------------------- going

    def _awake(self) -> None:
        with suppress(BlockingIOError):
            os.read(self._wake[0], 4096)
        while self._given_back:
            connection = self._given_back.popleft()
            del self._served[connection]
            self._leave(connection)

    def _leave(self, connection: Connection) -> None:
        if connection.send():
            self._linger(connection)
        else:
            self._leaving[connection] = time.monotonic() + self._limits.request_seconds
            self._selector.register(connection, _WRITE, lambda: self._send(connection))

    def _send(self, connection: Connection) -> None:
        if connection.send():
            self._out_of(self._leaving, connection)
            self._linger(connection)

    def _linger(self, connection: Connection) -> None:
        """The client hangs up first: otherwise what it still sends could cost it the answer."""
        if connection.drain() is RequestProgress.GONE:
            connection.close()
            return
        self._lingering[connection] = time.monotonic() + self._limits.linger_seconds
        self._selector.register(connection, _READ, lambda: self._drain(connection))

    def _drain(self, connection: Connection) -> None:
        if connection.drain() is RequestProgress.GONE:
            self._let_go(connection, self._lingering)

    def _out_of(self, queue: Queue, connection: Connection) -> None:
        del queue[connection]
        self._selector.unregister(connection)
        if queue is self._arriving:
            self._held -= connection.held

    def _let_go(self, connection: Connection, queue: Queue) -> None:
        self._out_of(queue, connection)
        connection.close()

    # ---------------------------------------------------------------- time

    def _patience(self) -> float:
        """Seconds until the first has had its time; one at most."""
        first = [next(iter(queue.values())) for queue in self._timed() if queue]
        return max(0.0, min([1.0, *(end - time.monotonic() for end in first)]))

    def _timed(self) -> tuple[Queue, Queue, Queue]:
        return self._arriving, self._leaving, self._lingering

    def _end_what_has_had_its_time(self, now: float) -> None:
        for connection in _due(self._arriving, now):
            self._end_arriving(connection, RequestTooSlow())
        for queue in (self._leaving, self._lingering):
            for connection in _due(queue, now):
                self._let_go(connection, queue)


def _due(queue: Queue, now: float) -> list[Connection]:
    """Those that have had their time; some now and some at the next turn, if they are many."""
    due = takewhile(lambda connection: queue[connection] <= now, queue)
    return list(islice(due, _REFUSED_AT_ONCE))
