"""Did ciclosporin fail: three months without partial response, or relapse (`eligibility.md` 2.2, 2.3)."""

from collections.abc import Sequence
from datetime import date

import msgspec

from cds_service.rules.verdict import Verdict
from cds_service.trials.nct06802055.patient_state.blood.baseline import Baseline, baseline_before
from cds_service.trials.nct06802055.patient_state.blood.counts import count_said
from cds_service.trials.nct06802055.patient_state.blood.haematology import Haematology, read_haematology
from cds_service.trials.nct06802055.patient_state.blood.possible_exposure import NEVER_TAKEN
from cds_service.trials.nct06802055.patient_state.treatment_response.response_course import (
    ResponseCourse,
    ResponseStretch,
    is_responding,
    lost_by_counts,
    response_course,
    resumed_transfusion,
)
from cds_service.trials.nct06802055.patient_state.treatment_response.response_judgement import (
    ResponseJudgement,
)
from cds_service.trials.nct06802055.prior_ciclosporin.ciclosporin_courses import (
    CiclosporinCourse,
    FailureLimits,
    Grade,
)
from cds_service.trials.nct06802055.two_drugs import Drug
from fhir_mappings.clinical_model.calendar import days_after, months_after
from fhir_mappings.clinical_model.concepts import Concept
from fhir_mappings.clinical_model.diagnoses import Certainty, Diagnosis
from fhir_mappings.clinical_model.known_unknown import Part
from fhir_mappings.clinical_model.messages import Phrase, say
from fhir_mappings.clinical_model.record import ClinicalRecord, latest_day

_APLASTIC_ANAEMIA = (Concept.AA_ACQUIRED, Concept.AA_GENERIC)


class CiclosporinFailure(msgspec.Struct, frozen=True):
    """What the data say of I4.1, with what it was read from.

    `deciding` are the counts that settle it or would have; `data_day` is the day of the newest deciding
    datum.
    """

    verdict: Verdict
    why: Phrase
    course: CiclosporinCourse | None = None
    baseline: Baseline | None = None
    deciding: tuple[ResponseJudgement, ...] = ()
    not_evaluable: int = 0
    missing: tuple[str, ...] = ()
    data_day: date | None = None
    diagnosis: Diagnosis | None = None


class _Judged(msgspec.Struct, frozen=True):
    """The course that decides, and the response in its wake up to T0.

    `window`: from three months after the start to 30 days after the end, or T0.
    """

    course: CiclosporinCourse
    window: tuple[date, date]
    baseline: Baseline | None
    response: ResponseCourse
    blood: Haematology
    t0: date
    limits: FailureLimits

    def in_window(self, judgements: Sequence[ResponseJudgement]) -> tuple[ResponseJudgement, ...]:
        """Those whose count lies in the window."""
        first, last = self.window
        return tuple(j for j in judgements if first <= j.count.day <= last)

    def confirmed(self) -> tuple[ResponseStretch, ...]:
        """Responses that began under ciclosporin and that a second count 28 days or more apart confirms."""
        days = self.limits.standard.limits.confirmation_days
        return tuple(
            s for s in self.response.stretches if s.responding and s.first <= self.window[1] and s.spans(days)
        )

    def failure(
        self,
        verdict: Verdict,
        why: Phrase,
        deciding: Sequence[ResponseJudgement] = (),
        missing: tuple[str, ...] = (),
        data_day: date | None = None,
    ) -> CiclosporinFailure:
        """The answer, with the course, the baseline and the counts left out."""
        return CiclosporinFailure(
            verdict,
            why,
            self.course,
            self.baseline,
            tuple(deciding),
            len(self.response.not_evaluable),
            missing,
            data_day,
        )


def ciclosporin_failure(
    record: ClinicalRecord, courses: Sequence[CiclosporinCourse], t0: date, limits: FailureLimits
) -> CiclosporinFailure:
    """I4.1 by the data alone.

    The newest course of three months that is proven decides; where none is, the newest best proven one is
    shown. NOT_MET only by a confirmed response that was never lost.
    """
    if not courses:
        return CiclosporinFailure(Verdict.UNKNOWN, _nothing_said(record), missing=("ciclosporin-exposure",))
    course = max(courses, key=lambda c: (c.proves_three_months, c.grade > Grade.LOW, c.start))
    judged = _judged(record, course, t0, limits)
    found = _relapse(judged) or _coded_relapse(record, judged) or _response_at_three_months(judged)
    return _unless_counts_are_unread(record, judged, found)


