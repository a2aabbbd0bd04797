"""A whole number on the command line, within bounds."""

import argparse
from collections.abc import Callable


def up_to(most: int, what: str = "number") -> Callable[[str], int]:
    """Reads a number from 1 to `most`; `what` names it in the refusal (ArgumentTypeError)."""

    def read(text: str) -> int:
        number = int(text) if text.isascii() and text.isdigit() else 0
        if not 1 <= number <= most:
            raise argparse.ArgumentTypeError(f"{text!r} is no {what} from 1 to {most}")
        return number

    return read
