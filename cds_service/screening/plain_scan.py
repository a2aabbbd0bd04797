"""Blocks of lines that all look alike: of one resource type, each begun and ended on its own line.

Of such a line the type can be read, and that is all that a type which decides nothing has to tell, if the
line is not broken inside. Every other line is decoded.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

import msgspec

from cds_service.cds_hooks.strict_json import NOT_JSON

_BEGINNING = re.compile(rb'\{\s*"resourceType"\s*:\s*"([A-Za-z]{1,64})"')
_skim = msgspec.json.Decoder(msgspec.Raw)


class PlainLines(NamedTuple):
    """Plain lines of one resource type, in one piece; `numbers` are those of the lines in their file."""

    kind: str
    text: bytes
    numbers: Sequence[int]

    def lines_at(self, positions: Iterable[int]) -> Iterator[tuple[int, bytes]]:
        """The lines at some bytes of the text, numbered, each once."""
        place, seen = 0, 0
        for start, position in {self.text.rfind(b"\n", 0, at) + 1: at for at in sorted(positions)}.items():
            place += self.text.count(b"\n", seen, start)
            seen, end = start, self.text.find(b"\n", position)
            yield self.numbers[place], self.text[start : end if end >= 0 else None]

    def are_whole(self) -> bool:
        """Is each of them JSON, and alone on its line? Looked through to its end, and nothing made of it."""
        try:
            found = _skim.decode_lines(self.text) if self.text.isascii() or self.text.decode() else []
        except NOT_JSON:
            return False
        return len(found) == len(self.numbers)

    def each(self) -> Iterator[tuple[int, bytes]]:
        """All lines, numbered."""
        return zip(self.numbers, self.text.split(b"\n"), strict=False)


class Sorted(NamedTuple):
    """The lines of a block: plain ones by type, and the others, numbered. Empty lines are neither."""

    plain: tuple[PlainLines, ...]
    others: tuple[tuple[int, bytes], ...]
    lines: int


def sort_lines(block: bytes, first: int) -> Sorted:
    """Tell plain lines from others."""
    found = _BEGINNING.match(block)
    newlines = block.count(b"\n")
    count = newlines + (not block.endswith(b"\n"))
    if found and _all_alike(block, found.group(), newlines):
        return Sorted((PlainLines(found.group(1).decode(), block, range(first, first + count)),), (), count)
    return _one_by_one(block, first, count)


def _all_alike(block: bytes, beginning: bytes, newlines: int) -> bool:
    """Does every line begin as the first one, and end with a brace?"""
    if not block.endswith((b"}\n", b"}")) or b"\r" in block:
        return False
    inside = newlines - block.endswith(b"\n")
    return block.count(b"}\n" + beginning) == inside


def _one_by_one(block: bytes, first: int, count: int) -> Sorted:
    """The lines as the readers split them: a carriage return alone ends one, too."""
    plain: dict[str, tuple[list[bytes], list[int]]] = {}
    others: list[tuple[int, bytes]] = []
    for number, line in _numbered(block, first):
        kind = _kind_of(line)
        if kind is None:
            others.append((number, line))
        else:
            texts, numbers = plain.setdefault(kind, ([], []))
            texts.append(line)
            numbers.append(number)
    together = (PlainLines(kind, b"\n".join(texts), numbers) for kind, (texts, numbers) in plain.items())
    return Sorted(tuple(together), tuple(others), count)


def _numbered(block: bytes, first: int) -> Iterable[tuple[int, bytes]]:
    for number, line in enumerate(block.split(b"\n"), first):
        yield from ((number, part) for part in line.splitlines() if part.strip())


def _kind_of(line: bytes) -> str | None:
    found = _BEGINNING.match(line) if line.endswith(b"}") else None
    return found.group(1).decode() if found else None
