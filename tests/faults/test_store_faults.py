"""A database that fails, under a production service: nothing is answered that is not on record, nothing is lost."""

import json
import os
import signal
import subprocess
import threading
import time
from collections import Counter
from contextlib import contextmanager

import pytest

from cds_service.audit.database import connect
from tests.audit.rows import rows
from tests.faults.store_faults import STORE_FAULTS, Database, locked_file, locked_tables
from tests.installation import A_KEY, ANOTHER_KEY
from tests.live.service import Service, a_free_port, end, serving, start
from tests.load.clients import Clients
from tests.load.hospital import BASE, ask, calls, ehrs, react, write_site
from tests.load.laws import broken

SERVICE = "aa-trial-titration"
CHANGING = ("calls", "given_advice", "given_rules", "feedback", "unmatched_feedback")


@contextmanager
def hospital(folder, url):
    """The settings of a production service for two EHRs."""
    clients = ehrs(2)
    yield (
        clients,
        {
            "ENVIRONMENT": "production",
            "PUBLIC_BASE_URL": BASE,
            "SITE_FILE": str(write_site(folder, clients)),
            "DATABASE_URL": url,
            "PSEUDONYM_KEY": A_KEY,
            "WORKERS": "2",
        },
    )


@pytest.fixture
def database(request, tmp_path):
    if request.param == "sqlite":
        file = tmp_path / "store.sqlite3"
        return Database(f"sqlite:///{file}", file=file)
    return Database(request.getfixturevalue("pg_url"), server=request.getfixturevalue("pg"))


def everything(url):
    engine = connect(url)
    try:
        return {table: rows(engine, table) for table in CHANGING}
    finally:
        engine.dispose()


def with_cards(service, wanted):
    """The first call that is answered with a card, and the uuid of that."""
    for call in wanted:
        _, _, body = ask(service, call)
        if cards := json.loads(body)["cards"]:
            return call, cards[0]["uuid"]
    raise AssertionError("no call has a card")


@pytest.mark.parametrize(
    ("fault", "database"),
    [pytest.param(fault, fault.kind, id=f"{fault.kind} {fault.name}") for fault in STORE_FAULTS],
    indirect=["database"],
)
def test_what_cannot_be_recorded_is_not_said_and_works_again_afterwards(fault, database, tmp_path):
    with hospital(tmp_path, database.url) as (clients, settings), serving(tmp_path, **settings) as service:
        first, *others = calls(clients, 40)
        told, card = with_cards(service, [first, *others])
        before = everything(database.url)
        fresh = others[-1]
        with fault.cause(service, database):
            for status, headers, body in (ask(service, fresh), react(service, told, card)):
                assert status == 503
                assert headers["retry-after"] == "1"
                (issue,) = json.loads(body)["issue"]
                assert issue["code"] == "transient"
                assert "database" not in body.decode().lower()
            assert service.ask("/health/ready")[0] == fault.ready
            assert service.ask("/health/live")[0] == 200
        assert everything(database.url) == before
        assert len(service.events("store_unavailable")) == 2
        assert ask(service, fresh)[0] == 200
        assert react(service, told, card)[0] == 200
        assert service.ask("/health/ready")[0] == 200
        after = everything(database.url)
        assert len(after["calls"]) == len(before["calls"]) + 1
        assert len(after["feedback"]) == 1


def test_a_server_that_is_not_ready_says_what_and_no_more(pg, pg_url, tmp_path):
    with hospital(tmp_path, pg_url) as (_, settings), serving(tmp_path, **settings) as service:
        pg.stop()
        try:
            status, _, body = service.ask("/health/ready")
        finally:
            pg.start()
        assert (status, json.loads(body)) == (503, {"status": "not-ready", "notReady": ["database"]})


def test_a_file_deleted_under_the_service_is_noticed(tmp_path):
    file = tmp_path / "store.sqlite3"
    with (
        hospital(tmp_path, f"sqlite:///{file}") as (clients, settings),
        serving(tmp_path, **settings) as service,
    ):
        first, second = calls(clients, 2)
        assert ask(service, first)[0] == 200
        for part in tmp_path.glob("store.sqlite3*"):
            part.unlink()
        assert ask(service, second)[0] == 503
        assert service.ask("/health/ready")[0] == 503
        assert service.ask("/health/live")[0] == 200


