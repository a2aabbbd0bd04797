"""The answers that both study drugs share: no advice, repeat the level, keep the dose, no increase yet."""

from datetime import date

from msgspec.structs import replace

from cds_service.rules.answers.dosing_answers import DoseBounds, Recheck, State, Validity
from cds_service.rules.uneven_doses import uneven_words
from cds_service.trials.nct06802055.dosing.dose_case import (
    DoseAdvice,
    DoseCase,
    case_level_words,
    trough_test,
)
from cds_service.trials.nct06802055.patient_state.doses.current_dose import DoseInForce, DoseStatus, Stopped
from cds_service.trials.nct06802055.patient_state.doses.titration_limits import TitrationLimits
from cds_service.trials.nct06802055.patient_state.dosing_reasons import UNFIT, Reason, reason_words
from cds_service.trials.nct06802055.two_drugs import Drug
from fhir_mappings.clinical_model.calendar import days_after
from fhir_mappings.clinical_model.medications import Dose
from fhir_mappings.clinical_model.messages import Phrase, listing, say


def cannot_advise(rule: str, *reasons: Reason) -> DoseAdvice:
    """No advice, and why."""
    return DoseAdvice(
        State.CANNOT_ADVISE, rule, say("dosing.cannot", why=reason_words(reasons)), reasons=reasons
    )


def dose_unusable(dose: DoseInForce) -> DoseAdvice | None:
    """No advice on a dose that is not known to be taken; None when it is, or when there is none."""
    if dose.status is DoseStatus.CONFLICTING:
        doses = listing(decision_dose_words(claim) for claim in dose.claims)
        seen = say("dosing.conflicting", doses=doses)
        return DoseAdvice(State.CANNOT_ADVISE, "TR-03", seen, reasons=(Reason.CONFLICTING_DOSES,))
    if dose.status is not DoseStatus.NOT_DOCUMENTED:
        return None
    if dose.stopped and dose.drug == Drug.CICLOSPORIN:
        seen = _stopped_words(dose.stopped)
        return DoseAdvice(State.CANNOT_ADVISE, "TR-03", seen, reasons=(Reason.CICLOSPORIN_STOPPED,))
    if dose.not_oral:
        return cannot_advise("TR-03", Reason.DOSE_NOT_DOCUMENTED, Reason.NOT_ORAL)
    if dose.pre_study:
        return cannot_advise("TR-03", Reason.DOSE_NOT_DOCUMENTED, Reason.PRE_STUDY_CICLOSPORIN)
    if dose.held:
        return cannot_advise("TR-03", Reason.DOSE_NOT_DOCUMENTED, Reason.DOSE_ON_HOLD)
    told = cannot_advise("TR-03", Reason.DOSE_NOT_DOCUMENTED)
    if dose.unread is None:
        return told
    return replace(told, seen=say("dosing.doseUnread", finding=told.seen, text=dose.unread))


def _stopped_words(stopped: Stopped) -> Phrase:
    reason: str | Phrase = stopped.reason or say("dosing.stopped.noReason")
    if stopped.day is None:
        return say("dosing.stopped.undated", reason=reason)
    return say("dosing.stopped", day=stopped.day, reason=reason)


def decision_dose_words(dose: Dose) -> Phrase:
    """Amount and interval, or the doses of an uneven day."""
    if dose.parts:
        return uneven_words(dose)
    return say("dosing.dose", amount=dose.amount_mg, hours=dose.every_hours)


def repeat_level(case: DoseCase, limits: TitrationLimits) -> DoseAdvice:
    """The level may not be titrated on: say why, and when a fit one can be had (DECISIONS 25)."""
    trough = case.trough
    unfit = trough.validity if trough.validity in UNFIT else Validity.MISSING
    unsettled = unfit is Validity.NOT_STEADY_STATE
    rule = "TR-02" if unsettled else "TR-01"
    reasons: tuple[str, ...] = (unfit.value,)
    if unsettled and case.reduced_since_sample:
        reasons = (*reasons, Reason.LEVEL_BEFORE_DOSE_CHANGE)
    why = UNFIT[unfit]
    seen = why if trough.value is None else say("dosing.unfit", level=case_level_words(trough), why=why)
    return DoseAdvice(State.RECHECK, rule, seen, reasons=reasons, recheck=next_fit_level(case, limits))


def next_fit_level(case: DoseCase, limits: TitrationLimits) -> Recheck:
    """From the first day at steady state, within the days that a repeat may take."""
    first = max(case.today, case.settled) if case.settled else case.today
    return Recheck(trough_test(case.drug), first, days_after(first, limits.repeat_within_days))


def increase_blocked(
    case: DoseCase, limits: TitrationLimits, finding: Phrase, reasons: tuple[Reason, ...]
) -> DoseAdvice:
    """An increase would be due, but something it needs is missing: RECHECK, naming it."""
    seen = say("dosing.noIncrease", finding=finding, why=reason_words(reasons))
    recheck = first_test(case, limits, reasons[0]) or next_fit_level(case, limits)
    return DoseAdvice(State.RECHECK, _RULES.get(reasons[0], "TR-06"), seen, reasons=reasons, recheck=recheck)


