"""What fetching an export needs of the world, and what it leaves on disk."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import requests

from cds_service.bulk_export.folding import fold_export_files
from cds_service.bulk_export.remembered_job import DownloadedFile


@dataclass(frozen=True, slots=True)
class World:
    """What an export needs of the world: HTTP (a `bounded_session` with a silence), waiting, the clock.

    `clock` gives seconds since 1970; `ca_bundle` is a file of the hospital's own certificate authorities.
    """

    session: requests.Session
    sleep: Callable[[float], None]
    clock: Callable[[], int]
    ca_bundle: str | None = None


@dataclass(frozen=True, slots=True)
class ExportFolder:
    """A whole export on disk. With `problems` the server itself says that something is missing in it."""

    folder: Path
    done: DownloadedFile

    @property
    def files(self) -> tuple[Path, ...]:
        """The files of resources, NDJSON, plain or gzip."""
        return tuple(fold_export_files(self.folder))
