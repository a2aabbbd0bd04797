"""Judging one blood count against a response profile: complete, partial or no response, or unknown.

A transfused cell or a neutrophil brought out by G-CSF can prove that a line is poor, never that it is good.
"""

from collections.abc import Callable
from decimal import Decimal

import msgspec

from cds_service.rules.answers.follow_up import ResponseCategory
from cds_service.rules.verdict import Verdict, all_of, any_of, reverse, verdict_of
from cds_service.trials.nct06802055.patient_state.blood.baseline import Baseline
from cds_service.trials.nct06802055.patient_state.blood.counts import BloodCount, CountLimits
from cds_service.trials.nct06802055.patient_state.blood.haematology import Haematology
from cds_service.trials.nct06802055.patient_state.blood.possible_exposure import growth_factor_before
from cds_service.trials.nct06802055.patient_state.blood.severity import (
    SeverityByCounts,
    is_below,
    severe_by_counts,
)
from cds_service.trials.nct06802055.patient_state.blood.transfusions import confounded, independent
from cds_service.trials.nct06802055.patient_state.treatment_response.response_profiles import (
    Floor,
    Floors,
    Improvement,
    PartialTerms,
    ProfileLimits,
    ResponseStandard,
    Rise,
    Terms,
)
from fhir_mappings.clinical_model.concepts import Concept
from fhir_mappings.clinical_model.known_unknown import Sex
from fhir_mappings.clinical_model.results import Comparator, Result


class ResponseJudgement(msgspec.Struct, frozen=True):
    """What a profile makes of one count: is it complete response, is it partial response or better?"""

    count: BloodCount
    complete: Verdict
    at_least_partial: Verdict
    independent: Verdict

    @property
    def category(self) -> ResponseCategory:
        """CR, PR or NR; NOT_EVALUABLE where it cannot be told whether there is a response at all."""
        if self.at_least_partial is Verdict.UNKNOWN:
            return ResponseCategory.NOT_EVALUABLE
        if self.at_least_partial is Verdict.NOT_MET:
            return ResponseCategory.NR
        return ResponseCategory.CR if self.complete is Verdict.MET else ResponseCategory.PR


class _Line(msgspec.Struct, frozen=True):
    """One line of a count now and at baseline, and whether its value now is the patient's own.

    Its normal limit lies somewhere in `normal`; the two ends differ where the sex is not known.
    """

    now: Result | None
    before: Result | None
    own: Verdict
    normal: tuple[Decimal, Decimal] | None = None

    def reaches(self, floor: Floor) -> Verdict:
        """A good value that may not be the patient's own proves nothing; a poor one is poor anyway."""
        return _if_own(_reaches(self.now, floor, self.normal), self.own)


class _Case(msgspec.Struct, frozen=True):
    """A count laid beside its baseline."""

    count: BloodCount
    haemoglobin: _Line
    platelets: _Line
    neutrophils: _Line
    independent: Verdict
    was_dependent: Verdict


def judge_response(
    count: BloodCount, baseline: Baseline | None, blood: Haematology, standard: ResponseStandard
) -> ResponseJudgement:
    """The response shown by `count`, by the terms for the severity of `baseline`.

    Where the severity is unknown both sets of terms are asked, and only what they agree on is said.
    """
    case = _lay_beside(count, baseline, blood, standard)
    profile, limits = standard.profile, standard.counts
    severity = baseline.severity if baseline else SeverityByCounts.UNKNOWN
    if severity is SeverityByCounts.NON_SEVERE:
        return _by(profile.non_severe, case, limits)
    severe = _by(profile.severe, case, limits)
    if severity is not SeverityByCounts.UNKNOWN or profile.severe == profile.non_severe:
        return severe
    non_severe = _by(profile.non_severe, case, limits)
    return ResponseJudgement(
        count,
        _agreed(severe.complete, non_severe.complete),
        _agreed(severe.at_least_partial, non_severe.at_least_partial),
        case.independent,
    )


def _agreed(one: Verdict, other: Verdict) -> Verdict:
    return one if one is other else Verdict.UNKNOWN


def _lay_beside(
    count: BloodCount, baseline: Baseline | None, blood: Haematology, standard: ResponseStandard
) -> _Case:
    history, limits = blood.transfusions, standard.counts
    before = baseline.count if baseline else BloodCount(count.day)
    red_cells = confounded(history, Concept.RED_CELL_TRANSFUSION, count, limits)
    platelets = confounded(history, Concept.PLATELET_TRANSFUSION, count, limits)
    boosted = growth_factor_before(blood.growth_factors, count.day, limits) is not None
    normal = _normal_haemoglobin(blood.sex, standard.limits)
    return _Case(
        count,
        _Line(count.haemoglobin, before.haemoglobin, reverse(red_cells), normal),
        _Line(count.platelets, before.platelets, reverse(platelets)),
        _Line(count.neutrophils, before.neutrophils, verdict_of(not boosted)),
        independent(history, count, limits),
        reverse(independent(history, before, limits)) if baseline else Verdict.UNKNOWN,
    )


