"""What the eligibility tests share: the shipped limits, one criterion asked on TODAY, more builders."""

from datetime import date
from typing import Any

from cds_service.rules.answers.criteria_answers import Basis, Finding
from cds_service.rules.verdict import Verdict
from cds_service.trials.nct06802055.criteria.criterion_judges import JUDGES, read_eligibility_limits
from cds_service.trials.nct06802055.criteria.eligibility_limits import EligibilityLimits
from fhir_mappings.clinical_model.clinical_events import AdverseEventSeen, Allergy, AllergyKind, ProcedureDone
from fhir_mappings.clinical_model.concepts import Concept
from fhir_mappings.clinical_model.diagnoses import Certainty
from fhir_mappings.clinical_model.known_unknown import Part
from fhir_mappings.clinical_model.record import ClinicalRecord
from fhir_mappings.clinical_model.studies import (
    CompletenessAssertion,
    ConsentSeen,
    ConsentState,
    StudyEntry,
    StudyState,
)
from tests.builders import TODAY, a_record, when

LIMITS = read_eligibility_limits()
CRITERIA = {number: one.judge for number, one in JUDGES.items() if issubclass(one.limits, EligibilityLimits)}
"""Those whose limits are of eligibility: all but I3 and I4."""
MET, NOT_MET, UNKNOWN = Verdict.MET, Verdict.NOT_MET, Verdict.UNKNOWN
PRESENT, ABSENT = Verdict.MET, Verdict.NOT_MET
DATA, ATTESTATION, MIXED, NONE = Basis.DATA, Basis.ATTESTATION, Basis.MIXED, Basis.NONE
Moment = int | str | date | None


def asked(
    number: str,
    *facts: Any,
    t0: date = TODAY,
    limits: EligibilityLimits = LIMITS,
    **fields: Any,
) -> Finding:
    """What criterion `number` finds in a chart holding the facts."""
    return CRITERIA[number](a_record(*facts, **fields), t0, limits)


def of(number: str, record: ClinicalRecord, t0: date = TODAY) -> Finding:
    """What criterion `number` finds in this chart."""
    return CRITERIA[number](record, t0, LIMITS)


def said(finding: Finding) -> str:
    """Every key and value of the sentence, as one text to search in."""
    return repr(finding.seen)


def done(concept: Concept, ago: Moment = 400, **more: Any) -> ProcedureDone:
    """A procedure done `ago`."""
    return ProcedureDone("Procedure/p", frozenset({concept}), when(ago), **more)


def allergy(ingredient: str, *manifestations: Concept, ago: Moment = 400, **more: Any) -> Allergy:
    """An active, confirmed, mild allergy."""
    fields: dict[str, Any] = {
        "kind": AllergyKind.ALLERGY,
        "active": True,
        "certainty": Certainty.CONFIRMED,
        "severe": False,
    }
    return Allergy(
        "AllergyIntolerance/a",
        frozenset({ingredient}),
        manifestations=frozenset(manifestations),
        recorded=when(ago),
        **(fields | more),
    )


def harm(*concepts: Concept, by: str = "ciclosporin", severe: bool | None = None, ago: Moment = 400) -> Any:
    """An adverse event held against one drug ("" for none)."""
    suspects = frozenset({by} if by else ())
    return AdverseEventSeen("AdverseEvent/e", frozenset(concepts), suspects, severe, when(ago), "harm")


def study(
    state: StudyState,
    start: Moment = 200,
    end: Moment = None,
    ours: bool | None = False,
    interventional: bool | None = True,
) -> StudyEntry:
    """A place in a study: another clinical trial unless told otherwise."""
    return StudyEntry(
        f"ResearchSubject/{state.value}", ours, interventional, state, None, None, when(start), when(end)
    )


def consent(state: ConsentState, ago: Moment = 5, for_trial: bool = True) -> ConsentSeen:
    """A consent to this trial."""
    return ConsentSeen(f"Consent/{state.value}{ago}", state, for_trial, when(ago))


def reviewed(part: Part, ago: Moment = 5) -> CompletenessAssertion:
    """ "Reviewed, nothing known"."""
    return CompletenessAssertion(f"List/{part.value}", part, when(ago))
