"""The numbers of titration, from `reviewed/titration.toml`."""

from collections.abc import Mapping
from decimal import Decimal
from functools import cached_property

import msgspec

from cds_service.rules.thresholds import ProtocolTextFault
from cds_service.trials.nct06802055.patient_state.levels.level_table import LevelTable
from cds_service.trials.nct06802055.two_drugs import Drug

_BOUND_BY = {
    ("sirolimus_min_mg", "sirolimus_max_mg"): (
        "sirolimus_start_mg",
        "sirolimus_low_start_mg",
        "liver_cap_mg",
    ),
    ("ciclosporin_min_mg", "ciclosporin_max_mg"): (
        "ciclosporin_start_low_mg",
        "ciclosporin_start_high_mg",
        "ciclosporin_start_no_weight_mg",
        "ciclosporin_low_mg",
    ),
}
"""Doses that a site may set, by the bounds of the trial record that it may not."""


_OF_CAPSULES = (
    "ciclosporin_low_mg",
    "ciclosporin_impaired_max_mg",
    "ciclosporin_start_low_mg",
    "ciclosporin_start_high_mg",
    "ciclosporin_start_no_weight_mg",
)
_OF_TABLETS = ("sirolimus_start_mg", "sirolimus_low_start_mg", "liver_cap_mg")
"""Doses that cards propose as they stand."""


