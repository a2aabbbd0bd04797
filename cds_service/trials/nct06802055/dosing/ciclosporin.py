"""Ciclosporin: kidneys first, then its trough (`titration.md` 5, DECISIONS 27, 28, 30, 31)."""

from collections.abc import Callable
from decimal import Decimal
from functools import partial

from msgspec.structs import replace

from cds_service.rules.answers.dosing_answers import Recheck, State
from cds_service.rules.answers.renal_answers import RenalState
from cds_service.trials.nct06802055.dosing.ciclosporin_impaired import advise_impaired
from cds_service.trials.nct06802055.dosing.ciclosporin_start import start_ciclosporin
from cds_service.trials.nct06802055.dosing.dose_case import (
    DoseAdvice,
    DoseCase,
    case_level_words,
    in_days,
    kidney_words,
    result_words,
    trough_test,
    within_days,
)
from cds_service.trials.nct06802055.dosing.jump import jump_doubted, with_words
from cds_service.trials.nct06802055.dosing.restart import beside_the_hold, restart
from cds_service.trials.nct06802055.dosing.shared_decisions import (
    cannot_advise,
    common_doubts,
    dose_unusable,
    increase_blocked,
    outside_bounds,
    repeat_level,
    routine_recheck,
    unproven,
)
from cds_service.trials.nct06802055.patient_state.doses.current_dose import DoseStatus
from cds_service.trials.nct06802055.patient_state.doses.dose_bounds import (
    CEILING_STATES,
    above,
    at_least_dose,
    at_most,
    below,
    bounds,
    nearest,
)
from cds_service.trials.nct06802055.patient_state.doses.titration_limits import TitrationLimits
from cds_service.trials.nct06802055.patient_state.dosing_reasons import Reason
from cds_service.trials.nct06802055.patient_state.levels.level_table import LevelRow
from cds_service.trials.nct06802055.two_drugs import Drug
from fhir_mappings.clinical_model.messages import Phrase, say

TEST = trough_test(Drug.CICLOSPORIN)


def advise_ciclosporin(case: DoseCase, limits: TitrationLimits) -> DoseAdvice:
    """Exactly one answer for any case: arm, danger, kidneys and potassium, the dose, and last the level."""
    if case.arm is None:
        return _arm_unknown(case, limits)
    held = case.hold is not None and case.hold.documented and not case.dose.stopped
    if case.danger and not held:
        return with_words(case, _dangerous(case, limits))
    injured = _acute(case, limits)
    if injured:
        return injured
    if held:
        return restart(case, limits, start_ciclosporin, _to_give_again(case, limits))
    unusable = dose_unusable(case.dose)
    if unusable:
        return unusable
    if case.dose.status is DoseStatus.NONE:
        return start_ciclosporin(case, limits)
    row = case.row(limits)
    if case.renal.standing in CEILING_STATES and row is not LevelRow.DANGEROUS:
        advice = advise_impaired(case, limits)
    else:
        advice = repeat_level(case, limits) if row is None else _ROWS[row](case, limits)
        advice = jump_doubted(case, limits, row, advice)
    return beside_the_hold(case, limits, advice)


def _arm_unknown(case: DoseCase, limits: TitrationLimits) -> DoseAdvice:
    """No advice in an arm that is not known, but a danger holds what is taken (DECISIONS 60)."""
    taken = case.dose.status in (DoseStatus.KNOWN, DoseStatus.CONFLICTING)
    held = _dangerous(case, limits) if case.danger else _acute(case, limits) if taken else None
    if held is None:
        return cannot_advise("TR-07", Reason.ARM_UNKNOWN)
    return replace(held, reasons=(*held.reasons, Reason.ARM_UNKNOWN))


