"""The server as it runs in production: limits, refusals, slow clients, and an end that loses no call."""

import json
import os
import signal
import socket
import threading
import time

import pytest

from fhir_mappings.clinical_model.known_unknown import Part
from tests.fhir_client.charts import CHART, MEDICATION, TYPES
from tests.fhir_client.stub import running, says, searchset, sleeps
from tests.live.service import end, serving
from tests.standard.calls import PATIENT, a_body, authorization
from tests.web.test_client_trust import WHOLE

URL = "/cds-services/aa-trial-titration"
SECRET = b"SECRET-PATIENT"
HEAD = b"POST /cds-services/aa-trial-titration HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"


@pytest.fixture(scope="module")
def service(tmp_path_factory):
    with serving(
        tmp_path_factory.mktemp("served"), REQUEST_SECONDS="1", MAX_BODY_BYTES="200000"
    ) as running_service:
        yield running_service


def refusal(answer, status):
    """The OperationOutcome of a raw answer, whose headers are those of every other."""
    head, _, body = answer.partition(b"\r\n\r\n")
    lines = head.decode().split("\r\n")
    headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines[1:])}
    assert lines[0].split(" ")[1] == str(status)
    assert "server" not in headers
    assert len(headers["x-request-id"]) == 36
    outcome = json.loads(body)
    assert outcome["resourceType"] == "OperationOutcome"
    return outcome["issue"][0]


def test_an_answer_names_no_server_software(service):
    status, headers, _ = service.ask("/cds-services")
    assert status == 200
    assert "server" not in headers
    assert "gunicorn" not in json.dumps(dict(headers)).lower()


@pytest.mark.parametrize(
    ("request_", "status"),
    [
        (b"GET /" + SECRET * 600 + b" HTTP/1.1\r\nHost: x\r\n\r\n", 414),
        (HEAD + b"X-Long: " + SECRET * 700 + b"\r\n\r\n", 431),
        (HEAD + b"".join(b"X-%d: SECRET-PATIENT\r\n" % n for n in range(60)) + b"\r\n", 431),
        (b"{" + SECRET + b"}\r\n\r\n", 400),
        (HEAD + b"Authorization: Bearer " + SECRET + b"\x00\r\n\r\n", 400),
        (HEAD + SECRET + b" : x\r\n\r\n", 400),
        (HEAD + b"Transfer-Encoding: " + SECRET + b"\r\n\r\n", 501),
        (HEAD + b"Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n", 400),
        (HEAD + b"Transfer-Encoding: chunked\r\n\r\n" + SECRET + b"\r\n", 400),
    ],
    ids=["line", "field", "fields", "no HTTP", "null", "name", "coding", "smuggling", "chunk size"],
)
def test_what_is_no_request_is_refused_and_nothing_of_it_is_logged(service, request_, status):
    issue = refusal(service.raw(request_), status)
    assert "SECRET" not in json.dumps(issue)
    assert service.events("http_refused")[-1]["status"] == status
    assert "SECRET" not in service.log.read_text()


def test_the_longest_token_gets_through(service):
    status, _, _ = service.ask(URL, a_body(prefetch=WHOLE), Authorization="Bearer " + "a" * 8_000)
    assert status == 200


@pytest.mark.parametrize(("size", "status"), [(199_999, 400), (200_000, 400), (200_001, 413)])
@pytest.mark.parametrize("chunked", [True, False])
def test_a_body_over_the_limit_is_refused_however_it_is_sent(service, size, status, chunked):
    body = b'{"' + b"x" * (size - 2)
    if chunked:
        pieces = [b"%x\r\n%b\r\n" % (len(part), part) for part in (body[:100_000], body[100_000:])]
        answer = service.raw(HEAD + b"Transfer-Encoding: chunked\r\n\r\n", *pieces, b"0\r\n\r\n")
    else:
        answer = service.raw(HEAD + b"Content-Length: %d\r\n\r\n" % size, body)
    refusal(answer, status)


