"""What the commands say: results on standard output, everything else on standard error."""

import sys
from collections.abc import Iterable

UNUSABLE = 2
"""Exit code for settings or input that cannot be used."""


def fail(*faults: str) -> int:
    """Say what is wrong, a line each; the exit code."""
    for fault in faults:
        sys.stderr.write(f"cds-service: {fault}\n")
    return UNUSABLE


def note(lines: Iterable[str]) -> None:
    """Say something on standard error that is no fault."""
    for line in lines:
        sys.stderr.write(f"{line}\n")
