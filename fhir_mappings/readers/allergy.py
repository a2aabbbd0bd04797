"""AllergyIntolerance -> allergies and intolerances to drugs that a rule asks about."""

from collections.abc import Iterator

from fhir_mappings.clinical_model.clinical_events import Allergy, AllergyKind
from fhir_mappings.clinical_model.diagnoses import Certainty
from fhir_mappings.clinical_model.known_unknown import Gap
from fhir_mappings.readers.condition import certainty_of, status_codes
from fhir_mappings.readers.drug_identification import codings, drug_name_of, drug_words
from fhir_mappings.readers.fhir_types import CodeableConcept, FhirType, Reference, Resource
from fhir_mappings.readers.reading_context import ReadingContext
from fhir_mappings.readers.references import own_reference
from fhir_mappings.value_sets import CodeLists, Recognised

_DROPPED = frozenset({"refuted", "entered-in-error"})
_OVER = frozenset({"inactive", "resolved"})
_KIND = {"allergy": AllergyKind.ALLERGY, "intolerance": AllergyKind.INTOLERANCE}


class Reaction(FhirType):
    """One reaction that was seen."""

    substance: CodeableConcept | None = None
    manifestation: tuple[CodeableConcept, ...] = ()
    severity: str | None = None


class AllergyIntolerance(Resource, tag="AllergyIntolerance"):
    """An allergy or intolerance."""

    clinical_status: CodeableConcept | None = None
    verification_status: CodeableConcept | None = None
    type: str | None = None
    criticality: str | None = None
    code: CodeableConcept | None = None
    patient: Reference | None = None
    recorded_date: str | None = None
    reaction: tuple[Reaction, ...] = ()


def read_allergy(allergy: AllergyIntolerance, chart: ReadingContext) -> Iterator[Allergy | Gap]:
    """The allergy, when its substance is a drug we know, by a code or by its name."""
    if status_codes(allergy.verification_status) & _DROPPED:
        return
    codes = chart.settings.codes
    substances = [allergy.code, *(reaction.substance for reaction in allergy.reaction)]
    seen = [
        r for s in substances if s and (r := codes.recognise(codings(s), drug_words(s))) and r.ingredients
    ]
    if not seen:
        return
    shown = _manifestations(allergy, codes)
    reference = own_reference(allergy)
    certainty, gap = certainty_of(status_codes(allergy.verification_status), reference)
    if gap:
        yield gap
    yield Allergy(
        reference,
        frozenset(ingredient for r in seen for ingredient in r.ingredients),
        _KIND.get(allergy.type or "", AllergyKind.UNSTATED),
        not status_codes(allergy.clinical_status) & _OVER,
        Certainty.PROVISIONAL if all(one.is_open for one in seen) else certainty,
        allergy.criticality == "high" or any(r.severity == "severe" for r in allergy.reaction),
        frozenset(c for m in shown if not m.by_text_only for c in m.concepts),
        chart.when(allergy.recorded_date),
        drug_words(allergy.code) or drug_name_of(None, seen[0]),
        all(recognised.by_text_only for recognised in seen),
        frozenset(c for m in shown if m.by_text_only for c in m.concepts),
    )


def _manifestations(allergy: AllergyIntolerance, codes: CodeLists) -> list[Recognised]:
    """What the reactions were, by code or by words."""
    shown = (m for reaction in allergy.reaction for m in reaction.manifestation)
    return [found for m in shown if (found := codes.recognise(codings(m), drug_words(m)))]
