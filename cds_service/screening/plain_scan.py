"""Lines that all look alike: of one resource type, each begun and ended on its own line.

Of such a line the type can be read, and that is all that a type which decides nothing has to tell, if the
line is not broken inside. Every other line is decoded.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from typing import Literal, NamedTuple

import msgspec

from cds_service.cds_hooks.strict_json import NOT_JSON

_BEGINNING = re.compile(rb'\{\s*"resourceType"\s*:\s*"([A-Za-z]{1,64})"')
ODD_SHAPES = (rb"[^}]\n", rb"\n[^{]", rb"}[ \t]*{", rb"\r")
"""What is nowhere in lines that each hold one object. Where none of these stands, a newline that lies inside
an object would make it invalid: so as many objects as can be read are as many lines."""


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
        return objects_in(self.text, self.kind) == len(self.numbers)

    def each(self) -> Iterator[tuple[int, bytes]]:
        """All lines, numbered."""
        return zip(self.numbers, self.text.split(b"\n"), strict=False)


@cache
def _skim(kind: str) -> msgspec.json.Decoder[msgspec.Struct]:
    """Reads the type of a resource, and the rest of it as JSON of which nothing is made."""
    return msgspec.json.Decoder(msgspec.defstruct("Skimmed", [("resourceType", Literal[kind])], gc=False))


def objects_in(text: bytes, kind: str) -> int | None:
    """How many resources of a type lie one behind the other; None where anything else lies among them."""
    try:
        return len(_skim(kind).decode_lines(text)) if text.isascii() or text.decode() else 0
    except NOT_JSON:
        return None


class Sorted(NamedTuple):
    """A block's lines: the plain ones by type, and the others, numbered. Empty lines are neither."""

    plain: tuple[PlainLines, ...]
    others: tuple[tuple[int, bytes], ...]
    lines: int


def kind_of_first(block: bytes) -> str | None:
    """The type of the first line, where it begins with it."""
    found = _BEGINNING.match(block)
    return found.group(1).decode() if found else None


def one_after_another(block: bytes, first: int) -> PlainLines | None:
    """A block without any odd shape, as plain lines of one type, the first of them numbered `first`.

    None where a line is not whole, or of another type than the first.
    """
    kind = kind_of_first(block)
    lines = objects_in(block, kind) if kind and block.endswith((b"}\n", b"}")) else None
    return PlainLines(kind, block, range(first, first + lines)) if kind and lines else None


def sort_lines(block: bytes, first: int) -> Sorted:
    """Tell plain lines from others, as the readers split them: a carriage return alone ends a line, too."""
    plain: dict[str, tuple[list[bytes], list[int]]] = {}
    others: list[tuple[int, bytes]] = []
    for number, line in _numbered(block, first):
        kind = kind_of_first(line) if line.endswith(b"}") else None
        if kind is None:
            others.append((number, line))
        else:
            texts, numbers = plain.setdefault(kind, ([], []))
            texts.append(line)
            numbers.append(number)
    together = (PlainLines(kind, b"\n".join(texts), numbers) for kind, (texts, numbers) in plain.items())
    lines = block.count(b"\n") + (not block.endswith(b"\n"))
    return Sorted(tuple(together), tuple(others), lines)


def _numbered(block: bytes, first: int) -> Iterable[tuple[int, bytes]]:
    for number, line in enumerate(block.split(b"\n"), first):
        yield from ((number, part) for part in line.splitlines() if part.strip())
