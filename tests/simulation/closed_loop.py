"""The targets of the closed loop, over five fixed seeds: `make simulate-ci` (200 each), `make simulate-full` (1,000).

Not collected by `make test`: it is a run of minutes. Figures are means over patients, truths and seeds, paired by
patient. Some targets are out of reach of the rules as they are specified (docs/decisions/0011): they stand in
MISSED with what was measured, as a floor, so that they can only get better.
"""

import json
import os
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from cds_service.simulation.outcomes import Outcome
from cds_service.simulation.report import write_report
from cds_service.simulation.run import Trial, run_trial
from cds_service.simulation.statistics import by_policy, ratio_of_means
from tests.simulation.bedside import bedside

SEEDS = (1, 2, 3, 4, 5)
PATIENTS = int(os.environ.get("SIMULATE_PATIENTS", "200"))
OUT = Path(os.environ.get("SIMULATE_OUT", "virtual-trial"))
POLICIES = ("fixed", "label", "program", "oracle")
SIROLIMUS_ALONE = "sirolimus"
Outcomes = Mapping[str, list[Outcome]]


@pytest.fixture(scope="session")
def outcomes() -> Outcomes:
    """Every patient of every seed under every policy, and a report beside it."""
    found: list[Outcome] = []
    for seed in SEEDS:
        begun = time.perf_counter()
        run = run_trial(Trial(PATIENTS, seed, POLICIES, bedside()), os.cpu_count() or 1)
        seconds = time.perf_counter() - begun
        print(f"seed {seed}: {PATIENTS} patients x {len(POLICIES)} policies in {seconds:.0f} s")
        write_report(OUT / f"seed-{seed}", run, seed, seconds)
        found += run
    policies = by_policy(found)
    (OUT / "closed-loop.json").write_text(json.dumps(figures(policies), indent=2) + "\n")
    return policies


def figures(policies: Outcomes) -> dict[str, Any]:
    """What the tests below look at, for the record."""
    return {
        name: {
            "inBand": _mean(found, "in_band"),
            "ofOracle": _of_oracle(policies, name),
            "ofOracleSirolimusAlone": _of_oracle(policies, name, SIROLIMUS_ALONE),
            "daysAbove20": _mean(found, "above_danger"),
            "changes": _mean(found, "changes"),
            "ciclosporinInBand": _mean(found, "ciclosporin_in_band"),
            "ciclosporinInBandWell": _mean(found, "ciclosporin_in_band_well"),
            "renalSafe": _mean(found, "renal_safe"),
            "outsideRecord": _mean(found, "outside_record"),
            "capSpells": _mean(found, "cap_spells"),
            "capVisits": _mean(found, "cap_visits"),
            "visits": _mean(found, "visits"),
            "seconds": _mean(found, "seconds"),
        }
        for name, found in policies.items()
    }


def _mean(found: list[Outcome], name: str) -> float:
    values = [value for o in found if (value := getattr(o, name)) is not None]
    return float(np.mean(values))


def _of_oracle(policies: Outcomes, name: str, arm: str | None = None) -> float:
    ours = [o.in_band for o in policies[name] if arm in (None, o.arm)]
    limit = [o.in_band for o in policies["oracle"] if arm in (None, o.arm)]
    return ratio_of_means(np.array(ours), np.array(limit), 1).value


def test_sirolimus_is_in_range_more_often_than_by_fixed_dosing(outcomes: Outcomes) -> None:
    assert _mean(outcomes["program"], "in_band") > _mean(outcomes["fixed"], "in_band") + 0.1


def test_dangerous_levels_are_rare_and_rarer_than_by_fixed_dosing(outcomes: Outcomes) -> None:
    ours, fixed = (_mean(outcomes[name], "above_danger") for name in ("program", "fixed"))
    assert ours < 0.001
    assert fixed > ours


def test_no_dose_outside_the_record_in_any_run(outcomes: Outcomes) -> None:
    assert sum(o.outside_record for found in outcomes.values() for o in found) == 0


def test_kidneys_are_safer_than_by_the_label_rule(outcomes: Outcomes) -> None:
    assert _mean(outcomes["program"], "renal_safe") > _mean(outcomes["label"], "renal_safe")


def test_at_cap_is_one_calm_state_and_no_stream_of_them(outcomes: Outcomes) -> None:
    """It begins about once in a patient, and most patients never hear of it."""
    assert _mean(outcomes["program"], "cap_spells") <= 1.5
    heard = [o.cap_spells > 0 for o in outcomes["program"]]
    assert np.mean(heard) < 0.6


@dataclass(frozen=True)
class Missed:
    """A target that the rules as specified do not reach: what is wanted, and the floor that is held."""

    wanted: float
    floor: float


MISSED = {
    "days in range, of the oracle's": Missed(0.97, 0.935),
    "the same, sirolimus alone": Missed(0.97, 0.96),
    "days in range, over the label rule's": Missed(1.0, 0.97),
    "dose changes, at most": Missed(1.2, 1.55),
    "ciclosporin days in range, over the label rule's": Missed(1.0, 0.65),
}


def test_what_the_specified_rules_do_not_reach_does_not_get_worse(outcomes: Outcomes) -> None:
    program, label = outcomes["program"], outcomes["label"]
    measured = {
        "days in range, of the oracle's": _of_oracle(outcomes, "program"),
        "the same, sirolimus alone": _of_oracle(outcomes, "program", SIROLIMUS_ALONE),
        "days in range, over the label rule's": _mean(program, "in_band") / _mean(label, "in_band"),
        "ciclosporin days in range, over the label rule's": _mean(program, "ciclosporin_in_band")
        / _mean(label, "ciclosporin_in_band"),
    }
    for name, value in measured.items():
        print(f"{name}: {value:.3f}, wanted {MISSED[name].wanted}")
        assert value >= MISSED[name].floor, name
    changes = _mean(program, "changes")
    print(f"dose changes: {changes:.2f}, wanted at most {MISSED['dose changes, at most'].wanted}")
    assert changes <= MISSED["dose changes, at most"].floor
