"""Pieces of NDJSON files that one worker reads: whole files, or lines that begin in a stretch of bytes."""

import gzip
import zlib
from collections.abc import Iterable, Iterator
from itertools import count
from pathlib import Path
from typing import BinaryIO

import msgspec

BLOCK = 1 << 19
"""Bytes read at once: what fits a processor's cache beside the tables of a search."""
SHARD = 16 << 20
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
    """The shard's lines, as many at once as fit `size`; every block but a file's last ends with its line.

    Raises OSError, and TORN after what could be read of a damaged file.
    """
    with Path(shard.file).open("rb", buffering=0) as stream:
        if shard.packed:
            with gzip.GzipFile(fileobj=stream) as unpacked:
                yield from _whole_lines(unpacked, None, size)  # type: ignore[arg-type]
            return
        start = _first_line(stream, shard.start)
        if start < shard.end:
            stream.seek(start)
            yield from _whole_lines(stream, shard.end - start, size)


def _first_line(stream: BinaryIO, start: int) -> int:
    """Where the first line begins that begins at `start` or later."""
    if start == 0:
        return 0
    stream.seek(start - 1)
    while piece := stream.read(1 << 16):
        found = piece.find(b"\n")
        if found >= 0:
            return stream.tell() - len(piece) + found + 1
    return stream.tell()


def _whole_lines(stream: BinaryIO, wanted: int | None, size: int) -> Iterator[bytes]:
    """Lines that begin in the first `wanted` bytes of a stream, the last one to its end."""
    held, kept, left = bytearray(size), 0, wanted
    while left is None or left > 0:
        if kept == len(held):  # one line that is longer than a block
            held.extend(bytes(size))
        room = len(held) - kept if left is None else min(len(held) - kept, left)
        try:
            read = _read_into(stream, held, kept, room)
        except TORN:
            yield from [bytes(held[:kept])] if kept else []
            raise
        if not read:
            break
        left = None if left is None else left - read
        end = kept + read
        cut = held.rfind(b"\n", kept, end) + 1
        if cut:
            yield bytes(memoryview(held)[:cut])
        kept = end - cut
        held[:kept] = held[cut:end]
    if kept:
        yield bytes(held[:kept]) + (_rest_of_line(stream) if left == 0 else b"")


def _read_into(stream: BinaryIO, held: bytearray, start: int, most: int) -> int:
    """Into the same memory again and again: a new piece for each block costs more than to read it."""
    with memoryview(held) as view:
        return stream.readinto(view[start : start + most])  # type: ignore[attr-defined, no-any-return]


def _rest_of_line(stream: BinaryIO) -> bytes:
    pieces: list[bytes] = []
    while piece := stream.read(1 << 16):
        end = piece.find(b"\n") + 1
        if end:
            return b"".join((*pieces, piece[:end]))
        pieces.append(piece)
    return b"".join(pieces)
