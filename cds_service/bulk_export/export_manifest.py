"""The manifest of a finished export, and which of its files we want."""

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

import msgspec

from cds_service.bulk_export.failed import ExportFailed, WhyFailed
from cds_service.cds_hooks.strict_json import NOT_JSON

_TYPE = re.compile(r"[A-Z][A-Za-z]{1,63}")
"""It becomes a file's name."""
OUTCOMES = "OperationOutcome"


class ManifestEntry(msgspec.Struct, frozen=True):
    """One file; `count` are its resources, where the server says so."""

    type: str
    url: str
    count: int | None = None


class _Link(msgspec.Struct, frozen=True):
    relation: str | None = None


class Manifest(msgspec.Struct, frozen=True, rename="camel"):
    """As Bulk Data Access 2.0 has it; what we make no use of is not looked at."""

    transaction_time: str
    requires_access_token: bool
    output: tuple[ManifestEntry, ...]
    error: tuple[ManifestEntry, ...] = ()
    deleted: tuple[ManifestEntry, ...] = ()
    link: tuple[_Link, ...] = ()


@dataclass(frozen=True, slots=True)
class WantedFile:
    """One file to fetch: `name` below the folder, without an ending."""

    name: str
    kind: str
    url: str
    count: int | None


def read_manifest(body: bytes) -> Manifest:
    """Read and check it. Raises ExportFailed."""
    try:
        manifest = msgspec.json.decode(body, type=Manifest)
        is_moment = datetime.fromisoformat(manifest.transaction_time).tzinfo is not None
    except NOT_JSON as error:
        what = str(error) if isinstance(error, msgspec.ValidationError) else "is no JSON"
        raise ExportFailed(WhyFailed.MANIFEST, what) from None
    except ValueError:
        is_moment = False
    if not is_moment:
        raise ExportFailed(WhyFailed.MANIFEST, "its transactionTime is no instant")
    entries = (*manifest.output, *manifest.error, *manifest.deleted)
    if bad := [one for one in entries if not _TYPE.fullmatch(one.type)]:
        raise ExportFailed(WhyFailed.MANIFEST, f"{len(bad)} entries have no resource type")
    if any(link.relation == "next" for link in manifest.link):
        raise ExportFailed(WhyFailed.MANIFEST, "it is one part of several, which were not asked for")
    return manifest


def wanted_files(manifest: Manifest, types: frozenset[str]) -> tuple[WantedFile, ...]:
    """The files to fetch: those of our types, what was deleted, and what the server says went wrong."""
    ours = [one for one in manifest.output if one.type in types]
    return (
        *_named(ours, ""),
        *_named(manifest.deleted, "deleted/"),
        *_named((one for one in manifest.error if one.type == OUTCOMES), "errors/"),
    )


def _named(entries: Iterable[ManifestEntry], folder: str) -> list[WantedFile]:
    """Numbered by type, in the order of the manifest: an interrupted run finds its files again."""
    seen: Counter[str] = Counter()
    files = []
    for one in entries:
        seen[one.type] += 1
        name = f"{folder}{one.type}.{seen[one.type]:03d}"
        files.append(WantedFile(name, one.type, one.url, one.count))
    return files
