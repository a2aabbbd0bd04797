"""How many calls one remote address, and one proved client, may make. Counted by each worker for itself.

Counting is the `limits` library's, in the memory of the process: with n workers a client gets up to n times
the limit. It keeps one client from starving the others; one limit for all workers is a proxy's work.
"""

from collections.abc import Callable
from datetime import datetime
from functools import cached_property

from flask import request
from limits import RateLimitItemPerSecond
from limits.storage import MemoryStorage
from limits.strategies import FixedWindowRateLimiter
from werkzeug.exceptions import TooManyRequests

from cds_service.cds_hooks.service import Caller
from cds_service.web.client_authentication import Admit

WINDOW_SECONDS = 10
"""Calls are counted over this span, so a burst is let through; whoever is refused is told to wait so long."""


class RateLimit:
    """At most so many calls a second for each name, on average over one window. Raises TooManyRequests."""

    def __init__(self, per_second: float) -> None:
        self._item = RateLimitItemPerSecond(max(1, round(per_second * WINDOW_SECONDS)), WINDOW_SECONDS)

    @cached_property
    def _limiter(self) -> FixedWindowRateLimiter:
        """Made at the first call, in the worker: the storage has a thread, and none survives a fork."""
        return FixedWindowRateLimiter(MemoryStorage())

    def count(self, name: str) -> None:
        """Count one call of `name`, or refuse it."""
        if not self._limiter.hit(self._item, name):
            raise TooManyRequests(retry_after=WINDOW_SECONDS)


def limit_addresses(per_second: float) -> Callable[[], None]:
    """For `before_request`: counts by the address connected to us. `X-Forwarded-For` means nothing."""
    limit = RateLimit(per_second)

    def count() -> None:
        if not request.path.startswith("/health/"):
            limit.count(request.remote_addr or "")

    return count


def limit_clients(admit: Admit, per_second: float) -> Admit:
    """The same door, where each client that proved itself is counted by its issuer."""
    limit = RateLimit(per_second)

    def admit_counted(authorization_header: str | None, *, audience: frozenset[str], now: datetime) -> Caller:
        caller = admit(authorization_header, audience=audience, now=now)
        if caller.issuer:
            limit.count(caller.issuer)
        return caller

    return admit_counted
