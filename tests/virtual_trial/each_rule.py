"""What each of two rules does to the virtual trial, alone and together: the restart after a hold, the unexpected level.

`make simulate-rules` prints the table of docs/decisions/0011. A rule is taken away by its own reviewed numbers: with no
day on which a trigger still counts there is no hold to restart from, with an endless factor no level lies far from the
last one. The same patients, with the same luck, in each; the oracle knows nothing of either.
"""

import dataclasses
import os
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor
from decimal import Decimal
from functools import partial
from multiprocessing import get_context

import numpy as np
from msgspec.structs import replace

from cds_service.trials.nct06802055.patient_state.doses.titration_limits import TitrationLimits
from cds_service.trials.nct06802055.patient_state.dosing_reasons import Reason
from cds_service.virtual_trial.assumptions import assumptions
from cds_service.virtual_trial.course_of_trial import run_course
from cds_service.virtual_trial.policies import Oracle
from cds_service.virtual_trial.program_policy import Bedside, Program
from cds_service.virtual_trial.trial_outcomes import TrialOutcome, trial_outcome
from cds_service.virtual_trial.virtual_adults import virtual_adult
from tests.virtual_trial.bedside import bedside

SEEDS = (1, 2, 3, 4, 5)
PATIENTS = int(os.environ.get("SIMULATE_PATIENTS", "200"))
ORACLE = "oracle"
REASONS = (Reason.LEVEL_UNEXPECTED, Reason.HOLD_OPEN, Reason.RESTART_AFTER_HOLD)
Limits = Callable[[TitrationLimits], TitrationLimits]
Told = tuple[TrialOutcome, Counter[str]]
_AT_ONCE = 5


def without_restart(limits: TitrationLimits) -> TitrationLimits:
    """No trigger is recent enough to hold anything open: the clinic restarts by itself."""
    return replace(limits, hold_days=-1)


def without_unexpected(limits: TitrationLimits) -> TitrationLimits:
    """No level lies far enough from the last one."""
    endless = Decimal(10**9)
    return replace(limits, jump_sirolimus_factor=endless, jump_ciclosporin_factor=endless)


RULES: dict[str, Limits] = {
    "neither": lambda limits: without_restart(without_unexpected(limits)),
    "restart alone": without_unexpected,
    "unexpected level alone": without_restart,
    "both (as shipped)": lambda limits: limits,
}


def bedside_with(rules: str) -> Bedside:
    """The default site, with these of the two rules."""
    site = bedside().without_forecast()
    return dataclasses.replace(
        site, protocol=replace(site.protocol, titration=RULES[rules](site.protocol.titration))
    )


def courses(way: str, seed: int, numbers: Sequence[int]) -> list[Told]:
    """These patients under the oracle or the program, and how often the program gave each reason."""
    return [_course(way, seed, number) for number in numbers]


def _course(way: str, seed: int, number: int) -> Told:
    known = assumptions()
    patient = virtual_adult(seed, number, known)
    if way == ORACLE:
        return trial_outcome(run_course(patient, ORACLE, Oracle(known), known), (), known), Counter()
    program = Program(bedside_with(way), known)
    told = trial_outcome(run_course(patient, "program", program, known), program.said, known)
    return told, Counter(reason for said in program.said for reason in said.decision.reasons)


def trial(way: str) -> list[Told]:
    """All patients of all seeds, over the cores of this machine."""
    found: list[Told] = []
    batches = [range(i, min(i + _AT_ONCE, PATIENTS)) for i in range(0, PATIENTS, _AT_ONCE)]
    with ProcessPoolExecutor(os.cpu_count(), mp_context=get_context("spawn")) as pool:
        for seed in SEEDS:
            for told in pool.map(partial(courses, way, seed), batches):
                found += told
            print(f"{way}: seed {seed} done", file=sys.stderr, flush=True)
    return found


def row(way: str, told: Sequence[Told], oracle: Sequence[Told]) -> str:
    """One line of the table."""
    share = _mean(o.in_band for o, _ in told) / _mean(o.in_band for o, _ in oracle)
    figures = [
        f"{100 * _mean(o.in_band for o, _ in told):.2f} %",
        f"{share:.4f}",
        f"{100 * _mean(o.above_high for o, _ in told):.3f} %",
        f"{100 * _mean(o.above_danger for o, _ in told):.4f} %",
        f"{_mean(o.changes for o, _ in told):.3f}",
        f"{_mean(o.visits for o, _ in told):.2f}",
        f"{100 * _mean(float(o.renal_safe) for o, _ in told if o.renal_safe is not None):.1f} %",
        *(f"{_mean(said[reason.value] for _, said in told):.3f}" for reason in REASONS),
    ]
    return f"| {way} | " + " | ".join(figures) + " |"


def _mean(values: Iterable[float]) -> float:
    return float(np.mean(list(values)))


def main() -> None:
    """Print the table, a row as soon as it is known."""
    print(f"{len(SEEDS)} seeds of {PATIENTS} patients")
    print(
        "| | 4-12 ng/mL | of the oracle's | above 15 | above 20 | changes | visits | no lasting rise |",
        end="",
    )
    print(" " + " | ".join(reason.value for reason in REASONS) + " |")
    oracle = trial(ORACLE)
    for way in RULES:
        print(row(way, trial(way), oracle), flush=True)


if __name__ == "__main__":
    main()
