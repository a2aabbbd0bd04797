"""A server that exports by script: what it answers next is given, what it was asked is kept."""

import json
import threading
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Handler = BaseHTTPRequestHandler
Answer = Callable[[Handler], None]
WHEN = "2026-03-02T08:00:00Z"
HTTP_DATE = "Mon, 02 Mar 2026 08:00:00 GMT"


def ndjson(*resources: Any) -> bytes:
    return b"".join(json.dumps(one).encode() + b"\n" for one in resources)


PATIENTS = ndjson(*({"resourceType": "Patient", "id": f"p{n}"} for n in range(200)))
CONDITIONS = ndjson(*({"resourceType": "Condition", "id": f"c{n}"} for n in range(300)))
FILES = {"Patient": PATIENTS, "Condition": CONDITIONS}


def says(body: Any = b"", status: int = 200, **headers: str) -> Answer:
    """An ordinary answer; underscores in names of headers are hyphens."""
    sent = body if isinstance(body, bytes) else json.dumps(body).encode()

    def answer(handler: Handler) -> None:
        handler.send_response(status)
        for name, value in {"Content_Length": str(len(sent)), **headers}.items():
            handler.send_header(name.replace("_", "-"), value)
        handler.end_headers()
        handler.wfile.write(sent)

    return answer


def breaks_off(body: bytes, after: int, **headers: str) -> Answer:
    """Announces all of it, and hangs up in the middle."""

    def answer(handler: Handler) -> None:
        says(body[:after], Content_Length=str(len(body)), **headers)(handler)
        handler.close_connection = True

    return answer


def serves(body: bytes, tag: str | None = '"1"', **headers: str) -> Answer:
    """A file of which the rest can be asked for by its tag (RFC 9110, section 14)."""

    def answer(handler: Handler) -> None:
        asked, condition = handler.headers.get("Range"), handler.headers.get("If-Range")
        more = {"ETag": tag, **headers} if tag else headers
        start = int(asked.removeprefix("bytes=").removesuffix("-")) if asked and condition == tag else None
        if start is None:
            return says(body, **more)(handler)
        if start >= len(body):
            return says(b"", 416)(handler)
        place = f"bytes {start}-{len(body) - 1}/{len(body)}"
        return says(body[start:], 206, Content_Range=place, **more)(handler)

    return answer


class Scripted:
    """`next` by method and path: answers that come before the usual ones; the last `forever` stays."""

    def __init__(self) -> None:
        self.root = ""
        self.next: dict[str, list[Answer]] = defaultdict(list)
        self.forever: dict[str, Answer] = {}
        self.asked: list[tuple[str, str, dict[str, str]]] = []
        self.exports = 0
        self.files = dict(FILES)
        self.manifest: dict[str, Any] = {}
        self.lock = threading.Lock()

    @property
    def base(self) -> str:
        return f"{self.root}/fhir"

    def count(self, method: str, path: str) -> int:
        return sum(one == method and where.startswith(path) for one, where, _ in self.asked)

    def headers(self, path: str) -> list[dict[str, str]]:
        return [headers for _, where, headers in self.asked if where.startswith(path)]

    def answer(self, handler: Handler) -> None:
        path = handler.path.partition("?")[0]
        key = f"{handler.command} {path}"
        with self.lock:
            self.asked.append((handler.command, handler.path, dict(handler.headers)))
            given = self.next[key].pop(0) if self.next[key] else self.forever.get(key)
        (given or self._usual(handler.command, path))(handler)

    def _usual(self, method: str, path: str) -> Answer:
        if path == "/fhir/metadata":
            kinds = [{"type": kind} for kind in ("Patient", "Condition", "Observation", "Medication")]
            return says(
                {"resourceType": "CapabilityStatement", "rest": [{"mode": "server", "resource": kinds}]},
                Content_Type="application/fhir+json",
            )
        if path.endswith("$export"):
            self.exports += 1
            return says(status=202, Content_Location=f"{self.root}/status/{self.exports}")
        if path == f"/status/{self.exports}" and method == "DELETE":
            return says(status=202)
        if path == f"/status/{self.exports}":
            return says(self.usual_manifest(), Content_Type="application/json")
        if path.startswith("/files/") and (kind := path.removeprefix("/files/")) in self.files:
            return serves(self.files[kind])
        return says({"resourceType": "OperationOutcome"}, 404)

    def usual_manifest(self) -> dict[str, Any]:
        output = [{"type": kind, "url": f"{self.root}/files/{kind}"} for kind in self.files]
        return {
            "transactionTime": WHEN,
            "request": f"{self.base}/$export",
            "requiresAccessToken": False,
            "output": output,
            "error": [],
            **self.manifest,
        }


@contextmanager
def scripted() -> Iterator[Scripted]:
    server = Scripted()

    class Each(Handler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:  # noqa: N802
            length = int(self.headers.get("Content-Length", 0))
            self.form = self.rfile.read(length)
            try:
                server.answer(self)
            except OSError:
                self.close_connection = True

        do_POST = do_DELETE = do_GET  # noqa: N815

        def log_message(self, *_: Any) -> None:
            pass

        def date_time_string(self, timestamp: float | None = None) -> str:
            return HTTP_DATE

    class Server(ThreadingHTTPServer):
        daemon_threads = True
        block_on_close = False

        def handle_error(self, *_: Any) -> None:
            """The client hung up."""

    listening = Server(("127.0.0.1", 0), Each)
    server.root = f"http://127.0.0.1:{listening.server_port}"
    thread = threading.Thread(target=listening.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield server
    finally:
        listening.shutdown()
        listening.server_close()
        thread.join()
