"""One run at a time writes into a folder; the lock goes with the process, however that ends."""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_FILE = ".lock"


class InUse(Exception):
    """Another run is writing into the folder."""


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Hold the folder, which is made, readable by its owner alone. Raises InUse or OSError."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    with (folder / _FILE).open("w") as held:
        try:
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise InUse(f"{folder}: another run is writing here") from None
        yield
