"""A real FHIR server of few words: what it answers is given, what it is asked is kept."""

import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Answer = Callable[[BaseHTTPRequestHandler], None]
Secured = Callable[[socket.socket], AbstractContextManager[socket.socket]]
"""A connection with TLS around it; raises OSError where none comes about."""


class Stub:
    """`answers` by path (with or without query); `asked` holds (path, headers) of each request.

    Except the server's own statement, which is asked for whenever it is due, and by nobody's call: `stated`.
    """

    def __init__(self) -> None:
        self.answers: dict[str, Answer] = {}
        self.asked: list[tuple[str, dict[str, str]]] = []
        self.stated: list[dict[str, str]] = []
        self.root = ""

    @property
    def base(self) -> str:
        return f"{self.root}/fhir"

    def gives(self, path: str, resource: Any, **more: Any) -> None:
        """Answer `path` below /fhir with this resource."""
        self.answers[f"/fhir/{path}"] = says(resource, **more)

    def paths(self) -> list[str]:
        return [path for path, _ in self.asked]

    def answer(self, handler: BaseHTTPRequestHandler) -> None:
        headers = dict(handler.headers)
        if handler.path == "/fhir/metadata":
            self.stated.append(headers)
        else:
            self.asked.append((handler.path, headers))
        known = self.answers.get(handler.path) or self.answers.get(handler.path.partition("?")[0])
        (known or says({"resourceType": "OperationOutcome"}, status=404))(handler)


def says(
    resource: Any, status: int = 200, content_type: str = "application/fhir+json", **headers: str
) -> Answer:
    """An ordinary answer; bytes are sent as they are."""
    body = resource if isinstance(resource, bytes) else json.dumps(resource).encode()

    def answer(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(status)
        handler.send_header("Content-Type", content_type)
        handler.send_header("Content-Length", str(len(body)))
        for name, value in headers.items():
            handler.send_header(name.replace("_", "-"), value)
        handler.end_headers()
        handler.wfile.write(body)

    return answer


def drips(body: bytes, seconds_a_byte: float, in_headers: bool = False) -> Answer:
    """One byte at a time, each well within any timeout between two bytes."""

    def answer(handler: BaseHTTPRequestHandler) -> None:
        head = b"HTTP/1.1 200 OK\r\nContent-Type: application/fhir+json\r\n"
        slow, fast = (head + b"\r\n" + body, b"") if in_headers else (body, head)
        if not in_headers:
            fast += f"Content-Length: {len(body)}\r\n\r\n".encode()
        handler.wfile.write(fast)
        for position in range(len(slow)):
            handler.wfile.write(slow[position : position + 1])
            handler.wfile.flush()
            time.sleep(seconds_a_byte)

    return answer


def sleeps(seconds: float, then: Answer) -> Answer:
    """Silent for a while."""

    def answer(handler: BaseHTTPRequestHandler) -> None:
        time.sleep(seconds)
        then(handler)

    return answer


def searchset(*resources: Any, next_link: str | None = None, total: int | None = None) -> dict[str, Any]:
    """A search answer."""
    bundle: dict[str, Any] = {"resourceType": "Bundle", "type": "searchset"}
    if total is not None:
        bundle["total"] = total
    if next_link:
        bundle["link"] = [{"relation": "next", "url": next_link}]
    bundle["entry"] = [{"resource": resource} for resource in resources]
    return bundle


@contextmanager
def running(address: str = "127.0.0.1", secured: Secured | None = None) -> Iterator[Stub]:
    """A stub that answers until the block ends; at an https address where `secured` is given."""
    stub = Stub()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            try:
                stub.answer(self)
            except OSError:
                self.close_connection = True

        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            self.do_GET()

        def log_message(self, *_: Any) -> None:
            pass

    class Server(ThreadingHTTPServer):
        daemon_threads = True
        block_on_close = False

        def finish_request(self, request: Any, client_address: Any) -> None:
            with secured(request) if secured else nullcontext(request) as connection:
                super().finish_request(connection, client_address)

        def handle_error(self, *_: Any) -> None:
            """The client hung up: that is what some of the tests are about."""

    server = Server((address, 0), Handler)
    stub.root = f"{'https' if secured else 'http'}://{address}:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield stub
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
