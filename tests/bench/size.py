"""`make bench-size`: what a titration call costs in CPU and memory as its chart grows to 50,000 resources.

The results of the committed body are said again under other ids, each time some minutes earlier, so that no two of a
test are of one moment. Each size is a process of its own: the most memory that it held is that of this size.
"""

import json
import resource
import subprocess
import sys
import time
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
BODIES = Path(__file__).with_name("bodies")
SIZES = (298, 1_000, 10_000, 50_000)
CALLS = 3
_MINUTES = 13  # never a whole number of days, so that no repeat meets another result of its test
MICROSECONDS = 20
"""What a resource may cost at most on a quiet machine."""


def grown(size: int) -> bytes:
    """The titration call with so many resources."""
    call: dict[str, Any] = json.loads((BODIES / "titration.json").read_bytes())
    kept = sum(len(part.get("entry", ())) for part in call["prefetch"].values() if part) + 1
    entries = call["prefetch"]["observations"]["entry"]
    before = len(entries)
    entries += [
        _again(entries[n % before], n, _MINUTES * (1 + n // before)) for n in range(max(0, size - kept))
    ]
    return json.dumps(call, ensure_ascii=False).encode()


def _again(entry: dict[str, Any], number: int, minutes: int) -> dict[str, Any]:
    result: dict[str, Any] = entry["resource"]
    earlier = datetime.fromisoformat(result["effectiveDateTime"]) - timedelta(minutes=minutes)
    moved = {"id": f"more-{number}", "effectiveDateTime": earlier.isoformat()}
    return {**entry, "resource": {**result, **moved}}


def measured(size: int) -> str:
    """One line: the body, the CPU of a call, and the most memory that this process held."""
    from cds_service.web import garbage_collection
    from tests.bench import servers
    from tests.bench.instructions import TITRATION, environ

    garbage_collection.pause()
    app, body = servers.bare(), grown(size)
    garbage_collection.freeze()
    spent = []
    for _ in range(CALLS):
        begun = time.process_time()
        statuses: list[str] = []
        answer = app(environ(TITRATION, body), lambda status, headers, *_: statuses.append(status))  # noqa: B023
        b"".join(answer)
        spent.append(time.process_time() - begun)
        if statuses != ["200 OK"]:
            raise RuntimeError(f"{size} resources were answered {statuses}")
    each = min(spent) / size * 1e6
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return f"{size:6} resources, {len(body) / 1e6:5.1f} MB: {min(spent) * 1e3:7.1f} ms, {each:.1f} µs a resource, {most:.0f} MB"


if __name__ == "__main__":
    if len(sys.argv) == 2:
        print(measured(int(sys.argv[1])))
    else:
        print(f"CPU of a call, the least of {CALLS}; at most {MICROSECONDS} µs a resource on a quiet machine")
        for size in SIZES:
            subprocess.run([sys.executable, "-m", "tests.bench.size", str(size)], cwd=ROOT, check=True)