class TitrationLimits(msgspec.Struct, frozen=True, dict=True):
    """Bounds, bands, steps and windows of both study drugs; each has its sentence in the reviewed file.

    Raises ProtocolTextFault when the bands of a drug do not follow one another, the tablets of the site make
    no dose within the bounds of the trial record, or a dose of the site lies outside them.
    """

    sirolimus_min_mg: Decimal
    sirolimus_max_mg: Decimal
    sirolimus_every_hours: Decimal
    sirolimus_target_low: Decimal
    sirolimus_target_high: Decimal
    sirolimus_high: Decimal
    sirolimus_danger: Decimal
    sirolimus_doses_mg: tuple[Decimal, ...]
    sirolimus_aim: Decimal
    sirolimus_reduced_aim: Decimal
    sirolimus_step_mg: Decimal
    sirolimus_after_hold_part: Decimal
    sirolimus_start_mg: Decimal
    sirolimus_low_start_mg: Decimal
    start_age: int
    start_weight_kg: Decimal
    start_ciclosporin_daily_mg: Decimal
    start_liver_ratio: Decimal
    start_bilirubin_ratio: Decimal
    weight_age_days: int
    liver_cap_ratio: Decimal
    liver_cap_mg: Decimal
    liver_hold_ratio: Decimal
    bilirubin_hold_ratio: Decimal
    alt_upper: Decimal
    ast_upper: Decimal
    bilirubin_upper: Decimal
    tests_days: int
    creatinine_increase_days: int
    creatinine_start_days: int
    ciclosporin_min_mg: Decimal
    ciclosporin_max_mg: Decimal
    ciclosporin_every_hours: Decimal
    ciclosporin_impaired_max_mg: Decimal
    ciclosporin_aim: Decimal
    ciclosporin_target_low: Decimal
    ciclosporin_target_high: Decimal
    ciclosporin_high: Decimal
    ciclosporin_danger: Decimal
    ciclosporin_grid_mg: Decimal
    ciclosporin_small_step_from: Decimal
    ciclosporin_small_step_mg: Decimal
    ciclosporin_large_step_mg: Decimal
    ciclosporin_largest_factor: Decimal
    ciclosporin_smallest_part: Decimal
    ciclosporin_start_mg_per_kg: Decimal
    ciclosporin_start_low_mg: Decimal
    ciclosporin_start_high_mg: Decimal
    ciclosporin_start_no_weight_mg: Decimal
    ciclosporin_low_mg: Decimal
    low_egfr: Decimal
    potassium_hold: Decimal
    potassium_age_days: int
    sirolimus_edge_low: Decimal
    sirolimus_edge_high: Decimal
    edge_recheck_days: int
    routine_recheck_days: int
    repeat_within_days: int
    change_ordered_days: int
    sirolimus_change_recheck: tuple[int, ...]
    sirolimus_reduced_recheck: tuple[int, ...]
    sirolimus_high_recheck: tuple[int, ...]
    sirolimus_danger_recheck: tuple[int, ...]
    sirolimus_liver_recheck: tuple[int, ...]
    liver_level_days: int
    next_change_recheck: tuple[int, ...]
    ciclosporin_change_recheck: tuple[int, ...]
    ciclosporin_high_recheck: tuple[int, ...]
    ciclosporin_danger_recheck: tuple[int, ...]
    creatinine_watch_days: int
    creatinine_stable_days: int
    creatinine_urgent_days: int
    hold_days: int
    restart_part: Decimal
    restart_level_days: int
    restart_new_start_days: int
    ciclosporin_restart_recheck: tuple[int, ...]
    restart_potassium: Decimal
    restart_potassium_hours: int
    restart_potassium_days: int
    cause_gone_days: int
    cause_gone_azole_days: int
    cause_gone_level_days: int
    refute_hours: int
    refute_half_life_hours: Decimal
    jump_earlier: tuple[int, ...]
    jump_sirolimus_factor: Decimal
    jump_ciclosporin_factor: Decimal
    jump_ciclosporin_mg: int
    jump_haemoglobin_rise: int
    jump_haemoglobin_near: int
    jump_once_days: int
    jump_repeat_days: int
    jump_confirmed_part: Decimal
    jump_recheck: tuple[int, ...]
    jump_hold_recheck: tuple[int, ...]

    def __post_init__(self) -> None:
        faults = []
        for drug in Drug:
            try:
                self._table(drug)
            except ValueError as error:
                faults.append(f"titration: {drug}: {error}")
        if not any(self.sirolimus_min_mg <= d <= self.sirolimus_max_mg for d in self.sirolimus_doses_mg):
            faults.append("titration.sirolimus_doses_mg: no dose lies within the trial record's bounds")
        if self.ciclosporin_grid_mg <= 0 or self.ciclosporin_min_mg % self.ciclosporin_grid_mg:
            faults.append("titration.ciclosporin_grid_mg: does not reach the trial record's lowest dose")
        faults += self._doses_out_of_bounds()
        faults += self._doses_that_no_tablet_makes()
        for name in self.__struct_fields__:
            window = getattr(self, name)
            if name.endswith("_recheck") and not (len(window) == 2 and 0 <= window[0] <= window[1]):
                faults.append(f"titration.{name}: must be two days, the first not after the second")
        if faults:
            raise ProtocolTextFault(faults)

    def _doses_out_of_bounds(self) -> list[str]:
        return [
            f"titration.{name}: lies outside the trial record's bounds"
            for (low, high), names in _BOUND_BY.items()
            for name in names
            if not getattr(self, low) <= getattr(self, name) <= getattr(self, high)
        ]

    def _doses_that_no_tablet_makes(self) -> list[str]:
        """A card would propose what the pharmacy cannot hand out."""
        grid, doses = self.ciclosporin_grid_mg, self.sirolimus_doses_mg
        uneven = [name for name in _OF_CAPSULES if grid > 0 and getattr(self, name) % grid]
        unmade = [name for name in _OF_TABLETS if getattr(self, name) not in doses]
        return [
            *(
                f"titration.{name}: is no multiple of titration.ciclosporin_grid_mg, {grid}"
                for name in uneven
            ),
            *(f"titration.{name}: is none of titration.sirolimus_doses_mg" for name in unmade),
        ]

    @property
    def impaired_daily_mg(self) -> Decimal:
        """The highest amount of ciclosporin for impaired kidneys, mg a day."""
        return self.ciclosporin_impaired_max_mg * 24 / self.ciclosporin_every_hours

    @cached_property
    def tables(self) -> Mapping[Drug, LevelTable]:
        """The bands of each drug."""
        return {drug: self._table(drug) for drug in Drug}

    def _table(self, drug: Drug) -> LevelTable:
        if drug == Drug.SIROLIMUS:
            return LevelTable(
                self.sirolimus_target_low,
                self.sirolimus_target_high,
                self.sirolimus_high,
                self.sirolimus_danger,
            )
        return LevelTable(
            self.ciclosporin_target_low,
            self.ciclosporin_target_high,
            self.ciclosporin_high,
            self.ciclosporin_danger,
        )
