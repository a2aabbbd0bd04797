"""What an entry that is there but cannot be used may have been: the one place that says so (DECISIONS 49).

By its type, its codes, or the words it still shows. Where these name nothing that a rule asks for, nothing is
lost; where nothing can be seen of its content, it may have been anything that its type can hold.
"""

from collections.abc import Iterable, Mapping

from msgspec.structs import replace

from fhir_mappings.clinical_model.diagnoses import Diagnosis
from fhir_mappings.clinical_model.known_unknown import Gap, Lost, Part
from fhir_mappings.clinical_model.results import Result
from fhir_mappings.readers.condition import Condition, status_codes
from fhir_mappings.readers.drug_identification import codings, drug_words
from fhir_mappings.readers.fhir_types import CodeableConcept, Resource, Unread
from fhir_mappings.readers.medication import MedicationEntry
from fhir_mappings.readers.observation_types import Measured, Observation
from fhir_mappings.readers.ordering import Fact
from fhir_mappings.readers.reading_context import ReadingContext
from fhir_mappings.readers.references import kind_of

NEVER = frozenset({"entered-in-error", "cancelled", "registered", "not-done", "refuted"})
"""Not done, never done, or never true: such an entry holds nothing that could be lost."""

PARTS: Mapping[str, Part] = {
    "Condition": Part.CONDITIONS,
    "Observation": Part.OBSERVATIONS,
    "MedicationRequest": Part.MEDICATION_REQUESTS,
    "MedicationDispense": Part.MEDICATION_DISPENSES,
    "MedicationAdministration": Part.MEDICATION_ADMINISTRATIONS,
    "MedicationStatement": Part.MEDICATION_STATEMENTS,
    "AllergyIntolerance": Part.ALLERGIES,
    "Procedure": Part.PROCEDURES,
    "AdverseEvent": Part.ADVERSE_EVENTS,
    "ResearchSubject": Part.RESEARCH_SUBJECTS,
    "QuestionnaireResponse": Part.ATTESTATIONS,
    "Consent": Part.CONSENTS,
}
"""The part of the chart that a resource type belongs to."""

_MEDICATIONS = frozenset(kind for kind in PARTS if kind.startswith("Medication"))
_SHOWN = 80  # characters of a record's own words


def lost_of(resource: Resource, chart: ReadingContext) -> tuple[Lost, ...]:
    """What is lost with an entry that may not be used: () where it names nothing that a rule asks for."""
    kind = kind_of(resource)
    if (kind and kind not in PARTS) or getattr(resource, "status", None) in NEVER:
        return ()
    if isinstance(resource, Unread):
        return _named(kind, resource.concepts, resource.written, resource.dates, chart)
    if isinstance(resource, Observation):
        return lost_results(resource, (resource, *resource.component), chart)
    if isinstance(resource, Condition):
        if status_codes(resource.verification_status) & NEVER:
            return ()
        return _named(
            kind, _said(resource.code), "", (resource.onset_date_time, resource.recorded_date), chart
        )
    if isinstance(resource, MedicationEntry):
        return _named(kind, _said(resource.medication_codeable_concept), "", (), chart)
    return (Lost(kind),)


def lost_results(
    observation: Observation, lines: Iterable[Measured], chart: ReadingContext
) -> tuple[Lost, ...]:
    """What is lost with the results of an observation, or with some of its lines."""
    measured = tuple(lines)
    concepts = tuple(line.code for line in measured if line.code)
    written = next(filter(None, map(_written, measured)), "")
    period = observation.effective_period
    dates = (
        observation.effective_date_time,
        observation.effective_instant,
        *((period.end, period.start) if period else ()),
        observation.issued,
    )
    return _named("Observation", concepts, written, dates, chart)


