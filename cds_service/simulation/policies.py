"""Ways of dosing that the virtual trial compares: fixed, the label's proportional rule, an oracle.

The program itself is in `program_policy.py`. A policy sees what a clinic sees; the oracle sees all.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from typing import Protocol

import numpy as np

from cds_service.simulation.assumptions import Assumptions
from cds_service.simulation.body import Body, Doses
from cds_service.simulation.fhir_visits import Level
from cds_service.simulation.people import Person
from fhir_mappings.vocabulary.medications import Drug
from fhir_mappings.vocabulary.studies import Arm

SIROLIMUS_BAND = (4.0, 12.0)
CICLOSPORIN_BAND = (120.0, 180.0)
_TABLETS = (1.0, 2.0, 3.0)
_GRID = 25.0
_FIRST_SIROLIMUS = 2.0
_SIROLIMUS_AIM, _CICLOSPORIN_AIM = 8.0, 150.0
_CHANGE_AFTER = {Drug.SIROLIMUS: 7, Drug.CICLOSPORIN: 3}
_LOOK_AFTER_CHANGE = (7, 14)
_TELLING_RISE = 1.25
_LABORATORY = {"creatinine", "potassium", "cbc", "alt"}


@dataclass(frozen=True, slots=True)
class Visit:
    """One visit: the study day, what was measured (creatinine in umol/L), what is prescribed now.

    `body` is for the oracle only.
    """

    day: int
    person: Person
    levels: tuple[Level, ...]
    creatinine: float | None
    doses: Doses
    body: Body
    next_planned: int

    @property
    def tests(self) -> frozenset[str]:
        """What was measured, by the names of wishes; blood drawn for one test is used for all."""
        levels = {f"{level.drug.value}-trough" for level in self.levels}
        return frozenset(levels if self.creatinine is None else levels | _LABORATORY)

    def level(self, drug: Drug) -> float | None:
        """The measured level of one drug, ng/mL."""
        return next((level.ng_per_ml for level in self.levels if level.drug is drug), None)


@dataclass(frozen=True, slots=True)
class Wish:
    """A test wanted from study day `first` to `last`, e.g. "sirolimus-trough"."""

    test: str
    first: int
    last: int

    def day(self, today: int) -> int:
        """When the clinic does it: as the window opens; what is wanted "within a week" in a week."""
        return self.first if self.first > today + 1 else max(self.last, today + 1)


@dataclass(frozen=True, slots=True)
class Plan:
    """What is prescribed from now on. `held_first`: drugs of which the next day's doses are left out.

    `wishes` are tests wanted beside the schedule; a visit for a wish measures what is due by then.
    """

    doses: Doses
    held_first: frozenset[Drug] = frozenset()
    wishes: tuple[Wish, ...] = ()


class Policy(Protocol):
    """One way of dosing, for one patient; it may remember."""

    def decide(self, visit: Visit) -> Plan:
        """What to prescribe at this visit."""


def first_ciclosporin(person: Person) -> float:
    """The first dose that a clinic without the program gives: 3 mg/kg a day in two, 50 to 100 mg each."""
    if person.arm is not Arm.COMBINED:
        return 0.0
    return float(np.clip(_GRID * round(person.weight_kg * 1.5 / _GRID), 50, 100))


class Fixed:
    """Sirolimus 2 mg for everybody, ciclosporin by weight, and nothing is ever changed."""

    def decide(self, visit: Visit) -> Plan:
        """The same at every visit."""
        return Plan(Doses(_FIRST_SIROLIMUS, first_ciclosporin(visit.person)))


@dataclass
class Proportional:
    """The label's rule on every measured level outside the band: new dose = dose x target / level."""

    _changed: dict[Drug, int] = field(default_factory=dict)

    def decide(self, visit: Visit) -> Plan:
        """No judgement of the sample, the kidneys or other drugs: the label's arithmetic alone."""
        if visit.day == 0:
            self._changed = dict.fromkeys(Drug, 0)
            return Plan(Doses(_FIRST_SIROLIMUS, first_ciclosporin(visit.person)))
        now = visit.doses
        sirolimus = self._new(visit, Drug.SIROLIMUS, now.sirolimus)
        ciclosporin = self._new(visit, Drug.CICLOSPORIN, now.ciclosporin)
        doses = Doses(sirolimus, ciclosporin)
        return Plan(doses, wishes=tuple(self._wishes(visit.day, now, doses)))

    def _wishes(self, day: int, before: Doses, after: Doses) -> Iterator[Wish]:
        first, last = _LOOK_AFTER_CHANGE
        for drug in Drug:
            if getattr(before, drug.value) != getattr(after, drug.value):
                yield Wish(f"{drug.value}-trough", day + first, day + last)

    def _new(self, visit: Visit, drug: Drug, dose: float) -> float:
        level = visit.level(drug)
        low, high = SIROLIMUS_BAND if drug is Drug.SIROLIMUS else CICLOSPORIN_BAND
        early = visit.day - self._changed[drug] < _CHANGE_AFTER[drug]
        if level is None or dose == 0 or early or low <= level <= high:
            return dose
        aim = _SIROLIMUS_AIM if drug is Drug.SIROLIMUS else _CICLOSPORIN_AIM
        wanted = dose * aim / max(level, 0.1)
        new = _on_grid(drug, wanted)
        if new != dose:
            self._changed[drug] = visit.day
        return new


