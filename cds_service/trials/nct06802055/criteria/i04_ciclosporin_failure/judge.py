"""Inclusion 4: ciclosporin ineffective (I4.1), or not tolerated at standard dose (I4.2)."""

from collections.abc import Iterator, Sequence
from datetime import date

from msgspec.structs import replace

from cds_service.rules.answers.criteria_answers import Basis, Finding
from cds_service.rules.attestation import Attested, attested, set_aside, with_attestation
from cds_service.rules.verdict import Verdict, any_of
from cds_service.trials.nct06802055.patient_state.blood.baseline import baseline_said
from cds_service.trials.nct06802055.patient_state.blood.counts import count_evidence
from cds_service.trials.nct06802055.patient_state.treatment_response.response_profiles import profile_said
from cds_service.trials.nct06802055.prior_ciclosporin.ciclosporin_courses import (
    CiclosporinCourse,
    FailureLimits,
    ciclosporin_courses,
)
from cds_service.trials.nct06802055.prior_ciclosporin.ciclosporin_failure import (
    CiclosporinFailure,
    ciclosporin_failure,
)
from cds_service.trials.nct06802055.prior_ciclosporin.ciclosporin_intolerance import (
    IntoleranceSign,
    signs_of_intolerance,
)
from cds_service.trials.nct06802055.prior_ciclosporin.course_text import course_evidence, course_said
from fhir_mappings.clinical_model.known_unknown import MEDICATION_PARTS, Evidence, Part
from fhir_mappings.clinical_model.messages import Phrase, say
from fhir_mappings.clinical_model.record import ClinicalRecord

INEFFECTIVE, INTOLERANT = "I4.1", "I4.2"
_INEFFECTIVE_FED_BY = (*MEDICATION_PARTS, Part.OBSERVATIONS, Part.PROCEDURES)
_SHOWN_SIGNS = 4


def inc_04_ciclosporin_failure(record: ClinicalRecord, t0: date, limits: FailureLimits) -> Finding:
    """MET if either part is met, NOT_MET only if both are not met.

    An answer on the form may be missing because the forms could not be read: nothing is settled then.
    """
    courses = ciclosporin_courses(record, t0, limits.exposure)
    ineffective = _ineffective(record, courses, t0, limits)
    intolerant = _intolerant(record, courses, t0, limits)
    if record.lacks(Part.ATTESTATIONS):
        ineffective, intolerant = _unread(ineffective), _unread(intolerant)
    verdict = any_of([ineffective.verdict, intolerant.verdict])
    settled = verdict is not Verdict.UNKNOWN
    missing = dict.fromkeys((*ineffective.missing, *intolerant.missing))
    return Finding(
        verdict,
        _basis((ineffective, intolerant), verdict),
        say("criterion.I4.seen", ineffective=ineffective.seen, intolerant=intolerant.seen),
        tuple(dict.fromkeys((*ineffective.evidence, *intolerant.evidence))),
        () if settled else tuple(missing),
        None if settled else _question(ineffective, intolerant),
        ((INEFFECTIVE, ineffective.verdict), (INTOLERANT, intolerant.verdict)),
    )


def _unread(part: Finding) -> Finding:
    """A form that could not be read might contradict the data, or answer the question."""
    missing = (*part.missing, f"DATA_UNAVAILABLE:{Part.ATTESTATIONS.value}")
    return replace(part, verdict=Verdict.UNKNOWN, missing=missing)


def _basis(parts: Sequence[Finding], verdict: Verdict) -> Basis:
    """The basis of the parts that carry the answer: of those that agree with it."""
    found = {part.basis for part in parts if part.verdict is verdict} - {Basis.NONE}
    if len(found) > 1:
        return Basis.MIXED
    return found.pop() if found else Basis.NONE


def _question(ineffective: Finding, intolerant: Finding) -> Phrase | None:
    if ineffective.question and intolerant.question:
        return say("criterion.I4.question_both")
    return ineffective.question or intolerant.question


