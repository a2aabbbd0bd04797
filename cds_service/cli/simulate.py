"""`cds-service simulate`: the rules and models in closed loop over virtual patients; report and figures."""

import os
import sys
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING

from cds_service import wiring
from cds_service.cli.report import fail
from cds_service.settings.forecast_settings import ForecastEntry, forecaster_of
from cds_service.settings.site_file import BadSite

if TYPE_CHECKING:
    from cds_service.virtual_trial.program_policy import Bedside


def simulate(patients: int, seed: int, out: str, cores: int | None, *, forecast: bool) -> int:
    """Run the virtual trial with the site's rules. Exit code 2 when it cannot be run or written."""
    wiring.one_thread_a_process()
    # numpy, scipy and the rest are for this command only.
    from rich.console import Console
    from rich.progress import Progress

    from cds_service.virtual_trial.simulation_run import FORECAST, POLICIES, SimulatedTrial, run_trial
    from cds_service.virtual_trial.trial_report import FIGURES, REPORT, write_report

    try:
        bedside = _bedside()
    except BadSite as error:
        return fail(*error.faults)
    except wiring.INSTALLATION_FAULTS as error:
        return fail(*wiring.faults_in(error))
    policies = tuple(name for name in POLICIES if forecast or name != FORECAST)
    begun = perf_counter()
    with Progress(console=Console(stderr=True)) as progress:
        task = progress.add_task(f"{patients} patients x {len(policies)} policies", total=patients)
        trial = SimulatedTrial(patients, seed, policies, bedside)
        found = run_trial(trial, cores or os.cpu_count() or 1, lambda done: progress.advance(task, done))
    try:
        write_report(Path(out), found, seed, perf_counter() - begun)
    except OSError as error:
        return fail(f"{error.filename}: {error.strerror}")
    sys.stdout.write(f"{Path(out) / REPORT}\n{Path(out) / FIGURES}\n")
    return 0


def _bedside() -> "Bedside":
    """What the virtual trial asks: the site's rules, and forecasts by other models than its truths."""
    from cds_service.virtual_trial.program_policy import Bedside

    installation = wiring.build_offline_installation()
    entry = ForecastEntry(enabled=True, ciclosporin_models=("woillard_2014", "press_2010"))
    protocol = installation.protocol.with_forecaster(forecaster_of(entry))
    return Bedside(installation.trial, installation.gatherer.reader, protocol)
