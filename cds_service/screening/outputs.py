"""What a run leaves in its folder: tables, assessments, funnel, unreadable lines, manifest."""

import gzip
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec

from cds_service.bulk_export.whole_file import write_whole
from cds_service.screening.funnel import FUNNEL, funnel_of
from cds_service.screening.patient_shards import Shard
from cds_service.screening.run_manifest import Unusable
from cds_service.screening.screening_run import Passes
from cds_service.screening.summary_tables import rows_as_lines, summary_row, write_tables
from cds_service.screening.working_folder import WorkingFolder

ASSESSMENTS = "assessments.ndjson.gz"
_LEVEL = 3


def unusable_lines(work: WorkingFolder, passes: Passes, shards: Sequence[Shard]) -> list[Unusable]:
    """Every such line once, in the order of files."""
    first, names = passes.first_lines(shards), {shard.key: shard.name for shard in shards}
    rows = work.ask("SELECT DISTINCT shard, number, reason FROM {problems} ORDER BY ALL")
    found = {(names[s], first[s] + n): Unusable(names[s], first[s] + n, reason) for s, n, reason in rows}
    unowned = [
        Unusable("", 0, "a diagnosis or participation names by number a patient who is not in this export")
        for _ in passes.unowned
    ]
    if not work.ask("SELECT id FROM {people} LIMIT 1"):
        unowned.append(
            Unusable("", 0, "no Patient in this export: only those who may be candidates are counted")
        )
    return [*found.values(), *unowned]


def write_outputs(
    work: WorkingFolder, folder: Path, as_of: str, unusable: Sequence[Unusable], criteria: Sequence[str]
) -> dict[str, Any]:
    """Write tables, assessments and funnel into `folder`; the funnel. `criteria` are the trial's, by id.

    Raises OSError or duckdb.Error.
    """
    rows = work.folder / "rows.ndjson"
    with rows.open("wb") as table:
        for judged in work.judged():
            table.write(rows_as_lines([summary_row(judged.summary)]))
    screened = write_tables(work.database, rows, work.everybody, folder, criteria)
    _write_assessments(work, folder / ASSESSMENTS)
    summaries = (judged.summary for judged in work.judged())
    funnel = funnel_of(summaries, as_of, len(unusable), screened)
    write_whole(folder / FUNNEL, as_json(funnel))
    return funnel


def as_json(value: Any) -> bytes:
    """JSON to be read by people, too."""
    return msgspec.json.format(msgspec.json.encode(value), indent=2) + b"\n"


def _write_assessments(work: WorkingFolder, file: Path) -> None:
    """The assessments of all with evidence, in no order."""
    begun = file.with_name(f"{file.name}.part")
    with begun.open("wb") as packed, gzip.GzipFile("", "wb", _LEVEL, packed, mtime=0) as unpacked:
        for judged in work.judged():
            if judged.assessment is not None:
                unpacked.write(judged.assessment + b"\n")
    begun.replace(file)
