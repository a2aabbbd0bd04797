"""What a worker is asked in these tests; here so that a worker can import it."""

import os
import signal
import time
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Squares:
    """The key of a piece, and its square; which process did it is written down."""

    folder: Path

    def __call__(self, piece: int) -> tuple[int, int]:
        with (self.folder / str(os.getpid())).open("a") as who:
            who.write(f"{piece}\n")
        return piece, piece * piece


@dataclass(frozen=True)
class SquaresTogether(Squares):
    """The same, but nobody goes on alone: who has done a piece waits until so many have, or for long enough."""

    workers: int = 2
    seconds: float = 30.0

    def __call__(self, piece: int) -> tuple[int, int]:
        found = super().__call__(piece)
        given_up = time.monotonic() + self.seconds
        while len(list(self.folder.iterdir())) < self.workers and time.monotonic() < given_up:
            time.sleep(0.01)
        return found


@dataclass(frozen=True)
class KilledOnce:
    """At one piece the process is ended from outside, as a kernel without memory does it."""

    folder: Path
    at: int
    every_time: bool = False

    def __call__(self, piece: int) -> tuple[int, int]:
        if piece == self.at and (self.every_time or not (self.folder / "killed").exists()):
            (self.folder / "killed").write_text(str(os.getpid()))
            os.kill(os.getpid(), signal.SIGKILL)
        return piece, piece * piece


@dataclass(frozen=True)
class Fails:
    """Raises what names a file, and was given what names a patient."""

    def __call__(self, piece: tuple[int, str]) -> int:
        if piece[0] == 3:
            raise FileNotFoundError(2, "No such file", "Condition.001.ndjson")
        return piece[0]


def ends_the_scheduler(piece: tuple[int, int]) -> int:
    number, scheduler = piece
    if number == 3:
        os.kill(scheduler, signal.SIGKILL)
    return number
