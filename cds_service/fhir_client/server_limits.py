"""The line to each FHIR server: what may wait for it at once, and for how long it is left alone when silent.

A server that hangs then keeps a few of our threads, and nobody else's calls. To a call that is refused here
the server could not be had, as if it had failed. Each process counts for itself.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import ExitStack, contextmanager, suppress
from threading import Lock, Semaphore
from typing import TypeVar

import msgspec
import structlog
from circuitbreaker import STATE_HALF_OPEN, STATE_OPEN, CircuitBreaker

from cds_service.fhir_client.base_url_allow_list import FhirBase
from cds_service.fhir_client.compute_turns import TooManyWait, waiting_outside
from cds_service.fhir_client.deadline import Deadline
from cds_service.fhir_client.fhir_get import NotFetched, WhyNotFetched

K = TypeVar("K")
T = TypeVar("T")
_NEVER_ASKED = frozenset(
    {
        WhyNotFetched.NO_SERVER,
        WhyNotFetched.SERVER_NOT_ALLOWED,
        WhyNotFetched.TOKEN_SPENT,
        WhyNotFetched.OTHER_CLIENT,
        WhyNotFetched.NO_SCOPE,
        WhyNotFetched.NOT_KEPT,
    }
)
_log = structlog.get_logger()


class LineLimits(msgspec.Struct, frozen=True):
    """For one server. `calls` wait for it at once, and `queue` more for that, `queue_seconds` at most.

    `fetches` are under way at once. When `silences` calls in a row heard nothing at all, although each had
    `least_patience` seconds or more, the server is left alone for `rest_seconds`; then one call tries.
    """

    calls: int = 16
    queue: int = 16
    queue_seconds: float = 1.0
    fetches: int = 16
    silences: int = 3
    least_patience: float = 2.0
    rest_seconds: float = 10.0


class _Silent(Exception):
    """A call heard nothing."""


class _Refused(Exception):
    def __init__(self, why: WhyNotFetched) -> None:
        super().__init__(why)
        self.why = why


class ServerLine:
    """To one server, for all threads of a process. No thread is started before the first fetch."""

    def __init__(self, limits: LineLimits, name: str = "") -> None:
        self._limits = limits
        self._name = name
        self._executor = ThreadPoolExecutor(limits.fetches, thread_name_prefix="fetch")
        self._places = Semaphore(limits.calls)
        self._queue = Semaphore(limits.queue)
        self._trial = Lock()
        self._breaker = CircuitBreaker(limits.silences, limits.rest_seconds, _Silent)

    def all(self, jobs: Mapping[K, Callable[[], T]], deadline: Deadline) -> dict[K, T | NotFetched]:
        """The outcome of each job, run side by side; what is not there at the deadline has timed out."""
        try:
            with self._place(deadline):
                patience = deadline.remaining()
                outcomes = self._side_by_side(jobs, deadline)
                self._judge([_why(outcome) for outcome in outcomes.values()], patience)
                return outcomes
        except _Refused as refused:
            why = refused.why
        except TooManyWait:
            why = WhyNotFetched.BUSY
        return {key: NotFetched(why, kind_asked(str(key))) for key in jobs}

    def _side_by_side(self, jobs: Mapping[K, Callable[[], T]], deadline: Deadline) -> dict[K, T | NotFetched]:
        futures: dict[K, Future[T]] = {}
        with waiting_outside():
            futures.update((key, self._executor.submit(job)) for key, job in jobs.items())
            wait(futures.values(), timeout=deadline.remaining())
        outcomes: dict[K, T | NotFetched] = {}
        for key, future in futures.items():
            outcome = _outcome(future, kind_asked(str(key)))
            outcomes[key] = outcome
        return outcomes

    @contextmanager
    def _place(self, deadline: Deadline) -> Iterator[None]:
        """Among those that wait for this server. Raises _Refused."""
        with ExitStack() as held:
            if not self._take_place(deadline):
                raise _Refused(WhyNotFetched.BUSY)
            held.callback(self._places.release)
            state = self._breaker.state
            if state == STATE_OPEN or (state == STATE_HALF_OPEN and not self._trial.acquire(blocking=False)):
                raise _Refused(WhyNotFetched.RESTING)
            if state == STATE_HALF_OPEN:
                held.callback(self._trial.release)
            yield

    def _take_place(self, deadline: Deadline) -> bool:
        if self._places.acquire(blocking=False):
            return True
        if not self._queue.acquire(blocking=False):
            return False
        try:
            with waiting_outside():
                return self._places.acquire(timeout=min(self._limits.queue_seconds, deadline.remaining()))
        finally:
            self._queue.release()

    def _judge(self, reasons: Iterable[WhyNotFetched | None], patience: float) -> None:
        """Was the server silent? Any answer, a refusal too, is a sign of life."""
        asked = [why for why in reasons if why not in _NEVER_ASKED]
        is_silent = all(why is WhyNotFetched.TIMEOUT for why in asked)
        if not asked or (is_silent and patience < self._limits.least_patience):
            return
        was_open = self._breaker.opened
        with suppress(_Silent), self._breaker:
            if is_silent:
                raise _Silent
        if self._breaker.opened and not was_open:
            _log.warning("fhir_server_rests", base=self._name, seconds=self._limits.rest_seconds)


class ServerLines:
    """A line to each listed server, made when it is first needed."""

    def __init__(self, limits: LineLimits | None = None) -> None:
        self._limits = limits or LineLimits()
        self._lines: dict[FhirBase | None, ServerLine] = {}

    def to(self, base: FhirBase | None, listed: Iterable[FhirBase]) -> ServerLine:
        """The line for a base at or below one that is listed: what callers name cannot make more of them."""
        above = [one for one in listed if base and one.contains(base)]
        server = max(above, key=lambda one: len(one.path), default=None)
        if server not in self._lines:
            self._lines.setdefault(server, ServerLine(self._limits, server.url if server else ""))
        return self._lines[server]


def kind_asked(relative: str) -> str:
    """The type of resource in a relative FHIR URL, or the name as it is."""
    return relative.partition("?")[0].partition("/")[0]


def outcome_of(job: Callable[[], T]) -> T | NotFetched:
    """What a job gives, or why not."""
    try:
        return job()
    except NotFetched as error:
        return error


def _why(outcome: object) -> WhyNotFetched | None:
    return outcome.why if isinstance(outcome, NotFetched) else None


def _outcome(future: "Future[T]", name: str) -> T | NotFetched:
    if not future.done():
        future.cancel()
        return NotFetched(WhyNotFetched.TIMEOUT, name)
    return outcome_of(future.result)
