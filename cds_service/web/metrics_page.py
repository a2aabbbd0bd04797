"""The metrics of all workers on a port of their own, in a process of its own: never on the public port.

It reads the files that the workers count in, and ends when whoever started it does (its standard input ends).
"""

import subprocess
import sys
from pathlib import Path

import msgspec

_READY = b"ready\n"


class MetricsPage(msgspec.Struct, frozen=True):
    """Where the metrics are to be had, and the folder that the workers count in."""

    host: str
    port: int
    folder: Path

    def start(self) -> "subprocess.Popen[bytes]":
        """Start the process, and wait until it listens. Raises OSError when it cannot."""
        process = subprocess.Popen(  # noqa: S603 - our own module, with our own settings
            [sys.executable, "-m", __name__, self.host, str(self.port), str(self.folder)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            start_new_session=True,  # Ctrl-C is for the server, which then ends this
        )
        if process.stdout is None or process.stdout.readline() != _READY:
            raise OSError(f"the metrics cannot be served on port {self.port}")
        return process


def main(host: str, port: str, folder: str) -> None:
    """Serve until standard input ends."""
    from prometheus_client import CollectorRegistry, start_http_server
    from prometheus_client.multiprocess import MultiProcessCollector

    registry = CollectorRegistry()
    MultiProcessCollector(registry, path=folder)  # type: ignore[no-untyped-call]
    server, _ = start_http_server(int(port), host, registry)
    sys.stdout.buffer.write(_READY)
    sys.stdout.buffer.flush()
    sys.stdin.buffer.read()
    server.shutdown()


if __name__ == "__main__":
    main(*sys.argv[1:])