def _acute(case: DoseCase, limits: TitrationLimits) -> DoseAdvice | None:
    """Kidney injury and high potassium hold ciclosporin, and keep it from being started."""
    if case.renal.standing is RenalState.AKI:
        reason, rule, test = Reason.AKI, "CSA-AKI", "creatinine"
        seen = say("dosing.aki", kidneys=kidney_words(case))
    elif case.potassium:
        reason, rule, test = Reason.HIGH_POTASSIUM, "CSA-K", "potassium"
        day = case.potassium.when.last if case.potassium.when else None
        seen = say("dosing.potassium", value=case.potassium.number, day=day)
    else:
        return None
    recheck = within_days(case, test, limits.creatinine_urgent_days)
    never_taken = case.dose.status is DoseStatus.NONE
    return DoseAdvice(
        State.CANNOT_ADVISE if never_taken else State.HOLD, rule, seen, None, (reason,), recheck
    )


_bounds = partial(bounds, Drug.CICLOSPORIN, RenalState.NORMAL)


def _amount(case: DoseCase, limits: TitrationLimits) -> Decimal:
    """What the patient takes in 12 hours, mg."""
    assert case.dose.dose is not None
    return _bounds(limits).amount(case.dose.dose)


def _level(case: DoseCase) -> Decimal:
    assert case.trough.value is not None
    return case.trough.value


def _aimed(case: DoseCase, limits: TitrationLimits) -> Decimal:
    """The dose that would bring the trough to the aim, to the nearest grid dose; half way goes down."""
    proportional = _amount(case, limits) * limits.ciclosporin_aim / max(_level(case), Decimal("0.01"))
    return nearest(proportional, limits.ciclosporin_grid_mg)


def _below(case: DoseCase, limits: TitrationLimits) -> DoseAdvice:
    """Up by at least one step, by at most what the level and the dose allow, never above the record."""
    allowed, amount = _bounds(limits), _amount(case, limits)
    finding = say("dosing.below", level=case_level_words(case.trough), edge=limits.ciclosporin_target_low)
    recheck = in_days(case, TEST, limits.ciclosporin_change_recheck)
    outside = outside_bounds(case, allowed, finding, recheck, raising=True)
    if outside:
        return outside
    at_cap = amount >= allowed.high_mg
    doubts = unproven(case) if at_cap else _doubts(case, limits)
    if doubts:
        return increase_blocked(case, limits, finding, doubts)
    if at_cap:
        seen = say(
            "dosing.belowAtCap", level=case_level_words(case.trough), edge=limits.ciclosporin_target_low
        )
        recheck = routine_recheck(case, limits.edge_recheck_days)
        return DoseAdvice(State.AT_CAP_BELOW_TARGET, "CSA-CAP", seen, case.dose.dose, (), recheck)
    return DoseAdvice(State.INCREASE, "CSA-N2", finding, allowed.dose(_raised(case, limits)), (), recheck)


def _raised(case: DoseCase, limits: TitrationLimits) -> Decimal:
    grid, amount = limits.ciclosporin_grid_mg, _amount(case, limits)
    small = _level(case) >= limits.ciclosporin_small_step_from
    step = limits.ciclosporin_small_step_mg if small else limits.ciclosporin_large_step_mg
    most = min(amount + step, amount * limits.ciclosporin_largest_factor)
    dose = max(min(_aimed(case, limits), at_most(most, grid)), above(amount, grid))
    return min(max(dose, limits.ciclosporin_min_mg), limits.ciclosporin_max_mg)


def _to_give_again(case: DoseCase, limits: TitrationLimits) -> tuple[Reason, ...]:
    """The tests of an increase; the level may be of any timing, and R heeds what the kidneys allow."""
    eased = {Reason.TROUGH_TIME_UNPROVEN, Reason.ORDER_NOT_STARTED}
    if case.renal.standing in CEILING_STATES:
        eased.add(Reason.RENAL_UNKNOWN)
    return tuple(d for d in _doubts(case, limits) if d not in eased)


