"""Virtual adults: who they are, how their bodies differ, and the luck of every day, all from one seed.

Everything that chance decides is drawn beforehand and by day, so that a patient has the same luck under every
policy: what differs between policies is the policy.
"""

from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

import numpy as np

from cds_service.pharmacokinetics.compartments import Array
from cds_service.pharmacokinetics.population_model import Floats, PopulationModel, model, read_model
from cds_service.pharmacokinetics.virtual_patients import draw, draw_occasions
from cds_service.trials.nct06802055.trial_arms import Arm
from cds_service.virtual_trial.assumptions import Assumptions

TRUTHS = ("age_and_ciclosporin", "haematocrit", "less_than_proportional")
"""What sirolimus really does in the virtual patients, in turn; none of them is used for estimation."""

_FOLDER = Path(__file__).parent / "truths"


@cache
def sirolimus_truth(name: str) -> PopulationModel:
    """A truth by its name."""
    return read_model(_FOLDER / f"{name}.toml")


def ciclosporin_truth() -> PopulationModel:
    """Umpierrez 2021 with its variation between occasions: adults, autoimmune disease among them."""
    return model("umpierrez_2021")


@dataclass(frozen=True, slots=True)
class Luck:
    """What chance brings on each day (index 0 is the day of the first dose).

    Occasions are factors of the usual parameters, one row each; `phase` is how many days of the first one had
    passed on day 0.
    """

    sirolimus_missed: Array
    ciclosporin_missed: Array
    missed_is_told: Array
    sirolimus_noise: Array
    ciclosporin_noise: Array
    creatinine_noise: Array
    sirolimus_late: Array
    ciclosporin_late: Array
    mislabelled: Array
    uncoded: Array
    undocumented: Array
    ciclosporin_occasions: Array
    phase: int

    def without(self) -> "Luck":
        """No chance at all: no dose missed, every occasion as the patient usually is."""
        return replace(
            self,
            sirolimus_missed=np.zeros_like(self.sirolimus_missed),
            ciclosporin_missed=np.zeros_like(self.ciclosporin_missed),
            ciclosporin_occasions=np.ones_like(self.ciclosporin_occasions),
        )


@dataclass(frozen=True, slots=True)
class VirtualInteraction:
    """One course of an interacting drug, days `first` <= d < `last`."""

    drug: str
    first: int
    last: int


@dataclass(frozen=True, slots=True)
class VirtualAdult:
    """One virtual adult. Haematocrit (%) by day; clearances as factors of the typical patient."""

    number: int
    arm: Arm
    truth: str
    is_male: bool
    age: int
    weight_kg: float
    creatinine: float
    renal_half: float
    assay_bias: float
    assay_cv: float
    haematocrit: Floats
    sirolimus_factors: Floats
    ciclosporin_factors: Floats
    interaction: VirtualInteraction | None
    luck: Luck

    def clearance_left(self, day: int, known: Assumptions) -> float:
        """What an interacting drug leaves of the clearance on a day."""
        course = self.interaction
        if course is None or not course.first <= day < course.last:
            return 1.0
        return known.partners[course.drug].clearance

    @property
    def creatinine_clearance(self) -> float:
        """Cockcroft and Gault, mL/min, from umol/L and kg, within what the model knows."""
        found = (140 - self.age) * self.weight_kg * (1.23 if self.is_male else 1.04) / self.creatinine
        return float(np.clip(found, 20, 200))


def virtual_adult(seed: int, number: int, known: Assumptions) -> VirtualAdult:
    """The virtual adult of this number in the trial of this seed."""
    chance = np.random.default_rng([seed, number])
    truth = TRUTHS[number % len(TRUTHS)]
    is_male = bool(chance.random() < 0.5)
    return VirtualAdult(
        number=number,
        arm=Arm.COMBINED if (number // len(TRUTHS)) % 2 else Arm.SIROLIMUS,
        truth=truth,
        is_male=is_male,
        age=int(np.clip(chance.normal(44, 15), 18, 80)),
        weight_kg=float(np.clip(chance.normal(66 if is_male else 57, 9), 42, 95)),
        creatinine=float(np.clip(chance.normal(74 if is_male else 60, 10), 42, 100 if is_male else 80)),
        renal_half=known.renal_half * float(np.exp(known.renal_spread * chance.normal())),
        assay_bias=float(chance.uniform(1, known.assay_bias_high)),
        assay_cv=float(chance.uniform(known.assay_cv_low, known.assay_cv_high)),
        haematocrit=_haematocrit(chance, known),
        sirolimus_factors=draw(sirolimus_truth(truth), 1, chance)[0],
        ciclosporin_factors=draw(ciclosporin_truth(), 1, chance)[0],
        interaction=_interaction(chance, known),
        luck=_luck(chance, known),
    )


def _haematocrit(chance: np.random.Generator, known: Assumptions) -> Floats:
    days = np.arange(known.days + 1)
    start = float(np.clip(chance.normal(25, 3), 18, 32))
    onset = float(chance.uniform(14, 56))
    responds = chance.random() < known.response
    risen = 1 - np.exp(-np.maximum(days - onset, 0) / known.response_days)
    gain = known.response_haematocrit - start if responds else float(chance.normal(0, 1))
    return np.asarray(np.clip(start + gain * risen, 16, 45))


def _interaction(chance: np.random.Generator, known: Assumptions) -> VirtualInteraction | None:
    names = sorted(known.partners)
    shares = np.array([known.partners[name].share for name in names])
    drug = str(chance.choice(names, p=shares / shares.sum()))
    first, length = int(chance.integers(20, 140)), int(chance.integers(7, 22))
    return VirtualInteraction(drug, first, first + length) if chance.random() < known.interacting else None


def _luck(chance: np.random.Generator, known: Assumptions) -> Luck:
    days = known.days + 1
    occasions = days // known.occasion_days + 2
    told = chance.random((6, days))
    return Luck(
        sirolimus_missed=told[0] < known.missed_dose,
        ciclosporin_missed=chance.random((days, 2)) < known.missed_dose,
        missed_is_told=told[2] < known.missed_is_told,
        sirolimus_noise=chance.normal(size=days),
        ciclosporin_noise=chance.normal(size=days),
        creatinine_noise=chance.normal(size=days),
        sirolimus_late=np.clip(known.sirolimus_timing_sd * chance.normal(size=days), -6, 6),
        ciclosporin_late=np.clip(known.ciclosporin_timing_sd * chance.normal(size=days), -4, 4),
        mislabelled=told[3] < known.mislabelled,
        uncoded=told[4] < known.uncoded,
        undocumented=told[5] < known.undocumented,
        ciclosporin_occasions=draw_occasions(ciclosporin_truth(), occasions, chance),
        phase=int(chance.integers(known.occasion_days)),
    )
