"""Renal state for ciclosporin: replayed over all creatinines from the baseline window on (DECISIONS 30)."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from cds_service.protocol.decisions import Participation, RenalFinding
from cds_service.protocol.moment import AsOf
from cds_service.protocol.parameters import Rule
from fhir_mappings.vocabulary.facts import ClinicalRecord


@dataclass(frozen=True, slots=True)
class RenalLimits:
    """Edges of the renal state machine; ratios to baseline, creatinine umol/L, eGFR mL/min/1.73 m2."""

    aki_ratio: Decimal


def renal_state(
    record: ClinicalRecord,
    participation: Participation,
    as_of: AsOf,
    limits: RenalLimits,
    rules: Mapping[str, Rule],
) -> RenalFinding:
    """The renal state as of one moment."""
    raise NotImplementedError
