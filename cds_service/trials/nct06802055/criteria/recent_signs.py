"""Adverse events and blood cultures of the last days: signs that several criteria ask about."""

from datetime import date

from cds_service.rules.criterion_evidence import Sighting, of_adverse_event, of_result
from cds_service.rules.time_windows import results_by, within
from cds_service.trials.nct06802055.criteria.eligibility_limits import EligibilityLimits
from fhir_mappings.clinical_model.calendar import days_before
from fhir_mappings.clinical_model.concepts import Concept
from fhir_mappings.clinical_model.messages import say
from fhir_mappings.clinical_model.record import ClinicalRecord
from fhir_mappings.clinical_model.results import Analyte, Presence


def recent_events(
    record: ClinicalRecord, t0: date, days: int, concepts: frozenset[Concept]
) -> list[Sighting]:
    """Adverse events of the last `days` days, or undated: they have no course, so each is asked about."""
    since = days_before(t0, days)
    return [
        of_adverse_event(event)
        for event in record.adverse_events
        if event.concepts & concepts and within(event.when, since, t0) is not False
    ]


def suspect_cultures(record: ClinicalRecord, t0: date, limits: EligibilityLimits) -> list[Sighting]:
    """Blood cultures of the last days that are not negative: most name what grew, and not "positive"."""
    since = days_before(t0, limits.culture_days)
    return [
        of_result(r, say("eligibility.test.blood_culture"))
        for r in results_by(record, t0, Analyte.BLOOD_CULTURE)
        if r.presence is not Presence.NEGATIVE and within(r.when, since, t0)
    ]