def test_a_file_damaged_under_the_service_is_told(tmp_path):
    file = tmp_path / "store.sqlite3"
    with (
        hospital(tmp_path, f"sqlite:///{file}") as (_, settings),
        serving(tmp_path, **settings) as service,
    ):
        assert service.ask("/health/ready")[0] == 200
        with file.open("r+b") as opened:
            opened.write(b"\xa5" * 100)
        for _ in range(300):  # a worker looks at the file for one part in a hundred of its time
            status, _, body = service.ask("/health/ready")
            if status == 503:
                break
            time.sleep(0.2)
        assert "database-file" in json.loads(body)["notReady"]
        assert "store_damaged" in service.log.read_text()


@pytest.mark.parametrize("database", ["sqlite", "postgresql"], indirect=True)
def test_a_lock_that_ends_in_time_costs_nobody_an_error(database, tmp_path):
    lock = locked_file if database.file else locked_tables
    with hospital(tmp_path, database.url) as (clients, settings), serving(tmp_path, **settings) as service:
        (call,) = calls(clients, 1)
        answers = []
        with lock(service, database):
            waiting = threading.Thread(target=lambda: answers.append(ask(service, call)))
            waiting.start()
            time.sleep(1.0)
            assert not answers
        waiting.join()
        assert [status for status, _, _ in answers] == [200]


class Persistent(Clients):
    """Clients that repeat what was answered 503, as they are told to."""

    def _post(self, call):
        while True:
            status, body = super()._post(call)
            if status != 503:
                return status, body
            time.sleep(0.2)


def load(service, clients, act):
    """Some hundred calls by four threads, and something that happens after a quarter of them."""
    wanted = list(calls(clients, 120))
    client = Persistent(service.port, 4, time.monotonic() + 180)
    answers = []
    running = threading.Thread(target=lambda: answers.extend(client.make(wanted)))
    running.start()
    while client.done < 30:
        time.sleep(0.005)
    act()
    running.join()
    assert len(answers) == len(wanted)
    return answers


def test_a_database_restarted_under_load_loses_and_doubles_nothing(pg, pg_url, tmp_path):
    with hospital(tmp_path, pg_url) as (clients, settings), serving(tmp_path, **settings) as service:

        def restart():
            pg.stop()
            time.sleep(0.5)
            pg.start()

        answers = load(service, clients, restart)
    engine = connect(pg_url)
    assert list(broken(answers, [], engine, kills=0, clients=1)) == []
    engine.dispose()


@pytest.mark.parametrize("database", ["sqlite", "postgresql"], indirect=True)
def test_a_service_killed_under_load_and_started_again_loses_and_doubles_nothing(database, tmp_path):
    port = a_free_port()
    with hospital(tmp_path, database.url) as (clients, settings):
        processes = [start(tmp_path, port, **settings)]
        service = Service(port, tmp_path / "service.log", processes[0])
        try:
            service.wait_until_ready()

            def kill():
                workers = service.workers()
                for process in (service.process.pid, *workers):
                    os.kill(process, signal.SIGKILL)
                service.process.wait()
                processes.append(start(tmp_path, port, **settings))

            answers = load(service, clients, kill)
        finally:
            for process in processes:
                end(process)
    engine = connect(database.url)
    # Two workers had one call each; while nothing listens, the others are only refused a connection.
    assert list(broken(answers, [], engine, kills=10_000, clients=1)) == []
    assert Counter(answer.status for answer in answers) == {200: 120}
    engine.dispose()


def test_the_page_of_another_key_is_refused_at_the_start(tmp_path):
    url = f"sqlite:///{tmp_path / 'store.sqlite3'}"
    with hospital(tmp_path, url) as (_, settings):
        with serving(tmp_path, **settings):
            pass
        process = start(tmp_path, a_free_port(), **(settings | {"PSEUDONYM_KEY": ANOTHER_KEY}))
        assert process.wait(30) == 2
    assert isinstance(process, subprocess.Popen)
    assert "made with another CDS_PSEUDONYM_KEY" in (tmp_path / "service.log").read_text()
