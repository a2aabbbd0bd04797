"""Which trials a process serves: those that it is told, by default every folder here that declares one."""

from collections.abc import Iterable
from pathlib import Path

from cds_service.trials.trial_interface import Trial, trial_in


def shipped_trials() -> tuple[str, ...]:
    """The modules of the trials that came with this program, in the order of their folders' names."""
    folders = sorted(path.parent.name for path in Path(__file__).parent.glob("*/trial.toml"))
    return tuple(f"{__package__}.{folder}.trial" for folder in folders)


def trials_in(modules: Iterable[str]) -> tuple[Trial, ...]:
    """The trials of these modules, in this order."""
    return tuple(trial_in(module) for module in modules)


def number_beside(trial: Trial, modules: tuple[str, ...]) -> str:
    """By what pages, folders and alarms of a trial are told from those of the first of these modules.

    "" for the first itself: its addresses and names are those of a site that serves no other trial.
    """
    return "" if trial.module == modules[0] else trial.record.id


def numbers_by_service(trials: Iterable[Trial]) -> dict[str, str]:
    """The number of the trial that each service is of, by the service's id."""
    return {service.id: trial.record.id for trial in trials for service in trial.services}


def path_beside(path: str, beside: str) -> str:
    """Where the pages of the trial with this `number_beside` stand, `path` being those of the first."""
    return f"{path}/{beside}" if beside else path
