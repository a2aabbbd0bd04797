"""When and at which dose a held study drug is given again (DECISIONS 58, 87)."""

from collections.abc import Callable, Iterator
from datetime import date

from msgspec.structs import replace

from cds_service.rules.answers.dosing_answers import Recheck, State
from cds_service.rules.answers.renal_answers import RenalState
from cds_service.trials.nct06802055.dosing.dose_case import (
    DoseAdvice,
    DoseCase,
    in_days,
    result_words,
    trough_test,
    within_days,
)
from cds_service.trials.nct06802055.dosing.hold_triggers import HoldTrigger
from cds_service.trials.nct06802055.dosing.open_hold import OpenHold
from cds_service.trials.nct06802055.dosing.shared_decisions import decision_dose_words, next_fit_level
from cds_service.trials.nct06802055.patient_state.doses.current_dose import DoseInForce, DoseStatus
from cds_service.trials.nct06802055.patient_state.doses.dose_bounds import bounds
from cds_service.trials.nct06802055.patient_state.doses.titration_limits import TitrationLimits
from cds_service.trials.nct06802055.patient_state.dosing_reasons import Reason, reason_words
from cds_service.trials.nct06802055.two_drugs import Drug
from fhir_mappings.clinical_model.calendar import days_after
from fhir_mappings.clinical_model.medications import Dose
from fhir_mappings.clinical_model.messages import Phrase, say

RULE = "TR-10"
Start = Callable[[DoseCase, TitrationLimits], DoseAdvice]


def restart(case: DoseCase, limits: TitrationLimits, start: Start, doubts: tuple[Reason, ...]) -> DoseAdvice:
    """A drug that is documented to be held: still held, given again, or asked about.

    `start` is the first dose of this drug, `doubts` what would stop an increase of it.
    """
    hold = case.hold
    assert hold is not None
    held = tuple(_still_held(case, hold, limits))
    if held:
        reasons = (Reason.HOLD_OPEN, *(r for r in held if r is not Reason.HOLD_OPEN))
        seen = say("dosing.hold.open", trigger=trigger_words(hold), why=reason_words(reasons))
        return DoseAdvice(State.HOLD, RULE, seen, None, reasons, _next_look(case, hold, limits))
    if hold.restart is None or _kidneys_ask(case, hold):
        seen = say("dosing.hold.ask", trigger=trigger_words(hold))
        return DoseAdvice(State.RECHECK, RULE, seen, None, (Reason.RESTART_ASK,), _after(case, hold, limits))
    if doubts:
        seen = say("dosing.hold.doubts", trigger=trigger_words(hold), why=reason_words(doubts))
        return DoseAdvice(State.RECHECK, RULE, seen, None, (*doubts, Reason.RESTART_AFTER_HOLD))
    return _given_again(case, hold, limits, start)


def _still_held(case: DoseCase, hold: OpenHold, limits: TitrationLimits) -> Iterator[Reason]:
    if case.danger:
        yield Reason.SAFETY_LEVEL
    if hold.has(HoldTrigger.LEVEL) and not _is_back(case, hold, limits):
        yield Reason.HOLD_OPEN
    if hold.has(HoldTrigger.POTASSIUM) and not hold.potassium_settled:
        yield Reason.HIGH_POTASSIUM
    if case.strong_interaction:
        yield Reason.STRONG_INTERACTION
    if case.liver.hold and case.drug == Drug.SIROLIMUS:
        yield Reason.LIVER_INJURY


def _is_back(case: DoseCase, hold: OpenHold, limits: TitrationLimits) -> bool:
    """Is there a fresh level since, of whatever timing, that is not above the target?"""
    newest = hold.newest
    if newest is None or newest.when is None or not _in_or_below(case, hold, limits):
        return False
    return (case.today - newest.when.last).days <= limits.restart_level_days


def _in_or_below(case: DoseCase, hold: OpenHold, limits: TitrationLimits) -> bool:
    return hold.newest is not None and hold.newest.above(limits.tables[case.drug].top) is False


def _kidneys_ask(case: DoseCase, hold: OpenHold) -> bool:
    return hold.has(HoldTrigger.AKI) and case.renal.standing is not RenalState.RECOVERED


def _next_look(case: DoseCase, hold: OpenHold, limits: TitrationLimits) -> Recheck:
    """The next level some days after the last, never in the past; potassium, where only that holds."""
    if hold.trigger.cause is HoldTrigger.POTASSIUM and not case.danger:
        return within_days(case, "potassium", limits.creatinine_urgent_days)
    sirolimus = case.drug == Drug.SIROLIMUS
    window = limits.sirolimus_danger_recheck if sirolimus else limits.ciclosporin_danger_recheck
    last = _last_day(hold)
    first, by = (max(days_after(last, days), case.today) for days in window)
    return Recheck(trough_test(case.drug), first, by)


def _last_day(hold: OpenHold) -> date:
    newest = hold.newest
    return newest.when.last if newest and newest.when else hold.trigger.day


