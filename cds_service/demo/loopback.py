"""Servers that only this computer can reach: loopback address, loopback names, the demo's own origins.

Binding to 127.0.0.1 alone does not keep a web page from reaching the demo: its author may point a name of
theirs at 127.0.0.1 (DNS rebinding) or post a form across origins. So the Host header must be a loopback name
with our own port, and a request that says which web page sent it must come from one of ours.
"""

import json
import socket
import threading
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from werkzeug.serving import BaseWSGIServer, WSGIRequestHandler, make_server

ADDRESS = "127.0.0.1"
NAMES = ("127.0.0.1", "localhost")
NOTICE = "synthetic data - no real patient - for demonstration only"
_ASKED = "HTTP_ACCESS_CONTROL_REQUEST_PRIVATE_NETWORK"
_PRIVATE = (("Access-Control-Allow-Private-Network", "true"),)
"""How a browser asks for a page from elsewhere whether this computer may be reached, and how we say yes."""
Refusal: TypeAlias = tuple[str, str]


def origins(*ports: int) -> frozenset[str]:
    """The origins a browser gives to pages served on these ports of this computer."""
    return frozenset(f"http://{name}:{port}" for name in NAMES for port in ports)


def guarded(app: WSGIApplication, own_origins: frozenset[str]) -> WSGIApplication:
    """`app`, but 421 for a Host that is not ours and 403 for a request from a foreign web page."""

    def door(environ: WSGIEnvironment, start: StartResponse) -> Iterable[bytes]:
        refusal = _refusal(environ, own_origins)
        if refusal is None:
            return app(environ, _noticed(start, more=_PRIVATE if _ASKED in environ else ()))
        status, reason = refusal
        start(status, [("Content-Type", "application/fhir+json; charset=utf-8"), ("X-Demo-Notice", NOTICE)])
        issue = {"severity": "error", "code": "security", "diagnostics": reason}
        return [json.dumps({"resourceType": "OperationOutcome", "issue": [issue]}).encode()]

    return door


def _refusal(environ: WSGIEnvironment, own_origins: frozenset[str]) -> Refusal | None:
    host = environ.get("HTTP_HOST", "")
    if host not in {f"{name}:{environ['SERVER_PORT']}" for name in NAMES}:
        return "421 Misdirected Request", "this demo answers only to 127.0.0.1 and localhost"
    origin = environ.get("HTTP_ORIGIN")
    if origin is not None and origin not in own_origins:
        return "403 Forbidden", "this demo answers only to its own pages"
    return None


def _noticed(start: StartResponse, more: Sequence[tuple[str, str]]) -> StartResponse:
    ours = [("X-Demo-Notice", NOTICE), *more]
    names = {name.lower() for name, _ in ours}

    def start_with_notice(
        status: str, headers: list[tuple[str, str]], *rest: Any
    ) -> Callable[[bytes], object]:
        kept = [(name, value) for name, value in headers if name.lower() not in names]
        return start(status, [*kept, *ours], *rest)

    return start_with_notice


@dataclass(frozen=True, slots=True)
class RunningServer:
    """A server that is answering; `base_url` has no trailing slash. `stop` returns when it has ended."""

    base_url: str
    port: int
    stop: Callable[[], None]


class _Quiet(WSGIRequestHandler):
    """Writes no access log: addresses contain patient ids."""

    def log(self, *_: Any) -> None:
        """Say nothing."""


class LoopbackPlace:
    """A port of the loopback address that is ours: who connects waits until it is served."""

    def __init__(self, port: int) -> None:
        self._socket = socket.create_server((ADDRESS, port))
        self.port: int = self._socket.getsockname()[1]

    @property
    def origin(self) -> str:
        """As a browser names it."""
        return f"http://{ADDRESS}:{self.port}"

    def serve(self, app: WSGIApplication, path: str = "") -> RunningServer:
        """Answer with `app`, in a thread of its own."""
        with self._socket as bound:
            server = make_server(
                ADDRESS, self.port, app, threaded=True, request_handler=_Quiet, fd=bound.fileno()
            )
        server.daemon_threads = True  # type: ignore[attr-defined]
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        thread.start()
        return RunningServer(f"{self.origin}{path}", self.port, lambda: _stop(server, thread))

    def close(self) -> None:
        """Give the port back, if it was never served."""
        self._socket.close()


def serve_on_loopback(build: Callable[[int], WSGIApplication], port: int, path: str = "") -> RunningServer:
    """Start `build(port)` on the loopback address in a thread of its own; port 0 takes a free one.

    Raises OSError when the port is taken.
    """
    place = LoopbackPlace(port)
    try:
        return place.serve(build(place.port), path)
    finally:
        place.close()


def _stop(server: BaseWSGIServer, thread: threading.Thread) -> None:
    server.shutdown()
    thread.join()
    server.server_close()
