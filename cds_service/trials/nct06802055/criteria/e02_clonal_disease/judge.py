"""Exclusion 2: Evidence of clonal hematopoietic system bone marrow diseases (e.g., MDS or AML)."""

from datetime import date

from cds_service.rules.answers.criteria_answers import Finding
from cds_service.rules.sorted_diagnoses import sorted_by_weight
from cds_service.trials.nct06802055.criteria.eligibility_limits import EligibilityLimits
from cds_service.trials.nct06802055.criteria.unknowns import Topic, exclusion
from fhir_mappings.clinical_model.concepts import Concept
from fhir_mappings.clinical_model.known_unknown import Part
from fhir_mappings.clinical_model.messages import say
from fhir_mappings.clinical_model.record import ClinicalRecord

CLONAL = Topic(
    "E2",
    say("criterion.E2.question"),
    say("criterion.E2.nothing"),
    fed_by=(Part.CONDITIONS, Part.ATTESTATIONS),
)
_CLONES = frozenset({Concept.MDS, Concept.AML, Concept.CLONAL_MARROW_OTHER})


def exc_02_clonal_disease(record: ClinicalRecord, t0: date, limits: EligibilityLimits) -> Finding:
    """A coded clonal disease, active or past; a PNH clone is judged by its size (E3)."""
    return exclusion(record, t0, limits, CLONAL, *sorted_by_weight(record, t0, _CLONES))
