"""Which tokens were used already, remembered by one process only (CH-147)."""

import heapq
from collections.abc import Callable
from datetime import datetime
from threading import Lock


class SeenTokens:
    """A `FirstTime` in memory, of at most `capacity` tokens; tokens that expired make room.

    When it is full it lets nobody in. Safe to use from several threads.
    """

    def __init__(self, clock: Callable[[], datetime], capacity: int = 100_000) -> None:
        self._clock = clock
        self._capacity = capacity
        self._seen: set[tuple[str, str]] = set()
        self._by_expiry: list[tuple[datetime, tuple[str, str]]] = []
        self._lock = Lock()

    def __call__(self, issuer: str, token_id: str, until: datetime) -> bool:
        """True if this issuer's token was not seen before; it is then remembered until `until`."""
        token = (issuer, token_id)
        with self._lock:
            self._forget_expired()
            if token in self._seen or len(self._seen) >= self._capacity:
                return False
            self._seen.add(token)
            heapq.heappush(self._by_expiry, (until, token))
            return True

    def _forget_expired(self) -> None:
        now = self._clock()
        while self._by_expiry and self._by_expiry[0][0] < now:
            self._seen.discard(heapq.heappop(self._by_expiry)[1])
