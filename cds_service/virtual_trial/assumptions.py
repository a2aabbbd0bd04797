"""What the virtual trial assumes, from `assumptions.toml`: every number with unit, source and sentence."""

import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import msgspec

FILE = Path(__file__).parent / "assumptions.toml"


class AssumedPartner(msgspec.Struct, frozen=True):
    """An interacting drug: its ATC code, what it leaves of clearance, how often it is the one."""

    atc: str
    clearance: float
    share: float


@dataclass(frozen=True, slots=True)
class Assumptions:
    """One field for each `[assume.*]` of the file, in its unit."""

    weeks: int
    counted_from_day: int
    missed_dose: float
    missed_is_told: float
    sirolimus_timing_sd: float
    ciclosporin_timing_sd: float
    mislabelled: float
    uncoded: float
    undocumented: float
    assay_cv_low: float
    assay_cv_high: float
    assay_bias_high: float
    response: float
    response_days: float
    response_haematocrit: float
    interacting: float
    renal_most: float
    renal_half: float
    renal_slope: float
    renal_days: float
    renal_spread: float
    creatinine_cv: float
    occasion_days: int
    look_again_sirolimus: int
    look_again_ciclosporin: int
    restart_sirolimus_at: float
    restart_ciclosporin_at: float
    restart_part: float
    restart_look_days: int
    sirolimus_least_half_life: float
    ciclosporin_no_trough_above: float
    renal_harm_rise: float
    renal_harm_days: int
    partners: dict[str, AssumedPartner]

    @property
    def days(self) -> int:
        """The last study day, counted from 0."""
        return 7 * self.weeks


@cache
def assumptions() -> Assumptions:
    """The shipped assumptions. Raises KeyError or msgspec.ValidationError for a faulty file."""
    told: dict[str, Any] = tomllib.loads(FILE.read_text("utf-8"))
    values = {name: entry["value"] for name, entry in told["assume"].items()}
    return Assumptions(**values, partners=msgspec.convert(told["partner"], dict[str, AssumedPartner]))
