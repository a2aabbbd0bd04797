"""Whose turn it is: calls compute one after the other; who waits for an outside server lets others go on.

Threads that compute side by side in one process take as long together, hold the database's lock for longer,
and make every call late. Only waiting can be shared; so every wait for an outside server stands in
`waiting_outside`.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from threading import Lock


class Turns:
    """One turn, for all threads of a process. `when_free` is told, from any thread, when it is given back."""

    def __init__(self, when_free: Callable[[], None]) -> None:
        self._turn = Lock()
        self._when_free = when_free

    @property
    def is_free(self) -> bool:
        """Does nobody have the turn? A moment later this may have changed."""
        return not self._turn.locked()

    @contextmanager
    def mine(self) -> Iterator[None]:
        """The turn, once it is ours."""
        self.take()
        token = _turns.set(self)
        try:
            yield
        finally:
            _turns.reset(token)
            self.give()

    def take(self) -> None:
        """Wait for the turn."""
        self._turn.acquire()

    def give(self) -> None:
        """Let the next have it."""
        self._turn.release()
        self._when_free()


_turns: ContextVar[Turns | None] = ContextVar("_turns", default=None)


@contextmanager
def waiting_outside() -> Iterator[None]:
    """Others may have the turn meanwhile. No lock that another call needs may be held here."""
    turns = _turns.get()
    if turns is None:
        yield
        return
    token = _turns.set(None)
    turns.give()
    try:
        yield
    finally:
        turns.take()
        _turns.reset(token)
