"""`manifest.json`: of what a run was made; and `unreadable.csv`: which lines could not be used, and why."""

import csv
import io
from collections.abc import Mapping, Sequence
from itertools import groupby
from typing import Any

import msgspec
import xxhash

from cds_service import __version__
from cds_service.screening.patient_shards import Shard
from cds_service.screening.screening_run import Passes

MANIFEST, UNREADABLE = "manifest.json", "unreadable.csv"


class Unusable(msgspec.Struct, frozen=True):
    """A line that could not be used: its file, its number from 1, and why. Line 0 is not one line."""

    file: str
    line: int
    reason: str


def manifest_of(
    passes: Passes, shards: Sequence[Shard], settings: Mapping[str, Any], unusable: Sequence[Unusable]
) -> dict[str, Any]:
    """The manifest. `settings` is what the run was told, and what version of the texts it judged by.

    `knownBytes` were not looked through again: a former run had found in them all that was looked for.
    """
    inputs = []
    for _, of_file in groupby(shards, key=lambda shard: shard.place):
        parts = list(of_file)
        found = [passes.found[part.key] for part in parts]
        digest = xxhash.xxh3_128("".join(one.digest for one in found).encode()).hexdigest()
        inputs.append(
            {
                "file": parts[0].name,
                "bytes": sum(one.size for one in found),
                "lines": sum(one.lines for one in found),
                "xxh3": digest if len(found) > 1 else found[0].digest,
            }
        )
    return {
        "schema": "screening-run/1",
        "program": __version__,
        **settings,
        "inputs": inputs,
        "knownBytes": sum(one.size for one in passes.found.values() if one.is_known),
        "unreadable": len(unusable),
    }


def manifest_csv(unusable: Sequence[Unusable]) -> bytes:
    """The lines as a table."""
    written = io.StringIO()
    table = csv.writer(written)
    table.writerow(("file", "line", "reason"))
    table.writerows((one.file, one.line or "", one.reason) for one in unusable)
    return written.getvalue().encode()
