"""Ways of dosing that the virtual trial compares: fixed, the label's proportional rule, an oracle.

The program itself is in `program_policy.py`. A policy sees what a clinic sees; the oracle sees all.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Protocol

import numpy as np

from cds_service.trials.nct06802055.trial_arms import Arm
from cds_service.trials.nct06802055.two_drugs import Drug
from cds_service.virtual_trial.assumptions import Assumptions
from cds_service.virtual_trial.bounds import (
    CICLOSPORIN_BAND,
    DOSES,
    IMPAIRED_MOST,
    SIROLIMUS_BAND,
    within_bounds,
)
from cds_service.virtual_trial.fhir_visits import Level
from cds_service.virtual_trial.pk_ground_truth import Body, Doses
from cds_service.virtual_trial.true_renal_state import impaired_from
from cds_service.virtual_trial.virtual_adults import VirtualAdult

_GRID = 25.0
_FIRST_SIROLIMUS = 2.0
_SIROLIMUS_AIM, _CICLOSPORIN_AIM = 8.0, 150.0
_CHANGE_AFTER = {Drug.SIROLIMUS: 7, Drug.CICLOSPORIN: 3}
_LOOK_AFTER_CHANGE = (7, 14)
_HOLD_ABOVE = 15.0


@dataclass(frozen=True, slots=True)
class PolicyVisit:
    """One visit: the study day, what was measured (creatinine in umol/L), what is prescribed now.

    Blood is drawn once, for everything: both levels of the combined arm, kidneys and counts. `body` is for
    the oracle.
    """

    day: int
    person: VirtualAdult
    levels: tuple[Level, ...]
    creatinine: float
    doses: Doses
    body: Body
    next_planned: int

    def level(self, drug: Drug) -> float | None:
        """The measured level of one drug, ng/mL."""
        return next((level.ng_per_ml for level in self.levels if level.drug == drug), None)


@dataclass(frozen=True, slots=True)
class Wish:
    """A visit wanted from study day `first` to `last`."""

    first: int
    last: int

    def day(self, today: int) -> int:
        """When the clinic does it: as the window opens; what is wanted "within a week" in a week."""
        return self.first if self.first > today + 1 else max(self.last, today + 1)


@dataclass(frozen=True, slots=True)
class Plan:
    """What is prescribed from now on. `held_first`: drugs of which the next day's doses are left out.

    `wishes` are for visits beside the schedule; each visit wishes anew.
    """

    doses: Doses
    held_first: frozenset[Drug] = frozenset()
    wishes: tuple[Wish, ...] = ()


class Policy(Protocol):
    """One way of dosing, for one patient; it may remember."""

    def decide(self, visit: PolicyVisit) -> Plan:
        """What to prescribe at this visit."""


def first_ciclosporin(person: VirtualAdult) -> float:
    """The first dose that a clinic without the program gives: 3 mg/kg a day in two, 50 to 100 mg each."""
    if person.arm != Arm.COMBINED:
        return 0.0
    return float(np.clip(_GRID * round(person.weight_kg * 1.5 / _GRID), 50, 100))


class Fixed:
    """Sirolimus 2 mg for everybody, ciclosporin by weight, and nothing is ever changed."""

    def decide(self, visit: PolicyVisit) -> Plan:
        """The same at every visit."""
        return Plan(Doses(_FIRST_SIROLIMUS, first_ciclosporin(visit.person)))


@dataclass
class Proportional:
    """The label's rule on every measured level outside the band: new dose = dose x target / level."""

    _changed: dict[Drug, int] = field(default_factory=dict)

    def decide(self, visit: PolicyVisit) -> Plan:
        """No judgement of the sample, the kidneys or other drugs: the label's arithmetic alone."""
        if visit.day == 0:
            self._changed = dict.fromkeys(Drug, 0)
            return Plan(Doses(_FIRST_SIROLIMUS, first_ciclosporin(visit.person)))
        now = visit.doses
        sirolimus = self._new(visit, Drug.SIROLIMUS, now.sirolimus)
        ciclosporin = self._new(visit, Drug.CICLOSPORIN, now.ciclosporin)
        return Plan(Doses(sirolimus, ciclosporin), wishes=tuple(self._wishes(visit.day)))

    def _wishes(self, day: int) -> Iterator[Wish]:
        """A look at every change that has not been looked at in its time."""
        first, last = _LOOK_AFTER_CHANGE
        for changed in self._changed.values():
            if changed and day < changed + first:
                yield Wish(changed + first, changed + last)

    def _new(self, visit: PolicyVisit, drug: Drug, dose: float) -> float:
        level = visit.level(drug)
        low, high = SIROLIMUS_BAND if drug == Drug.SIROLIMUS else CICLOSPORIN_BAND
        early = visit.day - self._changed[drug] < _CHANGE_AFTER[drug]
        if level is None or dose == 0 or early or low <= level <= high:
            return dose
        aim = _SIROLIMUS_AIM if drug == Drug.SIROLIMUS else _CICLOSPORIN_AIM
        wanted = dose * aim / max(level, 0.1)
        new = _on_grid(drug, wanted)
        if new != dose:
            self._changed[drug] = visit.day
        return new


