"""Whose turn it is: calls compute one after the other; who waits for an outside server lets others go on.

Threads that compute side by side in one process take as long together, hold the database's lock for longer,
and make every call late. Only waiting can be shared; so every wait for an outside server stands in
`waiting_outside`.
"""

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from threading import Lock
from urllib.parse import urlsplit

_MOST = 48
_MOST_FOR_ONE_HOST = 8


class TooManyWait(OSError):
    """As many calls as may wait outside, or for this host, are waiting."""


class Turns:
    """One turn, for all threads of a process. `when_free` is told, from any thread, when it is given back.

    At most `most` calls wait outside at once, and `most_for_one_host` for an address that has no line of its
    own (`lines`): where there are more threads, some are left for calls that need nothing from outside.
    """

    def __init__(
        self, when_free: Callable[[], None], most: int = _MOST, most_for_one_host: int = _MOST_FOR_ONE_HOST
    ) -> None:
        self._turn = Lock()
        self._when_free = when_free
        self._most = most
        self._most_for_one_host = most_for_one_host
        self._waiting: Counter[str] = Counter()  # by host; changed only by who has the turn

    @property
    def is_free(self) -> bool:
        """Does nobody have the turn? A moment later this may have changed."""
        return not self._turn.locked()

    @contextmanager
    def mine(self) -> Iterator[None]:
        """The turn, once it is ours."""
        with self._turn:
            token = _turns.set(self)
            try:
                yield
            finally:
                _turns.reset(token)
        self._when_free()

    @contextmanager
    def given_up(self, host: str) -> Iterator[None]:
        """The turn is somebody else's, and ours again afterwards. Raises TooManyWait."""
        if self._waiting.total() >= self._most or (host and self._waiting[host] >= self._most_for_one_host):
            raise TooManyWait
        self._waiting[host] += 1
        self._turn.release()
        self._when_free()
        try:
            yield
        finally:
            self._turn.acquire()
            self._waiting[host] -= 1


_turns: ContextVar[Turns | None] = ContextVar("_turns", default=None)


@contextmanager
def waiting_outside(address: str | None = None) -> Iterator[None]:
    """Others may have the turn meanwhile. No lock that another call needs may be held here.

    With an `address`, only so many wait for its host at once. Raises TooManyWait.
    """
    turns = _turns.get()
    if turns is None:  # a thread that only fetches, or a program without turns
        yield
        return
    token = _turns.set(None)
    try:
        with turns.given_up(urlsplit(address).netloc if address else ""):
            yield
    finally:
        _turns.reset(token)
