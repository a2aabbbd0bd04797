"""Pieces of NDJSON files that one worker reads: whole files, or lines that begin in a stretch of bytes."""

import gzip
import os
import zlib
from collections.abc import Iterable, Iterator
from itertools import count
from pathlib import Path

import msgspec

BLOCK = 1 << 18
"""Bytes read at once: what fits a processor's cache beside the tables of a search."""
_A_LINE = 1 << 11
SHARD = 32 << 20
"""Bytes of a large file that one worker reads; a gzip file cannot be entered in its middle."""
_GZIP = b"\x1f\x8b"
TORN = (EOFError, zlib.error, gzip.BadGzipFile)
"""What a gzip file that ends too early, or is damaged, raises."""


class Shard(msgspec.Struct, frozen=True):
    """The lines of `file` that begin in the bytes from `start` up to `end`; of a gzip file all of them.

    `key` numbers the shard and `place` its file among those of the run; `name` is what the file is called in
    messages.
    """

    key: int
    file: str
    name: str
    place: int
    start: int
    end: int
    packed: bool = False


def shards_of(files: Iterable[tuple[str, str]], size: int = SHARD) -> Iterator[Shard]:
    """The shards of files, given as path and name, in order. Raises OSError."""
    keys = count()
    for place, (file, name) in enumerate(files):
        length = Path(file).stat().st_size
        if is_packed(file):
            yield Shard(next(keys), file, name, place, 0, length, packed=True)
            continue
        for start in range(0, max(length, 1), size):
            yield Shard(next(keys), file, name, place, start, min(start + size, length))


def is_packed(file: str) -> bool:
    """Is it gzip, whatever its name? Raises OSError."""
    with Path(file).open("rb") as stream:
        return stream.read(2) == _GZIP


def blocks_of(shard: Shard, size: int = BLOCK) -> Iterator[bytes]:
    """The shard's lines, as many at once as begin in `size` bytes; only a file's last may lack its newline.

    Raises OSError, and TORN after what could be read of a damaged file.
    """
    with Path(shard.file).open("rb", buffering=0) as stream:
        if shard.packed:
            with gzip.GzipFile(fileobj=stream) as unpacked:
                yield from _unpacked(unpacked, size)
            return
        file = stream.fileno()
        start = _first_line(file, shard.start)
        while start < shard.end:
            end = _first_line(file, min(start + size, shard.end))
            block = os.pread(file, end - start, start)
            if not block:
                return  # somebody made the file shorter
            start += len(block)
            yield block


def _first_line(file: int, start: int) -> int:
    """Where the first line begins that begins at `start` or later."""
    at = max(start - 1, 0)
    while start and (piece := os.pread(file, _A_LINE, at)):
        found = piece.find(b"\n") + 1
        if found:
            return at + found
        at += len(piece)
    return at


def _unpacked(stream: gzip.GzipFile, size: int) -> Iterator[bytes]:
    """The lines of a stream that can be read but once."""
    begun: list[bytes] = []
    try:
        while piece := stream.read1(size):
            cut = piece.rfind(b"\n") + 1
            if cut:
                yield b"".join((*begun, piece[:cut]))
                begun.clear()
            begun.append(piece[cut:])
    except TORN:
        yield from _left(begun)
        raise
    yield from _left(begun)


def _left(begun: list[bytes]) -> Iterator[bytes]:
    """The last line, which no newline ends."""
    if last := b"".join(begun):
        yield last
