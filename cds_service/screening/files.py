"""The files of an export: what was named, and of a folder every NDJSON file in it and below, plain or gzip.

A folder of `smart-fetch` holds each file twice, as a link beside the folder of its day: one file is read
once. Its `log.ndjson` is no data. Folders of what was deleted, and of what a server could not export, are
read for what they say.
"""

from collections.abc import Iterable, Iterator
from pathlib import Path, PurePath
from typing import NamedTuple

_ENDINGS = (".ndjson", ".jsonl", ".ndjson.gz", ".jsonl.gz")
_NO_DATA = frozenset({"log.ndjson", "log.ndjson.gz"})
_DELETIONS = frozenset({"deleted"})
_ERRORS = frozenset({"error", "errors"})


class NoExport(ValueError):
    """There is nothing to screen. The message says where it was looked for."""


class ExportFile(NamedTuple):
    """One file to read, and what it is called in messages."""

    path: str
    name: str


def files_of_export(named: Iterable[str]) -> tuple[ExportFile, ...]:
    """Every file once, in the order of their names. Raises NoExport or OSError."""
    found: dict[Path, str] = {}
    for one in named:
        for file, name in _files_of(Path(one)):
            found.setdefault(file.resolve(strict=True), name)
    if not found:
        raise NoExport(f"no .ndjson file in {', '.join(named)}")
    return tuple(ExportFile(str(file), name) for file, name in sorted(found.items(), key=lambda f: f[::-1]))


def _files_of(path: Path) -> Iterator[tuple[Path, str]]:
    if not path.is_dir():
        yield path, path.name
        return
    for file in sorted(path.rglob("*")):
        inside = file.relative_to(path)
        if file.is_file() and file.name.endswith(_ENDINGS) and _is_data(inside):
            yield file, str(inside)


def _is_data(inside: Path) -> bool:
    hidden = any(part.startswith(".") for part in inside.parts)
    return not hidden and inside.name not in _NO_DATA


def is_of_deletions(name: str) -> bool:
    """Does a file, by the folder it lies in, hold nothing but what was deleted?"""
    return bool(_DELETIONS.intersection(PurePath(name).parts[:-1]))


def is_of_errors(name: str) -> bool:
    """Does a file, by the folder it lies in, hold nothing but what a server says of its export?"""
    return bool(_ERRORS.intersection(PurePath(name).parts[:-1]))
