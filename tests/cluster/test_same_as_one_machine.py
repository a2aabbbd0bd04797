"""Law: on several machines screening says of every patient what it says on one, however the export lies in files."""

import os
import signal
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from cds_service.screening.on_dask import OnDask
from tests.cluster.processes import Processes, cluster

export = pytest.importorskip(
    "cds_service.screening.export_files", reason="the screening of a folder is not here yet"
)
engines = pytest.importorskip(
    "cds_service.screening.screening_engine", reason="the screening of a folder is not here yet"
)
exports = pytest.importorskip("tests.screening.exports", reason="the screening of a folder is not here yet")
law = pytest.importorskip(
    "tests.screening.test_same_as_assess", reason="the screening of a folder is not here yet"
)
Arrangement = exports.Arrangement
SMALL = 15_000  # bytes of a shard: a patient's lines lie in many


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OnDask]:
    with cluster(tmp_path_factory.mktemp("cluster")) as processes:
        yield OnDask(processes.cluster)


@dataclass(frozen=True)
class Twice:
    """Every piece of work is delivered twice, and so is its result."""

    engine: Any

    def run(self, shards: Iterable[Any], decide: Callable[[Any], Any]) -> Iterator[Any]:
        return self.engine.run((one for shard in shards for one in (shard, shard)), decide)


@dataclass(frozen=True)
class KillsWhileReading:
    """The process that reads a certain shard is ended from outside, once."""

    decide: Any
    place: Any
    marker: Path

    def __call__(self, work: Any) -> Any:
        if getattr(work, "key", None) == self.place and not self.marker.exists():
            self.marker.write_text(str(os.getpid()))
            os.kill(os.getpid(), signal.SIGKILL)
        return self.decide(work)


@dataclass(frozen=True)
class WithAKill:
    """The engine, and a worker killed at the piece of work with this key."""

    engine: Any
    place: Any
    marker: Path

    def run(self, shards: Iterable[Any], decide: Callable[[Any], Any]) -> Iterator[Any]:
        return self.engine.run(shards, KillsWhileReading(decide, self.place, self.marker))


def one_machine(folder: Path, out: Path) -> Any:
    return everything(folder, out, export.How(engines.InProcess()))


def everything(folder: Path, out: Path, how: Any) -> Any:
    """Everybody's summary, and every assessment."""
    return law.screened(folder, out, how), law.assessments(out)


def compared(folder: Path, tmp_path: Path, engine: Any, **how: Any) -> None:
    alone = one_machine(folder, tmp_path / "alone")
    together = everything(folder, tmp_path / "together", export.How(engine, **how))
    assert len(alone[0]) > 100
    assert len(alone[1]) > 10
    assert together == alone


@pytest.mark.parametrize(
    "arrangement",
    [
        Arrangement(by_type=False, files=3, shuffled=True),
        Arrangement(files=2, packed=True),
        Arrangement(by_type=False, shuffled=True, last_ends=False),
    ],
    ids=["patients split over shards", "gzip parts", "the last line without end"],
)
def test_however_the_export_lies_in_files(arrangement: Any, engine: OnDask, tmp_path: Path) -> None:
    folder = exports.written(law.people(), tmp_path / "export", arrangement)
    compared(folder, tmp_path, engine, shard_bytes=SMALL)


def test_a_torn_last_line(engine: OnDask, tmp_path: Path) -> None:
    folder = exports.written(law.people(), tmp_path / "export", Arrangement(files=2))
    for file in sorted(folder.glob("*.ndjson")):
        file.write_bytes(file.read_bytes()[:-20])
    compared(folder, tmp_path, engine, shard_bytes=SMALL)


def test_every_piece_delivered_twice(engine: OnDask, tmp_path: Path) -> None:
    folder = exports.written(law.people(), tmp_path / "export", Arrangement(by_type=False, shuffled=True))
    compared(folder, tmp_path, Twice(engine), shard_bytes=50_000)


@pytest.mark.parametrize("place", [1, "0-1"], ids=["while reading", "while judging"])
def test_a_worker_killed_in_the_middle(place: Any, tmp_path: Path) -> None:
    folder = exports.written(law.people(), tmp_path / "export", Arrangement(by_type=False, shuffled=True))
    (tmp_path / "cluster").mkdir()
    with cluster(tmp_path / "cluster") as processes:
        killing = WithAKill(OnDask(processes.cluster), place, tmp_path / "killed")
        compared(folder, tmp_path, killing, shard_bytes=50_000)
        assert -signal.SIGKILL in ended(processes)


def ended(processes: Processes) -> list[int | None]:
    return [worker.poll() for worker in processes.workers]
