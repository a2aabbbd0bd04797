"""Where the work is done: in this process, on the cores of this machine, or wherever an engine brings it.

A piece of work may be done twice and come back in any order: results carry the key of their piece.
"""

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from multiprocessing import get_context
from typing import Any, Protocol, TypeVar

T = TypeVar("T")
R = TypeVar("R")
_AHEAD = 2
"""Pieces of work handed out for each core: more would fill the memory with results."""


class WorkerLost(Exception):
    """A process that did the work was ended from outside, most often because memory ran out."""


class Engine(Protocol):
    """Does one function to many pieces of work."""

    def run(self, shards: Iterable[T], decide: Callable[[T], R]) -> Iterator[R]:
        """The result of each, in any order. `decide` and what it takes and gives can be pickled.

        Raises whatever `decide` raises, and WorkerLost.
        """
        ...


class InProcess:
    """One after the other, here."""

    def run(self, shards: Iterable[T], decide: Callable[[T], R]) -> Iterator[R]:
        """As Engine says."""
        return map(decide, shards)


@dataclass(frozen=True, slots=True)
class OnCores:
    """On `cores` processes of this machine."""

    cores: int

    def run(self, shards: Iterable[T], decide: Callable[[T], R]) -> Iterator[R]:
        """As Engine says."""
        # A fresh process inherits no thread and no open file of ours.
        pool = ProcessPoolExecutor(self.cores, get_context("spawn"), initializer=_take, initargs=(decide,))
        try:
            yield from _results(pool, iter(shards), self.cores * _AHEAD)
        except BrokenProcessPool as error:
            raise WorkerLost from error
        finally:
            pool.shutdown(cancel_futures=True)


def engine_on(cores: int) -> Engine:
    """The engine of one machine."""
    return InProcess() if cores == 1 else OnCores(cores)


def _results(pool: ProcessPoolExecutor, left: Iterator[T], ahead: int) -> Iterator[Any]:
    running: set[Future[Any]] = set()
    while True:
        while len(running) < ahead and (shard := next(left, None)) is not None:
            running.add(pool.submit(_decide, shard))
        if not running:
            return
        done, running = wait(running, return_when=FIRST_COMPLETED)
        for future in done:
            yield future.result()


_taken: list[Callable[[Any], Any]] = []


def _take(decide: Callable[[Any], Any]) -> None:
    """Once in each process: the rules are large, and the pieces of work many."""
    _taken[:] = [decide]


def _decide(shard: Any) -> Any:
    return _taken[0](shard)
