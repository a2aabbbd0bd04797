"""What an export says was deleted at the server: Bundles whose entries delete (Bulk Data Access 2.0).

Such a Bundle may lie in a folder `deleted` or anywhere else. What it names is left out of every chart, unless
that was written anew later.
"""

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime

import msgspec

from cds_service.cds_hooks.strict_json import NOT_JSON

NumberedLine = tuple[int, bytes]
Deleted = Mapping[str, tuple[str, ...]]
"""`Type/id` -> the moments at which it was deleted, as they are written; "" where that is not told."""
_DELETE = "DELETE"


class Deletion(msgspec.Struct, frozen=True):
    """One resource that is gone: `Type/id`, and when that was told."""

    name: str
    moment: str = ""


class _Meta(msgspec.Struct, frozen=True, rename="camel"):
    last_updated: str = ""


class _Request(msgspec.Struct):
    method: str
    url: str


class _Entry(msgspec.Struct):
    request: _Request | None = None


class _Bundle(msgspec.Struct):
    entry: tuple[_Entry, ...]
    meta: _Meta = _Meta()


class _Own(msgspec.Struct, rename="camel"):
    resource_type: str
    id: str
    meta: _Meta = _Meta()


_bundle = msgspec.json.Decoder(_Bundle)
_own = msgspec.json.Decoder(_Own)


def deletions_in(line: bytes) -> tuple[Deletion, ...]:
    """What a line says was deleted: () where it is no Bundle that deletes."""
    if _DELETE.encode() not in line:
        return ()
    try:
        bundle = _bundle.decode(line)
    except NOT_JSON:
        return ()
    return tuple(_gone(bundle))


def _gone(bundle: _Bundle) -> Iterator[Deletion]:
    for entry in bundle.entry:
        if entry.request and entry.request.method == _DELETE:
            yield Deletion("/".join(entry.request.url.split("/")[-2:]), bundle.meta.last_updated)


def remaining(lines: Iterable[NumberedLine], deleted: Deleted) -> tuple[NumberedLine, ...]:
    """The lines that were not deleted, or were written again afterwards."""
    return tuple(one for one in lines if not deleted or not _is_gone(one[1], deleted))


def _is_gone(line: bytes, deleted: Deleted) -> bool:
    try:
        own = _own.decode(line)
    except NOT_JSON:
        return False
    moments = deleted.get(f"{own.resource_type}/{own.id}", ())
    return any(not _is_later(own.meta.last_updated, moment) for moment in moments)


def _is_later(written: str, deleted: str) -> bool:
    """Surely later: a moment that is not told, or cannot be compared, proves nothing against the server."""
    try:
        return datetime.fromisoformat(written) > datetime.fromisoformat(deleted)
    except (ValueError, TypeError):
        return False
