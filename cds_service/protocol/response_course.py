"""Response over time: which counts may be judged, what confirms a response, what ends it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import groupby

from cds_service.protocol.baseline import Baseline
from cds_service.protocol.counts import BloodCount, CountLimits
from cds_service.protocol.haematology import Haematology
from cds_service.protocol.response_judgement import Judgement, judge
from cds_service.protocol.response_profiles import ResponseStandard
from cds_service.protocol.severity import severe_by_counts
from cds_service.protocol.transfusions import TransfusionHistory
from cds_service.protocol.verdict import Verdict


@dataclass(frozen=True, slots=True)
class Stretch:
    """Consecutive evaluable counts that all show a response, or all show none."""

    responding: bool
    judgements: tuple[Judgement, ...]

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


@dataclass(frozen=True, slots=True)
class ResponseCourse:
    """The judged counts of a stretch of time, oldest first.

    `doubtful`: all lines are there, but it cannot be told whether they show a response. `not_evaluable`:
    a needed line is missing.
    """

    stretches: tuple[Stretch, ...]
    doubtful: tuple[Judgement, ...]
    not_evaluable: tuple[BloodCount, ...]

    @property
    def decided(self) -> tuple[Judgement, ...]:
        """The evaluable counts, oldest first."""
        return tuple(judgement for stretch in self.stretches for judgement in stretch.judgements)


def response_course(
    counts: Iterable[BloodCount],
    baseline: Baseline | None,
    blood: Haematology,
    standard: ResponseStandard,
) -> ResponseCourse:
    """Judge each count against `baseline`."""
    evaluable: list[Judgement] = []
    doubtful: list[Judgement] = []
    left_out: list[BloodCount] = []
    for count in counts:
        judgement = judge(count, baseline, blood, standard)
        if not count.is_full:
            left_out.append(count)
        elif judgement.at_least_partial is not Verdict.UNKNOWN:
            evaluable.append(judgement)
        elif _wants_reticulocytes(count, standard.counts):
            left_out.append(count)
        else:
            doubtful.append(judgement)
    stretches = (
        Stretch(responding, tuple(group)) for responding, group in groupby(evaluable, key=is_responding)
    )
    return ResponseCourse(tuple(stretches), tuple(doubtful), tuple(left_out))


def is_responding(judgement: Judgement) -> bool:
    """Partial response or better, for certain."""
    return judgement.at_least_partial is Verdict.MET


def _wants_reticulocytes(count: BloodCount, limits: CountLimits) -> bool:
    return count.reticulocytes is None and severe_by_counts(count, limits) is Verdict.UNKNOWN


# ---------------------------------------------------------------- loss of response


def lost_by_counts(after: Sequence[Stretch], days: int) -> Stretch | None:
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
