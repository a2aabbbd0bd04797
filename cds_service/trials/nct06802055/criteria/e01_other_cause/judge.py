"""Exclusion 1: Pancytopenia caused by other reasons, such as myelodysplastic syndrome (MDS)."""

from datetime import date

from cds_service.rules.answers.criteria_answers import Finding
from cds_service.rules.sorted_diagnoses import sorted_by_weight
from cds_service.trials.nct06802055.criteria.eligibility_limits import EligibilityLimits
from cds_service.trials.nct06802055.criteria.unknowns import Topic, exclusion
from fhir_mappings.clinical_model.concepts import Concept
from fhir_mappings.clinical_model.known_unknown import Part
from fhir_mappings.clinical_model.messages import say
from fhir_mappings.clinical_model.record import ClinicalRecord

OTHER_CAUSE = Topic(
    "E1",
    say("criterion.E1.question"),
    say("criterion.E1.nothing"),
    fed_by=(Part.CONDITIONS, Part.ATTESTATIONS),
)
_CAUSES = frozenset({Concept.PANCYTOPENIA_OTHER_CAUSE, Concept.MDS, Concept.AML})
_PERHAPS = frozenset(
    {Concept.AA_ANTINEOPLASTIC, Concept.PANCYTOPENIA_UNSPECIFIED, Concept.CLONAL_MARROW_OTHER}
)


def exc_01_other_cause(record: ClinicalRecord, t0: date, limits: EligibilityLimits) -> Finding:
    """A coded other cause, at any time; data never prove that there is none."""
    return exclusion(record, t0, limits, OTHER_CAUSE, *sorted_by_weight(record, t0, _CAUSES, _PERHAPS))
