"""Condition -> diagnoses that a code list, or a list's words, recognise."""

from collections.abc import Iterable, Iterator

from msgspec.structs import replace

from fhir_mappings.clinical_model.concepts import Concept
from fhir_mappings.clinical_model.diagnoses import Certainty, Course, Diagnosis
from fhir_mappings.clinical_model.known_unknown import Gap
from fhir_mappings.readers.dates import end_of
from fhir_mappings.readers.drug_identification import codings, drug_name_of, drug_words
from fhir_mappings.readers.effective_time import effective
from fhir_mappings.readers.fhir_types import CodeableConcept, Period, Reference, Resource
from fhir_mappings.readers.reading_context import ReadingContext
from fhir_mappings.readers.references import own_reference
from fhir_mappings.readers.stop_reason import blamed_for

_DROPPED = frozenset({"refuted", "entered-in-error"})
_CERTAINTY = {
    "confirmed": Certainty.CONFIRMED,
    "unconfirmed": Certainty.PROVISIONAL,
    "provisional": Certainty.PROVISIONAL,
    "differential": Certainty.PROVISIONAL,
}
_COURSE = {
    "active": Course.ACTIVE,
    "recurrence": Course.ACTIVE,
    "relapse": Course.ACTIVE,
    "inactive": Course.HISTORY,
    "remission": Course.HISTORY,
    "resolved": Course.HISTORY,
}
_AGAIN = frozenset({"recurrence", "relapse"})
_FEVER = frozenset({Concept.FEVER_WITH_OTHER_DISEASE})


class Condition(Resource, tag="Condition"):
    """A diagnosis or problem, of whatever category."""

    clinical_status: CodeableConcept | None = None
    verification_status: CodeableConcept | None = None
    code: CodeableConcept | None = None
    subject: Reference | None = None
    onset_date_time: str | None = None
    onset_period: Period | None = None
    abatement_date_time: str | None = None
    abatement_period: Period | None = None
    abatement_string: str | None = None
    abatement_boolean: bool | None = None
    recorded_date: str | None = None


def read_condition(condition: Condition, chart: ReadingContext) -> Iterator[Diagnosis | Gap]:
    """The diagnosis of a condition; nothing when no list knows it, or it was refuted.

    It is provisional where its own words leave it open, whatever its verification status and code say.
    """
    verification = status_codes(condition.verification_status)
    codes, words = chart.settings.codes, drug_words(condition.code)
    blamed = blamed_for(condition.code, codes)
    seen = codes.recognise(codings(condition.code), words) or (codes.recognise((), words) if blamed else None)
    if seen is None or verification & _DROPPED:
        return
    reference = own_reference(condition)
    certainty, gap = certainty_of(verification, reference)
    if gap:
        yield gap
    period = condition.onset_period
    onset = chart.when(condition.onset_date_time) or chart.when(period.start if period else None)
    abated = end_of(effective(condition.abatement_date_time, condition.abatement_period, chart))
    clinical = status_codes(condition.clinical_status)
    yield Diagnosis(
        reference,
        seen.concepts,
        drug_name_of(condition.code, seen),
        Certainty.PROVISIONAL if seen.is_open else certainty,
        _course(condition, clinical, seen.is_history, chart),
        onset,
        chart.when(condition.recorded_date),
        abated,
        seen.codes,
        seen.by_text_only,
        bool(clinical & _AGAIN),
        blamed,
    )


def certainty_of(codes: set[str], reference: str) -> tuple[Certainty, Gap | None]:
    """Confirmed when its `status_codes` say so or say nothing; a word we do not know makes it provisional."""
    if not codes:
        return Certainty.CONFIRMED, None
    found = {_CERTAINTY.get(code) for code in codes}
    gap = Gap("STATUS_NOT_RECOGNISED", reference, ", ".join(sorted(codes))) if None in found else None
    is_sure = found == {Certainty.CONFIRMED}
    return (Certainty.CONFIRMED if is_sure else Certainty.PROVISIONAL), gap


def with_febrile_neutropenia(diagnoses: Iterable[Diagnosis]) -> tuple[Diagnosis, ...]:
    """ICD-10-CM codes febrile neutropenia in two entries: D70, and R50.81 for the fever that goes with it.

    Where the chart holds both, neither of them over, the fever is marked as febrile neutropenia.
    """
    found = tuple(diagnoses)
    if not any(Concept.NEUTROPENIA in d.concepts and d.course is not Course.HISTORY for d in found):
        return found
    febrile = frozenset({Concept.FEBRILE_NEUTROPENIA})
    return tuple(replace(d, concepts=d.concepts | febrile) if d.concepts & _FEVER else d for d in found)


def _course(condition: Condition, clinical: set[str], is_history: bool, chart: ReadingContext) -> Course:
    """By the codes of its clinical status; an entry with an end, or a code for something past, is history."""
    courses = {_COURSE.get(code, Course.UNSTATED) for code in clinical}
    if is_history or courses == {Course.HISTORY}:
        return Course.HISTORY
    if not courses and _has_ended(condition, chart):
        return Course.HISTORY
    return courses.pop() if len(courses) == 1 else Course.UNSTATED


def _has_ended(condition: Condition, chart: ReadingContext) -> bool:
    """By an end of any kind, readable or not; 9999-12-31 is none."""
    period = condition.abatement_period
    said = condition.abatement_date_time or (period.end or period.start if period else None)
    when = chart.when(said)
    if when is not None and when.is_never:
        return False
    return bool(said or period or condition.abatement_string or condition.abatement_boolean)


def status_codes(status: CodeableConcept | None) -> set[str]:
    """The codes of a status; its text where a hospital sends no code."""
    if status is None:
        return set()
    codes = {coding.code.casefold() for coding in status.coding if coding.code}
    return codes or ({status.text.casefold()} if status.text else set())
