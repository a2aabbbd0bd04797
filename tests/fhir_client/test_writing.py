"""A form that is written: taken, refused with the server's own reason, or nobody knows."""

import json
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest

from cds_service.fhir_client.base_url_allow_list import read_base
from cds_service.fhir_client.bounded_http import bounded_session
from cds_service.fhir_client.create_resource import FhirWriter, WriteRefused
from cds_service.fhir_client.deadline import deadline_in
from cds_service.fhir_client.fhir_get import NotFetched, WhyNotFetched

HEADERS = {}
"""Of the last request."""


@contextmanager
def server(status, body=b"", claimed=None):
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            self.rfile.read(int(self.headers["Content-Length"]))
            HEADERS.update(self.headers)
            self.send_response(status)
            self.send_header("Content-Type", "application/fhir+json")
            self.send_header("Content-Length", str(len(body) if claimed is None else claimed))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            pass

    running = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = Thread(target=running.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield read_base(f"http://127.0.0.1:{running.server_port}/fhir")
    finally:
        running.shutdown()
        running.server_close()
        thread.join()


def create(base, seconds=5.0):
    writer = FhirWriter(bounded_session(1))
    writer.create(base, "QuestionnaireResponse", b"{}", "token", deadline_in(seconds))


def outcome(*issues):
    return json.dumps({"resourceType": "OperationOutcome", "issue": issues}).encode()


@pytest.mark.parametrize("status", [200, 201])
def test_what_the_server_takes_is_written(status):
    with server(status) as base:
        create(base)


def test_what_is_written_is_told_as_fhir_with_the_token_and_asks_for_no_copy():
    HEADERS.clear()
    with server(201) as base:
        create(base)
    wanted = {
        "Content-Type": "application/fhir+json",
        "Accept": "application/fhir+json",
        "Prefer": "return=minimal",
        "Authorization": "Bearer token",
    }
    assert {name: HEADERS.get(name) for name in wanted} == wanted


@pytest.mark.parametrize("status", [400, 401, 403, 404, 405, 409, 410, 412, 413, 415, 422, 451])
def test_what_the_server_refuses_is_not_written(status):
    with server(status) as base, pytest.raises(WriteRefused) as refused:
        create(base)
    assert (refused.value.status, refused.value.reason) == (status, "")


@pytest.mark.parametrize(
    ("status", "why"),
    [
        (408, WhyNotFetched.REFUSED),
        (425, WhyNotFetched.REFUSED),
        (429, WhyNotFetched.REFUSED),
        (302, WhyNotFetched.REDIRECT),
        (303, WhyNotFetched.REDIRECT),
        (202, WhyNotFetched.REFUSED),
        (500, WhyNotFetched.SERVER_ERROR),
        (502, WhyNotFetched.SERVER_ERROR),
        (504, WhyNotFetched.SERVER_ERROR),
    ],
)
def test_any_other_answer_leaves_open_whether_it_was_written(status, why):
    with server(status) as base, pytest.raises(NotFetched) as caught:
        create(base)
    assert caught.value.why is why


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (outcome({"severity": "error", "diagnostics": "no author"}), "no author"),
        (outcome({"details": {"text": "Locked"}, "diagnostics": "since 9:00"}), "Locked; since 9:00"),
        (outcome({"diagnostics": "a"}, {"diagnostics": "b"}, {"diagnostics": "a"}), "a; b"),
        (outcome({"diagnostics": " \n"}, {}), ""),
        (outcome({"diagnostics": "line\nbreak \u202e\u0000"}), "linebreak "),
        (outcome({"diagnostics": "x" * 1000}), "x" * 300),
        (outcome({"diagnostics": 5}), ""),
        (outcome(), ""),
        (b"<html>No</html>", ""),
        (b"[" * 50_000, ""),
        (b"\xff\xfe", ""),
        (b'{"issue": null}', ""),
    ],
)
def test_the_reason_is_what_the_server_says_for_people(body, reason):
    with server(422, body) as base, pytest.raises(WriteRefused) as refused:
        create(base)
    assert refused.value.reason == reason
    assert not reason or reason not in str(refused.value)  # it may name the patient, and this may be logged


def test_a_refusal_whose_words_do_not_come_is_a_refusal():
    with server(422, b'{"issue":', claimed=5000) as base, pytest.raises(WriteRefused) as refused:
        create(base, seconds=1.0)
    assert refused.value.reason == ""
