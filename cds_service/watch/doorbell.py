"""The Subscription's endpoint: a doorbell. It wakes the watch, and reads nothing of what was sent.

What has arrived is then asked of the FHIR server itself, so a forged, doubled or empty notification can say
nothing, and a lost one is made good by the next round of the clock.
"""

import hmac
import threading
from collections import Counter
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import structlog

_log = structlog.get_logger()
PATH = "/watch/notify"
HEADER = "X-Watch-Secret"
_MOST_BYTES = 1_000_000
_SECONDS = 5.0


@dataclass(slots=True)
class Bell:
    """Rung by who knows the secret. `rings` counts answers by status code."""

    secret: str
    rung: threading.Event = field(default_factory=threading.Event)
    rings: Counter[int] = field(default_factory=Counter)

    def ring(self, path: str, given: str) -> int:
        """The status code of one notification."""
        status = 404 if path.partition("?")[0] != PATH else 200
        if status == 200 and not hmac.compare_digest(given.encode(), self.secret.encode()):
            status = 403
            _log.warning("watch_forged")
        if status == 200:
            self.rung.set()
        self.rings[status] += 1
        return status


def serve_bell(bell: Bell, host: str, port: int) -> ThreadingHTTPServer:
    """The server, running in a thread of its own; `shutdown()` ends it. Raises OSError for a taken port."""

    class Handler(BaseHTTPRequestHandler):
        timeout = _SECONDS

        def do_POST(self) -> None:
            length = self.headers.get("Content-Length", "0")
            size = int(length) if length.isascii() and length.isdigit() else _MOST_BYTES + 1
            if size <= _MOST_BYTES:
                self.rfile.read(size)  # taken off the line, and dropped
            self._say(bell.ring(self.path, self.headers.get(HEADER, "")) if size <= _MOST_BYTES else 413)

        do_PUT = do_POST  # noqa: N815 - some servers PUT what they send with a payload

        def _say(self, status: int) -> None:
            self.send_response(status)
            self.send_header("Content-Length", "0")
            self.end_headers()
            self.close_connection = True

        def log_message(self, *_: Any) -> None:
            """Not to standard error: an address may name a resource."""

    server = ThreadingHTTPServer((host, port), Handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server
