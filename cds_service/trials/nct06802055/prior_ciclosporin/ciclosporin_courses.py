"""Courses of ciclosporin and how well they are proven (`eligibility.md` 2.1)."""

from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from enum import IntEnum
from itertools import accumulate
from pathlib import Path
from typing import Any

import msgspec

from cds_service.rules.thresholds import FOLDER, read_limits
from cds_service.trials.nct06802055.patient_state.treatment_response.response_profiles import (
    ResponseStandard,
    read_response_standard,
)
from cds_service.trials.nct06802055.prior_ciclosporin.days_covered import (
    ExposureLimits,
    Supply,
    ciclosporin_supplies,
)
from fhir_mappings.clinical_model.calendar import months_after, months_before
from fhir_mappings.clinical_model.medications import MedicationSource
from fhir_mappings.clinical_model.record import ClinicalRecord
from fhir_mappings.clinical_model.results import Analyte, Comparator, Result

TOPIC = "ciclosporin_failure"


class FailureLimits(msgspec.Struct, frozen=True):
    """Everything I4 is judged by: exposure and intolerance limits, and the response standard."""

    exposure: ExposureLimits
    standard: ResponseStandard


def read_failure_limits(overrides: Mapping[str, Any] | None = None, folder: Path = FOLDER) -> FailureLimits:
    """`ciclosporin_failure.toml` with the response profile in use. Raises ProtocolTextFault."""
    return FailureLimits(
        read_limits(ExposureLimits, TOPIC, overrides, folder), read_response_standard(overrides, folder)
    )


class Grade(IntEnum):
    """How well a course is proven; LOW proves nothing by itself."""

    LOW = 1
    MEDIUM = 2
    HIGH = 3


class CiclosporinCourse(msgspec.Struct, frozen=True):
    """Ciclosporin from `start` to `end` without a gap of more than 14 days, as of the day asked about.

    `three_months` is True when `end` is three calendar months after `start` or later. `levels` are the
    usable levels inside the course, oldest first.
    """

    start: date
    end: date
    grade: Grade
    three_months: bool
    supplies: tuple[Supply, ...]
    levels: tuple[Result, ...]

    @property
    def proves_three_months(self) -> bool:
        """At least three months, by more than a single order."""
        return self.three_months and self.grade > Grade.LOW


_DOCUMENTED = (MedicationSource.ADMINISTRATION, MedicationSource.DISPENSE)


def ciclosporin_courses(
    record: ClinicalRecord, t0: date, limits: ExposureLimits
) -> tuple[CiclosporinCourse, ...]:
    """All courses up to `t0`, oldest first; entries at most 14 days apart are one course."""
    levels = [r for r in record.usable(Analyte.CICLOSPORIN) if r.when and r.when.is_one_day]
    return tuple(
        _course(group, levels, limits)
        for group in _joined(ciclosporin_supplies(record, t0, limits), limits.merged_gap_days)
    )


def _joined(supplies: Iterable[Supply], gap_days: int) -> list[list[Supply]]:
    """Supplies, ordered by first day, in groups that no gap of more than `gap_days` divides."""
    groups: list[list[Supply]] = []
    end = date.min
    for supply in supplies:
        if not groups or (supply.first - end).days > gap_days:
            groups.append([])
            end = supply.last
        groups[-1].append(supply)
        end = max(end, supply.last)
    return groups


def _course(
    supplies: Sequence[Supply], levels: Iterable[Result], limits: ExposureLimits
) -> CiclosporinCourse:
    start, end = supplies[0].first, max(supply.last for supply in supplies)
    inside = tuple(r for r in levels if r.when and start <= r.when.first <= end)
    long_enough = end >= months_after(start, limits.exposure_months)
    return CiclosporinCourse(
        start, end, _grade(supplies, inside, start, end, limits), long_enough, tuple(supplies), inside
    )


# ---------------------------------------------------------------- grades of proof


