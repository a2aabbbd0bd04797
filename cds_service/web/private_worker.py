"""Gunicorn's sync worker with our manners: a request has its time, and no error leaves in other clothes.

What gunicorn refuses before the app sees it (a malformed line, headers too large, a request too slow) is
answered as an OperationOutcome too, and logged without a byte of what was sent.
"""

import uuid
from http import HTTPStatus
from typing import Any

import structlog
from flask import Response
from gunicorn import glogging, util
from gunicorn.http import errors, wsgi
from gunicorn.workers.sync import SyncWorker

from cds_service.web.bounded_client import BoundedClient, RequestTooSlow
from cds_service.web.errors import outcome
from cds_service.web.private_logging import JsonLines
from cds_service.web.request_ids import HEADER

_STATUSES: dict[type[BaseException], int] = {
    errors.LimitRequestLine: 414,
    errors.LimitRequestHeaders: 431,
    errors.UnsupportedTransferCoding: 501,
    errors.InvalidResponseHeader: 500,
    errors.InvalidResponseHeaderName: 500,
    RequestTooSlow: 408,
}
_log = structlog.get_logger()


class _WithoutBanner(wsgi.Response):  # type: ignore[misc]
    def default_headers(self) -> list[str]:
        return [line for line in super().default_headers() if not line.startswith("Server:")]


class _Body:
    """A body whose chunks are malformed broke off: for the app that is the client's fault, not ours."""

    def __init__(self, body: Any) -> None:
        self._body = body

    def read(self, size: int | None = None) -> bytes:
        """As WSGI wants it. Raises OSError."""
        try:
            return bytes(self._body.read(size))
        except errors.ParseException as error:
            raise OSError(type(error).__name__) from None


class PrivateWorker(SyncWorker):  # type: ignore[misc]
    """`request_seconds` are what a client may take to send a request, and again to read the answer."""

    request_seconds = 10.0

    def init_process(self) -> None:
        """Gunicorn starts the worker. Its responses have no other seam for leaving the banner out."""
        wsgi.Response = _WithoutBanner
        super().init_process()

    def handle(self, listener: Any, client: Any, addr: Any) -> None:
        """One connection, one request."""
        super().handle(listener, BoundedClient(client, self.request_seconds), addr)

    def handle_request(self, listener: Any, req: Any, client: Any, addr: Any) -> None:
        """One request, handed to the app."""
        req.body = _Body(req.body)
        super().handle_request(listener, req, client, addr)

    def handle_error(self, req: Any, client: Any, addr: Any, exc: BaseException) -> None:
        """The answer to what never reached the app."""
        status = _status_of(exc)
        answer = outcome(status, "exception" if status >= 500 else "invalid", HTTPStatus(status).phrase)
        request_id = str(uuid.uuid4())
        answer.headers[HEADER] = request_id
        _log.warning("http_refused", status=status, error=type(exc).__name__, request_id=request_id)
        try:
            util.write_nonblock(client, _on_the_wire(answer))
        except OSError:
            _log.info("client_gone", status=status, request_id=request_id)


def _status_of(error: BaseException) -> int:
    usual = 400 if isinstance(error, errors.ParseException) else 500
    return next((status for kind, status in _STATUSES.items() if isinstance(error, kind)), usual)


def _on_the_wire(answer: Response) -> bytes:
    answer.headers["Connection"] = "close"
    head = "".join(f"{name}: {value}\r\n" for name, value in answer.headers)
    return f"HTTP/1.1 {answer.status}\r\n{head}\r\n".encode("latin-1") + answer.get_data()


def worker_with(request_seconds: float) -> type[PrivateWorker]:
    """The worker class for this patience."""
    return type("PrivateWorker", (PrivateWorker,), {"request_seconds": request_seconds})


class PrivateLog(glogging.Logger):  # type: ignore[misc]
    """What gunicorn says of its processes, in the lines of our own log."""

    def setup(self, cfg: Any) -> None:
        """Gunicorn has read its settings."""
        super().setup(cfg)
        for handler in self.error_log.handlers:
            handler.setFormatter(JsonLines())
