"""AdverseEvent -> harm that was seen, how bad it was, and which of our drugs it is put down to."""

from collections.abc import Iterator

import msgspec

from fhir_mappings.clinical_model.clinical_events import AdverseEventSeen
from fhir_mappings.clinical_model.known_unknown import Gap
from fhir_mappings.readers.condition import Condition
from fhir_mappings.readers.drug_identification import codings, drug_of, drug_words
from fhir_mappings.readers.fhir_types import CodeableConcept, FhirType, Reference, Resource
from fhir_mappings.readers.medication import Medication, MedicationEntry
from fhir_mappings.readers.reading_context import ReadingContext
from fhir_mappings.readers.references import contained, own_reference
from fhir_mappings.value_sets import Recognised

_MILD = frozenset({"mild", "moderate"})
_SERIOUS = frozenset({"serious", "seriousresultsinhospitalization", "seriousislifethreatening"}) | frozenset(
    {
        "seriousresultsindeath",
        "seriousresultsindisability",
        "seriousisbirthdefect",
        "seriousrequirespreventimpairment",
    }
)


class SuspectEntity(FhirType):
    """What is suspected of having done it."""

    instance: Reference | None = None


class AdverseEvent(Resource, tag="AdverseEvent"):
    """An adverse event, actual or only possible."""

    contained: tuple[msgspec.Raw, ...] = ()
    actuality: str | None = None
    event: CodeableConcept | None = None
    subject: Reference | None = None
    date: str | None = None
    detected: str | None = None
    recorded_date: str | None = None
    resulting_condition: tuple[Reference, ...] = ()
    seriousness: CodeableConcept | None = None
    severity: CodeableConcept | None = None
    outcome: CodeableConcept | None = None
    suspect_entity: tuple[SuspectEntity, ...] = ()


def read_adverse_event(event: AdverseEvent, chart: ReadingContext) -> Iterator[AdverseEventSeen | Gap]:
    """The event, when it happened and is a harm we know or is put down to a drug we know."""
    if event.actuality == "potential":
        return
    harms = _harms(event, chart)
    concepts = frozenset(concept for harm in harms for concept in harm.concepts)
    suspects = frozenset(
        name for s in event.suspect_entity for name in _ingredients(s.instance, event, chart)
    )
    if not concepts and not suspects:
        return
    reference = own_reference(event)
    if event.actuality not in ("actual", None):
        yield Gap("STATUS_NOT_RECOGNISED", reference, event.actuality or "")
        return
    when = chart.when(event.date) or chart.when(event.detected) or chart.when(event.recorded_date)
    by_words = all(harm.by_text_only or harm.is_open for harm in harms)
    yield AdverseEventSeen(
        reference, concepts, suspects, _severe(event), when, _name(event, harms), bool(harms) and by_words
    )


def _name(event: AdverseEvent, harms: list[Recognised]) -> str:
    """The event's own words, else its codes, listed or not."""
    told = drug_words(event.event) or ", ".join(code for harm in harms for code in harm.codes)
    return told or ", ".join(code for _, code, _ in codings(event.event))


def _harms(event: AdverseEvent, chart: ReadingContext) -> list[Recognised]:
    """Harms by code, in the event itself or in the condition it led to; by words where no code tells one."""
    coded = [event.event]
    for reference in event.resulting_condition:
        condition = chart.bag.get(reference)
        if isinstance(condition, Condition):
            coded.append(condition.code)
    recognise = chart.settings.codes.recognise
    found = [recognise(codings(concept), drug_words(concept)) for concept in coded if concept]
    harms = [harm for harm in found if harm and harm.concepts]
    return [harm for harm in harms if not harm.by_text_only] or harms


def _ingredients(suspect: Reference | None, event: AdverseEvent, chart: ReadingContext) -> frozenset[str]:
    """The drugs a suspect stands for: an order, a product, or the words of the reference; often nothing."""
    if suspect is None:
        return frozenset()
    if suspect.reference and suspect.reference.startswith("#"):
        found: object = contained(event.contained, suspect.reference, Medication)
    else:
        found = chart.bag.get(suspect)
    if isinstance(found, MedicationEntry):
        drug = drug_of(found, chart)
        if drug is not None and not isinstance(drug, Gap):
            return drug.ingredients
    said = found.code if isinstance(found, Medication) else CodeableConcept(text=suspect.display)
    seen = chart.settings.codes.recognise(codings(said), drug_words(said))
    return seen.ingredients if seen else frozenset()


def _severe(event: AdverseEvent) -> bool | None:
    """Severe, serious or fatal; None when nothing is said about it that we know."""
    said = _codes(event.severity) | _codes(event.seriousness) | _codes(event.outcome)
    if said & ({"severe", "fatal"} | _SERIOUS):
        return True
    return False if said & _MILD else None


def _codes(concept: CodeableConcept | None) -> set[str]:
    return {c.code.casefold() for c in concept.coding if c.code} if concept else set()
