"""Exclusion 7: Uncontrolled infection or bleeding with standard treatment."""

from datetime import date

from cds_service.protocol.criteria.diagnosed import diagnosed, is_definite
from cds_service.protocol.criteria.i5_no_infection import positive_cultures
from cds_service.protocol.criteria.limits import EligibilityLimits
from cds_service.protocol.criteria.open_world import Topic, exclusion
from cds_service.protocol.criteria.sightings import Sighting, of_diagnosis, of_result
from cds_service.protocol.criteria.windows import within
from cds_service.protocol.decisions import Finding
from fhir_mappings.vocabulary.calendar import days_before
from fhir_mappings.vocabulary.concepts import Concept
from fhir_mappings.vocabulary.facts import ClinicalRecord, Course, Diagnosis, Part
from fhir_mappings.vocabulary.phrases import say

TOPIC = Topic(
    "E7",
    say("criterion.E7.question"),
    say("criterion.E7.nothing"),
    fed_by=(Part.CONDITIONS, Part.OBSERVATIONS, Part.ATTESTATIONS),
)


def exc_07_uncontrolled(record: ClinicalRecord, t0: date, limits: EligibilityLimits) -> Finding:
    """A severe bleed that is active now; whether an infection is controlled is asked."""
    present: list[Sighting] = []
    doubtful: list[Sighting] = []
    for diagnosis in diagnosed(record, t0, Concept.SEVERE_BLEEDING):
        if not _over(diagnosis, t0):
            recent = _recent(diagnosis, t0, limits) and is_definite(diagnosis)
            (present if recent else doubtful).append(of_diagnosis(diagnosis))
    for diagnosis in diagnosed(record, t0, Concept.SEPSIS, Concept.FEBRILE_NEUTROPENIA):
        if not _over(diagnosis, t0) and diagnosis.course is Course.ACTIVE:
            doubtful.append(of_diagnosis(diagnosis))
    doubtful += [
        of_result(r, say("eligibility.test.blood_culture")) for r in positive_cultures(record, t0, limits)
    ]
    return exclusion(record, t0, limits, TOPIC, present, doubtful)


def _over(diagnosis: Diagnosis, t0: date) -> bool:
    closed = diagnosis.abated is not None and diagnosis.abated.last <= t0
    return closed or diagnosis.course is Course.HISTORY


def _recent(diagnosis: Diagnosis, t0: date, limits: EligibilityLimits) -> bool:
    earliest = days_before(t0, limits.bleeding_days)
    dated = any(within(when, earliest, t0) for when in (diagnosis.onset, diagnosis.recorded))
    return dated and diagnosis.course is Course.ACTIVE