def _on_grid(drug: Drug, wanted: float) -> float:
    if drug == Drug.SIROLIMUS:
        return min(DOSES[drug], key=lambda tablet: abs(tablet - wanted))
    return float(np.clip(_GRID * round(wanted / _GRID), DOSES[drug][0], DOSES[drug][-1]))


@dataclass
class Oracle:
    """Knows the body, its blood counts and other drugs to come, though not its luck: the limit of dosing.

    It is bound as everybody is: the record's doses, 25-50 mg of ciclosporin once the kidneys were impaired,
    and no sirolimus only where the lowest dose would stand above 15 ng/mL, where the rules hold it too.
    """

    known: Assumptions
    _ever_impaired: bool = False

    def decide(self, visit: PolicyVisit) -> Plan:
        """The doses with the most days in the band until the next visit; of equals the present ones."""
        now = visit.doses if visit.day else Doses(_FIRST_SIROLIMUS, first_ciclosporin(visit.person))
        if visit.person.arm == Arm.COMBINED:
            choices = [replace(now, ciclosporin=mg) for mg in self._ciclosporin(visit)]
            now = self._best(visit, now, choices, _ciclosporin_worth)
        return Plan(self._best(visit, now, self._sirolimus(visit, now), _sirolimus_worth))

    def _ciclosporin(self, visit: PolicyVisit) -> Sequence[float]:
        self._ever_impaired |= visit.body.creatinine[visit.day] >= impaired_from(visit.person)
        return [mg for mg in DOSES[Drug.CICLOSPORIN] if mg <= IMPAIRED_MOST or not self._ever_impaired]

    def _sirolimus(self, visit: PolicyVisit, now: Doses) -> Sequence[Doses]:
        doses = [replace(now, sirolimus=mg) for mg in DOSES[Drug.SIROLIMUS]]
        until = self._until(visit)
        lowest = visit.body.imagine(visit.day, until, doses[0]).sirolimus[visit.day + 1 : until + 1]
        return [replace(now, sirolimus=0.0), *doses] if lowest.max() > _HOLD_ABOVE else doses

    def _until(self, visit: PolicyVisit) -> int:
        return max(visit.next_planned, visit.day + 1)

    def _best(self, visit: PolicyVisit, now: Doses, choices: Iterable[Doses], worth: "_Worth") -> Doses:
        def rank(doses: Doses) -> tuple[float, float]:
            until = self._until(visit)
            lived = visit.body.imagine(visit.day, until, doses)
            return worth(lived, visit.day + 1, until + 1), float(doses == now)

        return max(choices, key=rank)


class _Worth(Protocol):
    def __call__(self, body: Body, first: int, last: int) -> float: ...


def _sirolimus_worth(body: Body, first: int, last: int) -> float:
    return _worth(body.sirolimus[first:last], SIROLIMUS_BAND)


def _ciclosporin_worth(body: Body, first: int, last: int) -> float:
    injured = body.creatinine[last - 1] >= impaired_from(body.person)
    return _worth(body.ciclosporin[first:last], CICLOSPORIN_BAND) - (10 if injured else 0) * (
        float(body.ciclosporin[first:last].mean()) / CICLOSPORIN_BAND[0]
    )


def _worth(levels: np.ndarray[tuple[int], np.dtype[np.float64]], band: tuple[float, float]) -> float:
    """The share in the band; among doses without a day in it, the nearest by ratio."""
    low, high = band
    inside = float(np.mean(within_bounds(levels, band)))
    middle = float(np.sqrt(low * high))
    return inside - 0.01 * float(np.mean(np.abs(np.log(np.maximum(levels, 0.01) / middle))))
