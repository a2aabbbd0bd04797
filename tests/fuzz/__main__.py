"""`python -m tests.fuzz --seconds 60 --seed 1`: mutated input at every way in until the time is over.

Each input is made from the seed, the target and its number alone, so a failure is repeated by
`--target NAME --number N`. Exit code 1 when anything but an answer or a refusal came out.
"""

import argparse
import random
import sys
import time
import traceback
from collections import Counter

from tests.answer_validator import JUDGE
from tests.fuzz.targets import Target, listen, targets

_MOST_SHOWN = 10


def tried(target: Target, seed: int, number: int) -> str:
    """One input; what came, in a word. Whatever is raised is a fault, and so is an answer of a wrong shape."""
    body, name = target.input(random.Random(f"{seed} {target.name} {number}"))
    came = target.ask(body, name)
    JUDGE.say()
    return came


def _repeat(target: Target, seed: int, number: int) -> None:
    body, name = target.input(random.Random(f"{seed} {target.name} {number}"))
    sys.stdout.buffer.write(body + b"\n")
    print(f"{target.name} ({name}):", target.ask(body, name))


def _until(end: float, seed: int, chosen: tuple[Target, ...]) -> tuple[Counter[str], list[str]]:
    came: Counter[str] = Counter()
    faults: list[str] = []
    number = 0
    while time.monotonic() < end and len(faults) < _MOST_SHOWN:
        number += 1
        for target in chosen:
            try:
                came[f"{target.name}: {tried(target, seed, number)}"] += 1
            except Exception as error:  # noqa: BLE001 - every exception is what is looked for
                faults.append(_told(target, seed, number, error))
    return came, faults


def _told(target: Target, seed: int, number: int, error: Exception) -> str:
    last = traceback.extract_tb(error.__traceback__)[-1]
    again = f"python -m tests.fuzz --seed {seed} --target {target.name} --number {number}"
    return f"{type(error).__name__} at {last.filename}:{last.lineno}: {str(error)[:200]}\n    {again}"


def main() -> int:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--target", choices=[target.name for target in targets()])
    parser.add_argument("--number", type=int)
    asked = parser.parse_args()
    listen()
    JUDGE.listen()
    chosen = tuple(t for t in targets() if asked.target in (None, t.name))
    if asked.number is not None:
        for target in chosen:
            _repeat(target, asked.seed, asked.number)
        return 0
    came, faults = _until(time.monotonic() + asked.seconds, asked.seed, chosen)
    for what, times in sorted(came.items()):
        print(f"{times:8} {what}")
    for fault in faults:
        print("FAULT", fault)
    return 1 if faults else 0


if __name__ == "__main__":
    raise SystemExit(main())
