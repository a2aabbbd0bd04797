"""What on record speaks for intolerance of ciclosporin (`eligibility.md` 2.4).

"Unsuitable for standard dose" is a judgement: these facts are shown beside the question, and never answer it.
"""

from collections.abc import Iterable, Iterator
from datetime import date
from decimal import Decimal

import msgspec

from cds_service.rules.time_windows import known_by
from cds_service.trials.nct06802055.patient_state.kidney.egfr import egfr_on
from cds_service.trials.nct06802055.prior_ciclosporin.ciclosporin_courses import CiclosporinCourse
from cds_service.trials.nct06802055.prior_ciclosporin.days_covered import ExposureLimits, is_systemic
from cds_service.trials.nct06802055.two_drugs import Drug
from fhir_mappings.clinical_model.calendar import When
from fhir_mappings.clinical_model.concepts import Concept
from fhir_mappings.clinical_model.known_unknown import Evidence
from fhir_mappings.clinical_model.medications import MedicationEvent
from fhir_mappings.clinical_model.messages import Phrase, say
from fhir_mappings.clinical_model.quantity import CANONICAL_UNIT
from fhir_mappings.clinical_model.record import ClinicalRecord
from fhir_mappings.clinical_model.results import Analyte, Result

UNDERLYING = (
    Concept.NEPHROTOXICITY,
    Concept.RENAL_IMPAIRMENT,
    Concept.HYPERTENSION_UNCONTROLLED,
    Concept.PRES,
    Concept.TMA_HUS,
    Concept.HEPATOTOXICITY,
)
"""Harms of ciclosporin, and conditions under which it is not given at full dose."""
_UNDERLYING = frozenset(UNDERLYING)


class IntoleranceSign(msgspec.Struct, frozen=True):
    """One fact that speaks for intolerance, and where it stands."""

    words: Phrase
    evidence: Evidence


def signs_of_intolerance(
    record: ClinicalRecord, courses: Iterable[CiclosporinCourse], t0: date, limits: ExposureLimits
) -> tuple[IntoleranceSign, ...]:
    """Allergies, adverse events, orders stopped for harm, diagnoses, creatinine and ALT on ciclosporin.

    A diagnosis that blames ciclosporin in its words counts, whatever its code says.
    """
    return (
        *_allergies(record, t0),
        *_adverse_events(record, t0),
        *_stopped(record, t0, limits),
        *_diagnoses(record, t0),
        *_low_egfr(record, t0, limits),
        *(sign for course in courses for sign in _laboratory(record, course, limits)),
    )


def _day(when: When | None) -> date | str | None:
    """The calendar day at the site, or the partial date as it was written."""
    return when.first if when and when.is_one_day else _text(when)


def _text(when: When | None) -> str | None:
    return when.text if when else None


def _allergies(record: ClinicalRecord, t0: date) -> Iterator[IntoleranceSign]:
    for allergy in record.allergies:
        if Drug.CICLOSPORIN in allergy.ingredients and allergy.active and known_by(allergy.recorded, t0):
            words = say("intolerance.allergy", text=allergy.text, day=_day(allergy.recorded))
            yield IntoleranceSign(words, Evidence(allergy.reference, _text(allergy.recorded)))


def _adverse_events(record: ClinicalRecord, t0: date) -> Iterator[IntoleranceSign]:
    for event in record.adverse_events:
        if Drug.CICLOSPORIN in event.suspects and known_by(event.when, t0):
            words = say("intolerance.adverse_event", text=event.text, day=_day(event.when))
            yield IntoleranceSign(words, Evidence(event.reference, _text(event.when)))


def _stopped(record: ClinicalRecord, t0: date, limits: ExposureLimits) -> Iterator[IntoleranceSign]:
    for event in record.taking(Drug.CICLOSPORIN):
        if event.stopped_for_harm and is_systemic(event, limits) and known_by(event.start, t0):
            yield IntoleranceSign(_stopped_said(event), Evidence(event.reference, _text(event.start)))


def _stopped_said(event: MedicationEvent) -> Phrase:
    """With the reason in the words of the chart, where it has any."""
    if not event.stop_reason:
        return say("intolerance.stopped", day=_day(event.start))
    return say("intolerance.stopped_because", day=_day(event.start), reason=event.stop_reason)


def _diagnoses(record: ClinicalRecord, t0: date) -> Iterator[IntoleranceSign]:
    for diagnosis in record.diagnoses:
        when = diagnosis.onset or diagnosis.recorded
        speaks = Drug.CICLOSPORIN in diagnosis.blamed or diagnosis.concepts & _UNDERLYING
        if speaks and known_by(when, t0):
            words = say("intolerance.condition", text=diagnosis.text, day=_day(when))
            yield IntoleranceSign(words, Evidence(diagnosis.reference, _text(when)))


# ---------------------------------------------------------------- laboratory


def _low_egfr(record: ClinicalRecord, t0: date, limits: ExposureLimits) -> Iterator[IntoleranceSign]:
    """The eGFR of the newest creatinine."""
    known = [r for r in _exact_creatinines(record) if r.when and r.when.last <= t0]
    if not known or known[-1].when is None:
        return
    newest, day = known[-1], known[-1].when.last
    egfr = egfr_on(record, _number(newest), day)
    if egfr is not None and egfr < limits.egfr_below:
        yield IntoleranceSign(
            say("intolerance.egfr", egfr=egfr, creatinine=newest.number, day=day), _measured(newest)
        )


def _exact_creatinines(record: ClinicalRecord) -> list[Result]:
    return [r for r in record.usable(Analyte.CREATININE) if r.when and r.number and not r.comparator]


def _laboratory(
    record: ClinicalRecord, course: CiclosporinCourse, limits: ExposureLimits
) -> Iterator[IntoleranceSign]:
    yield from _creatinine_rise(record, course, limits)
    on_drug = [
        r
        for r in record.usable(Analyte.ALT)
        if r.when and course.start <= r.when.first and r.when.last <= course.end
    ]
    high = [r for r in on_drug if r.high is not None and r.below(limits.alt_times_normal * r.high) is False]
    if high:
        worst = max(high, key=_number)
        words = say("intolerance.alt", value=worst.number, day=_day(worst.when), normal=worst.high)
        yield IntoleranceSign(words, _measured(worst))


def _creatinine_rise(
    record: ClinicalRecord, course: CiclosporinCourse, limits: ExposureLimits
) -> Iterator[IntoleranceSign]:
    """The highest creatinine on ciclosporin against the last one before it."""
    exact = _exact_creatinines(record)
    before = [r for r in exact if r.when and r.when.last <= course.start]
    during = [r for r in exact if r.when and course.start < r.when.first and r.when.last <= course.end]
    if not before or not during:
        return
    baseline, worst = before[-1], max(during, key=_number)
    if _number(worst) >= limits.creatinine_rise * _number(baseline):
        words = say(
            "intolerance.creatinine",
            value=worst.number,
            day=_day(worst.when),
            before=baseline.number,
            before_day=_day(baseline.when),
        )
        yield IntoleranceSign(words, _measured(worst))


def _number(result: Result) -> Decimal:
    return result.number if result.number is not None else Decimal(0)


def _measured(result: Result) -> Evidence:
    return Evidence(result.reference, _text(result.when), result.number, CANONICAL_UNIT[result.analyte])
