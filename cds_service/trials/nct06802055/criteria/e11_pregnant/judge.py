"""Exclusion 11: Pregnant or breastfeeding women."""

from datetime import date

from cds_service.rules.answers.criteria_answers import Finding
from cds_service.trials.nct06802055.criteria.pregnancy_or_breastfeeding import (
    EXCLUSION,
    pregnant_or_breastfeeding,
    reported_under,
)
from cds_service.trials.nct06802055.criteria.pregnancy_signs import PregnancyLimits
from fhir_mappings.clinical_model.record import ClinicalRecord


def exc_11_pregnant(record: ClinicalRecord, t0: date, limits: PregnancyLimits) -> Finding:
    """MET when pregnancy or breastfeeding is present."""
    return reported_under(record, t0, limits, EXCLUSION, pregnant_or_breastfeeding(record, t0, limits))