def _grade(
    supplies: Sequence[Supply], levels: Sequence[Result], start: date, end: date, limits: ExposureLimits
) -> Grade:
    """HIGH: dispensed or given on 80 % of the days of some three months (of all of a shorter course).

    MEDIUM: documented or stated for as long, or ordered again on a later day, or a level that shows drug
    in the blood. LOW: a single order, or entries recognised by their words alone; a dispense or an
    administration by name counts like a coded one where it tells an amount (DECISIONS 76).
    """
    proofs = [supply for supply in supplies if _is_proof(supply)]
    told = [s for s in proofs if s.source is not MedicationSource.ORDER]
    if _covers_enough([s for s in told if s.source in _DOCUMENTED], start, end, limits):
        return Grade.HIGH
    order_days = {s.first for s in proofs if s.source is MedicationSource.ORDER}
    if len(order_days) > 1 or _told_for_long(told, start, end, limits) or any(map(shows_drug, levels)):
        return Grade.MEDIUM
    return Grade.LOW


def _is_proof(supply: Supply) -> bool:
    return not supply.by_text_only or (supply.source in _DOCUMENTED and supply.has_amount)


def shows_drug(level: Result) -> bool:
    """A number above zero that is no "below the limit of quantification"."""
    below = (Comparator.LESS, Comparator.AT_MOST)
    return level.number is not None and level.number > 0 and level.comparator not in below


def _told_for_long(told: Sequence[Supply], start: date, end: date, limits: ExposureLimits) -> bool:
    """Entries other than orders span three months by themselves, or stand in a shorter course at all."""
    if end < months_after(start, limits.exposure_months):
        return bool(told)
    return any(
        max(s.last for s in group) >= months_after(group[0].first, limits.exposure_months)
        for group in _joined(told, limits.merged_gap_days)
    )


def _covers_enough(documented: Sequence[Supply], start: date, end: date, limits: ExposureLimits) -> bool:
    """Is there a stretch of three months inside the course with 80 % of its days documented?

    The best stretch starts where documented days start, or ends with the course.
    """
    covered = _CoveredDays.of(documented)
    last_start = months_before(end, limits.exposure_months)
    if last_start < start:
        return bool(documented) and covered.enough(start, end, limits)
    starts = [day for day in covered.firsts if day <= last_start]
    return any(
        covered.enough(first, months_after(first, limits.exposure_months), limits)
        for first in (*starts, last_start)
    )


class _CoveredDays(msgspec.Struct, frozen=True):
    """Disjoint stretches of covered days; `before` holds the covered days up to each stretch."""

    firsts: tuple[date, ...]
    ends: tuple[date, ...]
    before: tuple[int, ...]

    @classmethod
    def of(cls, supplies: Iterable[Supply]) -> "_CoveredDays":
        """The union of the supplies, which come ordered by first day."""
        stretches: list[tuple[date, date]] = []
        for supply in supplies:
            if stretches and supply.first <= stretches[-1][1]:
                stretches[-1] = (stretches[-1][0], max(stretches[-1][1], supply.used_up))
            else:
                stretches.append((supply.first, supply.used_up))
        lengths = ((end - first).days for first, end in stretches)
        return cls(
            tuple(first for first, _ in stretches),
            tuple(end for _, end in stretches),
            tuple(accumulate(lengths, initial=0)),
        )

    def until(self, day: date) -> int:
        """How many days before `day` are covered."""
        position = bisect_right(self.firsts, day)
        if position == 0:
            return 0
        first, end = self.firsts[position - 1], self.ends[position - 1]
        return self.before[position - 1] + (min(day, end) - first).days

    def enough(self, first: date, end: date, limits: ExposureLimits) -> bool:
        """Are enough of the days from `first` to before `end` covered?"""
        covered = self.until(end) - self.until(first)
        return 100 * covered >= limits.high_coverage_percent * (end - first).days
