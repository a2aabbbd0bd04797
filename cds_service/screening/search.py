"""Finding the lines that name one of many patients, and those of an odd shape: all at once, in one look.

A name is searched as it stands, without its quotes: `Patient/p1`, `urn:uuid:p1`, a torn half of either. Short
names are searched with what must stand around them. A line that spells letters as `\\u0070` may name anybody.
"""

import json
import re
from collections.abc import Iterable, Iterator

import hyperscan

from cds_service.screening.plain_scan import ODD_SHAPES

_NAMES = len(ODD_SHAPES)
"""The patterns of names come behind those of odd shapes."""
_SHORT = 6
_SHORT_NUMBER = 3
_PLAIN = re.compile(r"[A-Za-z0-9.\-]+")
_SPELLED = rb"\\u00[2-7][0-9a-fA-F]"
_SPACE = rb"(?: |\\[bfnrt]|\\u[0-9a-fA-F]{4}|[\x80-\xff])*"
"""What may be the space around a number, as JSON spells it; readers do without it."""
_AROUND = ('/{}"', "/{}/", "/{}\\", ':{}"', ":{}/", '"{}"')


class Names:
    """`ids` of patients or `Type/id` of others, and `numbers` of identifiers, compiled for search.

    Without any of them only odd shapes are looked for.
    """

    def __init__(self, ids: Iterable[str] = (), numbers: Iterable[str] = ()) -> None:
        needles = {_literally(needle) for name in ids for needle in _of_id(name)}
        needles |= {needle for number in numbers for needle in _of_number(number)}
        names = [_SPELLED, *sorted(needles)] if needles else []
        patterns = [*ODD_SHAPES, *names]
        self._database = hyperscan.Database(mode=hyperscan.HS_MODE_BLOCK)
        self._database.compile(expressions=patterns, ids=range(len(patterns)), elements=len(patterns))

    def places(self, text: bytes) -> Iterator[int]:
        """Where a name ends in the text, from left to right."""
        found: list[int] = []
        self._database.scan(
            text, match_event_handler=lambda n, _, end, *__: found.append(end) if n >= _NAMES else None
        )
        return iter(found)

    def in_one_look(self, text: bytes) -> list[int] | None:
        """The same; None where anything in the text has an odd shape, which ends the look."""
        found: list[int] = []

        def seen(pattern: int, _: int, end: int, *__: object) -> bool:
            found.append(end)
            return pattern < _NAMES

        try:
            self._database.scan(text, match_event_handler=seen)
        except hyperscan.ScanTerminated:
            return None
        return found


def _literally(needle: str) -> bytes:
    return "".join(f"\\x{byte:02x}" for byte in needle.encode()).encode()


def _of_id(name: str) -> Iterator[str]:
    name = name.rpartition("/")[2]
    if len(name) >= _SHORT:
        yield name
    else:
        yield from (around.format(name) for around in _AROUND)


def _of_number(number: str) -> Iterator[bytes]:
    """Its longest stretch that JSON has one spelling for; else all spellings of the whole, with any space."""
    plain = max(_PLAIN.findall(number), key=len, default="")
    if len(plain) >= _SHORT_NUMBER:
        yield _literally(plain)
        return
    spelled = json.dumps(number)
    spellings = {spelled, spelled.upper().replace("\\U", "\\u"), json.dumps(number, ensure_ascii=False)}
    for spelling in {*spellings, spelled.replace("/", "\\/")}:
        yield b'"' + _SPACE + _literally(spelling[1:-1]) + _SPACE + b'"'