def lost_with(fact: Fact, problem: str) -> Gap:
    """The gap of a fact that is dated so that it cannot be used."""
    kind = fact.reference.partition("/")[0]
    if isinstance(fact, Result):
        lost = Lost(kind, fact.analyte, fact.as_written[:_SHOWN], _day(fact), analytes=(fact.analyte,))
    elif isinstance(fact, Diagnosis):
        lost = Lost(kind, fact.text[:_SHOWN], day=_written_day(fact), concepts=tuple(sorted(fact.concepts)))
    else:
        lost = Lost(kind)
    return Gap(problem, fact.reference, lost=(lost,) if kind in PARTS else ())


def incomplete(gaps: Iterable[Gap]) -> frozenset[Part]:
    """The parts of the chart of which an entry is there whose content cannot be told at all."""
    untold = {lost.kind for gap in gaps for lost in gap.lost if not (lost.analytes or lost.concepts)}
    if "" in untold:
        return frozenset(PARTS.values())
    return frozenset(PARTS[kind] for kind in untold)


# ---------------------------------------------------------------- by its codes and words


def _named(
    kind: str,
    concepts: Iterable[CodeableConcept],
    written: str,
    dates: Iterable[str | None],
    chart: ReadingContext,
) -> tuple[Lost, ...]:
    said = [c for c in concepts if c.text or any(one.code or one.display for one in c.coding)]
    shown = "; ".join(dict.fromkeys(filter(None, map(_name, said))))[:_SHOWN]
    day, latest = _days(dates, chart)
    lost = Lost(kind, shown, written[:_SHOWN], day, latest)
    if not said or kind not in ("Observation", "Condition", *_MEDICATIONS):
        return (lost,)
    if kind == "Observation":
        analytes = {a for concept in said for a in _analytes(concept, chart)}
        return (replace(lost, analytes=tuple(sorted(analytes))),) if analytes else ()
    found = {c for one in said for c in _concepts(one, chart)}
    if kind == "Condition":
        return (replace(lost, concepts=tuple(sorted(found))),) if found else ()
    return (lost,) if found else ()


def _analytes(concept: CodeableConcept, chart: ReadingContext) -> Iterable[str]:
    coded, codes = codings(concept), chart.settings.codes
    one = codes.analyte(coded)
    if one is not None:
        return (one.analyte,)
    named = codes.analytes_by_code(coded)
    return named or codes.analytes_by_words(_as_coded(concept), (concept.text,))


def _concepts(concept: CodeableConcept, chart: ReadingContext) -> Iterable[str]:
    seen = chart.settings.codes.recognise(codings(concept), drug_words(concept))
    return seen.concepts if seen else ()


def _as_coded(concept: CodeableConcept) -> tuple[tuple[str | None, str | None, str | None], ...]:
    return tuple((c.system, c.code, c.display) for c in concept.coding)


def _said(concept: CodeableConcept | None) -> tuple[CodeableConcept, ...]:
    return (concept,) if concept else ()


def _name(concept: CodeableConcept) -> str:
    return drug_words(concept) or next((c.code for c in concept.coding if c.code), "")


def _written(measured: Measured) -> str:
    quantity = measured.value_quantity
    if quantity is not None and quantity.value is not None:
        parts = (quantity.comparator, str(quantity.value), quantity.unit or quantity.code)
        return " ".join(filter(None, parts))
    return drug_words(measured.value_codeable_concept) or measured.value_string or ""


# ---------------------------------------------------------------- its day


def _days(dates: Iterable[str | None], chart: ReadingContext) -> tuple[str, str]:
    """The first date as it stands, and the last day it may be of; none where no date can be believed."""
    written = [date for date in dates if date]
    whens = [when for date in written if (when := chart.when(date)) is not None]
    believed = next((when for when in whens if not chart.is_ahead(when)), None)
    if believed is None:
        return (written[0][:_SHOWN] if written else ""), ""
    return (believed.last.isoformat() if believed.is_one_day else believed.text), believed.last.isoformat()


def _written_day(diagnosis: Diagnosis) -> str:
    when = diagnosis.onset or diagnosis.recorded
    return when.text[:_SHOWN] if when else ""


def _day(result: Result) -> str:
    return result.when.text[:_SHOWN] if result.when else ""
