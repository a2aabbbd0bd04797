"""dask.distributed as an engine: every result, whatever happens to workers; no words of a patient in a log."""

import subprocess
import sys

import pytest
from distributed import Client

from cds_service.screening.cluster import Certificates, Cluster, ClusterFailed, check_closed
from cds_service.screening.on_dask import OnDask, _Pieces
from cds_service.screening.software import installed_software
from tests.cluster.processes import certificates_in, cluster
from tests.cluster.work import Fails, KilledOnce, Squares, SquaresTogether, ends_the_scheduler

MANY = 40
SQUARES = [(n, n * n) for n in range(MANY)]


@pytest.fixture(scope="module")
def two(tmp_path_factory):
    """A scheduler and two workers for the tests that harm none of them."""
    with cluster(tmp_path_factory.mktemp("cluster")) as processes:
        yield processes


def test_every_piece_once_and_not_all_by_one_worker(two, tmp_path):
    assert sorted(OnDask(two.cluster).run(range(MANY), SquaresTogether(tmp_path))) == SQUARES
    assert len(list(tmp_path.iterdir())) == 2
    done = [int(n) for who in tmp_path.iterdir() for n in who.read_text().split()]
    assert sorted(done) == list(range(MANY))


def test_no_piece_at_all(two, tmp_path):
    assert list(OnDask(two.cluster).run((), Squares(tmp_path))) == []


def test_a_piece_given_twice_comes_back_twice_with_its_key(two, tmp_path):
    assert sorted(OnDask(two.cluster).run([7, 7], Squares(tmp_path))) == [(7, 49), (7, 49)]


def test_pieces_are_taken_as_they_are_needed(two, tmp_path):
    taken = []

    def pieces():
        for n in range(MANY):
            taken.append(n)
            yield n

    results = OnDask(two.cluster).run(pieces(), Squares(tmp_path))
    next(results)
    assert len(taken) <= 4 * 2
    results.close()


def test_what_the_function_raises_is_raised_here_and_no_worker_logs_what_it_was_given(two):
    work = ((n, "Zhang San, 13800000000") for n in range(MANY))
    with pytest.raises(FileNotFoundError, match=r"Condition\.001\.ndjson"):
        list(OnDask(two.cluster).run(work, Fails()))
    assert "FileNotFoundError" in two.log
    assert "Zhang" not in two.log


def test_other_software_on_a_worker_decides_nothing(two, tmp_path, monkeypatch):
    monkeypatch.setattr("cds_service.screening.on_dask.installed_software", lambda: "another")
    with pytest.raises(ClusterFailed, match="another version of cds-service"):
        list(OnDask(two.cluster).run(range(MANY), Squares(tmp_path)))
    assert list(tmp_path.iterdir()) == []


def test_software_is_told_by_its_content():
    assert len(installed_software()) == 64
    assert installed_software() == installed_software.__wrapped__()


