"""A live export brought to disk, from the kick-off or from where an interrupted run ended."""

from pathlib import Path

from msgspec.structs import replace

from cds_service.bulk_export.export_run import ExportRun
from cds_service.bulk_export.export_server import BulkServer
from cds_service.bulk_export.failed import ExportFailed, WhyFailed
from cds_service.bulk_export.kick_off import kick_off_address
from cds_service.bulk_export.outside_world import ExportFolder, World
from cds_service.bulk_export.progress import ExportProgress
from cds_service.bulk_export.remembered_job import DownloadedFile, read_done

BESIDE_GROUP = "beside-group"
"""The folder, below that of a group's export, of what was fetched from the whole server."""
_STILL_NEW = 24 * 3600


def bring_export(
    server: BulkServer,
    types: frozenset[str],
    folder: Path,
    outside: World,
    progress: ExportProgress,
    previous: Path | None = None,
) -> ExportFolder:
    """Bring an export of these resource types into `folder`. Raises ExportFailed.

    `previous` is the folder of an earlier one: then only what changed since is fetched, where that is safe,
    and put together with it. What an interrupted call left in the folder is gone on with. Types beside a
    group come first, into a folder of their own below: without them the export is not finished.
    """
    try:
        if not (beside := types & server.beside_group):
            return _brought(server, types, folder, outside, progress, previous)
        whole = server.without_group()
        more = _brought(whole, beside, folder / BESIDE_GROUP, outside, progress, None).done
        export = _brought(server, types - beside, folder, outside, progress, previous)
        done = replace(
            export.done,
            remarks=(*export.done.remarks, *more.remarks),
            problems=(*export.done.problems, *more.problems),
        )
        return ExportFolder(folder, done)
    except OSError as error:
        where = Path(error.filename).name if isinstance(error.filename, str) else folder.name
        raise ExportFailed(WhyFailed.FOLDER, f"{where}: {error.strerror}") from None


def _brought(
    server: BulkServer,
    types: frozenset[str],
    folder: Path,
    outside: World,
    progress: ExportProgress,
    previous: Path | None,
) -> ExportFolder:
    """Raises ExportFailed, OSError."""
    folder.mkdir(parents=True, exist_ok=True)
    if done := read_done(folder):
        wanted = kick_off_address(server, types, None)
        return ExportFolder(folder, _still_good(done, wanted, outside.clock(), progress))
    return ExportRun(server, folder, outside, progress).bring(types, previous)


def _still_good(done: DownloadedFile, wanted: str, now: int, progress: ExportProgress) -> DownloadedFile:
    """The export that is here already. Raises ExportFailed for another one, or one of another day."""
    if done.wanted != wanted or now - done.finished > _STILL_NEW:
        fact = f"it holds the export of {done.base} as of {done.transaction_time}; name another"
        raise ExportFailed(WhyFailed.FOLDER, fact)
    progress.say(f"the export is here already, as of {done.transaction_time}")
    return done
