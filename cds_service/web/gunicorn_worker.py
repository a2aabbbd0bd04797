"""Gunicorn's sync worker with our manners: the slow cost no thread, and no error leaves in other clothes.

Connections wait in the lobby; a call that is there whole is worked on by a thread of its own, so that one
which waits for a hospital's server holds up no other. What gunicorn refuses before the app sees it (a
malformed line, headers too large, a request too slow) is answered as an OperationOutcome too, and logged
without a byte of what was sent.
"""

import resource
import time
import uuid
from concurrent.futures import ThreadPoolExecutor
from http import HTTPStatus
from typing import Any

import structlog
from flask import Response
from gunicorn import glogging
from gunicorn.http import errors, wsgi
from gunicorn.workers.sync import SyncWorker
from msgspec.structs import replace

from cds_service.fhir_client.compute_turns import Turns
from cds_service.web.connection import Connection
from cds_service.web.error_statuses import error_outcome
from cds_service.web.log_redaction import JsonLines
from cds_service.web.request_ids import HEADER
from cds_service.web.waiting_connections import Crowded, Lobby, LobbyLimits, RequestTooSlow
from cds_service.web.wsgi_exchange import BrokenOff

_STATUSES: dict[type[BaseException], int] = {
    errors.LimitRequestLine: 414,
    errors.LimitRequestHeaders: 431,
    errors.UnsupportedTransferCoding: 501,
    errors.InvalidResponseHeader: 500,
    errors.InvalidResponseHeaderName: 500,
    RequestTooSlow: 408,
    Crowded: 503,
    BrokenOff: 400,
}
_ISSUES = {408: "timeout", 503: "transient"}
_MOST_FILES = 8_192
_OWN_FILES = 300  # databases, FHIR servers, listeners
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
        except (errors.ParseException, BrokenOff) as error:
            raise OSError(type(error).__name__) from None


class PrivateWorker(SyncWorker):  # type: ignore[misc]
    """One process: this thread keeps the lobby, and each call that is worked on has a thread of its own."""

    limits = LobbyLimits()

    def init_process(self) -> None:
        """Gunicorn starts the worker. Its responses have no other seam for leaving the banner out."""
        wsgi.Response = _WithoutBanner
        super().init_process()

    def run(self) -> None:
        """Until told to stop; then whoever is owed an answer gets it, in the time that gunicorn gives."""
        self._threads = ThreadPoolExecutor(self.limits.slots, thread_name_prefix="call")
        limits = replace(self.limits, connections=min(self.limits.connections, _files() - _OWN_FILES))
        self._lobby = lobby = Lobby(self.sockets, limits, self._begin, self._refuse, self.PIPE)
        self._turns = Turns(lobby.wake, most=self.limits.slots * 3 // 4)
        self._without_turn: set[Connection] = set()
        while self.alive:
            self._turn()
            if not self.is_parent_alive():
                return
        lobby.close_door()
        until = time.monotonic() + self.cfg.graceful_timeout
        while not lobby.is_empty and time.monotonic() < until:
            self._turn()

    def _turn(self) -> None:
        """A call that never ends is the one thing that the parent must end, with the whole worker."""
        if self._lobby.longest_served() < self.timeout:
            self.notify()
        # Who would only wait here is left to another worker, which may be idle.
        self._lobby.listen_if(self._turns.is_free and not self._without_turn)
        self._lobby.turn()

    def _begin(self, connection: Connection) -> None:
        self._without_turn.add(connection)
        self._threads.submit(self._work_on, connection)

    def _work_on(self, connection: Connection) -> None:
        try:
            exchange = connection.exchange()
            with self._turns.mine():
                self._without_turn.discard(connection)
                self.handle(connection, exchange, connection.address)
            connection.answer(exchange.answer)
        finally:
            self._lobby.give_back(connection)

    def _refuse(self, connection: Connection, why: Exception) -> None:
        exchange = connection.exchange()
        self.handle_error(None, exchange, connection.address, why)
        connection.answer(exchange.answer)

    def handle_request(self, listener: Any, req: Any, client: Any, addr: Any) -> None:
        """One request, handed to the app."""
        req.body = _Body(req.body)
        super().handle_request(listener, req, client, addr)

    def handle_error(self, req: Any, client: Any, addr: Any, exc: BaseException) -> None:
        """The answer to what never reached the app."""
        status = _status_of(exc)
        issue = _ISSUES.get(status, "exception" if status >= 500 else "invalid")
        answer = error_outcome(status, issue, HTTPStatus(status).phrase)
        request_id = str(uuid.uuid4())
        answer.headers[HEADER] = request_id
        _log.warning("http_refused", status=status, error=type(exc).__name__, request_id=request_id)
        client.sendall(_on_the_wire(answer))


def _status_of(error: BaseException) -> int:
    usual = 400 if isinstance(error, errors.ParseException) else 500
    return next((status for kind, status in _STATUSES.items() if isinstance(error, kind)), usual)


def _on_the_wire(answer: Response) -> bytes:
    answer.headers["Connection"] = "close"
    head = "".join(f"{name}: {value}\r\n" for name, value in answer.headers)
    return f"HTTP/1.1 {answer.status}\r\n{head}\r\n".encode("latin-1") + answer.get_data()


def _files() -> int:
    """How many descriptors this process may have, as many as a full lobby needs where that is allowed."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = _MOST_FILES if hard == resource.RLIM_INFINITY else min(_MOST_FILES, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
    return max(wanted, _OWN_FILES + 100)


def worker_with(limits: LobbyLimits) -> type[PrivateWorker]:
    """The worker class with these limits."""
    return type("PrivateWorker", (PrivateWorker,), {"limits": limits})


class PrivateLog(glogging.Logger):  # type: ignore[misc]
    """What gunicorn says of its processes, in the lines of our own log."""

    def setup(self, cfg: Any) -> None:
        """Gunicorn has read its settings."""
        super().setup(cfg)
        for handler in self.error_log.handlers:
            handler.setFormatter(JsonLines())