def test_a_worker_killed_in_the_middle_loses_nothing(tmp_path):
    (work := tmp_path / "work").mkdir()
    with cluster(tmp_path) as processes:
        found = sorted(OnDask(processes.cluster).run(range(MANY), KilledOnce(work, at=MANY // 2)))
        ended = [worker.poll() for worker in processes.workers]
    assert found == SQUARES
    assert sorted(ended, key=str) == [-9, None]
    assert (work / "killed").exists()


def test_the_last_worker_gone_ends_the_run_in_words(tmp_path):
    with cluster(tmp_path, workers=1) as processes:
        engine = OnDask(processes.cluster, patience=5.0)
        with pytest.raises(ClusterFailed, match="no worker for 5 s"):
            list(engine.run(range(MANY), KilledOnce(tmp_path, at=3)))


class GoneWithItsWorker:
    """A future that was done, and whose result nobody holds any more."""

    def result(self, timeout):
        raise TimeoutError

    def release(self):
        raise AssertionError("it is still wanted")


def test_a_result_that_was_lost_with_its_worker_is_wanted_again_and_not_for_ever():
    class NoWorkers:
        def nthreads(self):
            return {}

    pieces, future = _Pieces(NoWorkers(), "rules", patience=10.0), GoneWithItsWorker()
    assert list(pieces._result(future)) == []
    assert pieces.running == {future}
    with pytest.raises(ClusterFailed, match="no worker for 10 s"):
        list(pieces._result(future))


def test_a_piece_that_ends_every_worker_ends_the_run_in_words(tmp_path):
    with cluster(tmp_path, workers=5) as processes:
        engine = OnDask(processes.cluster, patience=5.0)
        with pytest.raises(ClusterFailed, match="ended several workers"):
            list(engine.run(range(MANY), KilledOnce(tmp_path, at=3, every_time=True)))


def test_a_scheduler_that_ends_ends_the_run_in_words(tmp_path):
    with cluster(tmp_path) as processes:
        work = ((n, processes.process.pid) for n in range(MANY))
        processes.cluster.open().close()  # it is up
        one = Cluster(processes.scheduler, seconds=5.0)
        with pytest.raises(ClusterFailed, match=r"tcp://127\.0\.0\.1:\d+ is gone"):
            list(OnDask(one).run(work, ends_the_scheduler))


def test_a_scheduler_that_does_not_answer_which_workers_it_has_is_gone(monkeypatch, two, tmp_path):
    """A connection that was closed is known at once; one whose host is busy ending times out."""

    def silent(self):
        raise OSError("Timed out trying to connect")

    monkeypatch.setattr(Client, "nthreads", silent)
    with pytest.raises(ClusterFailed, match=r"tcp://127\.0\.0\.1:\d+ is gone \(NoAnswer\)"):
        list(OnDask(two.cluster).run(range(MANY), Squares(tmp_path)))


def test_no_worker_at_all(tmp_path):
    with cluster(tmp_path, workers=0) as processes:
        one = Cluster(processes.scheduler, seconds=1.0)
        with pytest.raises(ClusterFailed, match="has no worker"):
            list(OnDask(one).run(range(3), Squares(tmp_path)))


def test_no_scheduler():
    with pytest.raises(ClusterFailed, match=r"tcp://127\.0\.0\.1:1"):
        Cluster("tcp://127.0.0.1:1", seconds=0.5).open()


# ---------------------------------------------------------------- who is let in


@pytest.fixture(scope="module")
def closed(tmp_path_factory):
    """The same over TLS, with certificates of all sides."""
    folder = tmp_path_factory.mktemp("closed")
    with cluster(folder, certificates=certificates_in(folder / "own")) as processes:
        yield processes


def test_over_tls_with_certificates_of_all_sides(closed, tmp_path):
    assert closed.scheduler.startswith("tls://")
    assert sorted(OnDask(closed.cluster).run(range(MANY), Squares(tmp_path))) == SQUARES


def test_a_certificate_by_another_authority_is_not_let_in(closed, tmp_path):
    others = certificates_in(tmp_path / "others", "somebody else")
    own = closed.certificates
    stranger = Certificates(own.authority, others.certificate, others.key)
    with pytest.raises(ClusterFailed):
        Cluster(closed.scheduler, stranger, seconds=2.0).open()


def test_and_a_scheduler_by_another_authority_is_given_nothing(closed, tmp_path):
    others = certificates_in(tmp_path / "others", "somebody else")
    own = closed.certificates
    deceived = Certificates(others.authority, own.certificate, own.key)
    with pytest.raises(ClusterFailed):
        Cluster(closed.scheduler, deceived, seconds=2.0).open()


@pytest.mark.parametrize(
    ("address", "certified"),
    [
        ("tcp://10.0.0.5:8786", True),
        ("tcp://10.0.0.5:8786", False),
        ("tcp://0.0.0.0:8786", False),
        ("tls://10.0.0.5:8786", False),
        ("ws://127.0.0.1:8786", False),
        ("ucx://10.0.0.5:8786", True),
        ("10.0.0.5:8786", True),
        ("tcp://[", True),
        ("", False),
    ],
)
def test_off_this_computer_nothing_without_tls_and_certificates(address, certified, tmp_path):
    own = certificates_in(tmp_path / "own") if certified else None
    with pytest.raises(ClusterFailed, match="must be tls://, with certificates"):
        Cluster(address, own).open()


@pytest.mark.parametrize(
    ("addresses", "closed"),
    [
        (("tls://10.0.0.5:8786", "tls://10.0.0.6:4000"), True),
        (("tcp://127.0.0.1:8786", "tcp://127.0.0.1:4000", "tcp://[::1]:4001"), True),
        (("tcp://127.0.0.1:8786", "tcp://10.0.0.6:4000"), False),
        (("tcp://10.0.0.5:8786",), False),
    ],
)
def test_one_open_address_is_enough_to_use_none(addresses, closed):
    if closed:
        check_closed(addresses)
    else:
        with pytest.raises(ClusterFailed, match=r"open to others without TLS: tcp://10\.0\.0\.\d"):
            check_closed(addresses)


def test_the_engine_is_imported_by_nobody_who_does_not_ask_for_it():
    program = "import sys, cds_service.cli.commands, cds_service.wiring; print('distributed' in sys.modules)"
    assert (
        subprocess.run([sys.executable, "-c", program], capture_output=True, check=True).stdout == b"False\n"
    )