def _nothing_said(record: ClinicalRecord) -> Phrase:
    """No entry proves systemic ciclosporin; one that might be systemic is not passed over in silence."""
    if any(
        event.systemic is None and event.status not in NEVER_TAKEN
        for event in record.taking(Drug.CICLOSPORIN)
    ):
        return say("failure.ciclosporin_unclear")
    return say("failure.no_ciclosporin")


def _judged(record: ClinicalRecord, course: CiclosporinCourse, t0: date, limits: FailureLimits) -> _Judged:
    exposure, standard = limits.exposure, limits.standard
    blood = read_haematology(record, standard.counts)
    baseline = baseline_before(course.start, blood, standard)
    response = response_course(blood.between(course.start, t0), baseline, blood, standard)
    window = (
        months_after(course.start, exposure.exposure_months),
        min(t0, days_after(course.end, exposure.after_stop_days)),
    )
    return _Judged(course, window, baseline, response, blood, t0, limits)


def _unless_counts_are_unread(
    record: ClinicalRecord, judged: _Judged, found: CiclosporinFailure
) -> CiclosporinFailure:
    """Counts that could not be read might show the response, or its loss."""
    if found.verdict is Verdict.UNKNOWN or found.diagnosis or not record.lacks(Part.OBSERVATIONS):
        return found
    return judged.failure(Verdict.UNKNOWN, say("failure.counts_unreadable"), found.deciding)


# ---------------------------------------------------------------- relapse


def _relapse(judged: _Judged) -> CiclosporinFailure | None:
    """Loss of a confirmed response, by counts, by transfusion, or (by some profiles) by both."""
    if judged.course.grade is Grade.LOW:
        return None
    for response in judged.confirmed():
        if found := _loss_of(response, judged):
            return found
    return None


def _loss_of(response: ResponseStretch, judged: _Judged) -> CiclosporinFailure | None:
    exposure, profile = judged.limits.exposure, judged.limits.standard.profile
    stretches = judged.response.stretches
    after = stretches[stretches.index(response) + 1 :]
    lost = lost_by_counts(after, exposure.relapse_counts_days)
    resumed = resumed_transfusion(
        judged.blood.transfusions, response.first, judged.t0, exposure.resumed_after_days
    )
    if profile.relapse_needs_both and not (lost and resumed):
        return None
    best = count_said(response.judgements[-1].count)
    if lost:
        words = say("failure.relapsed_by_counts", response=best, loss=count_said(lost.judgements[-1].count))
        deciding = (response.judgements[-1], lost.judgements[0], lost.judgements[-1])
        return judged.failure(Verdict.MET, words, deciding, data_day=lost.last)
    if resumed:
        words = say("failure.relapsed_by_transfusion", response=best, day=resumed)
        return judged.failure(Verdict.MET, words, response.judgements[-1:], data_day=resumed)
    return None


def _coded_relapse(record: ClinicalRecord, judged: _Judged) -> CiclosporinFailure | None:
    """A confirmed diagnosis of aplastic anaemia in relapse, whenever it was first written down.

    A record of years ago may carry the clinical status of today; its day dates the relapse only after
    ciclosporin had begun.
    """
    if judged.course.grade is Grade.LOW:
        return None
    for diagnosis in reversed(record.with_concept(*_APLASTIC_ANAEMIA)):
        coded = diagnosis.relapsed and diagnosis.certainty is Certainty.CONFIRMED
        if coded and not diagnosis.by_text_only and latest_day(diagnosis.recorded) <= judged.t0:
            return _relapse_by(diagnosis, judged)
    return None


def _relapse_by(diagnosis: Diagnosis, judged: _Judged) -> CiclosporinFailure:
    day = latest_day(diagnosis.recorded)
    dated = judged.course.start < day
    words = say("failure.relapse_coded_undated", text=diagnosis.text)
    if dated:
        words = say("failure.relapse_coded", text=diagnosis.text, day=day)
    since = day if dated else None
    return CiclosporinFailure(
        Verdict.MET, words, judged.course, judged.baseline, data_day=since, diagnosis=diagnosis
    )


