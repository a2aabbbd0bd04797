"""The numbers of the safety rules, as they stand in `reviewed/safety.toml`."""

from decimal import Decimal
from functools import cached_property

import msgspec

from cds_service.rules.thresholds import ProtocolTextFault
from cds_service.trials.nct06802055.two_drugs import Drug
from fhir_mappings.clinical_model.results import Analyte


class SafetyLimits(msgspec.Struct, frozen=True, dict=True):
    """Units are those of the analytes' canonical units; `_days` are calendar days, `_uln` multiples."""

    recent_days: int
    toxic_level: Decimal
    infection_days: int
    adverse_event_days: int
    fever: Decimal
    fever_days: int
    fever_neutrophils: Decimal
    count_days: int
    culture_days: int
    potassium_high: Decimal
    potassium_critical: Decimal
    magnesium_low: Decimal
    systolic_high: Decimal
    diastolic_high: Decimal
    systolic_severe: Decimal
    diastolic_severe: Decimal
    reduced_ciclosporin_mg: Decimal
    rising_after_reduction_days: int
    baseline_days: int
    count_fall: Decimal
    neutrophils_low: Decimal
    neutrophils_very_low: Decimal
    platelets_low: Decimal
    platelets_very_low: Decimal
    haemoglobin_fall: Decimal
    haemoglobin_fall_days: int
    transfusion_effect_days: int
    metabolic_days: int
    triglycerides_grades: tuple[Decimal, ...]
    cholesterol_grades: tuple[Decimal, ...]
    lipids_treat_grade: int
    lipids_hold_grade: int
    glucose_high: Decimal
    aminotransferase_grades_uln: tuple[Decimal, ...]
    bilirubin_grades_uln: tuple[Decimal, ...]
    bilirubin_ciclosporin_uln: Decimal
    alt_uln: Decimal
    ast_uln: Decimal
    bilirubin_uln: Decimal
    protein_confirm: Decimal
    protein_hold: Decimal
    protein_stop: Decimal
    dipstick_plus: int
    critical_partner_level: tuple[int, ...]
    pregnancy_days: int
    hcg_positive: Decimal
    hcg_doubtful: Decimal
    clone_limit: Decimal
    surgery_days: int
    lost_bars_sirolimus: tuple[str, ...]
    lost_bars_ciclosporin: tuple[str, ...]
    lost_warns: tuple[str, ...]

    def __post_init__(self) -> None:
        lists = ("lost_bars_sirolimus", "lost_bars_ciclosporin", "lost_warns")
        unknown = [
            f"safety.{name}: there is no test {test!r}"
            for name in lists
            for test in sorted(set(getattr(self, name)) - {analyte.value for analyte in Analyte})
        ]
        if unknown:
            raise ProtocolTextFault(unknown)

    def barred_by(self, analyte: str) -> tuple[Drug, ...]:
        """The drugs that are not started or raised while a result of the test cannot be used."""
        bars = {Drug.SIROLIMUS: self.lost_bars_sirolimus, Drug.CICLOSPORIN: self.lost_bars_ciclosporin}
        return tuple(drug for drug in Drug if analyte in bars[drug])

    def warns_of(self, analyte: str) -> bool:
        """True for a test with a safety limit."""
        return analyte in self.lost_warns

    @cached_property
    def watched(self) -> tuple[Analyte, ...]:
        """Every test that bars a drug."""
        return tuple(a for a in Analyte if a in self.lost_bars_sirolimus or a in self.lost_bars_ciclosporin)
