"""A level far from the last one that nothing on record explains (DECISIONS 59)."""

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from operator import attrgetter

import msgspec

from cds_service.rules.answers.dosing_answers import Trough, Validity
from cds_service.rules.as_of import AsOf
from cds_service.trials.nct06802055.patient_state.doses.current_dose import DoseInForce
from cds_service.trials.nct06802055.patient_state.doses.titration_limits import TitrationLimits
from cds_service.trials.nct06802055.patient_state.interactions import ActiveInteraction
from cds_service.trials.nct06802055.patient_state.levels.drug_levels import (
    USABLE,
    LevelLimits,
    blood_levels,
    may_be_a_trough,
)
from cds_service.trials.nct06802055.patient_state.levels.sample_timing import hours_since_dose
from cds_service.trials.nct06802055.two_drugs import Drug
from fhir_mappings.clinical_model.calendar import days_after
from fhir_mappings.clinical_model.record import ClinicalRecord
from fhir_mappings.clinical_model.results import Analyte, Result, day_of

_DAY = attrgetter("day")


class DatedLevel(msgspec.Struct, frozen=True):
    """A level with a number that may be a trough, and the latest day that it may be of."""

    day: date
    number: Decimal
    result: Result


class ExplainedJump(msgspec.Struct, frozen=True):
    """The levels of one drug, and what may explain a change: doses of both, other drugs, liver, blood count.

    `levels` stand oldest first. `liver_quiet`: ALT is known to be at most three times its limit.
    """

    levels: tuple[DatedLevel, ...]
    dose: DoseInForce
    other: DoseInForce | None
    interactions: tuple[ActiveInteraction, ...]
    liver_quiet: bool
    haemoglobin: tuple[tuple[date, Decimal], ...]
    limits: TitrationLimits
    level_limits: LevelLimits

    def within(self, level: DatedLevel, first: int, last: int) -> Sequence[DatedLevel]:
        """The levels between `first` and `last` days from this one; days before it are below 0."""
        begin = bisect_left(self.levels, days_after(level.day, first), key=_DAY)
        return self.levels[begin : bisect_right(self.levels, days_after(level.day, last), key=_DAY)]

    def at(self, trough: Trough) -> DatedLevel | None:
        """The level that titration looks at."""
        return next((level for level in self.levels if level.result.reference == trough.reference), None)

    def same_course(self, earlier: DatedLevel, later: DatedLevel) -> bool:
        """Both at steady state of one dose, by one method, and nothing that moves a level in between."""
        first, last = earlier.day, later.day
        steps = [step for step in self.dose.steps if step.day <= last]
        steady = self.level_limits.of[self.dose.drug].steady_days
        if not steps or days_after(steps[-1].day, steady) > first:
            return False
        if _method(earlier.result) != _method(later.result) or self._partner_between(first, last):
            return False
        return not self._ciclosporin_changed(first, last) and not self._haemoglobin_rose(first, last)

    def _partner_between(self, first: date, last: date) -> bool:
        return any(
            active.interaction.changes_levels
            and active.interaction.class_with(self.dose.drug) is not None
            and (active.started is None or active.started <= last)
            and (active.stopped is None or active.stopped >= first)
            for active in self.interactions
        )

    def _ciclosporin_changed(self, first: date, last: date) -> bool:
        if self.dose.drug == Drug.CICLOSPORIN or self.other is None:
            return False
        steps, edge = self.other.steps, self.limits.jump_ciclosporin_mg
        before = [None, *steps]
        moved = [
            now.day
            for then, now in zip(before, steps, strict=False)
            if then is None or abs(now.dose.daily_mg - then.dose.daily_mg) >= edge
        ]
        moved += [off.since for off in self.other.off]
        if not self.other.taken and self.other.taken_until:
            moved.append(self.other.taken_until)
        return any(first < day <= last for day in moved)

    def _haemoglobin_rose(self, first: date, last: date) -> bool:
        near = days_after(first, self.limits.jump_haemoglobin_near)
        before = [number for day, number in self.haemoglobin if day <= near]
        now = [number for day, number in self.haemoglobin if day <= last]
        return bool(before) and now[-1] - before[-1] > self.limits.jump_haemoglobin_rise


class RepeatedLevel(msgspec.Struct, frozen=True):
    """The level looked at repeats an unexpected one, and confirms it or does not."""

    of: Result
    is_confirmed: bool


def _method(result: Result) -> str | None:
    return result.level.method if result.level else None


