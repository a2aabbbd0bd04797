"""`cds-service serve` as a process of its own: real gunicorn, real sockets, its log in a file."""

import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

PATIENCE = 30.0
Json = dict[str, Any]


def a_free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


class Service:
    """A running service: `ask` it, look into its log, find and end its workers."""

    def __init__(self, port: int, log: Path, process: "subprocess.Popen[bytes]") -> None:
        self.port = port
        self.log = log
        self.process = process

    def ask(
        self, path: str, body: bytes | None = None, method: str | None = None, **headers: str
    ) -> tuple[int, Mapping[str, str], bytes]:
        """Status, headers (by lower-case name) and body of one answer, on a connection of its own."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        if body is not None:
            sent.setdefault("Content-Type", "application/json")
        try:
            connection.request(method or ("GET" if body is None else "POST"), path, body, sent)
            answer = connection.getresponse()
            return answer.status, {k.lower(): v for k, v in answer.getheaders()}, answer.read()
        finally:
            connection.close()

    def raw(self, *pieces: bytes, pause: float = 0.0) -> bytes:
        """All that comes back when these bytes are sent one after the other."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=PATIENCE) as connection:
            for piece in pieces:
                try:
                    connection.sendall(piece)
                except OSError:
                    break  # it has heard enough
                time.sleep(pause)
            return b"".join(iter(lambda: _received(connection), b""))

    def lines(self) -> list[Json]:
        """The log so far."""
        return [json.loads(line) for line in self.log.read_text("utf-8").splitlines()]

    def events(self, name: str) -> list[Json]:
        return [line for line in self.lines() if line["event"] == name]

    def workers(self) -> list[int]:
        """The process ids of the workers; the page of the metrics is none."""
        master = self.process.pid
        children = Path(f"/proc/{master}/task/{master}/children").read_text().split()
        return [int(child) for child in children if b"metrics_page" not in _command_of(child)]

    def wait_until_ready(self) -> None:
        until = time.monotonic() + PATIENCE
        while True:
            try:
                self.ask("/health/live")
                return
            except OSError:
                if self.process.poll() is not None or time.monotonic() > until:
                    raise RuntimeError(self.log.read_text("utf-8")) from None
                time.sleep(0.05)


def _command_of(process: str) -> bytes:
    try:
        return Path(f"/proc/{process}/cmdline").read_bytes()
    except OSError:
        return b""


def _received(connection: socket.socket) -> bytes:
    try:
        return connection.recv(65536)
    except ConnectionResetError:
        return b""


def start(folder: Path, port: int, **settings: str) -> "subprocess.Popen[bytes]":
    """The process; its log goes to `service.log` in the folder, after what is there already."""
    environ = {name: value for name, value in os.environ.items() if not name.startswith("CDS_")}
    with (folder / "service.log").open("ab") as log:
        return subprocess.Popen(
            [sys.executable, "-m", "cds_service", "serve", "--port", str(port)],
            env=environ | {f"CDS_{name}": value for name, value in settings.items()},
            cwd=folder,
            stderr=log,
        )


@contextmanager
def serving(folder: Path, **settings: str) -> Iterator[Service]:
    """A service with these settings (without their prefix) that answers; ended afterwards."""
    port = a_free_port()
    chosen = {"ENVIRONMENT": "development", "WORKERS": "1", **settings}
    service = Service(port, folder / "service.log", start(folder, port, **chosen))
    try:
        service.wait_until_ready()
        yield service
    finally:
        end(service.process)


def end(process: "subprocess.Popen[bytes]") -> int:
    """Ask it to end, wait until it has."""
    if process.poll() is None:
        process.send_signal(signal.SIGTERM)
    try:
        return process.wait(PATIENCE)
    finally:
        if process.poll() is None:
            process.kill()
