"""An export of changes put into the whole export before it: what comes out is a whole export again.

Of a resource that changed only the new version stays; what was deleted goes. Nobody is ever judged by changes
alone: a diagnosis that did not change would be missing.
"""

import gzip
import os
import shutil
from collections import defaultdict
from collections.abc import Iterator, Mapping
from pathlib import Path

import msgspec

from cds_service.bulk_export.content import lines_in, open_ndjson
from cds_service.bulk_export.failed import ExportFailed, WhyFailed
from cds_service.cds_hooks.strict_json import NOT_JSON

_DELETE = "DELETE"


class _Named(msgspec.Struct):
    id: str | None = None


class _Request(msgspec.Struct):
    method: str
    url: str


class _Entry(msgspec.Struct):
    request: _Request | None = None


class _Transaction(msgspec.Struct):
    entry: tuple[_Entry, ...] = ()


_named: msgspec.json.Decoder[_Named] = msgspec.json.Decoder(_Named)


def fold(before: Path, changes: Path, folder: Path) -> None:
    """Make the whole export in `folder`. Raises ExportFailed for a file of changes that cannot be read."""
    gone = _replaced(changes)
    for file in fold_export_files(before):
        kind = resource_kind_of(file)
        if gone.get(kind):
            _without(file, gone[kind], folder / file.name)
        else:
            _same(file, folder / file.name)
    for file in fold_export_files(changes):
        _same(file, _next_name(folder, resource_kind_of(file), file))


def fold_export_files(folder: Path) -> list[Path]:
    """The files of resources in the folder of an export, in order."""
    return sorted((*folder.glob("*.ndjson"), *folder.glob("*.ndjson.gz")))


def resource_kind_of(file: Path) -> str:
    """The resource type that a file of ours is named for."""
    return file.name.partition(".")[0]


def _replaced(changes: Path) -> Mapping[str, set[str]]:
    """The ids, by type, of what the changes hold or delete."""
    ids: dict[str, set[str]] = defaultdict(set)
    for file in fold_export_files(changes):
        ids[resource_kind_of(file)].update(filter(None, _ids_in(file)))
    for file in fold_export_files(changes / "deleted"):
        for kind, one in _deleted_in(file):
            ids[kind].add(one)
    return ids


def _ids_in(file: Path) -> Iterator[str | None]:
    with open_ndjson(file) as opened:
        for line in lines_in(opened):
            try:
                yield _named.decode(line).id
            except NOT_JSON:
                raise ExportFailed(WhyFailed.CONTENT, f"{file.name}: a change cannot be read") from None


def _deleted_in(file: Path) -> Iterator[tuple[str, str]]:
    """By transaction Bundles whose entries delete (Bulk Data Access 2.0)."""
    with open_ndjson(file) as opened:
        for line in lines_in(opened):
            try:
                entries = msgspec.json.decode(line, type=_Transaction).entry
            except NOT_JSON:
                raise ExportFailed(WhyFailed.CONTENT, f"{file.name}: a deletion cannot be read") from None
            for entry in entries:
                if entry.request and entry.request.method == _DELETE:
                    kind, _, one = entry.request.url.rpartition("/")
                    yield kind.rpartition("/")[2], one


def _without(file: Path, ids: set[str], new: Path) -> None:
    """A line that cannot be read stays: whoever reads it counts and names it."""
    write = gzip.open if new.suffix == ".gz" else open
    with open_ndjson(file) as opened, write(new, "wb") as written:
        for line in lines_in(opened):
            if not _is_one_of(line, ids):
                written.write(line if line.endswith(b"\n") else line + b"\n")


def _is_one_of(line: bytes, ids: set[str]) -> bool:
    try:
        return _named.decode(line).id in ids
    except NOT_JSON:
        return False


def _same(file: Path, new: Path) -> None:
    """The same bytes under another name; they are never written to, so a link is enough."""
    try:
        os.link(file, new)
    except OSError:
        shutil.copyfile(file, new)


def _next_name(folder: Path, kind: str, file: Path) -> Path:
    numbers = [
        int(one.name.split(".")[1]) for one in fold_export_files(folder) if resource_kind_of(one) == kind
    ]
    ending = "".join(file.suffixes[1:])
    return folder / f"{kind}.{max(numbers, default=0) + 1:03d}{ending}"