def _doubts(case: DoseCase, limits: TitrationLimits) -> tuple[Reason, ...]:
    """An increase needs a fresh creatinine and normal kidneys (DECISIONS 28)."""
    doubts = [*common_doubts(case)]
    days = case.tests.creatinine_days
    if days is None or days > limits.creatinine_increase_days:
        doubts.append(Reason.MISSING_CREATININE)
    if case.kidney_failure_coded:
        doubts.append(Reason.KIDNEY_FAILURE_CODED)
    if case.renal.state is RenalState.WATCH:
        doubts.append(Reason.RENAL_WATCH)
    elif case.renal.state is not RenalState.NORMAL:
        doubts.append(Reason.RENAL_UNKNOWN)
    return tuple(doubts)


def _within(case: DoseCase, limits: TitrationLimits) -> DoseAdvice:
    low, high = limits.ciclosporin_target_low, limits.ciclosporin_target_high
    finding = say("dosing.within", level=case_level_words(case.trough), low=low, high=high)
    recheck = in_days(case, TEST, limits.ciclosporin_change_recheck)
    outside = outside_bounds(case, _bounds(limits), finding, recheck)
    if outside:
        return outside
    if case.kidney_failure_coded:
        recheck = within_days(case, "creatinine", 0)
    elif case.renal.state is RenalState.WATCH:
        recheck = within_days(case, "creatinine", limits.creatinine_watch_days)
    else:
        recheck = routine_recheck(case, limits.routine_recheck_days)
    return DoseAdvice(State.CONTINUE, "CSA-N3", finding, case.dose.dose, (), recheck)


def _above(case: DoseCase, limits: TitrationLimits) -> DoseAdvice:
    edge, recheck = limits.ciclosporin_target_high, in_days(case, TEST, limits.ciclosporin_change_recheck)
    return _lowered(case, limits, "CSA-N4", edge, recheck)


def _high(case: DoseCase, limits: TitrationLimits) -> DoseAdvice:
    edge, recheck = limits.ciclosporin_high, in_days(case, TEST, limits.ciclosporin_high_recheck)
    return _lowered(case, limits, "CSA-N5", edge, recheck)


def _lowered(
    case: DoseCase, limits: TitrationLimits, rule: str, edge: Decimal, recheck: Recheck
) -> DoseAdvice:
    """Down by at least one step and at most by half; there is nothing below the record's lowest dose."""
    grid, amount = limits.ciclosporin_grid_mg, _amount(case, limits)
    if amount <= limits.ciclosporin_min_mg:
        seen = say(
            "dosing.holdReview", level=case_level_words(case.trough), edge=limits.ciclosporin_target_high
        )
        return _hold(case, limits, rule, seen)
    half = at_least_dose(amount * limits.ciclosporin_smallest_part, grid)
    dose = min(max(_aimed(case, limits), half), below(amount, grid))
    dose = min(max(dose, limits.ciclosporin_min_mg), limits.ciclosporin_max_mg)
    seen = say("dosing.above", level=case_level_words(case.trough), edge=edge)
    return DoseAdvice(State.DECREASE, rule, seen, _bounds(limits).dose(dose), (), recheck)


def _dangerous(case: DoseCase, limits: TitrationLimits) -> DoseAdvice:
    level = result_words(case.danger) if case.danger else case_level_words(case.trough)
    seen = say("dosing.danger", level=level)
    return _hold(case, limits, "CSA-N6", seen, Reason.SAFETY_LEVEL)


def _hold(case: DoseCase, limits: TitrationLimits, rule: str, seen: Phrase, *reasons: Reason) -> DoseAdvice:
    recheck = in_days(case, TEST, limits.ciclosporin_danger_recheck)
    return DoseAdvice(State.HOLD, rule, seen, None, reasons, recheck)


_ROWS: dict[LevelRow, Callable[[DoseCase, TitrationLimits], DoseAdvice]] = {
    LevelRow.BELOW: _below,
    LevelRow.WITHIN: _within,
    LevelRow.ABOVE: _above,
    LevelRow.HIGH: _high,
    LevelRow.DANGEROUS: _dangerous,
}
