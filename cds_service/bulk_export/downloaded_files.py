"""Exports side by side in one folder: which to go on with, which to build on, and which to remove.

Each lies in a folder named for the moment at which it was begun: `export-20260302T080000Z`.
"""

import re
import shutil
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

from cds_service.bulk_export.failed import ExportFailed, WhyFailed
from cds_service.bulk_export.folder_lock import InUse, locked
from cds_service.bulk_export.remembered_job import read_done

_NAME = re.compile(r"export-\d{8}T\d{6}Z")
LEAST_KEPT = 1


class DownloadPlace(NamedTuple):
    """Where the next export goes; `previous` is the newest finished one, to build on."""

    folder: Path
    previous: Path | None


@contextmanager
def alone_on(shelf: Path) -> Iterator[None]:
    """Nobody else fetches into this folder meanwhile; made where it is not there, for its owner alone.

    Raises ExportFailed where somebody does, OSError.
    """
    with ExitStack() as held:
        try:
            held.enter_context(locked(shelf))
        except InUse:
            raise ExportFailed(WhyFailed.FOLDER, f"{shelf.name}: another run is at work in it") from None
        yield


def next_place(shelf: Path, now: int) -> DownloadPlace:
    """An unfinished export newer than any finished one is gone on with. `now` in seconds since 1970."""
    every = exports_on(shelf)
    finished = [one for one in every if read_done(one)]
    previous = finished[-1] if finished else None
    if every and every[-1] != previous:
        return DownloadPlace(every[-1], previous)
    begun = datetime.fromtimestamp(now, UTC).strftime("%Y%m%dT%H%M%SZ")
    return DownloadPlace(shelf / f"export-{begun}", previous)


def exports_on(shelf: Path) -> list[Path]:
    """The exports, finished or not, the oldest first. Raises OSError."""
    found = shelf.iterdir() if shelf.is_dir() else ()
    return sorted(one for one in found if _NAME.fullmatch(one.name) and one.is_dir() and not one.is_symlink())


def clear(shelf: Path, keep: int) -> list[Path]:
    """Remove all but the newest `keep` finished ones, and what was begun before them. Raises OSError."""
    every = exports_on(shelf)
    finished = [one for one in every if read_done(one)]
    if len(finished) <= max(keep, LEAST_KEPT):
        return []
    oldest_kept = finished[-max(keep, LEAST_KEPT)]
    gone = [one for one in every if one < oldest_kept]
    for one in gone:
        shutil.rmtree(one)
    return gone
