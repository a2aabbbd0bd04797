"""A change of dose that is ordered and not yet begun: wait for it, propose none beside it (DECISIONS 84)."""

from datetime import date

import msgspec
from msgspec.structs import replace

from cds_service.rules.answers.dosing_answers import Recheck, State
from cds_service.trials.nct06802055.dosing.dose_case import DoseAdvice, DoseCase, trough_test
from cds_service.trials.nct06802055.dosing.shared_decisions import decision_dose_words, first_test
from cds_service.trials.nct06802055.patient_state.doses.dose_bounds import bounds
from cds_service.trials.nct06802055.patient_state.doses.titration_limits import TitrationLimits
from cds_service.trials.nct06802055.patient_state.dosing_reasons import Reason
from cds_service.trials.nct06802055.two_drugs import Drug
from fhir_mappings.clinical_model.calendar import days_after
from fhir_mappings.clinical_model.medications import Dose
from fhir_mappings.clinical_model.messages import Phrase

_WAITING = frozenset(
    {State.CONTINUE, State.INCREASE, State.DECREASE, State.AT_CAP_BELOW_TARGET, State.RECHECK}
)


class _Coming(msgspec.Struct, frozen=True):
    """Another dose on its way: signed and not begun, or only written."""

    dose: Dose
    since: date
    signed: bool


def after_an_order(case: DoseCase, limits: TitrationLimits, advice: DoseAdvice) -> DoseAdvice:
    """The advice, or that the change is ordered and its level comes next.

    Never where the drug is to be held or stopped, where the order lies outside the bounds, or where it raises
    a dose that the rules lower. A test that is asked for all the same stays asked for. An order that is only
    written counts alike, so that no second one is suggested (DECISIONS 85); it is said that nobody signed it.
    """
    coming = _coming(case, limits)
    if coming is None or not _waits(coming, case, limits, advice):
        return _never_begun(case, limits, advice)
    kept = tuple(r for r in advice.reasons if _stays(r, advice))
    named = (Reason(reason) for reason in kept if reason in Reason.__members__)
    asked = next((test for reason in named if (test := first_test(case, limits, reason))), None)
    said = _words(coming, case)
    both = coming.signed and case.dose.unended  # the order before it is active still: both might be taken
    return DoseAdvice(
        State.RECHECK,
        "TR-03",
        Phrase("dosing.changeOrdered.oldGoesOn", (("finding", said),)) if both else said,
        reasons=(Reason.CHANGE_ORDERED, *((Reason.CONFLICTING_DOSES,) if both else ()), *kept),
        recheck=asked or _control_of(advice, coming, case) or _level_after(coming, case, limits),
    )


def _never_begun(case: DoseCase, limits: TitrationLimits, advice: DoseAdvice) -> DoseAdvice:
    """An order of another dose that has waited for too long is said beside the dose that is taken, and one of
    whatever day beside another first dose, or where the trial record does not allow it."""
    ordered, day = case.dose.pending, case.dose.pending_since
    if ordered is None or day is None or ordered == advice.proposed:
        return advice
    is_old = (case.today - day).days > limits.change_ordered_days
    is_allowed = bounds(case.drug, case.renal.standing, limits).allow(ordered)
    if advice.state is not State.INITIATE and not ((is_old or not is_allowed) and advice.state in _UNCHANGED):
        return advice
    return _said_beside(ordered, day, advice, is_allowed=is_allowed)


def _said_beside(ordered: Dose, day: date, advice: DoseAdvice, *, is_allowed: bool) -> DoseAdvice:
    """The order in words; one outside the bounds has to be settled before the dose that is taken goes on."""
    is_said = Reason.ORDER_NOT_STARTED in advice.reasons
    key = "dosing.orderedBefore" if is_said else "dosing.orderNotBegun"
    seen = Phrase(key, (("day", day), ("dose", decision_dose_words(ordered)), ("finding", advice.seen)))
    reasons = tuple(dict.fromkeys((*advice.reasons, Reason.ORDER_NOT_STARTED)))
    if is_allowed or advice.state is State.INITIATE:
        return replace(advice, seen=seen, reasons=reasons)
    reasons = tuple(dict.fromkeys((*reasons, Reason.DOSE_OUTSIDE_BOUNDS)))
    outside = Phrase("dosing.orderedOutside", (("finding", seen),))
    return replace(advice, state=State.RECHECK, rule="TR-08", seen=outside, proposed=None, reasons=reasons)


