"""What the report draws: one plain value per plot, in the shape that the page's script hands to ECharts."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from cds_service.virtual_trial.bounds import SIROLIMUS_BAND, within_bounds
from cds_service.virtual_trial.statistics import NORMAL_95
from cds_service.virtual_trial.trial_outcomes import TrialOutcome

Json = dict[str, Any]
_LOW, _HIGH = 10, 90
_WORST = 12
_MOST_CHANGES = 8


def plots(policies: Mapping[str, Sequence[TrialOutcome]]) -> Json:
    """Every plot's data, by policy."""
    return {
        "policies": list(policies),
        "band": list(SIROLIMUS_BAND),
        "share": {name: _share(found) for name, found in policies.items()},
        "troughs": {name: _troughs(found) for name, found in policies.items()},
        "stable": {name: _stable(found) for name, found in policies.items()},
        "changes": {name: _changes(found) for name, found in policies.items()},
    }


def _share(outcomes: Sequence[TrialOutcome]) -> Json:
    """Share of patients in range by day, with its 95 % interval."""
    levels = np.array([o.troughs for o in outcomes])
    middle = np.mean(within_bounds(levels, SIROLIMUS_BAND), axis=0)
    spread = NORMAL_95 * np.sqrt(middle * (1 - middle) / len(outcomes))
    return {
        "value": _rounded(middle, 4),
        "low": _rounded(np.maximum(middle - spread, 0), 4),
        "high": _rounded(np.minimum(middle + spread, 1), 4),
    }


def _troughs(outcomes: Sequence[TrialOutcome]) -> Json:
    """Median and tenth and ninetieth percentile of the trough by day, ng/mL."""
    low, middle, high = np.percentile([o.troughs for o in outcomes], [_LOW, 50, _HIGH], axis=0)
    return {"low": _rounded(low, 2), "value": _rounded(middle, 2), "high": _rounded(high, 2)}


def _stable(outcomes: Sequence[TrialOutcome]) -> list[float]:
    """Share of patients with two consecutive levels in range by each day."""
    days = len(outcomes[0].troughs)
    reached = Counter(o.stable_day for o in outcomes if o.stable_day is not None)
    counts = np.cumsum([reached.get(day, 0) for day in range(days)])
    return _rounded(counts / len(outcomes), 4)


def _changes(outcomes: Sequence[TrialOutcome]) -> list[float]:
    """Share of patients with 0, 1, .. dose changes; the last is that many or more."""
    counts = Counter(min(o.changes, _MOST_CHANGES) for o in outcomes)
    return [counts.get(number, 0) / len(outcomes) for number in range(_MOST_CHANGES + 1)]


def worst(policies: Mapping[str, Sequence[TrialOutcome]]) -> list[Json]:
    """Who failed under the program, and why: the patients with the fewest days in range."""
    found = [o for name in ("program", "program+forecast") for o in policies.get(name, ())]
    ranked = sorted({o.number: o for o in found if o.why}.values(), key=lambda o: o.in_band)
    return [
        {
            "patient": o.number,
            "arm": o.arm,
            "truth": o.truth,
            "age": o.age,
            "interacting": o.interacting or "-",
            "inBand": round(o.in_band, 3),
            "why": o.why,
        }
        for o in ranked[:_WORST]
    ]


def reasons(policies: Mapping[str, Sequence[TrialOutcome]]) -> dict[str, dict[str, int]]:
    """By policy, how many patients were out of range on most days, and why."""
    return {
        name: dict(sorted(Counter(o.why for o in found if o.why).items())) for name, found in policies.items()
    }


def _rounded(values: Any, digits: int) -> list[float]:
    return [round(float(value), digits) for value in values]