def _answer(record: ClinicalRecord, item: str, t0: date, limits: FailureLimits) -> Attested | None:
    """A yes or no on the form; a number answers neither part."""
    answer = attested(record, item, t0, limits.exposure.attestation_max_age_days)
    return answer if answer and isinstance(answer.value, bool) else None


def _noted(record: ClinicalRecord, item: str, t0: date, limits: FailureLimits, found: Finding) -> Finding:
    """Beside an open part, an answer that has expired or does not count is shown."""
    note = set_aside(record, item, t0, limits.exposure.attestation_max_age_days)
    if note is None or found.verdict is not Verdict.UNKNOWN:
        return found
    return replace(found, seen=say("eligibility.seen.with_note", seen=found.seen, note=note))


# ---------------------------------------------------------------- I4.1


def _ineffective(
    record: ClinicalRecord, courses: Sequence[CiclosporinCourse], t0: date, limits: FailureLimits
) -> Finding:
    failure = ciclosporin_failure(record, courses, t0, limits)
    evidence = tuple(_evidence(failure))
    question = say("criterion.I4_1.question")
    open_ = failure.verdict is Verdict.UNKNOWN
    found = Finding(
        failure.verdict,
        Basis.DATA if evidence else Basis.NONE,
        _failure_said(failure, limits),
        evidence,
        (*failure.missing, *_unavailable(record)) if open_ else (),
        question if open_ else None,
    )
    answer = _answer(record, INEFFECTIVE, t0, limits)
    both = with_attestation(found, answer, say("criterion.I4_1.contradiction"), failure.data_day)
    return _noted(record, INEFFECTIVE, t0, limits, both)


def _failure_said(failure: CiclosporinFailure, limits: FailureLimits) -> Phrase:
    """Why, and what it was judged on: the course, the baseline and the profile by name."""
    if failure.course is None:
        return failure.why
    why = failure.why
    if failure.not_evaluable:
        why = say("failure.with_not_evaluable", why=why, number=failure.not_evaluable)
    return say(
        "criterion.I4_1.seen",
        why=why,
        course=course_said(failure.course, limits.exposure),
        baseline=baseline_said(failure.baseline),
        profile=profile_said(limits.standard.profile),
    )


def _evidence(failure: CiclosporinFailure) -> Iterator[Evidence]:
    if failure.course:
        yield from course_evidence(failure.course)
    if failure.baseline:
        yield from count_evidence(failure.baseline.count.results())
    for judgement in failure.deciding:
        yield from count_evidence(judgement.count.results())
    if failure.diagnosis:
        recorded = failure.diagnosis.recorded
        yield Evidence(
            failure.diagnosis.reference, recorded.text if recorded else None, failure.diagnosis.text
        )


def _unavailable(record: ClinicalRecord) -> Iterator[str]:
    return (f"DATA_UNAVAILABLE:{part.value}" for part in _INEFFECTIVE_FED_BY if record.lacks(part))


# ---------------------------------------------------------------- I4.2


def _intolerant(
    record: ClinicalRecord, courses: Sequence[CiclosporinCourse], t0: date, limits: FailureLimits
) -> Finding:
    """Only the investigator's judgement settles it; the signs on record are shown beside the question."""
    signs = signs_of_intolerance(record, courses, t0, limits.exposure)
    found = Finding(
        Verdict.UNKNOWN,
        Basis.DATA if signs else Basis.NONE,
        _signs_said(signs),
        tuple(sign.evidence for sign in signs),
        ("attestation",),
        say("criterion.I4_2.question"),
    )
    answer = _answer(record, INTOLERANT, t0, limits)
    both = with_attestation(found, answer, say("criterion.I4_2.question"))
    return _noted(record, INTOLERANT, t0, limits, both)


def _signs_said(signs: Sequence[IntoleranceSign]) -> Phrase:
    if not signs:
        return say("criterion.I4_2.no_sign")
    words = tuple(sign.words for sign in signs[:_SHOWN_SIGNS])
    if len(signs) > _SHOWN_SIGNS:
        return say("criterion.I4_2.signs_and_more", signs=words, more=len(signs) - _SHOWN_SIGNS)
    return say("criterion.I4_2.signs", signs=words)
