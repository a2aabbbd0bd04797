"""`cds-service screen`: a hospital's export in, from disk or live; who could enter the trial out."""

import argparse
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from cds_service import offline_wiring
from cds_service.cli.moments import NotAMoment, moment
from cds_service.cli.report import INCOMPLETE, INTERRUPTED, fail, note
from cds_service.cli.screen_progress import progress
from cds_service.settings.site_file import BadSite, Site

if TYPE_CHECKING:
    from cds_service.screening.export_files import FileDone

_SAID = 20


class Nothing(ValueError):
    """There is nothing to screen, or too much is named. The message is for the person who asked."""


@dataclass(frozen=True, slots=True)
class ExportSource:
    """What is screened: paths, the moment that the data are of, as it is written, and what is missing."""

    paths: Sequence[str]
    as_of: str | None = None
    missing: Sequence[str] = ()


def screen(asked: argparse.Namespace) -> int:
    """Screen an export. Exit code 2 for what cannot be read or written, 3 where single lines could not."""
    import duckdb

    from cds_service.bulk_export.failed import ExportFailed
    from cds_service.bulk_export.folder_lock import InUse
    from cds_service.cli.cluster_options import NoCluster
    from cds_service.screening.changes_since_last_run import NoEarlierRun
    from cds_service.screening.cluster import ClusterFailed
    from cds_service.screening.files import NoExport
    from cds_service.screening.screening_engine import WorkerLost

    try:
        site = offline_wiring.site_in_use()
        code = _screened(asked, _source(asked, site), site)
    except BadSite as error:
        return fail(*error.faults)
    except offline_wiring.INSTALLATION_FAULTS as error:
        return fail(*offline_wiring.faults_in(error))
    except OSError as error:
        return fail(f"{error.filename or asked.out}: {error.strerror}")
    except duckdb.Error as error:
        return fail(f"{asked.out}: {str(error).splitlines()[0]}")
    except WorkerLost:
        return fail("a process was ended from outside; most often memory ran out. The same command goes on.")
    except KeyboardInterrupt:
        fail("stopped; the same command goes on from here")
        return INTERRUPTED
    except (
        Nothing,
        ExportFailed,
        NoCluster,
        ClusterFailed,
        NoExport,
        NoEarlierRun,
        NotAMoment,
        InUse,
    ) as error:
        return fail(str(error))
    return code if asked.write_list is None else _list_of(asked, code)


def _source(asked: argparse.Namespace, site: Site) -> ExportSource:
    """Files that are there, or a new export of a FHIR server, as of the server's own moment."""
    if bool(asked.paths) == bool(asked.fhir_server):
        raise Nothing("give files or folders to screen, or --fhir-server; not both")
    if asked.paths:
        return ExportSource(asked.paths)
    from cds_service.cli.export import Spoken, export_from

    shelf = Path(asked.export_into or f"{asked.out.rstrip('/')}.exports")
    export = export_from(asked.fhir_server, site, shelf, Spoken())
    note(export.done.remarks)
    as_of = datetime.fromisoformat(export.done.transaction_time).isoformat(timespec="seconds")
    return ExportSource([str(export.folder)], as_of, export.done.problems)


def _screened(asked: argparse.Namespace, source: ExportSource, site: Site) -> int:
    from cds_service.cli.cluster_options import cluster_asked
    from cds_service.cli.screen_cores import cores_for, size_of
    from cds_service.screening.export_files import How, screen_export, unfinished
    from cds_service.screening.files import files_of_export
    from cds_service.screening.screening_engine import engine_on
    from cds_service.web.garbage_collection import look_rarely

    rules = offline_wiring.build_rulebook(site, offline_wiring.trial_of(site, asked.trial))
    as_of = asked.as_of or source.as_of or unfinished(Path(asked.out))
    now = moment(as_of, site.zone) if as_of else offline_wiring.now_in(site.zone)
    size = size_of(files_of_export(source.paths))
    look_rarely()
    since = Path(asked.since) if asked.since else None
    with cluster_asked(asked) or engine_on(cores_for(asked, size)) as engine, progress(size) as tell:
        how = How(
            engine,
            asked.every_line,
            since=since,
            tell=tell,
            site=_in_force(site),
            keeps=not asked.scheduler,  # workers elsewhere do not see our folder
            anew=asked.anew,
        )
        done = screen_export(source.paths, Path(asked.out), rules, now, how)
    note(f"missing: {problem}" for problem in source.missing)
    _say(done)
    return INCOMPLETE if done.unusable or source.missing else 0


def _say(done: "FileDone") -> None:
    for one in done.unusable[:_SAID]:
        note([f"{one.file}:{one.line}: {one.reason}" if one.line else one.reason])
    if len(done.unusable) > _SAID:
        note([f"... {len(done.unusable) - _SAID} more in unreadable.csv"])
    note([f"since {done.changes.since}: {done.changes.words}"] if done.changes else [])
    sys.stdout.write(msgspec.json.encode(done.funnel).decode() + "\n")


def _list_of(asked: argparse.Namespace, code: int) -> int:
    """The study team's list, once the run is whole; a list not written outweighs unread lines."""
    from cds_service.cli.study_list import study_list

    return study_list(asked.out, asked.write_list or None) or code


def _in_force(site: Site) -> str:
    """A hash of the site file and its maps: what was read by others is not gone on with."""
    import xxhash

    path = offline_wiring.site_file_in_use()
    if path is None:
        return ""
    files = (Path(path), *site.concept_maps)
    return xxhash.xxh3_128(b"".join(file.read_bytes() for file in files)).hexdigest()