def explained_by(
    record: ClinicalRecord,
    dose: DoseInForce,
    other: DoseInForce | None,
    interactions: tuple[ActiveInteraction, ...],
    as_of: AsOf,
    limits: TitrationLimits,
    level_limits: LevelLimits,
    *,
    liver_quiet: bool,
) -> ExplainedJump:
    """The levels of this drug, and what the chart says that may explain a change."""
    measured = blood_levels(record, dose.drug, as_of, 2 * limits.jump_earlier[1])
    levels = tuple(
        DatedLevel(day_of(r), r.number, r)
        for r in measured
        if r.number is not None and r.number > 0 and r.comparator is None
        if may_be_a_trough(r, dose, level_limits)
    )
    counts = [r for r in record.usable(Analyte.HAEMOGLOBIN) if r.when and r.comparator is None]
    blood = [(r.when.last, r.number) for r in counts if r.when and r.number is not None]
    haemoglobin = tuple(sorted(blood, key=lambda one: one[0]))
    return ExplainedJump(levels, dose, other, interactions, liver_quiet, haemoglobin, limits, level_limits)


def unexpected_after(trough: Trough, explained: ExplainedJump) -> Result | None:
    """The earlier level from which this one lies too far away; None where it is to be believed.

    At most once in `jump_once_days`: a level soon after an unexpected one is its repeat.
    """
    if trough.validity not in USABLE:
        return None
    level = explained.at(trough)
    if level is None or _unexpected_within(explained.limits.jump_once_days, level, explained):
        return None
    return _far_from(level, explained)


def refuted_jumps(explained: ExplainedJump) -> tuple[Result, ...]:
    """Unexpected high levels that a repeat within days did not confirm."""
    levels, limits = explained.levels, explained.limits
    found = []
    for level in levels:
        repeats = explained.within(level, 1, limits.jump_repeat_days)
        if not repeats or repeats[0].number >= limits.jump_confirmed_part * level.number:
            continue
        if _far_from(level, explained):
            found.append(level.result)
    return tuple(found)


def repeated_level(trough: Trough, explained: ExplainedJump) -> RepeatedLevel | None:
    """What the level looked at says of an unexpected one that it repeats; None where it repeats none."""
    level = explained.at(trough)
    if level is None:
        return None
    near = _unexpected_within(explained.limits.jump_repeat_days, level, explained)
    return RepeatedLevel(near[0].result, is_confirmed=_confirms(level, near[0], explained)) if near else None


def _confirms(repeat: DatedLevel, first: DatedLevel, explained: ExplainedJump) -> bool:
    """A high level is confirmed by at least this part of it, a low one by one that is as little higher."""
    part = explained.limits.jump_confirmed_part
    if first.number < explained.limits.tables[explained.dose.drug].low:
        return part * repeat.number <= first.number
    return repeat.number >= part * first.number


def previous_level(
    record: ClinicalRecord, trough: Trough, drug: Drug, as_of: AsOf, limits: TitrationLimits
) -> Trough | None:
    """The last final level of an earlier day, to be shown beside the one looked at."""
    day = trough.day
    levels = blood_levels(record, drug, as_of, 2 * limits.jump_earlier[1])
    earlier = [r for r in levels if day and r.when and r.when.last < day]
    if not earlier:
        return None
    last = earlier[-1]
    return Trough(Validity.STALE, last.number, last.comparator, day=day_of(last), reference=last.reference)


def _unexpected_within(days: int, level: DatedLevel, explained: ExplainedJump) -> list[DatedLevel]:
    """The unexpected levels of the days before this one."""
    return [one for one in explained.within(level, -days, -1) if _far_from(one, explained)]


def _far_from(level: DatedLevel, explained: ExplainedJump) -> Result | None:
    """The newest earlier level within reach, if this one lies far from it and nothing explains that.

    One whose last dose is documented is believed: its timing rests on more than a code.
    """
    limits, drug = explained.limits, explained.dose.drug
    first, last = limits.jump_earlier
    before = explained.within(level, -last, -first)
    if not before or not explained.liver_quiet:
        return None
    if hours_since_dose(level.result, explained.dose.given, explained.level_limits):
        return None
    earlier, table = before[-1], limits.tables[drug]
    factor = limits.jump_sirolimus_factor if drug == Drug.SIROLIMUS else limits.jump_ciclosporin_factor
    up = level.number > table.top and level.number >= factor * earlier.number
    down = level.number < table.low and level.number * factor <= earlier.number
    return earlier.result if (up or down) and explained.same_course(earlier, level) else None
