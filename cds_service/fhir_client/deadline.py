"""One deadline for all that a call fetches. It measures durations only and knows no time of day."""

import time

import msgspec


class Deadline(msgspec.Struct, frozen=True):
    """A point on the monotonic clock, in seconds."""

    end: float

    def remaining(self) -> float:
        """Seconds left, never negative."""
        return max(0.0, self.end - time.monotonic())

    @property
    def is_past(self) -> bool:
        """True when nothing is left."""
        return self.remaining() <= 0


def deadline_in(seconds: float) -> Deadline:
    """The deadline that many seconds from now."""
    return Deadline(time.monotonic() + seconds)
