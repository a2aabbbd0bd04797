"""Figures of a virtual trial, each with its 95 % interval; the patient is the unit, and pairs policies."""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from cds_service.pharmacokinetics.population_model import Floats
from cds_service.trials.nct06802055.trial_arms import Arm
from cds_service.virtual_trial.trial_outcomes import Forecasted, TrialOutcome

Json = dict[str, Any]
NORMAL_95 = 1.96
_RESAMPLES = 1000
ORACLE = "oracle"


@dataclass(frozen=True, slots=True)
class TrialFigure:
    """A mean over patients with its 95 % interval."""

    value: float
    low: float
    high: float
    patients: int


def _is_program(outcome: TrialOutcome) -> bool:
    """Only the program says AT_CAP_BELOW_TARGET."""
    return outcome.policy.startswith("program")


_MEASURES: dict[str, Callable[[TrialOutcome], float | None]] = {
    "sirolimusInBand": lambda o: o.in_band,
    "sirolimusBelow": lambda o: o.below,
    "sirolimusAbove": lambda o: o.above,
    "sirolimusDaysAbove20": lambda o: o.above_danger,
    "sirolimusDaysAbove15": lambda o: o.above_high,
    "doseChanges": lambda o: o.changes,
    "everStable": lambda o: float(o.stable_day is not None),
    "ciclosporinInBand": lambda o: o.ciclosporin_in_band,
    "ciclosporinInBandUnharmed": lambda o: o.ciclosporin_in_band_unharmed,
    "renalSafe": lambda o: None if o.renal_safe is None else float(o.renal_safe),
    "outsideRecord": lambda o: o.outside_record,
    "visits": lambda o: o.visits,
    "capSpells": lambda o: o.cap_spells if _is_program(o) else None,
    "capVisits": lambda o: o.cap_visits if _is_program(o) else None,
    "seconds": lambda o: o.seconds,
}


_SHARES = frozenset(_MEASURES) - {
    "doseChanges",
    "outsideRecord",
    "visits",
    "capSpells",
    "capVisits",
    "seconds",
}


def mean(values: Sequence[float], *, share: bool = False) -> TrialFigure | None:
    """Mean and normal interval, that of a `share` within 0 and 1; None without values."""
    if not values:
        return None
    found = np.asarray(values, dtype=float)
    spread = float(found.std(ddof=1) / np.sqrt(len(found))) if len(found) > 1 else 0.0
    middle = float(found.mean())
    low, high = middle - NORMAL_95 * spread, middle + NORMAL_95 * spread
    return TrialFigure(middle, max(low, 0.0) if share else low, min(high, 1.0) if share else high, len(found))


def by_policy(outcomes: Sequence[TrialOutcome]) -> dict[str, list[TrialOutcome]]:
    """The outcomes of each policy, in the order of patients."""
    found: dict[str, list[TrialOutcome]] = defaultdict(list)
    for outcome in sorted(outcomes, key=lambda o: o.number):
        found[outcome.policy].append(outcome)
    return dict(found)


def summary(outcomes: Sequence[TrialOutcome], seed: int) -> Json:
    """Every figure of every policy, over all patients, by truth model and by arm."""
    policies = by_policy(outcomes)
    return {
        "seed": seed,
        "patients": len(next(iter(policies.values()), [])),
        "policies": {name: _figures(found) for name, found in policies.items()},
        "byTruth": _split(policies, lambda o: o.truth),
        "byArm": _split(policies, lambda o: o.arm),
        "ofTheOraclesShare": {name: _ratio(found, policies, seed) for name, found in policies.items()},
        "forecasts": {name: forecast_figures(found) for name, found in policies.items()},
    }


def _figures(outcomes: Sequence[TrialOutcome]) -> Json:
    found: Json = {}
    for name, measure in _MEASURES.items():
        values = [value for o in outcomes if (value := measure(o)) is not None]
        figure = mean(values, share=name in _SHARES)
        found[name] = asdict(figure) if figure else None
    stable = sorted(o.stable_day for o in outcomes if o.stable_day is not None)
    found["medianDaysToStable"] = float(np.median(stable)) if stable else None
    return found


def _split(policies: Mapping[str, Sequence[TrialOutcome]], key: Callable[[TrialOutcome], str]) -> Json:
    kinds = sorted({key(o) for found in policies.values() for o in found})
    return {
        kind: {name: _figures([o for o in found if key(o) == kind]) for name, found in policies.items()}
        for kind in kinds
    }


def _ratio(
    found: Sequence[TrialOutcome], policies: Mapping[str, Sequence[TrialOutcome]], seed: int
) -> Json | None:
    """A policy's mean share in range over the oracle's, patients resampled in pairs; also by arm."""
    oracle = policies.get(ORACLE)
    if oracle is None:
        return None
    limit = {o.number: o.in_band for o in oracle}
    arms: dict[str, Sequence[TrialOutcome]] = {"all": found}
    arms |= {arm.value: [o for o in found if o.arm == arm.value] for arm in Arm}
    return {
        arm: asdict(
            ratio_of_means(
                np.array([o.in_band for o in some]), np.array([limit[o.number] for o in some]), seed
            )
        )
        for arm, some in arms.items()
        if some
    }


def ratio_of_means(ours: Floats, limit: Floats, seed: int) -> TrialFigure:
    """mean(ours) / mean(limit), with a bootstrap interval."""
    chance = np.random.default_rng(seed)
    picks = chance.integers(0, len(ours), size=(_RESAMPLES, len(ours)))
    ratios = ours[picks].mean(axis=1) / limit[picks].mean(axis=1)
    low, high = np.quantile(ratios, [0.025, 0.975])
    return TrialFigure(float(ours.mean() / limit.mean()), float(low), float(high), len(ours))


def forecast_figures(outcomes: Sequence[TrialOutcome]) -> Json | None:
    """How often the 90 % interval held the level that was measured, and how far the middle lay off."""
    found: Json = {}
    for drug in sorted({f.drug for o in outcomes for f in o.forecasts}):
        own = [[f for f in o.forecasts if f.drug == drug] for o in outcomes]
        some = [f for forecasts in own for f in forecasts]
        covered = mean([_covered(forecasts) for forecasts in own if forecasts], share=True)
        errors = np.array([(f.median - f.measured) / f.measured for f in some])
        found[drug] = {
            "forecasts": len(some),
            "coverage": asdict(covered) if covered else None,
            "medianErrorPercent": float(100 * np.median(errors)),
            "medianAbsoluteErrorPercent": float(100 * np.median(np.abs(errors))),
            "within30Percent": float(np.mean(np.abs(errors) <= 0.3)),
        }
    return found or None


def _covered(forecasts: Sequence[Forecasted]) -> float:
    """The share of one patient's levels that lay in their interval: they are no strangers to one another."""
    return float(np.mean([f.low <= f.measured <= f.high for f in forecasts]))
