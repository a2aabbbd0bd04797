"""When Python looks for garbage: not while a server loads, and rarely while it works."""

import gc
from typing import Any

_OBJECTS_BETWEEN_LOOKS = 50_000  # a large chart makes some ten thousand; Python's own choice is 700


def pause() -> None:
    """Look for none until `freeze`. What is loaded stays: to look through it while it grows is lost time."""
    gc.disable()


def freeze(_: Any = None) -> None:
    """Take what is loaded out of the collector's sight, and look again (gunicorn hook `when_ready`).

    A chart holds no circles: what a call leaves behind is freed at once, and looked through only rarely.
    """
    gc.collect()
    look_rarely()


def look_rarely() -> None:
    """Look again, but not at what is loaded."""
    gc.freeze()
    gc.set_threshold(_OBJECTS_BETWEEN_LOOKS)
    gc.enable()
