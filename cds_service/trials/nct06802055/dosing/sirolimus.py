"""Sirolimus: what its trough asks for (`titration.md` 4.2, 4.3, DECISIONS 26-28, 35, 37)."""

from collections.abc import Callable, Sequence
from decimal import Decimal
from functools import partial

from msgspec.structs import replace

from cds_service.rules.answers.dosing_answers import State
from cds_service.rules.answers.renal_answers import RenalState
from cds_service.trials.nct06802055.dosing.dose_case import (
    DoseAdvice,
    DoseCase,
    case_level_words,
    in_days,
    result_words,
    trough_test,
    within_days,
)
from cds_service.trials.nct06802055.dosing.jump import jump_doubted, with_words
from cds_service.trials.nct06802055.dosing.restart import beside_the_hold, restart, with_refuted
from cds_service.trials.nct06802055.dosing.shared_decisions import (
    common_doubts,
    dose_unusable,
    increase_blocked,
    outside_bounds,
    repeat_level,
    routine_recheck,
    unproven,
)
from cds_service.trials.nct06802055.dosing.sirolimus_start import ciclosporin_doubts, start_sirolimus
from cds_service.trials.nct06802055.patient_state.doses.current_dose import DoseStatus
from cds_service.trials.nct06802055.patient_state.doses.dose_bounds import (
    bounds,
    highest_up_to,
    sirolimus_doses,
)
from cds_service.trials.nct06802055.patient_state.doses.titration_limits import TitrationLimits
from cds_service.trials.nct06802055.patient_state.dosing_reasons import Reason
from cds_service.trials.nct06802055.patient_state.levels.level_table import LevelRow
from cds_service.trials.nct06802055.two_drugs import Drug
from fhir_mappings.clinical_model.messages import Phrase, say

TEST = trough_test(Drug.SIROLIMUS)


def advise_sirolimus(case: DoseCase, limits: TitrationLimits) -> DoseAdvice:
    """Exactly one answer for any case: danger first, then the dose, the liver, and last the level."""
    if case.hold and case.hold.documented:
        return restart(case, limits, start_sirolimus, _to_give_again(case))
    if case.danger:
        return with_words(case, _dangerous(case, limits))
    unusable = dose_unusable(case.dose)
    if unusable:
        return with_refuted(case, unusable) if case.dose.held else unusable
    if case.liver.hold:
        seen = say("dosing.liver.hold", tests=case.liver.seen)
        recheck = within_days(case, "alt", limits.repeat_within_days)
        return DoseAdvice(State.HOLD, "SRL-HEP", seen, None, (Reason.LIVER_INJURY,), recheck)
    if case.dose.status is DoseStatus.NONE:
        return start_sirolimus(case, limits)
    row = case.row(limits)
    advice = repeat_level(case, limits) if row is None else _ROWS[row](case, limits)
    advice = jump_doubted(case, limits, row, advice)
    advice = _capped_by_liver(case, limits, advice) if case.liver.cap else advice
    return beside_the_hold(case, limits, advice)


_bounds = partial(bounds, Drug.SIROLIMUS, RenalState.UNKNOWN)


def _amount(case: DoseCase, limits: TitrationLimits) -> Decimal:
    """What the patient takes in 24 hours, mg."""
    assert case.dose.dose is not None
    return _bounds(limits).amount(case.dose.dose)


def _below(case: DoseCase, limits: TitrationLimits) -> DoseAdvice:
    """Up by at most one step; a level below target at the highest dose is told, and nothing else."""
    allowed, amount = _bounds(limits), _amount(case, limits)
    finding = say("dosing.below", level=case_level_words(case.trough), edge=limits.sirolimus_target_low)
    recheck = in_days(case, TEST, limits.sirolimus_change_recheck)
    outside = outside_bounds(case, allowed, finding, recheck, raising=True)
    if outside:
        return outside
    highest = min(limits.liver_cap_mg, allowed.high_mg) if case.liver.cap else allowed.high_mg
    most = min(amount + limits.sirolimus_step_mg, highest)
    raised = [d for d in sirolimus_doses(limits) if amount < d <= most]
    doubts = _doubts(case) if raised else unproven(case)
    if doubts:
        return increase_blocked(case, limits, finding, doubts)
    if not raised:
        return _at_cap(case, limits)
    dose = allowed.dose(_closest_to_aim(case, limits, amount, raised))
    return DoseAdvice(State.INCREASE, "SRL-02", finding, dose, (), recheck)


def _at_cap(case: DoseCase, limits: TitrationLimits) -> DoseAdvice:
    level, recheck = case_level_words(case.trough), routine_recheck(case, limits.edge_recheck_days)
    if case.liver.cap:
        seen = say("dosing.liver.belowCapped", level=level, tests=case.liver.seen)
        reasons = (Reason.LIVER_INJURY,)
        return DoseAdvice(State.AT_CAP_BELOW_TARGET, "SRL-HEP", seen, case.dose.dose, reasons, recheck)
    seen = say("dosing.belowAtCap", level=level, edge=limits.sirolimus_target_low)
    return DoseAdvice(State.AT_CAP_BELOW_TARGET, "SRL-CAP", seen, case.dose.dose, (), recheck)


def _closest_to_aim(
    case: DoseCase, limits: TitrationLimits, amount: Decimal, doses: Sequence[Decimal]
) -> Decimal:
    """The dose whose expected trough is nearest to the aim by ratio; of two as near, the lower."""

    def distance(dose: Decimal) -> Decimal:
        ratio = _expected(case, amount, dose) / limits.sirolimus_aim
        return max(ratio, 1 / ratio) if ratio else Decimal("Infinity")

    return min(sorted(doses), key=distance)


