"""Response over time: which counts may be judged, what confirms a response, what ends it."""

from collections.abc import Iterable, Sequence
from datetime import date

import msgspec

from cds_service.rules.verdict import Verdict
from cds_service.trials.nct06802055.patient_state.blood.baseline import Baseline
from cds_service.trials.nct06802055.patient_state.blood.counts import BloodCount, CountLimits
from cds_service.trials.nct06802055.patient_state.blood.haematology import Haematology
from cds_service.trials.nct06802055.patient_state.blood.incomplete_counts import below_response
from cds_service.trials.nct06802055.patient_state.blood.severity import severe_by_counts
from cds_service.trials.nct06802055.patient_state.blood.transfusions import TransfusionHistory
from cds_service.trials.nct06802055.patient_state.treatment_response.response_judgement import (
    ResponseJudgement,
    judge_response,
)
from cds_service.trials.nct06802055.patient_state.treatment_response.response_profiles import ResponseStandard


class ResponseStretch(msgspec.Struct, frozen=True):
    """Consecutive evaluable counts that all show a response, or all show none."""

    responding: bool
    judgements: tuple[ResponseJudgement, ...]

    @property
    def first(self) -> date:
        """Day of the first count."""
        return self.judgements[0].count.day

    @property
    def last(self) -> date:
        """Day of the last count."""
        return self.judgements[-1].count.day

    def spans(self, days: int) -> bool:
        """Do two of its counts lie `days` or more apart?"""
        return (self.last - self.first).days >= days


class ResponseCourse(msgspec.Struct, frozen=True):
    """The judged counts of a stretch of time, oldest first.

    `doubtful`: all lines are there, but it cannot be told whether they show a response. `not_evaluable`:
    a needed line is missing; `perhaps_lost` are those of them that lie below the response before them, as far
    as they go. `judged` holds all of them.
    """

    judged: tuple[ResponseJudgement, ...]
    stretches: tuple[ResponseStretch, ...]
    doubtful: tuple[ResponseJudgement, ...]
    not_evaluable: tuple[ResponseJudgement, ...]
    perhaps_lost: tuple[ResponseJudgement, ...] = ()

    @property
    def decided(self) -> tuple[ResponseJudgement, ...]:
        """The evaluable counts, oldest first."""
        return tuple(judgement for stretch in self.stretches for judgement in stretch.judgements)


def response_course(
    counts: Iterable[BloodCount],
    baseline: Baseline | None,
    blood: Haematology,
    standard: ResponseStandard,
) -> ResponseCourse:
    """Judge each count against `baseline`."""
    judged = tuple(judge_response(count, baseline, blood, standard) for count in counts)
    incomplete = tuple(j for j in judged if not _is_evaluable(j, standard.counts))
    perhaps_lost: list[ResponseJudgement] = []
    stretches: list[list[ResponseJudgement]] = []
    response: ResponseJudgement | None = None
    for judgement in judged:
        if judgement in incomplete:
            if response and below_response(judgement.count, response.count, baseline, blood, standard):
                perhaps_lost.append(judgement)
        elif judgement.at_least_partial is not Verdict.UNKNOWN:
            if not _goes_on(stretches, judgement, perhaps_lost):
                stretches.append([])
            stretches[-1].append(judgement)
            response = judgement if is_responding(judgement) else None
    return ResponseCourse(
        judged,
        tuple(ResponseStretch(is_responding(held[0]), tuple(held)) for held in stretches),
        tuple(j for j in judged if j.at_least_partial is Verdict.UNKNOWN and j not in incomplete),
        incomplete,
        tuple(perhaps_lost),
    )


def _goes_on(
    stretches: Sequence[Sequence[ResponseJudgement]],
    judgement: ResponseJudgement,
    perhaps_lost: Sequence[ResponseJudgement],
) -> bool:
    """Does `judgement` say what the last stretch says, with nothing in between that speaks against it?"""
    if not stretches or is_responding(stretches[-1][-1]) is not is_responding(judgement):
        return False
    last = stretches[-1][-1].count.day
    return not (perhaps_lost and perhaps_lost[-1].count.day > last)


def is_responding(judgement: ResponseJudgement) -> bool:
    """Partial response or better, for certain."""
    return judgement.at_least_partial is Verdict.MET


def _is_evaluable(judgement: ResponseJudgement, limits: CountLimits) -> bool:
    """A count that lacks a line decides only what the lines it has prove: no response (DECISIONS 4, 68)."""
    count = judgement.count
    if judgement.at_least_partial is Verdict.NOT_MET:
        return True
    if not count.is_full:
        return False
    undecided = judgement.at_least_partial is Verdict.UNKNOWN and count.reticulocytes is None
    return not (undecided and severe_by_counts(count, limits) is Verdict.UNKNOWN)


# ---------------------------------------------------------------- loss of response


def lost_by_counts(after: Sequence[ResponseStretch], days: int) -> ResponseStretch | None:
    """The first stretch without response whose counts lie `days` or more apart."""
    return next((s for s in after if not s.responding and s.spans(days)), None)


def resumed_transfusion(history: TransfusionHistory, after: date, last: date, free_days: int) -> date | None:
    """The first transfusion after `after`, up to `last`, with `free_days` or more without any before it."""
    days = sorted({day for given in history.days.values() for day in given if day <= last})
    previous: date | None = None
    for day in days:
        if day > after and (previous is None or (day - previous).days >= free_days):
            return day
        previous = day
    return None
