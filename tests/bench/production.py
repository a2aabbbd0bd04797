"""`make bench-start`: a production installation (`requirements/serve.txt` alone): start, and memory of a worker."""

import os
import statistics
import sys
import time
from pathlib import Path
from secrets import token_hex
from tempfile import TemporaryDirectory

from tests.bench.running_server import ROOT, free_port, post, resident_mb, running, wait_for, worker_of

SERVE = ROOT / "build/serve/bin/cds-service"
BODY = (ROOT / "tests/bench/bodies/titration.json").read_bytes()
STARTS, CALLS = 7, 200


def main() -> int:
    """Print the median of seven starts, and what a worker holds after 200 calls; 1 when one holds 90 MB."""
    with TemporaryDirectory() as folder:
        os.environ |= {
            "CDS_DATABASE_URL": f"sqlite:///{folder}/audit.sqlite3",
            "CDS_PSEUDONYM_KEY": token_hex(32),
            "CDS_PUBLIC_BASE_URL": "http://127.0.0.1:8080",
            "CDS_CLIENT_AUTHENTICATION": "none",
            "CDS_ENVIRONMENT": "development",
            "CDS_WORKERS": "1",
        }
        said = Path(folder, "log")
        _start(said, 1)  # makes the tables
        starts = [_start(said, 1)[0] for _ in range(STARTS)]
        _, held = _start(said, CALLS)
    print(
        f"start to first answered call: median {statistics.median(starts):.2f} s, least {min(starts):.2f} s"
    )
    print(f"a worker after {CALLS} calls of {len(BODY) / 1000:.0f} KB: {held:.0f} MB (<= 90)")
    return 1 if held > 90 else 0


def _start(said: Path, calls: int) -> tuple[float, float]:
    """Seconds to the first answer, and what the worker holds after so many calls, MB."""
    port = free_port()
    begun = time.perf_counter()
    with running([str(SERVE), "serve", "--port", str(port)], said) as master:
        wait_for(port)
        post(port, BODY)
        seconds = time.perf_counter() - begun
        for _ in range(calls - 1):
            post(port, BODY)
        return seconds, resident_mb(worker_of(master.pid))


if __name__ == "__main__":
    sys.exit(main())