# ---------------------------------------------------------------- no partial response


def _response_at_three_months(judged: _Judged) -> CiclosporinFailure:
    """`eligibility.md` 2.2: what the counts after three months of ciclosporin show."""
    if not judged.course.proves_three_months:
        words = _unproven_said(judged.course)
        return judged.failure(Verdict.UNKNOWN, words, missing=("ciclosporin-exposure",))
    if judged.baseline is None:
        return judged.failure(Verdict.UNKNOWN, say("failure.no_baseline"), missing=("baseline-count",))
    decided = judged.in_window(judged.response.decided)
    doubtful = judged.in_window(judged.response.doubtful)
    if found := (decided and _confirmed_response(judged)) or _open_response(judged, decided, doubtful):
        return found
    if not decided:
        words = say("failure.no_count", day=judged.window[0])
        return judged.failure(Verdict.UNKNOWN, words, missing=("blood-count-after-3-months",))
    return _no_response(judged, decided)


def _unproven_said(course: CiclosporinCourse) -> Phrase:
    return say("failure.low_proof") if course.three_months else say("failure.too_short")


def _confirmed_response(judged: _Judged) -> CiclosporinFailure | None:
    """A confirmed response that reaches into the window: never lost, or perhaps lost since."""
    held = [s for s in judged.confirmed() if s.last >= judged.window[0]]
    if not held:
        return None
    response, latest = held[-1], judged.response.decided[-1]
    first, last = response.judgements[0], response.judgements[-1]
    if unclear := [j for j in judged.response.doubtful if j.count.day > latest.count.day]:
        words = say("failure.doubtful", count=count_said(unclear[-1].count))
        return judged.failure(Verdict.UNKNOWN, words, unclear[-1:], ("transfusions",))
    if unfit := [j for j in judged.response.perhaps_lost if j.count.day > latest.count.day]:
        words = say(
            "failure.perhaps_lost", response=count_said(last.count), latest=count_said(unfit[-1].count)
        )
        return judged.failure(Verdict.UNKNOWN, words, (last, unfit[-1]), ("full-blood-count",))
    if is_responding(latest):
        words = say("failure.responded", first=count_said(first.count), last=count_said(last.count))
        return judged.failure(Verdict.NOT_MET, words, (first, last), data_day=response.last)
    words = say("failure.perhaps_lost", response=count_said(last.count), latest=count_said(latest.count))
    return judged.failure(Verdict.UNKNOWN, words, (last, latest), ("confirming-count",))


def _open_response(
    judged: _Judged, decided: Sequence[ResponseJudgement], doubtful: Sequence[ResponseJudgement]
) -> CiclosporinFailure | None:
    """A count that shows, or may show, a response, and that no count 28 days or more later refutes."""
    days = judged.limits.standard.limits.confirmation_days
    none_since = [j.count.day for j in judged.response.decided if not is_responding(j)]
    refuted_until = none_since[-1] if none_since else date.min

    def is_open(judgement: ResponseJudgement) -> bool:
        return days_after(judgement.count.day, days) > refuted_until

    if unconfirmed := [j for j in decided if is_responding(j) and is_open(j)]:
        words = say("failure.unconfirmed", count=count_said(unconfirmed[-1].count), days=days)
        return judged.failure(Verdict.UNKNOWN, words, unconfirmed[-1:], ("confirming-count",))
    if unclear := [j for j in doubtful if is_open(j)]:
        words = say("failure.doubtful", count=count_said(unclear[-1].count))
        return judged.failure(Verdict.UNKNOWN, words, unclear[-1:], ("transfusions",))
    return None


def _no_response(judged: _Judged, decided: Sequence[ResponseJudgement]) -> CiclosporinFailure:
    """Every count of the window shows no response, or one that a later count refuted."""
    poor = [j for j in decided if not is_responding(j)]
    last = (poor or [j for j in judged.response.decided if not is_responding(j)])[-1]
    words = say("failure.no_response", number=len(decided), last=count_said(last.count))
    return judged.failure(Verdict.MET, words, (last,), data_day=last.count.day)
