"""Where the work is done: in this process, on the cores of this machine, or wherever an engine brings it.

A piece of work may be done twice and come back in any order: results carry the key of their piece.
"""

import pickle
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from functools import lru_cache
from multiprocessing import forkserver, get_context
from multiprocessing.context import BaseContext
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Any, Protocol, TypeVar

T = TypeVar("T")
R = TypeVar("R")
_AHEAD = 2
"""Pieces of work handed out for each core: more would fill the memory with results."""
_PRELOADED = ["cds_service.screening.preloaded"]


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


class OnCores:
    """On some processes of this machine, which stay from one function to the next."""

    def __init__(self, pool: ProcessPoolExecutor, ahead: int) -> None:
        self._pool, self._ahead = pool, ahead

    def run(self, shards: Iterable[T], decide: Callable[[T], R]) -> Iterator[R]:
        """As Engine says."""
        # The rules are large, and the pieces of work many: each process reads the function once.
        with NamedTemporaryFile() as file:
            pickle.dump(decide, file)
            file.flush()
            try:
                yield from _results(self._pool, file.name, iter(shards), self._ahead)
            except BrokenProcessPool as error:
                raise WorkerLost from error


def prepare_cores() -> None:
    """Begin to load what the processes of a machine need, before there is work for them."""
    _fresh()
    forkserver.ensure_running()


def _fresh() -> BaseContext:
    """A fresh process inherits no thread and no open file of ours."""
    context = get_context("forkserver")
    context.set_forkserver_preload(_PRELOADED)
    return context


@contextmanager
def engine_on(cores: int) -> Iterator[Engine]:
    """The engine of one machine; its processes are gone at the end."""
    if cores == 1:
        yield InProcess()
        return
    pool = ProcessPoolExecutor(cores, _fresh())
    try:
        yield OnCores(pool, cores * _AHEAD)
    finally:
        pool.shutdown(cancel_futures=True)


def _results(pool: ProcessPoolExecutor, decide: str, left: Iterator[T], ahead: int) -> Iterator[Any]:
    running: set[Future[Any]] = set()
    while True:
        while len(running) < ahead and (shard := next(left, None)) is not None:
            running.add(pool.submit(_decide, decide, shard))
        if not running:
            return
        done, running = wait(running, return_when=FIRST_COMPLETED)
        for future in done:
            yield future.result()


def _decide(file: str, shard: Any) -> Any:
    return _loaded(file)(shard)


@lru_cache(maxsize=1)
def _loaded(file: str) -> Callable[[Any], Any]:
    found: Callable[[Any], Any] = pickle.loads(Path(file).read_bytes())  # noqa: S301 - our own, just written
    return found
