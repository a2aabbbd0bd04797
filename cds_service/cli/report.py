"""What the commands say: results on standard output, everything else on standard error."""

import sys
from collections.abc import Iterable

UNUSABLE = 2
"""Exit code for settings or input that cannot be used."""

NOBODY_FOUND = 1
"""Exit code when what was asked for is not there, and nothing was done."""

INCOMPLETE = 3
"""Exit code when it was done, and something of what was read is missing or could not be used."""

INTERRUPTED = 130
"""What a shell shows for a program that Ctrl-C has ended."""


class NobodyFound(Exception):
    """There is nothing to do it to. The message is for the person who asked, and names no patient."""


def fail(*faults: str) -> int:
    """Say what is wrong, a line each; the exit code."""
    for fault in faults:
        sys.stderr.write(f"cds-service: {fault}\n")
    return UNUSABLE


def note(lines: Iterable[str]) -> None:
    """Say something on standard error that is no fault."""
    for line in lines:
        sys.stderr.write(f"{line}\n")