def _normal_haemoglobin(sex: Sex | None, limits: ProfileLimits) -> tuple[Decimal, Decimal]:
    men, women = limits.normal_haemoglobin_men, limits.normal_haemoglobin_women
    if sex is Sex.MALE:
        return men, men
    if sex is Sex.FEMALE:
        return women, women
    return min(men, women), max(men, women)


def _by(terms: Terms, case: _Case, limits: CountLimits) -> ResponseJudgement:
    complete = all_of([_reaches_all(terms.complete, case), case.independent])
    if isinstance(terms.partial, PartialTerms):
        partial = _in_state(terms.partial, case, limits)
    else:
        partial = _improved(terms.partial, terms.complete, case)
    return ResponseJudgement(case.count, complete, any_of([complete, partial]), case.independent)


# ---------------------------------------------------------------- response as a state


def _in_state(terms: PartialTerms, case: _Case, limits: CountLimits) -> Verdict:
    asked = [_reaches_all(terms.floors, case)]
    if terms.transfusion_independent:
        asked.append(case.independent)
    if terms.not_severe:
        asked.append(reverse(severe_by_counts(case.count, limits, case.platelets.own)))
    return all_of(asked)


def _reaches_all(floors: Floors, case: _Case) -> Verdict:
    asked = (
        (case.haemoglobin, floors.haemoglobin),
        (case.platelets, floors.platelets),
        (case.neutrophils, floors.neutrophils),
    )
    return all_of(line.reaches(floor) for line, floor in asked if floor is not None)


def _if_own(good: Verdict, own: Verdict) -> Verdict:
    return Verdict.UNKNOWN if good is Verdict.MET and own is not Verdict.MET else good


def _reaches(value: Result | None, floor: Floor, normal: tuple[Decimal, Decimal] | None) -> Verdict:
    if value is None:
        return Verdict.UNKNOWN
    if floor.limit is None:
        low, high = (value.low, value.low) if value.low is not None or normal is None else normal
        return _agreed(_at_least(value, low), _at_least(value, high))
    return _at_least(value, floor.limit) if floor.inclusive else verdict_of(value.above(floor.limit))


def _at_least(value: Result, limit: Decimal | None) -> Verdict:
    return Verdict.UNKNOWN if limit is None else reverse(is_below(value, limit))


# ---------------------------------------------------------------- response as a change from baseline


def _improved(terms: Improvement, complete: Floors, case: _Case) -> Verdict:
    """Dependence on transfusion ended, or one line improved (Killick 2016)."""
    return any_of(
        [
            all_of([case.was_dependent, case.independent]),
            _line_improved(case.haemoglobin, terms.haemoglobin, complete.haemoglobin, terms.times_baseline),
            _line_improved(case.platelets, terms.platelets, complete.platelets, terms.times_baseline),
            _line_improved(case.neutrophils, terms.neutrophils, complete.neutrophils, terms.times_baseline),
        ]
    )


def _line_improved(line: _Line, rise: Rise, normal: Floor | None, times: Decimal) -> Verdict:
    """A line that was not normal multiplied or became normal, or one that was low made its rise."""
    if line.now is None or line.before is None or normal is None:
        return Verdict.UNKNOWN
    was_poor = reverse(_reaches(line.before, normal, line.normal))
    better = any_of([_multiplied(line.now, line.before, times), _reaches(line.now, normal, line.normal)])
    rose = all_of([is_below(line.before, rise.initially_below), _rose(line.now, line.before, rise.rise)])
    return _if_own(any_of([all_of([was_poor, better]), rose]), line.own)


def _multiplied(now: Result, before: Result, times: Decimal) -> Verdict:
    """now >= times x before, for every value the comparators allow; nothing is a multiple of zero."""
    if before.number == 0 and before.comparator is None:
        return Verdict.NOT_MET
    return _compared(before, lambda old: now.below(times * old) is False, lambda old: now.below(times * old))


def _rose(now: Result, before: Result, rise: Decimal) -> Verdict:
    """now > before + rise, for every value the comparators allow."""
    return _compared(before, lambda old: now.above(old + rise), lambda old: now.above(old + rise) is False)


def _compared(
    before: Result, holds: Callable[[Decimal], bool | None], fails: Callable[[Decimal], bool | None]
) -> Verdict:
    """MET where it holds for the highest value `before` may be, NOT_MET where it fails for the lowest."""
    highest, lowest = _ends(before)
    if highest is not None and holds(highest):
        return Verdict.MET
    return Verdict.NOT_MET if fails(lowest) else Verdict.UNKNOWN


def _ends(value: Result) -> tuple[Decimal | None, Decimal]:
    """The highest and the lowest value that a number with its comparator may mean."""
    number = value.number if value.number is not None else Decimal(0)
    if value.comparator is None:
        return number, number
    if value.comparator in (Comparator.LESS, Comparator.AT_MOST):
        return number, Decimal(0)
    return None, number
