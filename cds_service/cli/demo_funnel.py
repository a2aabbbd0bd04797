"""The demo's recruitment funnel: its patients and a synthetic department, screened as a hospital's export is.

A process of its own does it beside the running demo, in the time that nothing else wants:
`python -m cds_service.cli.demo_funnel FOLDER [SITE_FILE]`.
"""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

from cds_service import offline_wiring
from cds_service.cli.demo_site import DEMO_SITE, demo_site, screening_in
from cds_service.demo.demo_patients import demo_patients
from cds_service.demo.demo_patients.hospital import department_charts, read_department
from cds_service.demo.demo_patients.population import population
from cds_service.rules.as_of import as_of
from cds_service.settings.extras import not_installed
from cds_service.settings.site_file import Site
from cds_service.trials.installed import number_beside, trials_in

Json = dict[str, Any]
PEOPLE_AROUND = 40
"""How many stand around the demo patients in the demo's own FHIR server."""
_EXPORT = "export"
_AFTER_EVERYTHING_ELSE = 19


@contextmanager
def screened_beside(folder: Path, site_file: str | None) -> Iterator[None]:
    """While within, a process screens the department below `folder`; it is stopped at the end."""
    if not_installed("screening"):
        yield
        return
    told = [str(folder), *([str(Path(site_file).resolve())] if site_file else [])]
    # In a session of its own: Ctrl-C reaches every process of the terminal, and this one is ended by us.
    work = subprocess.Popen([sys.executable, "-m", __name__, *told], start_new_session=True)  # noqa: S603
    try:
        yield
    finally:
        work.terminate()
        work.wait()


def screen_department(site: Site, folder: Path, now: datetime) -> None:
    """Screen everybody's chart for each trial of the site, as of `now`; the export is gone afterwards."""
    from cds_service.screening.export_files import How, screen_export
    from cds_service.screening.screening_engine import engine_on

    export = write_export(folder / _EXPORT, department_export(now))
    for trial in trials_in(site.trials):
        rules, out = offline_wiring.build_rulebook(site, trial), screening_in(folder)
        with engine_on(1) as engine:
            screen_export(
                [str(export)],
                out / number_beside(trial, site.trials),
                rules,
                as_of(now, site.zone),
                How(engine),
            )
    shutil.rmtree(export)


def department_export(now: datetime) -> Iterator[tuple[Json, ...]]:
    """Everybody's chart: of the demo patients, those around them, and the department."""
    today = now.date()
    yield from (patient.resources for patient in demo_patients(today))
    yield from (chart for _, _, chart in population(PEOPLE_AROUND, today))
    yield from department_charts(today, read_department())


def write_export(export: Path, charts: Iterable[tuple[Json, ...]]) -> Path:
    """A file for each type, as a FHIR server writes a bulk export; what charts share stands in it once."""
    export.mkdir(parents=True)
    lines: dict[str, dict[str, str]] = {}
    for one in (one for chart in charts for one in chart):
        lines.setdefault(one["resourceType"], {})[one["id"]] = json.dumps(one, ensure_ascii=False)
    for kind, of_kind in lines.items():
        (export / f"{kind}.ndjson").write_text("\n".join(of_kind.values()) + "\n", encoding="utf-8")
    return export


def main() -> None:
    """As the process beside the demo."""
    os.nice(_AFTER_EVERYTHING_ELSE)
    folder, *site_file = sys.argv[1:]
    site = demo_site(Path(site_file[0])) if site_file else DEMO_SITE
    now = offline_wiring.now_in(site.zone).instant.astimezone(site.zone)
    screen_department(site, Path(folder), now)


if __name__ == "__main__":
    main()
