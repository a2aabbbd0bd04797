"""What the server answers to a request that never reached the app: its status, a body in FHIR, a number, and the line is cut."""

import json

import pytest
from gunicorn.http import errors

from cds_service.web.gunicorn_worker import PrivateWorker
from cds_service.web.waiting_connections import Crowded, RequestTooSlow
from cds_service.web.wsgi_exchange import BrokenOff


class Line:
    """A connection that keeps what is sent."""

    def __init__(self) -> None:
        self.sent = b""

    def sendall(self, said: bytes) -> None:
        self.sent += said


@pytest.mark.parametrize(
    ("error", "status", "issue"),
    [
        (errors.LimitRequestLine(9_000, 8_000), 414, "invalid"),
        (errors.LimitRequestHeaders("too many"), 431, "invalid"),
        (errors.UnsupportedTransferCoding("gzip"), 501, "exception"),
        (errors.InvalidResponseHeader("x"), 500, "exception"),
        (errors.InvalidResponseHeaderName("x"), 500, "exception"),
        (errors.InvalidRequestLine("x"), 400, "invalid"),
        (errors.InvalidHeader("x"), 400, "invalid"),
        (RequestTooSlow(), 408, "timeout"),
        (Crowded(), 503, "transient"),
        (BrokenOff(), 400, "invalid"),
        (ValueError("ours"), 500, "exception"),
    ],
)
def test_each_reason_has_its_status(error: BaseException, status: int, issue: str) -> None:
    line = Line()
    PrivateWorker.handle_error(object.__new__(PrivateWorker), None, line, None, error)
    head, _, body = line.sent.partition(b"\r\n\r\n")
    first, *headers = head.decode("latin-1").split("\r\n")
    assert first.startswith(f"HTTP/1.1 {status} ")
    assert "Connection: close" in headers
    assert sum(one.lower().startswith("x-request-id: ") for one in headers) == 1
    assert json.loads(body)["issue"][0]["code"] == issue
