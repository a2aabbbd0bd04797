"""What an interrupted run leaves for the next, and what a finished export says of itself; in its folder."""

import os
from pathlib import Path
from typing import TypeVar

import msgspec

from cds_service.bulk_export.failed import ExportFailed, WhyFailed
from cds_service.cds_hooks.strict_json import NOT_JSON

T = TypeVar("T")
MANIFEST = "manifest.json"
_STATE = "export.state.json"
_DONE = "export.json"


class FilePart(msgspec.Struct):
    """Of a file of which only the beginning is here: by what to ask for the rest of just this one."""

    validator: str
    encoding: str


class JobState(msgspec.Struct):
    """An export that is under way: what was asked for, and where the server tells of it."""

    request: str
    status: str
    parts: dict[str, FilePart] = {}


class DownloadedFile(msgspec.Struct, frozen=True, rename="camel"):
    """A finished export. `whole_since` is the `transactionTime` of the whole export that it builds on.

    `wanted` is the request for all that the caller wants, `request` the one for what the server has of it.
    """

    base: str
    wanted: str
    request: str
    transaction_time: str
    whole_since: str
    finished: int
    types: tuple[str, ...]
    remarks: tuple[str, ...] = ()
    problems: tuple[str, ...] = ()


def read_job_state(folder: Path) -> JobState | None:
    """The state of an interrupted run; None without one, or one that cannot be read: then it begins anew."""
    return _read(folder / _STATE, JobState)


def keep_state(folder: Path, state: JobState) -> None:
    """Readable by nobody else: the addresses of some servers are passwords."""
    _write(folder / _STATE, msgspec.json.encode(state))


def read_done(folder: Path) -> DownloadedFile | None:
    """What a finished export in this folder says of itself; None where there is none."""
    return _read(folder / _DONE, DownloadedFile)


def tells_of_export(file: Path) -> bool:
    """Is it no data, but what a finished export beside it says of itself?"""
    return file.name in (_DONE, MANIFEST) and read_done(file.parent) is not None


def keep_done(folder: Path, done: DownloadedFile) -> None:
    """The last thing that is written: without it the export is not finished."""
    _write(folder / _DONE, msgspec.json.format(msgspec.json.encode(done)))
    (folder / _STATE).unlink(missing_ok=True)


def keep_manifest(folder: Path, body: bytes) -> None:
    """As the server sent it."""
    _write(folder / MANIFEST, body)


def forget_state(folder: Path) -> None:
    """The next run is not to go on with this one."""
    (folder / _STATE).unlink(missing_ok=True)


def begin_anew(folder: Path) -> None:
    """Remove what an export left here, and nothing else."""
    for pattern in ("*.ndjson", "*.ndjson.gz", "*.part", _STATE, _DONE, MANIFEST):
        for place in (folder, folder / "errors", folder / "deleted"):
            for file in place.glob(pattern):
                file.unlink()


def _read(file: Path, kind: type[T]) -> T | None:
    try:
        return msgspec.json.decode(file.read_bytes(), type=kind)
    except (FileNotFoundError, *NOT_JSON):
        return None


def _write(file: Path, body: bytes) -> None:
    """Whole or not at all."""
    new = file.with_name(f"{file.name}.new")
    try:
        new.touch(0o600)
        with new.open("wb") as opened:
            opened.write(body)
            opened.flush()
            os.fsync(opened.fileno())
        new.replace(file)
    except OSError as error:
        raise ExportFailed(WhyFailed.FOLDER, f"{file.name}: {error.strerror}") from None
