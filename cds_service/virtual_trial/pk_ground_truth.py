"""What really happens in a virtual patient, day by day: both drugs and the kidneys, under the doses taken.

Day d runs from its doses to those of day d + 1. A trough of day d is the level just before its doses,
in the site's own method: the truth times the method's bias, without the noise of one measurement.
"""

import math
from copy import copy
from dataclasses import dataclass, replace

import numpy as np

from cds_service.pharmacokinetics.compartments import Array, step
from cds_service.pharmacokinetics.population_model import PARAMETERS, Floats
from cds_service.virtual_trial.assumptions import Assumptions
from cds_service.virtual_trial.virtual_adults import VirtualAdult, ciclosporin_truth, sirolimus_truth

_LAG = PARAMETERS.index("tlag")
_F = PARAMETERS.index("f")
_NO_DRUG = np.zeros(3)
_LEAST_DOSE = 0.5  # mg; what a model of dose-dependent clearance is told while nothing is taken
PEAK_HOURS = 2.0
"""When a sample is taken that is wrongly called a trough."""


@dataclass(frozen=True, slots=True)
class Doses:
    """What is prescribed: sirolimus mg a day, ciclosporin mg each 12 h; 0 is nothing."""

    sirolimus: float = 0.0
    ciclosporin: float = 0.0


class Body:
    """One virtual patient's body under one policy; `sirolimus`, `ciclosporin`, `creatinine` are by day."""

    def __init__(self, person: VirtualAdult, known: Assumptions) -> None:
        self.person, self.known = person, known
        self._without_chance = replace(person, luck=person.luck.without())
        self.sirolimus = np.zeros(known.days + 1)
        self.ciclosporin = np.zeros(known.days + 1)
        self.creatinine = np.full(known.days + 1, person.creatinine)
        self._injury = 0.0
        self._states = {"sirolimus": _NO_DRUG, "ciclosporin": _NO_DRUG}
        self._last: dict[str, tuple[Floats, Floats]] = {}
        self._troughs = _NO_DRUG

    def live(self, first: int, last: int, doses: Doses) -> None:
        """The days `first` <= d < `last` under these doses; troughs up to day `last` are then known."""
        days = np.arange(first, last)
        luck = self.person.luck
        ciclosporin = doses.ciclosporin * (1.0 - luck.ciclosporin_missed[first:last])
        self._ciclosporin(days, ciclosporin)
        sirolimus = doses.sirolimus * (1.0 - luck.sirolimus_missed[first:last])
        self._sirolimus(days, sirolimus, doses)
        for day in range(first, last):
            self._age_kidneys(day)

    def imagine(self, first: int, last: int, doses: Doses) -> "Body":
        """The same body after these days under other doses and without chance; this one stays as it is."""
        other = copy(self)
        other.person = self._without_chance
        other.sirolimus, other.ciclosporin = self.sirolimus.copy(), self.ciclosporin.copy()
        other.creatinine = self.creatinine.copy()
        other._states, other._last = dict(self._states), dict(self._last)
        other.live(first, last, doses)
        return other

    def sirolimus_sample(self, hours: float) -> float:
        """The level, ng/mL in the site's method, so many hours after the last intake (or missed) dose."""
        return self._sample("sirolimus", hours)

    def ciclosporin_sample(self, hours: float) -> float:
        """As `sirolimus_sample`."""
        return self._sample("ciclosporin", hours)

    def _sample(self, drug: str, hours: float) -> float:
        if drug not in self._last:
            return 0.0
        state, parameters = self._last[drug]
        after = step(parameters, np.asarray(hours - parameters[_LAG])) @ state
        return float(1000 * after[0] / parameters[1]) * self.person.assay_bias

    def _sirolimus(self, days: Array, taken: Floats, doses: Doses) -> None:
        person = self.person
        parameters = np.array([self._sirolimus_typical(int(day), doses) for day in days])
        parameters = parameters * person.sirolimus_factors
        parameters[:, 0] *= [person.clearance_left(int(day), self.known) for day in days]
        self._dosed("sirolimus", parameters, taken[:, None], 24.0)
        self.sirolimus[days + 1] = self._troughs * person.assay_bias

    def _sirolimus_typical(self, day: int, doses: Doses) -> Floats:
        truth = sirolimus_truth(self.person.truth)
        return truth.typical(
            {
                "age": self.person.age,
                "ciclosporin_daily_mg": 2 * doses.ciclosporin,
                "haematocrit_percent": float(self.person.haematocrit[day]),
                "sirolimus_daily_mg": max(doses.sirolimus, _LEAST_DOSE),
            }
        )

    def _ciclosporin(self, days: Array, taken: Floats) -> None:
        person = self.person
        if not taken.any() and not self._states["ciclosporin"].any():
            return
        typical = ciclosporin_truth().typical({"creatinine_clearance": person.creatinine_clearance})
        parameters = typical * person.ciclosporin_factors
        occasions = (days + person.luck.phase) // self.known.occasion_days
        parameters = parameters * person.luck.ciclosporin_occasions[occasions]
        parameters[:, 0] *= [person.clearance_left(int(day), self.known) for day in days]
        self._dosed("ciclosporin", parameters, taken, 12.0)
        self.ciclosporin[days + 1] = self._troughs * person.assay_bias

    def _dosed(self, drug: str, parameters: Floats, taken: Floats, every: float) -> None:
        """Advance one drug; `taken` is (days, doses a day). Leaves the troughs before each next day."""
        lags = parameters[:, _LAG]
        waiting, rest = step(parameters, lags), step(parameters, every - lags)
        state, troughs = self._states[drug], np.zeros(len(parameters))
        for day, doses in enumerate(taken):
            for mg in doses:
                state = waiting[day] @ state
                state[2] += mg * parameters[day, _F]
                after = state
                state = rest[day] @ state
            troughs[day] = 1000 * state[0] / parameters[day, 1]
        self._states[drug] = state
        self._last[drug] = (after, parameters[-1])
        self._troughs = troughs

    def _age_kidneys(self, day: int) -> None:
        """Creatinine follows ciclosporin exposure with delay, and recovers when it falls."""
        known = self.known
        above = (self.ciclosporin[day + 1] - self.person.renal_half) / known.renal_slope
        wanted = known.renal_most / (1 + math.exp(-above)) if self.ciclosporin[day + 1] > 0 else 0.0
        self._injury += (wanted - self._injury) / known.renal_days
        self.creatinine[day + 1] = self.person.creatinine * (1 + self._injury)
