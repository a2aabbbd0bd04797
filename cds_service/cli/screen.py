"""`cds-service screen PATH... --out DIR`: a hospital's export in, who could enter the trial out."""

import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec

from cds_service import wiring
from cds_service.advice.from_file import Rulebook, rulebook_of
from cds_service.cli.moments import NotAMoment, moment
from cds_service.cli.report import fail, note
from cds_service.cli.screen_progress import progress
from cds_service.protocol.moment import AsOf
from cds_service.settings.site_file import BadSite, read_site

UNREADABLE_LINES = 3
"""Exit code of a run that ended well and met lines that it could not use."""
INTERRUPTED = 130
"""What a shell shows for a program that Ctrl-C has ended."""
_SAID = 20
_SMALL = 32 << 20
"""Bytes below which a second process takes longer to begin than to help."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What the command was asked for. `as_of` as it is written, `cores` None for all."""

    paths: Sequence[str]
    out: str
    as_of: str | None = None
    since: str | None = None
    cores: int | None = None
    every_line: bool = False


def screen(asked: Asked) -> int:
    """Screen an export. Exit code 2 for what cannot be read or written, 3 where single lines could not."""
    try:
        import duckdb
        import hyperscan  # noqa: F401 - the whole extra, or none of it
    except ImportError as error:
        return fail(f"{error.name} is not installed: pip install 'cds-service[screening]'")
    from cds_service.screening.changes import NoEarlierRun
    from cds_service.screening.engine import WorkerLost
    from cds_service.screening.export import unfinished
    from cds_service.screening.files import NoExport
    from cds_service.screening.lock import InUse

    try:
        clinic = wiring.build_offline_clinic()
        as_of = asked.as_of or unfinished(Path(asked.out))
        now = moment(as_of, clinic.zone) if as_of else wiring.now_in(clinic.zone)
        return _screened(asked, rulebook_of(clinic), now)
    except BadSite as error:
        return fail(*error.faults)
    except wiring.INSTALLATION_FAULTS as error:
        return fail(*wiring.faults_in(error))
    except OSError as error:
        return fail(f"{error.filename or asked.out}: {error.strerror}")
    except duckdb.Error as error:
        return fail(f"{asked.out}: {str(error).splitlines()[0]}")
    except WorkerLost:
        return fail("a process was ended from outside; most often memory ran out. The same command goes on.")
    except KeyboardInterrupt:
        fail("stopped; the same command goes on from here")
        return INTERRUPTED
    except (NoExport, NoEarlierRun, NotAMoment, InUse) as error:
        return fail(str(error))


def _screened(asked: Asked, rules: Rulebook, now: AsOf) -> int:
    from cds_service.screening.engine import engine_on
    from cds_service.screening.export import How, screen_export
    from cds_service.screening.files import export_files

    size = sum(Path(file.path).stat().st_size for file in export_files(asked.paths))
    cores = asked.cores or (len(os.sched_getaffinity(0)) if size > _SMALL else 1)
    since = Path(asked.since) if asked.since else None
    with engine_on(cores) as engine, progress(size) as tell:
        how = How(engine, asked.every_line, since=since, tell=tell, site=_site_in_force())
        done = screen_export(asked.paths, Path(asked.out), rules, now, how)
    for one in done.unusable[:_SAID]:
        note([f"{one.file}:{one.line}: {one.reason}" if one.line else one.reason])
    if len(done.unusable) > _SAID:
        note([f"... {len(done.unusable) - _SAID} more in unreadable.csv"])
    note([f"since {done.changes.since}: {done.changes.words}"] if done.changes else [])
    sys.stdout.write(msgspec.json.encode(done.funnel).decode() + "\n")
    return UNREADABLE_LINES if done.unusable else 0


def _site_in_force() -> str:
    """A hash of the site file and its maps: what was read by others is not gone on with."""
    import xxhash

    path = wiring.site_file_in_use()
    if path is None:
        return ""
    files = (Path(path), *read_site(Path(path)).concept_maps)
    return xxhash.xxh3_128(b"".join(file.read_bytes() for file in files)).hexdigest()
