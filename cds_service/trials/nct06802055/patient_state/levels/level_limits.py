"""The numbers of `reviewed/levels.toml`, and the part of them that concerns one drug."""

from collections.abc import Mapping
from decimal import Decimal
from functools import cached_property

import msgspec

from cds_service.trials.nct06802055.two_drugs import Drug


class LevelLimitsOfDrug(msgspec.Struct, frozen=True):
    """What is asked of a level of one drug.

    `hours`: from and to how many hours after a dose a sample is a trough; `measurable`: the lowest and the
    highest level, ng/mL, that can be believed as one; both ends included. `steady_days`: days at an unchanged
    dose; `adherence_days`: days before the sample without a missed dose; `age_days`: days for which a level
    is titrated on.
    """

    hours: tuple[int, int]
    measurable: tuple[Decimal, Decimal]
    steady_days: int
    adherence_days: int
    age_days: int


class LevelLimits(msgspec.Struct, frozen=True, dict=True):
    """What makes a drug level fit for titration, or a danger. Levels in ng/mL."""

    sirolimus_lloq: Decimal
    ciclosporin_lloq: Decimal
    sirolimus_ceiling: Decimal
    ciclosporin_ceiling: Decimal
    sirolimus_hours_min: int
    sirolimus_hours_max: int
    ciclosporin_hours_min: int
    ciclosporin_hours_max: int
    last_dose_hours_max: int
    post_dose_hours_min: Decimal
    post_dose_hours_max: Decimal
    specimen_time_hours: Decimal
    sirolimus_steady_days: int
    ciclosporin_steady_days: int
    sirolimus_adherence_days: int
    ciclosporin_adherence_days: int
    sirolimus_modulator_days: int
    sirolimus_inducer_offset_days: int
    ciclosporin_modulator_days: int
    ciclosporin_change_days: int
    ciclosporin_washout_days: int
    sirolimus_age_days: int
    ciclosporin_age_days: int
    duplicate_spread: Decimal
    safety_age_days: int
    sirolimus_danger: Decimal
    sirolimus_danger_open: Decimal
    sirolimus_safe: Decimal
    ciclosporin_danger: Decimal
    ciclosporin_safe: Decimal

    @cached_property
    def of(self) -> Mapping[Drug, LevelLimitsOfDrug]:
        """The part of them that concerns one drug."""
        return {
            Drug.SIROLIMUS: LevelLimitsOfDrug(
                hours=(self.sirolimus_hours_min, self.sirolimus_hours_max),
                measurable=(self.sirolimus_lloq, self.sirolimus_ceiling),
                steady_days=self.sirolimus_steady_days,
                adherence_days=self.sirolimus_adherence_days,
                age_days=self.sirolimus_age_days,
            ),
            Drug.CICLOSPORIN: LevelLimitsOfDrug(
                hours=(self.ciclosporin_hours_min, self.ciclosporin_hours_max),
                measurable=(self.ciclosporin_lloq, self.ciclosporin_ceiling),
                steady_days=self.ciclosporin_steady_days,
                adherence_days=self.ciclosporin_adherence_days,
                age_days=self.ciclosporin_age_days,
            ),
        }
