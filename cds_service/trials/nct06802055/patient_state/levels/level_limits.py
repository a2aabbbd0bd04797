"""The numbers of `reviewed/levels.toml`, and the part of them that concerns one drug."""

from decimal import Decimal

import msgspec

from cds_service.trials.nct06802055.two_drugs import Drug


class LevelLimits(msgspec.Struct, frozen=True):
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

    def hours(self, drug: Drug) -> tuple[int, int]:
        """From and to how many hours after a dose a sample is a trough, both included."""
        if drug == Drug.SIROLIMUS:
            return self.sirolimus_hours_min, self.sirolimus_hours_max
        return self.ciclosporin_hours_min, self.ciclosporin_hours_max

    def measurable(self, drug: Drug) -> tuple[Decimal, Decimal]:
        """The lowest and the highest level that can be believed as a trough, both included."""
        if drug == Drug.SIROLIMUS:
            return self.sirolimus_lloq, self.sirolimus_ceiling
        return self.ciclosporin_lloq, self.ciclosporin_ceiling

    def steady_days(self, drug: Drug) -> int:
        """Days at an unchanged dose."""
        return self.sirolimus_steady_days if drug == Drug.SIROLIMUS else self.ciclosporin_steady_days

    def adherence_days(self, drug: Drug) -> int:
        """Days before the sample without a missed dose."""
        return self.sirolimus_adherence_days if drug == Drug.SIROLIMUS else self.ciclosporin_adherence_days

    def age_days(self, drug: Drug) -> int:
        """Days for which a level is titrated on."""
        return self.sirolimus_age_days if drug == Drug.SIROLIMUS else self.ciclosporin_age_days
