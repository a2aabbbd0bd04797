"""Immunization, ImmunizationRecommendation and ServiceRequest -> a vaccine that is, or may be, live.

Hospitals order a vaccine as a medication, as a service or as an immunisation (DECISIONS 67); for the rules
it is one thing. Nothing else is read from these resources.
"""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from msgspec.structs import replace

from fhir_mappings.clinical_model.concepts import VACCINES
from fhir_mappings.clinical_model.known_unknown import Evidence, Unknown, WhyUnknown
from fhir_mappings.clinical_model.medications import MedicationEvent, MedicationSource, MedicationStatus
from fhir_mappings.readers.drug_identification import codings, drug_words
from fhir_mappings.readers.fhir_types import CodeableConcept, FhirType, Period, Reference, Resource
from fhir_mappings.readers.reading_context import ReadingContext
from fhir_mappings.readers.references import own_reference

S = MedicationStatus

_ORDERED = {
    "draft": S.DRAFT,
    "active": S.ACTIVE,
    "on-hold": S.ON_HOLD,
    "revoked": S.CANCELLED,
    "completed": S.COMPLETED,
    "entered-in-error": S.CANCELLED,
}
_GIVEN = {"completed": S.COMPLETED, "not-done": S.NOT_TAKEN, "entered-in-error": S.NOT_TAKEN}
_TO_BE_GIVEN = frozenset({S.DRAFT, S.ACTIVE, S.INTENDED, S.UNKNOWN})


class Immunization(Resource, tag="Immunization"):
    """A vaccine given, or not given; in the context of an order hook, one about to be given."""

    status: str | None = None
    vaccine_code: CodeableConcept | None = None
    patient: Reference | None = None
    occurrence_date_time: str | None = None


class RecommendedVaccine(FhirType):
    """One line of a recommendation."""

    vaccine_code: tuple[CodeableConcept, ...] = ()


class ImmunizationRecommendation(Resource, tag="ImmunizationRecommendation"):
    """Vaccines that are due; order hooks send them as drafts."""

    patient: Reference | None = None
    date: str | None = None
    recommendation: tuple[RecommendedVaccine, ...] = ()


class ServiceRequest(Resource, tag="ServiceRequest"):
    """An order of anything that is done: a vaccination is looked for, and tests that are ordered already."""

    status: str | None = None
    do_not_perform: bool | None = None
    code: CodeableConcept | None = None
    order_detail: tuple[CodeableConcept, ...] = ()
    subject: Reference | None = None
    authored_on: str | None = None
    occurrence_date_time: str | None = None
    occurrence_period: Period | None = None


Vaccination = Immunization | ImmunizationRecommendation | ServiceRequest
VACCINATIONS = (Immunization, ImmunizationRecommendation, ServiceRequest)


def read_vaccination(entry: Vaccination, chart: ReadingContext) -> Iterator[MedicationEvent]:
    """A vaccine of the chart: given, recommended or ordered."""
    match entry:
        case Immunization():
            given = _GIVEN.get(entry.status or "", S.UNKNOWN)
            as_given = _Written(MedicationSource.ADMINISTRATION, given, entry.occurrence_date_time)
            yield from _vaccines(entry, [entry.vaccine_code], as_given, chart)
        case ServiceRequest() if not entry.do_not_perform:
            status = _ORDERED.get(entry.status or "", S.UNKNOWN)
            ordered = _Written(MedicationSource.ORDER, status, entry.authored_on)
            yield from _vaccines(entry, [entry.code, *entry.order_detail], ordered, chart)
        case ImmunizationRecommendation():
            said = [code for line in entry.recommendation for code in line.vaccine_code]
            due = _Written(MedicationSource.ORDER, S.INTENDED, entry.date)
            yield from _vaccines(entry, said, due, chart)


def read_drafted_vaccine(entry: Vaccination, chart: ReadingContext) -> Iterator[MedicationEvent]:
    """The same among draft orders; one that is withdrawn, or not to be given, is none (DECISIONS 64).

    An Immunization has no status for what is planned: in a draft bundle "completed" is about to be signed.
    """
    for event in read_vaccination(entry, chart):
        recorded = event.source is MedicationSource.ADMINISTRATION and event.status is S.COMPLETED
        if recorded or event.status in _TO_BE_GIVEN:
            yield replace(event, source=MedicationSource.ORDER, status=S.DRAFT)


class _Written(NamedTuple):
    """How an entry knows of a vaccine, what became of it, and the date it shows."""

    source: MedicationSource
    status: MedicationStatus
    date: str | None


def _vaccines(
    entry: Vaccination, said: Iterable[CodeableConcept | None], written: _Written, chart: ReadingContext
) -> Iterator[MedicationEvent]:
    """One event for each concept that names a vaccine of ours."""
    reference = own_reference(entry)
    for concept in filter(None, said):
        seen = chart.settings.codes.recognise(codings(concept), drug_words(concept))
        if seen and seen.concepts & VACCINES:
            yield MedicationEvent(
                reference,
                written.source,
                written.status,
                seen.concepts & VACCINES,
                frozenset(),
                drug_words(concept) or ", ".join(seen.codes),
                systemic=None,
                start=chart.when(written.date),
                end=None,
                dose=Unknown(WhyUnknown.MISSING, Evidence(reference)),
                by_text_only=seen.by_text_only,
            )
