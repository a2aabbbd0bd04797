"""Which trials a process serves: those that it is told, by default every folder here that declares one."""

from collections.abc import Iterable
from functools import cache
from importlib import import_module
from pathlib import Path

from cds_service.trials.trial_interface import Trial


def shipped_trials() -> tuple[str, ...]:
    """The modules of the trials that came with this program, in the order of their folders' names."""
    folders = sorted(path.parent.name for path in Path(__file__).parent.glob("*/trial.toml"))
    return tuple(f"{__package__}.{folder}.trial" for folder in folders)


@cache
def trial_in(module: str) -> Trial:
    """What a module declares as `TRIAL`. Raises ImportError, AttributeError or ProtocolTextFault."""
    found: Trial = import_module(module).TRIAL
    return found


def trials_in(modules: Iterable[str]) -> tuple[Trial, ...]:
    """The trials of these modules, in this order."""
    return tuple(trial_in(module) for module in modules)
