"""Metrics: of all workers together, on a port of their own, gone with the server. What counts: tests/web/test_counting."""

import os
import signal
import socket
import time
import urllib.request

from tests.live.service import PATIENCE, a_free_port, end, serving, start
from tests.standard.calls import a_body
from tests.web.test_client_trust import WHOLE

URL = "/cds-services/aa-trial-titration"
SERVICE = "aa-trial-titration"


def page(port):
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=5) as answer:
        lines = answer.read().decode().splitlines()
    return {
        name: float(value) for name, _, value in (line.rpartition(" ") for line in lines if line[0] != "#")
    }


def gone(port):
    """Does the port stop answering?"""
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            return True
        time.sleep(0.05)
    return False


def test_the_calls_of_all_workers_are_counted_on_a_port_of_their_own(tmp_path):
    port = a_free_port()
    with serving(tmp_path, WORKERS="2", METRICS_PORT=str(port)) as service:
        whole = a_body(prefetch=WHOLE)
        said = [service.ask(URL, whole)[0] for _ in range(20)]
        said += [service.ask(URL, a_body(prefetch={}))[0], service.ask("/metrics")[0]]
        assert said == [200] * 20 + [412, 404]
        found = page(port)
        assert found[f'cds_calls_total{{service="{SERVICE}",status="200"}}'] == 20
        assert found[f'cds_calls_total{{service="{SERVICE}",status="412"}}'] == 1
        assert found[f'cds_call_seconds_count{{service="{SERVICE}"}}'] == 20
        assert found[f'cds_call_seconds_bucket{{le="10.0",service="{SERVICE}"}}'] == 20
        assert found['cds_prefetch_missed_total{key="patient"}'] == 1
        assert found['cds_refusals_total{status="404"}'] == 1
        assert sum(value for name, value in found.items() if name.startswith("cds_cards_total{")) >= 20
        assert "SECRET" not in str(found)
    assert gone(port)


def test_a_killed_worker_s_calls_stay_counted(tmp_path):
    port = a_free_port()
    with serving(tmp_path, METRICS_PORT=str(port)) as service:
        name = f'cds_calls_total{{service="{SERVICE}",status="200"}}'
        service.ask(URL, a_body(prefetch=WHOLE))
        os.kill(service.workers()[0], signal.SIGKILL)
        service.ask(URL, a_body(prefetch=WHOLE))
        assert page(port)[name] == 2


def test_the_page_ends_with_a_server_that_was_killed(tmp_path):
    port = a_free_port()
    with serving(tmp_path, METRICS_PORT=str(port)) as service:
        workers = service.workers()
        service.process.kill()
        service.process.wait()
        assert gone(port)
        assert gone(service.port)
        assert workers


def test_without_a_port_nothing_is_counted_and_no_page_is_there(tmp_path):
    with serving(tmp_path) as service:
        assert service.ask("/metrics")[0] == 404


def test_a_port_that_is_taken_is_told_at_the_start(tmp_path):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        process = start(
            tmp_path,
            a_free_port(),
            ENVIRONMENT="development",
            METRICS_PORT=str(taken.getsockname()[1]),
        )
        try:
            assert process.wait(PATIENCE) != 0
        finally:
            end(process)
    assert "metrics cannot be served" in (tmp_path / "service.log").read_text()
