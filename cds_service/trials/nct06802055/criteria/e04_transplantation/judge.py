"""Exclusion 4: History of hematopoietic stem cell transplantation (HSCT) before enrollment."""

from datetime import date

from cds_service.rules.answers.criteria_answers import Finding
from cds_service.rules.criterion_evidence import of_procedure
from cds_service.rules.sorted_diagnoses import sorted_by_weight
from cds_service.rules.time_windows import known_by
from cds_service.trials.nct06802055.criteria.eligibility_limits import EligibilityLimits
from cds_service.trials.nct06802055.criteria.unknowns import Topic, exclusion
from fhir_mappings.clinical_model.concepts import Concept
from fhir_mappings.clinical_model.known_unknown import Part
from fhir_mappings.clinical_model.messages import say
from fhir_mappings.clinical_model.record import ClinicalRecord

TOPIC = Topic(
    "E4",
    say("criterion.E4.question"),
    say("criterion.E4.nothing"),
    fed_by=(Part.CONDITIONS, Part.PROCEDURES, Part.ATTESTATIONS),
    emptied_by=((Part.CONDITIONS,), (Part.PROCEDURES,)),
)
_TRANSPLANT = frozenset({Concept.HSCT})
_PERHAPS = frozenset({Concept.HSCT_UNSPECIFIC})


def exc_04_transplantation(record: ClinicalRecord, t0: date, limits: EligibilityLimits) -> Finding:
    """A transplantation ever, of whatever donor; a planned one is no history."""
    present, doubtful = sorted_by_weight(record, t0, _TRANSPLANT, _PERHAPS)
    for done in record.procedures:
        if done.planned or not known_by(done.when, t0):
            continue
        if done.concepts & _TRANSPLANT:
            present.append(of_procedure(done, say("eligibility.seen.transplantation")))
        elif done.concepts & _PERHAPS:
            doubtful.append(of_procedure(done, say("eligibility.seen.transplantation")))
    return exclusion(record, t0, limits, TOPIC, present, doubtful)
