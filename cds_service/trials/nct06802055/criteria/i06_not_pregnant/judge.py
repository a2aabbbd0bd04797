"""Inclusion 6: Not pregnant or breastfeeding."""

from datetime import date

from msgspec.structs import replace

from cds_service.rules.answers.criteria_answers import Finding
from cds_service.rules.verdict import reverse
from cds_service.trials.nct06802055.criteria.pregnancy_or_breastfeeding import (
    inclusion_topic,
    pregnant_or_breastfeeding,
    reported_under,
)
from cds_service.trials.nct06802055.criteria.pregnancy_signs import PregnancyLimits
from fhir_mappings.clinical_model.record import ClinicalRecord


def inc_06_not_pregnant(record: ClinicalRecord, t0: date, limits: PregnancyLimits) -> Finding:
    """The opposite of E11."""
    found = pregnant_or_breastfeeding(record, t0, limits)
    found = replace(found, verdict=reverse(found.verdict))
    return reported_under(record, t0, limits, inclusion_topic(limits), found)
