"""The same function to many pieces of work, on several machines, by dask.distributed.

Every machine must see the export under the same path. A worker that is lost loses nothing: its pieces are
given to others.
"""

from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, TypeVar
from uuid import uuid4

from distributed import CancelledError, Client, Future, KilledWorker, WorkerPlugin, get_worker, wait
from distributed.comm.core import CommClosedError

from cds_service.screening.cluster import Cluster, ClusterFailed
from cds_service.screening.software import installed_software

T = TypeVar("T")
R = TypeVar("R")
_AHEAD = 2
"""Pieces handed out for each thread of a worker: more would fill the memory with results."""
_PATIENCE = 120.0
"""Seconds without any worker after which the run is given up."""
_LOOK = 5.0


@dataclass(frozen=True, slots=True)
class OnDask:
    """On the workers of a cluster. `patience` in seconds without any worker."""

    cluster: Cluster
    patience: float = _PATIENCE

    def run(self, shards: Iterable[T], decide: Callable[[T], R]) -> Iterator[R]:
        """As Engine says; ClusterFailed for WorkerLost."""
        rules = Rules(decide)
        with self.cluster.open() as client, client.as_current():
            client.register_plugin(rules)
            try:
                yield from _Pieces(client, rules.name, self.patience).results(iter(shards))
            except (CancelledError, CommClosedError, NoAnswer) as error:
                raise ClusterFailed(f"{self.cluster.scheduler} is gone ({type(error).__name__})") from None
            finally:
                if client.status == "running":  # a scheduler that is gone would be waited for
                    with suppress(OSError):  # it may be going just now
                        client.unregister_worker_plugin(rules.name)


class NoAnswer(Exception):
    """The scheduler no longer answers."""


class Rules(WorkerPlugin):
    """What is asked of each piece, sent to each worker once, also to one that comes later."""

    def __init__(self, decide: Callable[[Any], Any]) -> None:
        self.name = f"decide-{uuid4().hex}"
        self.decide = decide
        self.software = installed_software()


@dataclass(frozen=True, slots=True)
class _Piece:
    """A piece of work that tells nothing of itself: workers log what they fail at."""

    work: Any = field(repr=False)


def _decide(rules: str, piece: _Piece) -> Any:
    """On a worker. Raises ClusterFailed where another program is installed there."""
    worker = get_worker()
    plugin = worker.plugins[rules]
    if not isinstance(plugin, Rules) or plugin.software != installed_software():
        raise ClusterFailed(f"{worker.address}: another version of cds-service, or of what it reads with")
    return plugin.decide(piece.work)


@dataclass(slots=True)
class _Pieces:
    client: Client
    rules: str
    patience: float
    running: set[Future[Any]] = field(default_factory=set)
    without: float = 0.0

    def results(self, left: Iterator[Any]) -> Iterator[Any]:
        """Each as it is done; a few are always handed out ahead."""
        more = True
        while more or self.running:
            more = more and self._hand_out(left)
            for future in self._done() if self.running else ():
                yield from self._result(future)

    def _hand_out(self, left: Iterator[Any]) -> bool:
        """Until all are busy; are there any left?"""
        threads = self._threads()
        while len(self.running) < max(threads, 1) * _AHEAD:
            try:
                piece = _Piece(next(left))
            except StopIteration:
                return False
            self.running.add(self.client.submit(_decide, self.rules, piece, pure=False))
        return True

    def _done(self) -> set[Future[Any]]:
        """Waits, as long as there are workers at all. Raises ClusterFailed."""
        while True:
            with suppress(TimeoutError):
                done, self.running = wait(self.running, timeout=_LOOK, return_when="FIRST_COMPLETED")
                return set(done)
            self._waited()

    def _result(self, future: Future[Any]) -> Iterator[Any]:
        """The result; nothing yet where the worker that holds it was lost, and the piece is done again."""
        try:
            found = future.result(timeout=_LOOK)
        except TimeoutError:
            self.running.add(future)
            self._waited()
            return
        except KilledWorker:
            raise ClusterFailed(
                "a piece of work ended several workers, most often for want of memory"
            ) from None
        self.without = 0.0
        future.release()
        yield found

    def _waited(self) -> None:
        """One more look without a result. Raises ClusterFailed when there was no worker for too long."""
        self.without = 0.0 if self._threads() else self.without + _LOOK
        if self.without >= self.patience:
            raise ClusterFailed(f"no worker for {self.patience:.0f} s")

    def _threads(self) -> int:
        """Of all workers, by the scheduler. Raises NoAnswer."""
        try:
            return sum(self.client.nthreads().values())
        except OSError:
            raise NoAnswer from None
