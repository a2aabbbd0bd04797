"""`cds-service fetch-export`: a hospital's data from its FHIR server to disk, for `screen` to read."""

import signal
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from cds_service import wiring
from cds_service.bulk_export.bring_export import bring_export
from cds_service.bulk_export.downloaded_files import alone_on, clear, next_place
from cds_service.bulk_export.export_server import BulkServer
from cds_service.bulk_export.failed import ExportFailed
from cds_service.bulk_export.outside_world import ExportFolder
from cds_service.bulk_export.progress import ExportProgress
from cds_service.cli.report import INCOMPLETE, INTERRUPTED, fail, note
from cds_service.fhir_client.base_url_allow_list import NotAnAddress, read_base
from cds_service.settings.bulk_exports import open_addresses
from cds_service.settings.site_file import BadSite, Site
from fhir_mappings.readers.resource_types import READ_TYPES

KEPT = 2
"""Finished exports that stay, if nobody says otherwise."""
_STAND_INS = frozenset({"CarePlan", "Flag", "Group"})
_STAYS = frozenset({"Encounter"})
_SECONDS_BETWEEN = 10.0


class Spoken:
    """Progress on standard error, a line each; how much of a file came, every ten seconds at most."""

    def __init__(self, seconds: Callable[[], float] = time.monotonic) -> None:
        self._seconds = seconds
        self._said = seconds()

    def say(self, line: str) -> None:
        """Say it at once."""
        note([line])

    def came(self, file: str, count: int) -> None:
        """Say it if nothing like it was said for a while."""
        if self._seconds() - self._said >= _SECONDS_BETWEEN:
            self._said = self._seconds()
            note([f"{file}: {count / 1e6:.0f} MB"])


def fetch_export(url: str, into: str, keep: int, *, whole: bool) -> int:
    """Print the export's folder. Exit code 2 without one, 3 with gaps, 130 after Ctrl-C."""
    try:
        export = export_from(url, wiring.site_in_use(), Path(into), Spoken(), keep=keep, whole=whole)
    except BadSite as error:
        return fail(*error.faults)
    except ExportFailed as error:
        return fail(str(error))
    except OSError as error:
        return fail(f"{error.filename}: {error.strerror}")
    except KeyboardInterrupt:
        note(["given up; what is here already is gone on with the next time"])
        return INTERRUPTED
    note([*export.done.remarks, *(f"missing: {problem}" for problem in export.done.problems)])
    sys.stdout.write(f"{export.folder}\n")
    return INCOMPLETE if export.done.problems else 0


def export_from(
    url: str, site: Site, shelf: Path, progress: ExportProgress, *, keep: int = KEPT, whole: bool = False
) -> ExportFolder:
    """A new export of that server among those on the shelf, built on the newest where that is safe.

    Of the finished ones the newest `keep` stay. Raises ExportFailed, BadSite, OSError, KeyboardInterrupt.
    """
    server = export_server_named(url, site)
    outside = wiring.build_bulk_export(site)
    with outside.session, alone_on(shelf), ended_like_control_c():
        place = next_place(shelf, outside.clock())
        previous = None if whole else place.previous
        export = bring_export(server, wanted_types(site), place.folder, outside, progress, previous)
        for gone in clear(shelf, keep):
            progress.say(f"older export removed: {gone.name}")
    return export


def export_server_named(url: str, site: Site) -> BulkServer:
    """The server of the site file with this base, or one that asks for nothing. Raises BadSite."""
    try:
        base = read_base(url)
    except NotAnAddress as error:
        raise BadSite((f"--fhir-server {error.problem}",)) from error
    listed = (one for one in site.bulk_exports if one.base == base)
    server = next(listed, None) or BulkServer(base, not_kept=site.ways.not_kept)
    if open_ones := open_addresses(server):
        raise BadSite(tuple(f"{one} must be https, off this computer" for one in open_ones))
    return server


def wanted_types(site: Site) -> frozenset[str]:
    """What the readers of the bedside look at in a file, and stays; stand-ins only where they are used."""
    return READ_TYPES - _STAND_INS | {one.kind for one in site.stand_ins} | _STAYS


@contextmanager
def ended_like_control_c() -> Iterator[None]:
    """Being told to stop by a supervisor (SIGTERM) is like Ctrl-C: the FHIR server is told, too."""
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
