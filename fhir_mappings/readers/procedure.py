"""Procedure -> transplants, transfusions and operations that a code list recognises."""

from collections.abc import Iterator

from fhir_mappings.clinical_model.clinical_events import ProcedureDone
from fhir_mappings.clinical_model.codes import ICD9
from fhir_mappings.clinical_model.concepts import Concept
from fhir_mappings.clinical_model.known_unknown import Gap
from fhir_mappings.readers.drug_identification import codings, drug_words
from fhir_mappings.readers.effective_time import effective
from fhir_mappings.readers.fhir_types import CodeableConcept, Period, Reference, Resource
from fhir_mappings.readers.reading_context import ReadingContext
from fhir_mappings.readers.references import own_reference

_DONE = frozenset({"completed", "in-progress"})
_PLANNED = "preparation"
_ICD9_PROCEDURES = "http://hl7.org/fhir/sid/icd-9-cm/procedure"
_NEVER = frozenset({"not-done", "entered-in-error"})
TRANSFUSIONS = frozenset({Concept.RED_CELL_TRANSFUSION, Concept.PLATELET_TRANSFUSION})
_OPERATION = frozenset({Concept.PLANNED_SURGERY})
_ASKING = frozenset({Concept.HSCT_UNSPECIFIC, Concept.PREGNANCY_ENDED})


class Procedure(Resource, tag="Procedure"):
    """A procedure, done or planned."""

    status: str | None = None
    category: CodeableConcept | None = None
    code: CodeableConcept | None = None
    subject: Reference | None = None
    performed_date_time: str | None = None
    performed_period: Period | None = None


def read_procedure(procedure: Procedure, chart: ReadingContext) -> Iterator[ProcedureDone | Gap]:
    """The procedure by its codes; words alone name only what keeps a question open.

    Begun or done counts; a broken-off one is a gap.
    """
    if procedure.status in _NEVER:
        return
    concepts = _concepts(procedure.code, chart)
    is_planned = procedure.status == _PLANNED
    if is_planned:
        concepts |= _concepts(procedure.category, chart)
    else:
        concepts -= _OPERATION
    if not concepts:
        return
    reference = own_reference(procedure)
    if procedure.status not in _DONE and not is_planned:
        yield Gap("STATUS_NOT_RECOGNISED", reference, procedure.status or "missing")
        return
    when = effective(procedure.performed_date_time, procedure.performed_period, chart)
    yield ProcedureDone(reference, concepts, when, drug_words(procedure.code), is_planned)


def _concepts(concept: CodeableConcept | None, chart: ReadingContext) -> frozenset[Concept]:
    """By codes; where none is listed, the words may name what keeps a question open, and nothing else.

    A transfusion (DECISIONS 74), a transplantation, the end of a pregnancy: what would clear nobody. Under
    the address that ICD-9-CM's diagnoses and procedures share, a Procedure's code is a procedure.
    """
    lists = chart.settings.codes
    coded = [
        (_ICD9_PROCEDURES if lists.system_name(system) == ICD9 else system, code, display)
        for system, code, display in codings(concept)
    ]
    seen = lists.recognise(coded, drug_words(concept))
    if seen is None:
        return frozenset()
    if not seen.by_text_only:
        return seen.concepts
    return transfused_in_words(seen.concepts) | (seen.concepts & _ASKING)


def transfused_in_words(concepts: frozenset[Concept]) -> frozenset[Concept]:
    """The transfusions among the concepts that words gave; none where they name what goes with one."""
    return frozenset() if Concept.NO_TRANSFUSION in concepts else concepts & TRANSFUSIONS