def _on_grid(drug: Drug, wanted: float) -> float:
    if drug is Drug.SIROLIMUS:
        return min(_TABLETS, key=lambda tablet: abs(tablet - wanted))
    return float(np.clip(_GRID * round(wanted / _GRID), 25, 150))


@dataclass
class Oracle:
    """Knows the body, its blood counts and other drugs to come, though not its luck: the limit of dosing."""

    known: Assumptions

    def decide(self, visit: Visit) -> Plan:
        """The doses with the most days in the band until the next visit; of equals the present ones."""
        now = visit.doses if visit.day else Doses(_FIRST_SIROLIMUS, first_ciclosporin(visit.person))
        if visit.person.arm is Arm.COMBINED:
            choices = [replace(now, ciclosporin=mg) for mg in np.arange(25.0, 151.0, 25.0)]
            now = self._best(visit, now, choices, _ciclosporin_worth)
        tablets = [replace(now, sirolimus=mg) for mg in (0.0, *_TABLETS)]
        return Plan(self._best(visit, now, tablets, _sirolimus_worth))

    def _best(self, visit: Visit, now: Doses, choices: Iterable[Doses], worth: "_Worth") -> Doses:
        def rank(doses: Doses) -> tuple[float, float]:
            until = max(visit.next_planned, visit.day + 1)
            lived = visit.body.imagine(visit.day, until, doses)
            return worth(lived, visit.day + 1, until + 1), float(doses == now)

        return max(choices, key=rank)


class _Worth(Protocol):
    def __call__(self, body: Body, first: int, last: int) -> float: ...


def _sirolimus_worth(body: Body, first: int, last: int) -> float:
    return _worth(body.sirolimus[first:last], SIROLIMUS_BAND)


def _ciclosporin_worth(body: Body, first: int, last: int) -> float:
    injured = body.creatinine[last - 1] > _TELLING_RISE * body.person.creatinine
    return _worth(body.ciclosporin[first:last], CICLOSPORIN_BAND) - (10 if injured else 0) * (
        float(body.ciclosporin[first:last].mean()) / CICLOSPORIN_BAND[0]
    )


def _worth(levels: np.ndarray[tuple[int], np.dtype[np.float64]], band: tuple[float, float]) -> float:
    """The share in the band; among doses without a day in it, the nearest by ratio."""
    low, high = band
    inside = float(np.mean((levels >= low) & (levels <= high)))
    middle = float(np.sqrt(low * high))
    return inside - 0.01 * float(np.mean(np.abs(np.log(np.maximum(levels, 0.01) / middle))))