_UNCHANGED = (State.CONTINUE, State.AT_CAP_BELOW_TARGET, State.RECHECK)
_ASKED_ALL_THE_SAME = frozenset({Reason.LEVEL_UNEXPECTED, Reason.HOLD_NOT_DOCUMENTED})
"""The level that these want again is not made good by the level of another dose."""
_OVERTAKEN = ("NOT_STEADY_STATE", "STALE", "MISSING")
"""What is wrong with the last level is of no matter once another dose is on its way."""


def _stays(reason: str, advice: DoseAdvice) -> bool:
    """What is asked beside the change; and that a dose comes after a hold, since more is looked at then."""
    if advice.state is State.RECHECK:
        return reason not in (Reason.ORDER_NOT_STARTED, *_OVERTAKEN)
    return reason == Reason.RESTART_AFTER_HOLD


def _coming(case: DoseCase, limits: TitrationLimits) -> _Coming | None:
    """The newer of the two that is not too old; a written one says nothing that is in force already."""
    dose, found = case.dose, []
    if dose.pending and dose.pending_since:
        found.append(_Coming(dose.pending, dose.pending_since, signed=True))
    if dose.drafted and dose.drafted_since and dose.drafted != dose.dose:
        found.append(_Coming(dose.drafted, dose.drafted_since, signed=False))
    recent = [one for one in found if (case.today - one.since).days <= limits.change_ordered_days]
    return max(recent, key=lambda one: one.since, default=None)


def _waits(coming: _Coming, case: DoseCase, limits: TitrationLimits, advice: DoseAdvice) -> bool:
    if not bounds(case.drug, case.renal.standing, limits).allow(coming.dose):
        return False
    if advice.state is State.CANNOT_ADVISE:
        return advice.reasons == (Reason.DOSE_NOT_DOCUMENTED,)
    if advice.state is State.INITIATE:
        return coming.dose == advice.proposed
    return advice.state in _WAITING and not _raises_what_is_to_be_lowered(coming.dose, advice)


def _raises_what_is_to_be_lowered(ordered: Dose, advice: DoseAdvice) -> bool:
    if advice.state is not State.DECREASE or advice.proposed is None:
        return False
    return ordered.daily_mg > advice.proposed.daily_mg


def _words(coming: _Coming, case: DoseCase) -> Phrase:
    dose, day = decision_dose_words(coming.dose), coming.since
    if day == case.today:
        today = "dosing.changeOrdered.today" if coming.signed else "dosing.changeDrafted.today"
        return Phrase(today, (("dose", dose),))
    key = "dosing.changeOrdered" if coming.signed else "dosing.changeDrafted"
    return Phrase(key, (("day", day), ("dose", dose)))


def _control_of(advice: DoseAdvice, coming: _Coming, case: DoseCase) -> Recheck | None:
    """What the advice itself looks at next: after its own change as counted from the day of the order, else
    only what the level of another dose does not overtake."""
    own = advice.recheck
    if own is None:
        return None
    if advice.state in (State.DECREASE, State.INITIATE):
        return _since(coming.since, own, case.today)
    stays = own.test != trough_test(case.drug) or _ASKED_ALL_THE_SAME.intersection(advice.reasons)
    return own if stays else None


def _since(ordered: date, control: Recheck, today: date) -> Recheck:
    """Some days after today as the same after the order, and not in the past."""
    earlier = -(today - ordered).days
    first = control.not_before and max(today, days_after(control.not_before, earlier))
    return Recheck(control.test, first, control.by and max(today, days_after(control.by, earlier)))


def _level_after(coming: _Coming, case: DoseCase, limits: TitrationLimits) -> Recheck:
    """The level of the new dose, as if it had been begun on the day of the order."""
    sirolimus = case.drug == Drug.SIROLIMUS
    window = limits.sirolimus_change_recheck if sirolimus else limits.ciclosporin_change_recheck
    first, last = (days_after(coming.since, days) for days in window)
    return Recheck(trough_test(case.drug), first, last)
