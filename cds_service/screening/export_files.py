"""A whole screening, from the names of files to the folder of its output."""

import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import xxhash

from cds_service import __version__
from cds_service.bulk_export.folder_lock import locked
from cds_service.bulk_export.whole_file import write_whole
from cds_service.rules.as_of import AsOf
from cds_service.screening.changes_since_last_run import (
    CHANGES,
    Earlier,
    RunChanges,
    earlier_run,
    refuse_run_of_another,
    run_changes_since,
)
from cds_service.screening.files import files_of_export
from cds_service.screening.kept_shards import KeptShards, kept_in
from cds_service.screening.outputs import as_json, unusable_lines, write_outputs
from cds_service.screening.patient_shards import SHARD, shards_of
from cds_service.screening.run_manifest import MANIFEST, UNREADABLE, Unusable, manifest_csv, manifest_of
from cds_service.screening.screening_engine import Engine
from cds_service.screening.screening_report import REPORT, one_answer_away, report_page
from cds_service.screening.screening_run import ScreeningRun, Tell, run_screening
from cds_service.screening.software import installed_software
from cds_service.screening.working_folder import PLAN, WorkingFolder
from cds_service.services.chart_file import Rulebook

_WORK, _KEPT = ".work", ".kept"


@dataclass(frozen=True, slots=True)
class FileDone:
    """What a run says at its end. `changes` where it was asked what changed since another."""

    funnel: dict[str, Any]
    unusable: list[Unusable]
    changes: RunChanges | None


@dataclass(frozen=True, slots=True)
class How:
    """How the work is done; none of it changes what is said of anybody.

    `every_line`: no line is left undecoded. `shard_bytes`: how much of a file one worker reads. `partitions`:
    of the charts, as many as fit the memory if left out. `since`: an earlier run's folder, or else the one
    that is replaced. `site` names the site's settings in the manifest. `keeps`: what is found in a piece of
    the export is kept in `out` for the next run, and what the last one found is used, unless `anew`.
    """

    engine: Engine
    every_line: bool = False
    shard_bytes: int = SHARD
    partitions: int | None = None
    tell: Tell = lambda *_: None
    since: Path | None = None
    site: str = ""
    keeps: bool = False
    anew: bool = False


def screen_export(paths: Sequence[str], out: Path, rules: Rulebook, now: AsOf, how: How) -> FileDone:
    """Screen the files of an export into the folder `out`.

    Raises OSError, NoExport, NoEarlierRun, InUse, WorkerLost, duckdb.Error.
    """
    files = files_of_export(paths)
    shards = tuple(shards_of(files, how.shard_bytes))
    settings = {
        "asOf": now.text,
        "texts": rules.texts_version,
        "site": how.site,
        "everyLine": how.every_line,
    }
    written = [Path(file.path).stat().st_mtime_ns for file in files]
    with locked(out):
        for folder in (how.since, out):
            refuse_run_of_another(rules.trial.record.id, folder or out)
        work = WorkingFolder(out / _WORK, msgspec.json.encode([__version__, settings, shards, written]))
        shelf = _shelf(out, rules, how)
        run = ScreeningRun(rules, now, how.engine, work, how.every_line, how.partitions, shelf, how.tell)
        passes = run_screening(run, shards)
        unusable = unusable_lines(work, passes, shards)
        made = work.folder / "outputs"
        made.mkdir(exist_ok=True)
        earlier = _earlier(how.since, out)
        funnel = write_outputs(work, made, now.text, unusable, rules.trial.criteria)
        changes = run_changes_since(earlier, made, now.text) if earlier else None
        if changes is not None:
            write_whole(made / CHANGES, as_json(changes))
        one_away = one_answer_away(judged.summary for judged in work.judged())
        write_whole(made / REPORT, report_page(funnel, one_away, changes, rules.words).encode())
        write_whole(made / UNREADABLE, manifest_csv(unusable))
        write_whole(made / MANIFEST, as_json(manifest_of(passes, shards, settings, unusable)))
        for file in sorted(made.iterdir()):
            file.replace(out / file.name)  # all that could fill the disk is written by now
        if shelf is not None:
            shelf.only(found.kept for found in passes.found.values())
        work.remove()
    return FileDone(funnel, unusable, changes)


def _shelf(out: Path, rules: Rulebook, how: How) -> KeptShards | None:
    """Apart for every program, trial, text, code list and site file: nothing that others read is used."""
    if not how.keeps or how.every_line:
        return None
    if how.anew:
        shutil.rmtree(out / _KEPT, ignore_errors=True)
    apart = (installed_software(), rules.trial.record.id, rules.texts_version, how.site)
    version = xxhash.xxh3_128(" ".join(map(str, apart)).encode())
    return kept_in(out / _KEPT, version.hexdigest())


def _earlier(since: Path | None, out: Path) -> Earlier | None:
    """The run to compare with: the one asked for, else the one that is going to be replaced."""
    if since is not None:
        return earlier_run(since)
    return earlier_run(out) if (out / MANIFEST).exists() else None


def unfinished(out: Path) -> str | None:
    """The moment of the run that was broken off in this folder: as it was asked for, the next one goes on."""
    try:
        _, settings, _, _ = msgspec.json.decode((out / _WORK / PLAN).read_bytes(), type=_Plan)
    except (OSError, msgspec.DecodeError):
        return None
    return str(settings["asOf"])


_Plan = tuple[str, dict[str, Any], list[Any], list[int]]