def _expected(case: DoseCase, amount: Decimal, dose: Decimal) -> Decimal:
    """Sirolimus label formula: exposure is taken to be proportional to the dose."""
    return (case.trough.value or Decimal(0)) * dose / amount


def _to_give_again(case: DoseCase) -> tuple[Reason, ...]:
    """The tests of an increase; the level may be of any timing (DECISIONS 58)."""
    return tuple(d for d in _doubts(case) if d not in (Reason.TROUGH_TIME_UNPROVEN, Reason.ORDER_NOT_STARTED))


def _doubts(case: DoseCase) -> tuple[Reason, ...]:
    """What stops an increase of sirolimus (DECISIONS 28, 32, 37)."""
    doubts = [*common_doubts(case)]
    if not case.tests.cbc:
        doubts.append(Reason.MISSING_CBC)
    if not case.tests.alt:
        doubts.append(Reason.MISSING_ALT)
    if None in (case.liver.hold, case.liver.cap):
        doubts.append(Reason.LIVER_UNKNOWN)
    return (*doubts, *ciclosporin_doubts(case.arm, case.other))


def _within(case: DoseCase, limits: TitrationLimits) -> DoseAdvice:
    low, high = limits.sirolimus_target_low, limits.sirolimus_target_high
    finding = say("dosing.within", level=case_level_words(case.trough), low=low, high=high)
    recheck = in_days(case, TEST, limits.sirolimus_change_recheck)
    outside = outside_bounds(case, _bounds(limits), finding, recheck)
    if outside:
        return outside
    level = case.trough.value or low
    edge = not limits.sirolimus_edge_low < level < limits.sirolimus_edge_high
    days = limits.edge_recheck_days if edge else limits.routine_recheck_days
    return DoseAdvice(State.CONTINUE, "SRL-03", finding, case.dose.dose, (), routine_recheck(case, days))


def _above(case: DoseCase, limits: TitrationLimits) -> DoseAdvice:
    """Down to the highest dose that is expected to come back into the target with room to spare."""
    amount, level = _amount(case, limits), case_level_words(case.trough)
    lower = [d for d in sirolimus_doses(limits) if d < amount]
    if not lower:
        seen = say("dosing.holdReview", level=level, edge=limits.sirolimus_target_high)
        return _hold(case, limits, "SRL-04", seen)
    fitting = [d for d in lower if _expected(case, amount, d) <= limits.sirolimus_reduced_aim]
    dose = _bounds(limits).dose(max(fitting, default=lower[0]))
    seen = say("dosing.above", level=level, edge=limits.sirolimus_target_high)
    recheck = in_days(case, TEST, limits.sirolimus_reduced_recheck)
    return DoseAdvice(State.DECREASE, "SRL-04", seen, dose, (), recheck)


def _high(case: DoseCase, limits: TitrationLimits) -> DoseAdvice:
    """Hold the next dose; after it at most two thirds, but never below the record's lowest dose.

    Beside a toxicity of grade 2 or more it is as serious as the row above (`titration.md` 4.2, DECISIONS 57).
    """
    if case.toxic:
        seen = say("dosing.toxic", level=case_level_words(case.trough), edge=limits.sirolimus_high)
        return _hold(case, limits, "SRL-06", seen, Reason.TOXICITY)
    amount, level = _amount(case, limits), case_level_words(case.trough)
    doses = sirolimus_doses(limits)
    after = highest_up_to(doses, amount * limits.sirolimus_after_hold_part) or doses[0]
    if after > amount:
        seen = say("dosing.holdReview", level=level, edge=limits.sirolimus_high)
        return _hold(case, limits, "SRL-05", seen)
    seen = say("dosing.holdThen", level=level, edge=limits.sirolimus_high, dose=after)
    recheck = in_days(case, TEST, limits.sirolimus_high_recheck)
    return DoseAdvice(State.HOLD, "SRL-05", seen, _bounds(limits).dose(after), (), recheck)


def _dangerous(case: DoseCase, limits: TitrationLimits) -> DoseAdvice:
    level = result_words(case.danger) if case.danger else case_level_words(case.trough)
    seen = say("dosing.danger", level=level)
    return _hold(case, limits, "SRL-06", seen, Reason.SAFETY_LEVEL)


def _hold(case: DoseCase, limits: TitrationLimits, rule: str, seen: Phrase, *reasons: Reason) -> DoseAdvice:
    recheck = in_days(case, TEST, limits.sirolimus_danger_recheck)
    return DoseAdvice(State.HOLD, rule, seen, None, reasons, recheck)


_ROWS: dict[LevelRow, Callable[[DoseCase, TitrationLimits], DoseAdvice]] = {
    LevelRow.BELOW: _below,
    LevelRow.WITHIN: _within,
    LevelRow.ABOVE: _above,
    LevelRow.HIGH: _high,
    LevelRow.DANGEROUS: _dangerous,
}


def _capped_by_liver(case: DoseCase, limits: TitrationLimits, advice: DoseAdvice) -> DoseAdvice:
    """Liver injury: not above the cap, whatever the level says; a hold stays a hold."""
    cap = _bounds(limits).dose(limits.liver_cap_mg)
    if advice.state is State.HOLD:
        return replace(advice, proposed=cap) if advice.proposed else advice
    if _amount(case, limits) > cap.amount_mg:
        seen = say("dosing.liver.cap", tests=case.liver.seen, dose=cap.amount_mg)
        recheck = in_days(case, TEST, limits.sirolimus_liver_recheck)
        return DoseAdvice(
            State.DECREASE, "SRL-HEP", seen, cap, (Reason.LIVER_INJURY, *advice.reasons), recheck
        )
    if advice.state is State.CONTINUE:
        return replace(advice, recheck=within_days(case, TEST, limits.liver_level_days))
    return advice
