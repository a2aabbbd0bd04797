"""What was found in a piece of an export, kept for the next night: the same bytes are not read through again.

Nothing that depends on the day is kept, no judgement and nobody's name as a candidate: lines that may decide
are kept as they are and asked anew. Another version of the program, its texts, its code lists or the site
file keeps apart.
"""

import shutil
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import msgspec
import xxhash

from cds_service.screening.deletions import Deletion
from cds_service.screening.scan_findings import WantedLine

NumberedLine = tuple[int, bytes]
_DIGEST = 16
"""Bytes before the patients of a piece that tell whether these are whole."""
_SHARE = 2
"""A piece of which more than half would be kept is rather read again."""


class KeptShard(msgspec.Struct, frozen=True):
    """One piece. `considered`: the lines of which a diagnosis or participation may be read; `problems`: those
    that hold on any day; `held`: the lines that name somebody of `wanted`, which `as_kept` has encoded: many
    names, the same in every piece of a run, are compared and not read."""

    lines: int
    size: int
    digest: str
    points: bool
    considered: tuple[NumberedLine, ...]
    problems: tuple[tuple[int, str], ...]
    adrift: tuple[NumberedLine, ...]
    deleted: tuple[Deletion, ...]
    wanted: msgspec.Raw
    held: tuple[NumberedLine, ...]


_in_order = msgspec.msgpack.Encoder(order="deterministic")


def as_kept(wanted: WantedLine) -> msgspec.Raw:
    """Who is looked for, as it stands in a piece: the same bytes for the same people."""
    return msgspec.Raw(_in_order.encode(wanted))


def looked_for_in(kept: KeptShard) -> WantedLine:
    """Who was looked for in a piece."""
    return msgspec.msgpack.decode(kept.wanted, type=WantedLine)


@dataclass(frozen=True, slots=True)
class KeptShards:
    """The folder of all pieces of one version; workers read and write it by themselves.

    `is_new`: when the run began there was nothing in it.
    """

    folder: str
    is_new: bool

    def known(self, key: str) -> KeptShard | None:
        """What was found in a piece; None where it is not here, or damaged."""
        try:
            return msgspec.msgpack.decode(self._file(key).read_bytes(), type=KeptShard)
        except (OSError, msgspec.DecodeError):
            return None

    def people(self, key: str) -> bytes | None:
        """The patients of a piece, as `Found.people`; None as above."""
        try:
            written = self._people(key).read_bytes()
        except OSError:
            return None
        digest, people = written[:_DIGEST], written[_DIGEST:]
        return people if digest == xxhash.xxh3_128_digest(people) else None

    def keep(self, key: str, found: KeptShard, people: bytes | None, writer: int) -> None:
        """Write down a piece, and its `people` where they were asked for. Raises OSError."""
        content = msgspec.msgpack.encode(found)
        if len(content) * _SHARE > found.size:
            self._file(key).unlink(missing_ok=True)
            return
        if people is not None:
            _write(self._people(key), xxhash.xxh3_128_digest(people) + people, writer)
        _write(self._file(key), content, writer)

    def only(self, keys: Iterable[str]) -> None:
        """Take away what no piece of the export is any more, and all other versions."""
        folder, used = Path(self.folder), set(keys)
        for other in folder.parent.iterdir():
            if other.name != folder.name:
                shutil.rmtree(other, ignore_errors=True)
        for file in folder.iterdir():
            if file.stem not in used:
                file.unlink(missing_ok=True)

    def _file(self, key: str) -> Path:
        return Path(self.folder) / f"{key}.shard"

    def _people(self, key: str) -> Path:
        return Path(self.folder) / f"{key}.people"


def kept_in(folder: Path, version: str) -> KeptShards:
    """What is kept below a folder, which is made. Raises OSError."""
    own = folder / version
    own.mkdir(parents=True, exist_ok=True, mode=0o700)
    return KeptShards(str(own), is_new=not any(own.iterdir()))


def _write(file: Path, content: bytes, writer: int) -> None:
    """Whole or not at all: two pieces of the same content may be written at once."""
    begun = file.with_name(f"{file.name}.{writer}.part")
    begun.write_bytes(content)
    begun.replace(file)
