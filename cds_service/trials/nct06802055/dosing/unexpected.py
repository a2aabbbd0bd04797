"""A level far from the last one that nothing on record explains (DECISIONS 59)."""

from collections.abc import Sequence
from datetime import date

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
from cds_service.trials.nct06802055.patient_state.levels.sample_timing import timed_by_dose
from cds_service.trials.nct06802055.two_drugs import Drug
from fhir_mappings.clinical_model.calendar import days_after
from fhir_mappings.clinical_model.record import ClinicalRecord
from fhir_mappings.clinical_model.results import Analyte, Result


class ExplainedJump(msgspec.Struct, frozen=True):
    """What may explain a change of a level: doses of both drugs, other drugs, liver, blood count.

    `liver_quiet`: ALT is known to be at most three times its limit.
    """

    dose: DoseInForce
    other: DoseInForce | None
    interactions: tuple[ActiveInteraction, ...]
    liver_quiet: bool
    haemoglobin: tuple[Result, ...]
    limits: TitrationLimits
    level_limits: LevelLimits

    def usable(self, results: Sequence[Result]) -> list[Result]:
        """Levels with a number that may be troughs."""
        return [
            r
            for r in results
            if r.number is not None and r.number > 0 and r.comparator is None
            if may_be_a_trough(r, self.dose, self.level_limits)
        ]

    def same_course(self, earlier: Result, later: Result) -> bool:
        """Both at steady state of one dose, by one method, and nothing that moves a level in between."""
        first, last = _day(earlier), _day(later)
        steps = [step for step in self.dose.steps if step.day <= last]
        if not steps or days_after(steps[-1].day, self.level_limits.steady_days(self.dose.drug)) > first:
            return False
        if _method(earlier) != _method(later) or self._partner_between(first, last):
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
        before = [r.number for r in self.haemoglobin if _day(r) <= near and r.number is not None]
        now = [r.number for r in self.haemoglobin if _day(r) <= last and r.number is not None]
        return bool(before) and now[-1] - before[-1] > self.limits.jump_haemoglobin_rise


class RepeatedLevel(msgspec.Struct, frozen=True):
    """The level looked at repeats an unexpected one, and confirms it or does not."""

    of: Result
    is_confirmed: bool


def _day(result: Result) -> date:
    assert result.when is not None
    return result.when.last


def _method(result: Result) -> str | None:
    return result.level.method if result.level else None


def explained_by(
    record: ClinicalRecord,
    dose: DoseInForce,
    other: DoseInForce | None,
    interactions: tuple[ActiveInteraction, ...],
    limits: TitrationLimits,
    level_limits: LevelLimits,
    *,
    liver_quiet: bool,
) -> ExplainedJump:
    """What the chart says that may explain a change of this drug's level."""
    counts = [r for r in record.usable(Analyte.HAEMOGLOBIN) if r.when and r.comparator is None]
    blood = tuple(sorted(counts, key=_day))
    return ExplainedJump(dose, other, interactions, liver_quiet, blood, limits, level_limits)


def unexpected_after(
    record: ClinicalRecord, trough: Trough, explained: ExplainedJump, as_of: AsOf
) -> Result | None:
    """The earlier level from which this one lies too far away; None where it is to be believed.

    At most once in `jump_once_days`: a level soon after an unexpected one is its repeat.
    """
    if trough.validity not in USABLE:
        return None
    levels = explained.usable(_all(record, explained, as_of))
    result = next((r for r in levels if r.reference == trough.reference), None)
    if result is None or _is_repeat(result, levels, explained):
        return None
    return _far_from(result, levels, explained)


def refuted_jumps(record: ClinicalRecord, explained: ExplainedJump, as_of: AsOf) -> tuple[Result, ...]:
    """Unexpected high levels that a repeat within days did not confirm."""
    levels, limits = explained.usable(_all(record, explained, as_of)), explained.limits
    found = []
    for result in levels:
        repeat = next((r for r in levels if 0 < _apart(result, r) <= limits.jump_repeat_days), None)
        if repeat is None or repeat.number is None or result.number is None:
            continue
        if repeat.number < limits.jump_confirmed_part * result.number and _far_from(
            result, levels, explained
        ):
            found.append(result)
    return tuple(found)


def repeated_level(
    record: ClinicalRecord, trough: Trough, explained: ExplainedJump, as_of: AsOf
) -> RepeatedLevel | None:
    """What the level looked at says of an unexpected one that it repeats; None where it repeats none."""
    levels = explained.usable(_all(record, explained, as_of))
    result = next((r for r in levels if r.reference == trough.reference), None)
    if result is None:
        return None
    days = explained.limits.jump_repeat_days
    near = [r for r in levels if 0 < _apart(r, result) <= days and _far_from(r, levels, explained)]
    return RepeatedLevel(near[0], is_confirmed=_confirms(result, near[0], explained)) if near else None


def _confirms(repeat: Result, first: Result, explained: ExplainedJump) -> bool:
    """A high level is confirmed by at least this part of it, a low one by one that is as little higher."""
    assert repeat.number is not None
    assert first.number is not None
    part = explained.limits.jump_confirmed_part
    if first.number < explained.limits.table(explained.dose.drug).low:
        return part * repeat.number <= first.number
    return repeat.number >= part * first.number


def previous_level(
    record: ClinicalRecord, trough: Trough, drug: Drug, as_of: AsOf, limits: TitrationLimits
) -> Trough | None:
    """The last final level of an earlier day, to be shown beside the one looked at."""
    day = trough.day
    levels = blood_levels(record, drug, as_of, 2 * limits.jump_earlier[1])
    earlier = [r for r in levels if day and _day(r) < day]
    if not earlier:
        return None
    last = earlier[-1]
    return Trough(Validity.STALE, last.number, last.comparator, day=_day(last), reference=last.reference)


def _all(record: ClinicalRecord, explained: ExplainedJump, as_of: AsOf) -> tuple[Result, ...]:
    return blood_levels(record, explained.dose.drug, as_of, 2 * explained.limits.jump_earlier[1])


def _apart(earlier: Result, later: Result) -> int:
    return (_day(later) - _day(earlier)).days


def _is_repeat(result: Result, levels: Sequence[Result], explained: ExplainedJump) -> bool:
    once = explained.limits.jump_once_days
    recent = [r for r in levels if 0 < _apart(r, result) <= once]
    return any(_far_from(r, levels, explained) for r in recent)


def _far_from(result: Result, levels: Sequence[Result], explained: ExplainedJump) -> Result | None:
    """The newest earlier level within reach, if the result lies far from it and nothing explains that."""
    first, last = explained.limits.jump_earlier
    before = [r for r in levels if first <= _apart(r, result) <= last]
    if not before or not explained.liver_quiet:
        return None
    if timed_by_dose(result, explained.dose, explained.level_limits):
        return None
    far = _lies_far(result, before[-1], explained) and explained.same_course(before[-1], result)
    return before[-1] if far else None


def _lies_far(result: Result, earlier: Result, explained: ExplainedJump) -> bool:
    limits, drug = explained.limits, explained.dose.drug
    table = limits.table(drug)
    factor = limits.jump_sirolimus_factor if drug == Drug.SIROLIMUS else limits.jump_ciclosporin_factor
    assert result.number is not None
    assert earlier.number is not None
    up = result.number > table.top and result.number >= factor * earlier.number
    return up or (result.number < table.low and result.number * factor <= earlier.number)
