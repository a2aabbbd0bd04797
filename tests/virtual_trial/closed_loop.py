"""The targets of the closed loop, over five fixed seeds: `make simulate-ci` (200 each), `make simulate-full` (1,000).

Not collected by `make test`: it is a run of minutes. Figures are means over patients, truths and seeds, paired by
patient. One target cannot be met within the trial record, and one test says so: docs/decisions/0011.
"""

import json
import os
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from cds_service.virtual_trial.simulation_run import SimulatedTrial, run_trial
from cds_service.virtual_trial.statistics import by_policy, ratio_of_means
from cds_service.virtual_trial.trial_outcomes import TrialOutcome
from cds_service.virtual_trial.trial_report import write_report
from tests.virtual_trial.bedside import bedside

SEEDS = (1, 2, 3, 4, 5)
PATIENTS = int(os.environ.get("SIMULATE_PATIENTS", "200"))
OUT = Path(os.environ.get("SIMULATE_OUT", "virtual-trial"))
POLICIES = ("fixed", "label", "program", "oracle")
SIROLIMUS_ALONE = "sirolimus"
WANTED_OF_ORACLE = 0.98 if PATIENTS >= 1000 else 0.97
Outcomes = Mapping[str, list[TrialOutcome]]


@pytest.fixture(scope="session")
def outcomes() -> Outcomes:
    """Every patient of every seed under every policy, and a report beside it."""
    found: list[TrialOutcome] = []
    for seed in SEEDS:
        begun = time.perf_counter()
        run = run_trial(SimulatedTrial(PATIENTS, seed, POLICIES, bedside()), os.cpu_count() or 1)
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
            "ciclosporinInBandUnharmed": _mean(found, "ciclosporin_in_band_unharmed"),
            "renalSafe": _mean(found, "renal_safe"),
            "outsideRecord": _mean(found, "outside_record"),
            "capSpells": _mean(found, "cap_spells"),
            "capVisits": _mean(found, "cap_visits"),
            "visits": _mean(found, "visits"),
            "seconds": _mean(found, "seconds"),
        }
        for name, found in policies.items()
    }


def _mean(found: list[TrialOutcome], name: str) -> float:
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


def test_sirolimus_is_in_range_nearly_as_often_as_by_an_oracle(outcomes: Outcomes) -> None:
    share = _of_oracle(outcomes, "program")
    print(f"days in range, of the oracle's: {share:.4f}, wanted {WANTED_OF_ORACLE}")
    assert share >= WANTED_OF_ORACLE
    assert _of_oracle(outcomes, "program", SIROLIMUS_ALONE) >= WANTED_OF_ORACLE


def test_sirolimus_is_in_range_not_less_often_than_by_the_label_rule(outcomes: Outcomes) -> None:
    assert _mean(outcomes["program"], "in_band") >= _mean(outcomes["label"], "in_band")


def test_doses_are_changed_seldom(outcomes: Outcomes) -> None:
    assert _mean(outcomes["program"], "changes") <= 1.2


def test_ciclosporin_is_in_range_with_unharmed_kidneys_more_often_than_by_the_label_rule(
    outcomes: Outcomes,
) -> None:
    """The band of normal renal function is what the record gives; an impairment takes it away."""
    ours, label = (_mean(outcomes[name], "ciclosporin_in_band_unharmed") for name in ("program", "label"))
    assert ours > label


def test_ciclosporin_whatever_the_kidneys_say_is_told_and_does_not_get_worse(outcomes: Outcomes) -> None:
    """Days in the band of normal kidneys with impaired ones: the label rule has them, against the record."""
    ours, label = (_mean(outcomes[name], "ciclosporin_in_band") for name in ("program", "label"))
    print(f"ciclosporin days in range whatever the kidneys, over the label rule's: {ours / label:.3f}")
    assert ours > 0.65 * label
    assert ours > _mean(outcomes["fixed"], "ciclosporin_in_band")
