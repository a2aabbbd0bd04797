"""Exclusion 7: Uncontrolled infection or bleeding with standard treatment."""

from datetime import date

from cds_service.rules.answers.criteria_answers import Finding
from cds_service.rules.criterion_evidence import Sighting, of_diagnosis
from cds_service.rules.sorted_diagnoses import diagnosed, is_active_lately, is_over
from cds_service.rules.time_windows import within
from cds_service.trials.nct06802055.criteria.eligibility_limits import EligibilityLimits
from cds_service.trials.nct06802055.criteria.recent_signs import recent_events, suspect_cultures
from cds_service.trials.nct06802055.criteria.unknowns import Topic, exclusion
from fhir_mappings.clinical_model.calendar import days_before
from fhir_mappings.clinical_model.concepts import Concept
from fhir_mappings.clinical_model.known_unknown import Part
from fhir_mappings.clinical_model.messages import say
from fhir_mappings.clinical_model.record import ClinicalRecord

TOPIC = Topic(
    "E7",
    say("criterion.E7.question"),
    say("criterion.E7.nothing"),
    fed_by=(Part.CONDITIONS, Part.ADVERSE_EVENTS, Part.OBSERVATIONS, Part.ATTESTATIONS),
)

_EVENTS = frozenset({Concept.SEVERE_BLEEDING, Concept.BLEEDING, Concept.SEPSIS, Concept.FEBRILE_NEUTROPENIA})


class UncontrolledLimits(EligibilityLimits, frozen=True):
    """Days."""

    bleeding_days: int


def exc_07_uncontrolled(record: ClinicalRecord, t0: date, limits: UncontrolledLimits) -> Finding:
    """A severe bleed that is active now; whether an infection is controlled is asked."""
    present: list[Sighting] = []
    doubtful: list[Sighting] = []
    for diagnosis in diagnosed(record, t0, Concept.SEVERE_BLEEDING):
        if not is_over(diagnosis, t0):
            now = is_active_lately(diagnosis, t0, limits.bleeding_days)
            (present if now else doubtful).append(of_diagnosis(diagnosis))
    doubtful += _other_bleeding(record, t0, limits)
    for diagnosis in diagnosed(record, t0, Concept.SEPSIS, Concept.FEBRILE_NEUTROPENIA):
        if not is_over(diagnosis, t0):
            doubtful.append(of_diagnosis(diagnosis))
    doubtful += suspect_cultures(record, t0, limits)
    doubtful += recent_events(record, t0, limits.bleeding_days, _EVENTS)
    return exclusion(record, t0, limits, TOPIC, present, doubtful)


def _other_bleeding(record: ClinicalRecord, t0: date, limits: UncontrolledLimits) -> list[Sighting]:
    """Bleeding of the last weeks of which no code says how severe it is: is it controlled?"""
    earliest = days_before(t0, limits.bleeding_days)
    return [
        of_diagnosis(diagnosis)
        for diagnosis in diagnosed(record, t0, Concept.BLEEDING)
        if not is_over(diagnosis, t0)
        and Concept.SEVERE_BLEEDING not in diagnosis.concepts
        and within(diagnosis.recorded or diagnosis.onset, earliest, t0) is not False
    ]