def drip(service, *beginning):
    """One byte each tenth of a second, for as long as anybody listens."""
    started = time.monotonic()
    answer = service.raw(*beginning, *[b"a"] * 100, pause=0.1)
    return answer, time.monotonic() - started


@pytest.mark.parametrize(
    "beginning",
    [
        b"",
        HEAD + b"X-Slow: ",
        HEAD + b"Content-Length: 5000\r\n\r\n",
        HEAD + b"Transfer-Encoding: chunked\r\n\r\n1388\r\n",
    ],
    ids=["line", "headers", "body", "chunk"],
)
def test_a_request_that_drips_ends_and_costs_no_worker(service, beginning):
    before = service.workers()
    answer, seconds = drip(service, beginning)
    assert seconds < 15
    assert refusal(answer, 408)["diagnostics"] == "Request Timeout"
    assert service.events("http_refused")[-1]["status"] == 408
    assert service.workers() == before
    assert service.ask("/health/live")[0] == 200


def test_a_body_that_breaks_off_is_no_call(service):
    with socket.create_connection(("127.0.0.1", service.port), timeout=5) as connection:
        connection.sendall(HEAD + b"Content-Length: 5000\r\n\r\n{")
        connection.shutdown(socket.SHUT_WR)
        refusal(b"".join(iter(lambda: connection.recv(65536), b"")), 400)


def test_a_client_that_has_gone_harms_nobody(service):
    for _ in range(5):
        with socket.create_connection(("127.0.0.1", service.port), timeout=5) as connection:
            connection.sendall(HEAD + b"Content-Length: 5000\r\n\r\n{")
    assert service.ask("/health/live")[0] == 200


def test_every_line_of_the_log_is_one_json_object(service):
    service.ask(URL, a_body(prefetch=WHOLE))
    lines = service.lines()
    assert {"server", "hook_answered"} <= {line["event"] for line in lines}
    assert all("timestamp" in line and "level" in line for line in lines)
    assert [line["request_id"] for line in lines if line["event"] == "hook_answered"]


# ---------------------------------------------------------------- the end


@pytest.fixture
def slow_ehr():
    """A FHIR server that takes a second for the patient."""
    with running() as stub:
        for part, resource in CHART.items():
            if part is not Part.PATIENT:
                stub.gives(TYPES[part], searchset(resource))
        stub.gives("Medication/sirolimus", MEDICATION)
        stub.answers[f"/fhir/Patient/{PATIENT}"] = sleeps(1.0, says(CHART[Part.PATIENT]))
        yield stub


def test_told_to_stop_it_finishes_the_calls_that_it_has(tmp_path, slow_ehr):
    (tmp_path / "site.toml").write_text(f'[[fhir_servers]]\nbase = "{slow_ehr.base}"\n')
    body = a_body(fhirServer=slow_ehr.base, fhirAuthorization=authorization(scope="user/*.rs"))
    answers = []
    with serving(tmp_path, SITE_FILE=str(tmp_path / "site.toml"), WORKERS="2") as service:
        calls = [threading.Thread(target=lambda: answers.append(service.ask(URL, body))) for _ in range(2)]
        for call in calls:
            call.start()
        until = time.monotonic() + 10
        while len([path for path in slow_ehr.paths() if "Patient/" in path]) < 2 and time.monotonic() < until:
            time.sleep(0.01)
        service.process.send_signal(signal.SIGTERM)
        for call in calls:
            call.join()
        assert service.process.wait(15) == 0
    assert [status for status, _, _ in answers] == [200, 200]
    assert all(json.loads(body)["cards"] for _, _, body in answers)
    with pytest.raises(OSError, match="refused"):
        service.ask("/health/live")


def test_a_killed_worker_is_replaced(tmp_path):
    with serving(tmp_path) as service:
        (worker,) = service.workers()
        os.kill(worker, signal.SIGKILL)
        assert service.ask("/health/live")[0] == 200
        assert service.workers() != [worker]
        assert end(service.process) == 0