_RULES = {
    Reason.TROUGH_TIME_UNPROVEN: "TR-01",
    Reason.MISSING_CBC: "TR-05",
    Reason.MISSING_ALT: "TR-05",
    Reason.MISSING_CREATININE: "TR-05",
    Reason.RESULTS_UNAVAILABLE: "TR-05",
    Reason.MEDICATIONS_UNAVAILABLE: "TR-03",
    Reason.ORDER_NOT_STARTED: "TR-03",
    Reason.NOT_ORAL: "TR-03",
    Reason.KIDNEY_FAILURE_CODED: "CSA-REN",
    Reason.DOSE_OUTSIDE_BOUNDS: "TR-08",
    Reason.ARM_MISMATCH: "TR-07",
    Reason.CICLOSPORIN_DOSE_UNKNOWN: "TR-03",
    Reason.RENAL_WATCH: "CSA-W",
    Reason.RENAL_UNKNOWN: "CSA-REN",
}
_TESTS = {
    Reason.MISSING_CBC: "cbc",
    Reason.MISSING_ALT: "alt",
    Reason.LIVER_UNKNOWN: "alt",
    Reason.MISSING_CREATININE: "creatinine",
    Reason.KIDNEY_FAILURE_CODED: "creatinine",
    Reason.RENAL_UNKNOWN: "creatinine",
    Reason.RENAL_WATCH: "creatinine",
}


def first_test(case: DoseCase, limits: TitrationLimits, reason: Reason) -> Recheck | None:
    """The test that the first reason asks for: now, unless the kidneys are only to be watched."""
    if reason not in _TESTS:
        return None
    days = limits.creatinine_watch_days if reason is Reason.RENAL_WATCH else 0
    return Recheck(_TESTS[reason], None, days_after(case.today, days))


def unproven(case: DoseCase) -> tuple[Reason, ...]:
    """A trough by assumption never raises a dose (DECISIONS 24)."""
    assumed = case.trough.validity is Validity.ASSUMED_TROUGH
    return (Reason.TROUGH_TIME_UNPROVEN,) if assumed else ()


def common_doubts(case: DoseCase) -> tuple[Reason, ...]:
    """What stops an increase of either drug: an unproven trough, an unread part of the chart."""
    doubts = [*unproven(case)]
    if case.tests.unread:
        doubts.append(Reason.RESULTS_UNAVAILABLE)
    if case.dose.incomplete:
        doubts.append(Reason.MEDICATIONS_UNAVAILABLE)
    if case.dose.pending:
        doubts.append(Reason.ORDER_NOT_STARTED)
    if case.dose.not_oral:
        doubts.append(Reason.NOT_ORAL)
    return tuple(doubts)


def outside_bounds(
    case: DoseCase, allowed: DoseBounds, finding: Phrase, recheck: Recheck, *, raising: bool = False
) -> DoseAdvice | None:
    """What to do when the level would keep a dose that the trial record does not allow; None when it does.

    Above the bounds: down to the highest dose. Below them, or at another interval: the investigator is asked,
    since neither keeping it nor moving it inside the bounds follows from the level. `raising`: the level asks
    for more, so a dose that is only too low needs nobody's leave.
    """
    current = case.dose.dose
    if current is None or allowed.allow(current):
        return None
    too_low = allowed.amount(current) < allowed.low_mg and current.every_hours == allowed.every_hours
    if raising and too_low:
        return None
    reasons = (Reason.DOSE_OUTSIDE_BOUNDS,)
    seen = say("dosing.outside", finding=finding, dose=decision_dose_words(current))
    if allowed.amount(current) > allowed.high_mg:
        dose = allowed.dose(allowed.high_mg)
        return DoseAdvice(State.DECREASE, "TR-08", seen, dose, reasons, recheck)
    return DoseAdvice(State.RECHECK, "TR-08", seen, None, reasons, recheck)


def routine_recheck(case: DoseCase, days: int) -> Recheck:
    """Some days after the level, but not in the past."""
    day: date = days_after(case.trough.day or case.today, days)
    return Recheck(trough_test(case.drug), None, max(day, case.today))


def missing_for_start(
    case: DoseCase, limits: TitrationLimits, more: tuple[Reason, ...] = ()
) -> DoseAdvice | None:
    """RECHECK naming what a start needs and the chart lacks; `more` is what this drug needs besides."""
    needs = {
        Reason.RESULTS_UNAVAILABLE: case.tests.unread,
        Reason.MEDICATIONS_UNAVAILABLE: case.dose.incomplete,
        Reason.NOT_ORAL: case.dose.not_oral,
        Reason.MISSING_CBC: not case.tests.cbc,
        Reason.MISSING_ALT: not case.tests.alt,
        Reason.LIVER_UNKNOWN: None in (case.liver.hold, case.liver.start_low),
    }
    missing = (*(reason for reason, holds in needs.items() if holds), *more)
    if not missing:
        return None
    seen = say("dosing.noStart", why=reason_words(missing))
    return DoseAdvice(State.RECHECK, "TR-05", seen, None, missing, first_test(case, limits, missing[0]))