def _given_again(case: DoseCase, hold: OpenHold, limits: TitrationLimits, start: Start) -> DoseAdvice:
    dose, reasons = _dose(case, hold, limits, start)
    level = result_words(hold.newest) if hold.newest else say("dosing.hold.noLevel")
    key = "dosing.hold.restartFormer" if dose == hold.trigger.former else "dosing.hold.restart"
    seen = Phrase(key, (("level", level), ("trigger", trigger_words(hold))))
    former = Reason.CAUSE_REMOVED in reasons
    return DoseAdvice(State.INITIATE, RULE, seen, dose, reasons, _after(case, hold, limits, former=former))


def _dose(
    case: DoseCase, hold: OpenHold, limits: TitrationLimits, start: Start
) -> tuple[Dose, tuple[Reason, ...]]:
    """R, or the dose from before an inhibitor that is gone; after long off a first dose, and R at most."""
    assert hold.restart is not None
    dose = hold.restart
    reasons: tuple[Reason, ...] = (Reason.RESTART_AFTER_HOLD,)
    former = hold.trigger.former
    if (case.today - (hold.since or hold.trigger.day)).days > limits.restart_new_start_days:
        anew = start(replace(case, dose=DoseInForce(case.drug, DoseStatus.NONE)), limits)
        dose = min(dose, anew.proposed or hold.lowest, key=lambda d: d.daily_mg)
    elif hold.cause_gone and former and hold.trigger.cause is HoldTrigger.LEVEL:
        allowed = bounds(case.drug, case.renal.standing, limits)
        dose = allowed.dose(min(allowed.amount(former), allowed.high_mg))
        reasons = (*reasons, Reason.CAUSE_REMOVED)
    if case.liver.cap:
        dose = min(dose, hold.lowest, key=lambda d: d.daily_mg)
    return dose, reasons


def _after(case: DoseCase, hold: OpenHold, limits: TitrationLimits, *, former: bool = False) -> Recheck:
    """What is looked at after the restart, by what led to the hold; `former`: at the dose from before it."""
    if hold.trigger.cause is HoldTrigger.AKI:
        return within_days(case, "creatinine", limits.creatinine_watch_days)
    if hold.trigger.cause is HoldTrigger.POTASSIUM:
        return within_days(case, "potassium", limits.restart_potassium_days)
    test = trough_test(case.drug)
    if former:
        return within_days(case, test, limits.cause_gone_level_days)
    sirolimus = case.drug == Drug.SIROLIMUS
    return in_days(
        case, test, limits.sirolimus_reduced_recheck if sirolimus else limits.ciclosporin_restart_recheck
    )


# ---------------------------------------------------------------- no hold on record


_KEEPS = frozenset({State.CONTINUE, State.INCREASE, State.AT_CAP_BELOW_TARGET, State.RECHECK})


def beside_the_hold(case: DoseCase, limits: TitrationLimits, advice: DoseAdvice) -> DoseAdvice:
    """What the level asks for where no hold is documented: what led to it is said, and asked about.

    A later level in or below the target says nothing as long as it is not known whether the drug was held.
    Doses given after the trigger show that it was not: then the level is judged as ever (DECISIONS 87).
    """
    hold = case.hold
    if hold is None or hold.documented or not case.dose.taken:
        return with_refuted(case, advice)
    later = hold.has(HoldTrigger.LEVEL) and _in_or_below(case, hold, limits)
    if later and not hold.taken_on and advice.state in _KEEPS:
        return _was_it_held(case, hold, limits, advice)
    if advice.state is State.HOLD or _is_seen(case, hold):
        return advice
    return replace(advice, seen=say("dosing.hold.beside", finding=advice.seen, trigger=trigger_words(hold)))


def _was_it_held(case: DoseCase, hold: OpenHold, limits: TitrationLimits, advice: DoseAdvice) -> DoseAdvice:
    reasons = (Reason.HOLD_NOT_DOCUMENTED, *(r for r in advice.reasons if advice.state is State.RECHECK))
    assert hold.newest is not None
    seen = say(
        "dosing.hold.notDocumented",
        trigger=trigger_words(hold),
        level=result_words(hold.newest),
        dose=decision_dose_words(hold.at_most),
    )
    lower = hold.restart and case.dose.dose and hold.restart.daily_mg < case.dose.dose.daily_mg
    alternatives = (hold.restart,) if hold.restart and lower else ()
    recheck = next_fit_level(case, limits)
    return DoseAdvice(State.RECHECK, RULE, seen, None, reasons, recheck, alternatives)


def _is_seen(case: DoseCase, hold: OpenHold) -> bool:
    """The level that led to the hold is the one that the advice is about."""
    result = hold.trigger.result
    return result is not None and result.reference == case.trough.reference


def with_refuted(case: DoseCase, advice: DoseAdvice) -> DoseAdvice:
    """The advice as it is, saying that the level that led to a hold was no trough (DECISIONS 58)."""
    if case.refuted is None:
        return advice
    seen = say("dosing.hold.refuted", finding=advice.seen, level=result_words(case.refuted))
    return replace(advice, seen=seen, reasons=(*advice.reasons, Reason.LEVEL_REFUTED))


def trigger_words(hold: OpenHold) -> Phrase:
    """What led to the hold."""
    trigger = hold.trigger
    if trigger.cause is HoldTrigger.AKI:
        return say("dosing.hold.aki", day=trigger.day)
    assert trigger.result is not None
    if trigger.cause is HoldTrigger.POTASSIUM:
        return say("dosing.potassium", value=trigger.result.number, day=trigger.day)
    return result_words(trigger.result)
