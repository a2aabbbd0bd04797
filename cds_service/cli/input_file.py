"""Files that commands read; `-` is standard input."""

import sys
from pathlib import Path

STANDARD_INPUT = "-"


def bytes_of(file: str) -> bytes:
    """All of it. Raises OSError."""
    return sys.stdin.buffer.read() if file == STANDARD_INPUT else Path(file).read_bytes()
