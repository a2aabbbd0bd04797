"""Values on the command line: a whole number within bounds, a calendar day."""

import argparse
from collections.abc import Callable
from datetime import UTC, date, datetime


def up_to(most: int, what: str = "number") -> Callable[[str], int]:
    """Reads a number from 1 to `most`; `what` names it in the refusal (ArgumentTypeError)."""

    def read(text: str) -> int:
        number = int(text) if text.isascii() and text.isdigit() else 0
        if not 1 <= number <= most:
            raise argparse.ArgumentTypeError(f"{text!r} is no {what} from 1 to {most}")
        return number

    return read


def a_day(text: str) -> date:
    """Reads a calendar day, YYYY-MM-DD (ArgumentTypeError)."""
    try:
        return datetime.strptime(text, "%Y-%m-%d").replace(tzinfo=UTC).date()
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{text!r} is no day like 2026-03-02") from error
