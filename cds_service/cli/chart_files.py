"""Charts and exports as files -> their JSON documents, one after the other: folders, NDJSON, gzip.

NDJSON is read line by line, so an export of any size needs no more memory than its longest line. A Bundle is
read whole.
"""

import gzip
import json
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, nullcontext
from io import BufferedReader
from pathlib import Path
from typing import BinaryIO, cast

from cds_service.bulk_export.remembered_job import tells_of_export
from cds_service.cli.input_file import STANDARD_INPUT

_LINES = (".ndjson", ".jsonl")
_NAMES = (".json", *_LINES)
_GZIP = b"\x1f\x8b"


def chart_files(names: Iterable[str]) -> Iterator[str]:
    """The files meant: of a folder every chart in it and below, by name; `-` is standard input.

    What an export that we fetched says of itself is none. Raises FileNotFoundError for a folder without any.
    """
    for name in names:
        path = Path(name)
        if name == STANDARD_INPUT or not path.is_dir():
            yield name
            continue
        found = sorted(file for file in path.rglob("*") if _is_chart(file))
        if not found:
            raise FileNotFoundError(2, "holds no .json or .ndjson file", name)
        yield from map(str, found)


def documents(name: str) -> Iterator[tuple[int, bytes]]:
    """The JSON documents of a file, each with the line it begins on. Raises OSError, EOFError, zlib.error."""
    with _opened(name) as stream:
        first = stream.readline()
        if name.removesuffix(".gz").endswith(_LINES) or _is_whole(first):
            yield 1, first
            yield from enumerate(stream, 2)
        else:
            yield 1, first + stream.read()


def _is_chart(file: Path) -> bool:
    named = file.is_file() and file.name.removesuffix(".gz").endswith(_NAMES)
    return named and not tells_of_export(file)


@contextmanager
def _opened(name: str) -> Iterator[BinaryIO]:
    with nullcontext(sys.stdin.buffer) if name == STANDARD_INPUT else Path(name).open("rb") as stream:
        if cast(BufferedReader, stream).peek(2)[:2] != _GZIP:
            yield stream
            return
        with gzip.GzipFile(fileobj=stream) as unpacked:
            yield cast(BinaryIO, unpacked)


def _is_whole(line: bytes) -> bool:
    try:
        json.loads(line)
    except (ValueError, RecursionError):
        return False
    return True
