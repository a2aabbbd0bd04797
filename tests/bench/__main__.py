"""`make bench`: instructions and CPU per call, and calls per second, of ours beside the floor view, in one run.

Fails when a timed answer is not the expected card, or when a call takes more instructions than its budget. The
other ratios vary with whatever else the machine does: they are printed beside their budgets.
"""

import json
import os
import platform
import statistics
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tests.bench.instructions import too_dear
from tests.bench.running_server import (
    Server,
    free_port,
    gunicorn_command,
    post,
    resident_mb,
    running,
    serving,
    wait_for,
)
from tests.bench.signed_calls import as_new, audit_kept, token_header
from tests.bench.unit_costs import committed_row, verification

BODIES = Path(__file__).with_name("bodies")
ROUNDS, CALLS, CLIENTS = 7, 150, 4
TICKS = os.sysconf("SC_CLK_TCK")


def main() -> int:
    """Run the comparison; 1 when an answer is not the expected card, or a call takes too many instructions."""
    bodies = {path.stem: path.read_bytes() for path in sorted(BODIES.glob("*.json"))}
    with audit_kept() as folder:
        with serving("floor") as floor, serving("bare") as ours, serving("audited") as audited:
            faults = [*_unexpected(ours, bodies)]
            unit = verification() + committed_row(folder)
            print(f"one ES384 verification and one committed row, alone: {unit:.2f} ms of CPU")
            for name, body in bodies.items():
                _compare(name, body, floor, ours, {"titration": 2.0, "not-aplastic": 1.3}[name])
                _compare_audited(name, body, ours, audited, unit)
            print(
                f"resident memory of one worker, tests' own modules with it: {resident_mb(audited.worker):.0f} MB"
            )
        started = statistics.median(_seconds_to_first_answer() for _ in range(5))
    print(
        f"start to first answered call, the same: median {started:.2f} s (make bench-start: of a production installation)"
    )
    print(f"Python {platform.python_version()}, {platform.python_compiler()}")
    faults += too_dear()
    for fault in faults:
        print(f"FAILED: {fault}")
    return 1 if faults else 0


def _unexpected(server: Server, bodies: dict[str, bytes]) -> Iterator[str]:
    answers = {name: json.loads(post(server.port, body)) for name, body in bodies.items()}
    if answers["not-aplastic"] != {"cards": []}:
        yield "a patient without aplastic anaemia was answered with a card"
    told = [card["extension"]["org.aa-cds.decision"] for card in answers["titration"]["cards"]]
    states = {card["decision"]["drug"]: card["decision"]["state"] for card in told}
    if states != {"sirolimus": "CONTINUE", "ciclosporin": "CONTINUE"}:
        yield f"the titration call was answered with {states}"


def _compare(name: str, body: bytes, floor: Server, ours: Server, budget: float) -> None:
    cpu = [(_cpu_ms(floor, body), _cpu_ms(ours, body)) for _ in range(ROUNDS)]
    rate = [(_calls_per_second(floor, body), _calls_per_second(ours, body)) for _ in range(ROUNDS)]
    ratio = statistics.median(b / a for a, b in cpu)
    low, high = (statistics.median(side) for side in zip(*cpu, strict=True))
    slow, fast = (statistics.median(side) for side in zip(*rate, strict=True))
    print(
        f"{name} ({len(body) / 1000:.0f} KB): CPU per call {high:.2f} ms, floor {low:.2f} ms, "
        f"ratio {ratio:.2f} (<= {budget}); calls/s {fast:.0f}, floor {slow:.0f}, "
        f"ratio {statistics.median(b / a for a, b in rate):.2f}"
    )


def _compare_audited(name: str, body: bytes, ours: Server, audited: Server, unit: float) -> None:
    """With trust and audit on: each call has a token and an instance of its own, and is a row of its own."""
    pairs = []
    for _ in range(ROUNDS):
        calls = [(as_new(body), token_header()) for _ in range(CALLS)]
        pairs.append((_cpu_ms(ours, body), _cpu_ms(audited, *calls)))
    plain, whole = (statistics.median(side) for side in zip(*pairs, strict=True))
    ratio = statistics.median(b / (a + unit) for a, b in pairs)
    print(
        f"{name}, trust and audit on: CPU per call {whole:.2f} ms, without them {plain:.2f} ms, "
        f"ratio to that and the unit costs {ratio:.2f} (<= 1.5)"
    )


def _cpu_ms(server: Server, *calls: bytes | tuple[bytes, dict[str, str]]) -> float:
    """Of these calls, each made once; of a single body, made many times."""
    made = [call if isinstance(call, tuple) else (call, {}) for call in calls]
    made = made * CALLS if len(made) == 1 else made
    before = _cpu_seconds(server.worker)
    for body, headers in made:
        post(server.port, body, headers)
    return (_cpu_seconds(server.worker) - before) * 1000 / CALLS


def _calls_per_second(server: Server, body: bytes) -> float:
    begun = time.perf_counter()
    with ThreadPoolExecutor(CLIENTS) as pool:
        list(pool.map(lambda _: post(server.port, body), range(CALLS)))
    return CALLS / (time.perf_counter() - begun)


def _cpu_seconds(process: int) -> float:
    fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def _seconds_to_first_answer() -> float:
    body, headers = as_new((BODIES / "titration.json").read_bytes()), token_header()
    port = free_port()
    begun = time.perf_counter()
    with running(gunicorn_command("audited", port)):
        wait_for(port)
        post(port, body, headers)
        return time.perf_counter() - begun


if __name__ == "__main__":
    sys.exit(main())
