"""A whole screening, from the names of files to the folder of its output."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from cds_service import __version__
from cds_service.advice.from_file import Rulebook
from cds_service.protocol.moment import AsOf
from cds_service.screening.engine import Engine
from cds_service.screening.files import export_files
from cds_service.screening.lock import locked
from cds_service.screening.manifest import MANIFEST, UNREADABLE, Unusable, as_csv, manifest_of
from cds_service.screening.outputs import as_json, unusable_lines, write_outputs
from cds_service.screening.run import Run, Tell, screen
from cds_service.screening.shards import SHARD, shards_of
from cds_service.screening.working_folder import WorkingFolder, write_whole

_WORK = ".work"


@dataclass(frozen=True, slots=True)
class Done:
    """What a run says at its end."""

    funnel: dict[str, Any]
    unusable: list[Unusable]


@dataclass(frozen=True, slots=True)
class How:
    """How the work is done; none of it changes what is said of anybody.

    `every_line`: no line is left undecoded. `shard_bytes`: how much of a file one worker reads. `partitions`:
    of the charts, as many as fit the memory if left out.
    """

    engine: Engine
    every_line: bool = False
    shard_bytes: int = SHARD
    partitions: int | None = None
    tell: Tell = lambda *_: None


def screen_export(paths: Sequence[str], out: Path, rules: Rulebook, now: AsOf, how: How) -> Done:
    """Screen the files of an export into the folder `out`.

    Raises OSError, NoExport, InUse, WorkerLost, duckdb.Error.
    """
    shards = tuple(shards_of(export_files(paths), how.shard_bytes))
    settings = {"asOf": now.text, "texts": rules.texts_version, "everyLine": how.every_line}
    with locked(out):
        work = WorkingFolder(out / _WORK, msgspec.json.encode([__version__, settings, shards]))
        run = Run(rules, now, how.engine, work, how.every_line, how.partitions, how.tell)
        passes = screen(run, shards)
        unusable = unusable_lines(work, passes, shards)
        funnel = write_outputs(work, out, now.text, unusable)
        write_whole(out / UNREADABLE, as_csv(unusable))
        write_whole(out / MANIFEST, as_json(manifest_of(passes, shards, settings, unusable)))
        work.remove()
    return Done(funnel, unusable)
