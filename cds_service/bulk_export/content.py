"""Is a downloaded file what was announced: NDJSON of one type, plain or gzip, and whole?"""

import gzip
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import IO, cast

import msgspec

from cds_service.bulk_export.failed import ExportFailed, WhyFailed
from cds_service.cds_hooks.strict_json import NOT_JSON, resource_type

_GZIP = b"\x1f\x8b"
_LONGEST_LINE = 64 * 1024 * 1024
DAMAGED = (gzip.BadGzipFile, EOFError, zlib.error)
"""What reading a damaged gzip file raises."""


def is_gzip(file: Path) -> bool:
    """By its first bytes: what headers and names say may be wrong."""
    with file.open("rb") as opened:
        return opened.read(len(_GZIP)) == _GZIP


def open_ndjson(file: Path) -> IO[bytes]:
    """Its lines, decompressed where they are not plain."""
    return cast(IO[bytes], gzip.open(file, "rb")) if is_gzip(file) else file.open("rb")


def holds_something(file: Path) -> bool:
    """Has it a line at all?"""
    with open_ndjson(file) as opened:
        return next(lines_in(opened), None) is not None


def lines_in(file: IO[bytes]) -> Iterator[bytes]:
    """Every line that is not blank; a longer one than any resource is cut."""
    while line := file.readline(_LONGEST_LINE):
        if not line.isspace():
            yield line


def check_content(file: Path, name: str, kind: str, announced: int | None) -> int:
    """The number of resources. Raises ExportFailed when it is another file than was announced."""
    first, last, count = b"", b"", 0
    try:
        with open_ndjson(file) as opened:
            for line in lines_in(opened):
                first, last, count = first or line, line, count + 1
    except DAMAGED:
        raise ExportFailed(WhyFailed.CONTENT, f"{name}: damaged, or cut short") from None
    for line in dict.fromkeys((first, last) if count else ()):
        _check_line(line, name, kind)
    if announced is not None and count < announced:
        raise ExportFailed(WhyFailed.CONTENT, f"{name}: {count} of the {announced} resources it should hold")
    return count


def _check_line(line: bytes, name: str, kind: str) -> None:
    try:
        msgspec.json.decode(line, type=msgspec.Raw)
    except NOT_JSON:
        raise ExportFailed(WhyFailed.CONTENT, f"{name}: no NDJSON, or cut short") from None
    found = resource_type(msgspec.Raw(line))
    if found != kind:
        raise ExportFailed(
            WhyFailed.CONTENT, f"{name}: not {kind}, but {found or 'something without a type'}"
        )
