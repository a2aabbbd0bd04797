"""A whole screening, from the names of files to the folder of its output."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from cds_service import __version__
from cds_service.advice.from_file import Rulebook
from cds_service.protocol.moment import AsOf
from cds_service.screening.changes import CHANGES, Changes, Earlier, changes_since, earlier_run
from cds_service.screening.engine import Engine
from cds_service.screening.files import export_files
from cds_service.screening.lock import locked
from cds_service.screening.manifest import MANIFEST, UNREADABLE, Unusable, as_csv, manifest_of
from cds_service.screening.outputs import as_json, unusable_lines, write_outputs
from cds_service.screening.report import REPORT, one_answer_away, report_page
from cds_service.screening.run import Run, Tell, screen
from cds_service.screening.shards import SHARD, shards_of
from cds_service.screening.working_folder import WorkingFolder, write_whole

_WORK = ".work"


@dataclass(frozen=True, slots=True)
class Done:
    """What a run says at its end. `changes` where it was asked what changed since another."""

    funnel: dict[str, Any]
    unusable: list[Unusable]
    changes: Changes | None


@dataclass(frozen=True, slots=True)
class How:
    """How the work is done; none of it changes what is said of anybody.

    `every_line`: no line is left undecoded. `shard_bytes`: how much of a file one worker reads. `partitions`:
    of the charts, as many as fit the memory if left out. `since`: an earlier run's
    folder, or else the one that is replaced.
    """

    engine: Engine
    every_line: bool = False
    shard_bytes: int = SHARD
    partitions: int | None = None
    tell: Tell = lambda *_: None
    since: Path | None = None


def screen_export(paths: Sequence[str], out: Path, rules: Rulebook, now: AsOf, how: How) -> Done:
    """Screen the files of an export into the folder `out`.

    Raises OSError, NoExport, NoEarlierRun, InUse, WorkerLost, duckdb.Error.
    """
    shards = tuple(shards_of(export_files(paths), how.shard_bytes))
    settings = {"asOf": now.text, "texts": rules.texts_version, "everyLine": how.every_line}
    with locked(out):
        work = WorkingFolder(out / _WORK, msgspec.json.encode([__version__, settings, shards]))
        run = Run(rules, now, how.engine, work, how.every_line, how.partitions, how.tell)
        passes = screen(run, shards)
        unusable = unusable_lines(work, passes, shards)
        earlier = _earlier(how.since, out)
        funnel = write_outputs(work, out, now.text, unusable)
        changes = changes_since(earlier, out, now.text) if earlier else None
        if changes is not None:
            write_whole(out / CHANGES, as_json(changes))
        one_away = one_answer_away(judged.summary for judged in work.judged())
        write_whole(out / REPORT, report_page(funnel, one_away, changes, rules.words).encode())
        write_whole(out / UNREADABLE, as_csv(unusable))
        write_whole(out / MANIFEST, as_json(manifest_of(passes, shards, settings, unusable)))
        work.remove()
    return Done(funnel, unusable, changes)


def _earlier(since: Path | None, out: Path) -> Earlier | None:
    """The run to compare with: the one asked for, else the one that is going to be replaced."""
    if since is not None:
        return earlier_run(since)
    return earlier_run(out) if (out / MANIFEST).exists() else None
