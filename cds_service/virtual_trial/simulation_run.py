"""Runs a virtual trial over the cores of this machine; the same seed gives the same figures on any number."""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from multiprocessing import get_context

from cds_service.virtual_trial.assumptions import assumptions
from cds_service.virtual_trial.course_of_trial import run_course
from cds_service.virtual_trial.policies import Fixed, Oracle, Policy, Proportional
from cds_service.virtual_trial.program_policy import Bedside, Program
from cds_service.virtual_trial.trial_outcomes import TrialOutcome, trial_outcome
from cds_service.virtual_trial.virtual_adults import virtual_adult

FIXED, LABEL, PROGRAM, FORECAST, ORACLE = "fixed", "label", "program", "program+forecast", "oracle"
POLICIES = (FIXED, LABEL, PROGRAM, FORECAST, ORACLE)
_AT_ONCE = 4


@dataclass(frozen=True, slots=True)
class SimulatedTrial:
    """What is run: how many patients, from which seed, under which policies."""

    patients: int
    seed: int
    policies: tuple[str, ...]
    bedside: Bedside


def run_trial(
    trial: SimulatedTrial, cores: int, tell: Callable[[int], object] = lambda _: None
) -> list[TrialOutcome]:
    """Every patient under every policy; `tell` hears of each batch how many patients it was."""
    batches = [range(i, min(i + _AT_ONCE, trial.patients)) for i in range(0, trial.patients, _AT_ONCE)]
    found: list[TrialOutcome] = []
    for batch, outcomes in zip(batches, _batches(trial, batches, cores), strict=True):
        found += outcomes
        tell(len(batch))
    return found


def _batches(trial: SimulatedTrial, batches: Sequence[range], cores: int) -> Iterator[list[TrialOutcome]]:
    work = partial(patients, trial)
    if cores == 1:
        yield from map(work, batches)
        return
    # A fresh process inherits no thread and no open file of ours.
    with ProcessPoolExecutor(cores, mp_context=get_context("spawn")) as pool:
        yield from pool.map(work, batches)


def patients(trial: SimulatedTrial, numbers: Sequence[int]) -> list[TrialOutcome]:
    """These patients under every policy of the trial, with the same luck under each."""
    return [_one(trial, number, name) for number in numbers for name in trial.policies]


def _one(trial: SimulatedTrial, number: int, name: str) -> TrialOutcome:
    known = assumptions()
    policy = _policy(trial, name)
    course = run_course(virtual_adult(trial.seed, number, known), name, policy, known)
    return trial_outcome(course, policy.said if isinstance(policy, Program) else (), known)


def _policy(trial: SimulatedTrial, name: str) -> Policy:
    known = assumptions()
    match name:
        case "fixed":
            return Fixed()
        case "label":
            return Proportional()
        case "oracle":
            return Oracle(known)
        case "program":
            return Program(trial.bedside.without_forecast(), known)
    return Program(trial.bedside, known)
