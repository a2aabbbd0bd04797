"""A change of dose that is ordered and not yet begun: wait for it, propose none beside it (DECISIONS 84)."""

from cds_service.protocol.answers.dosing import Recheck, State
from cds_service.protocol.dosing.dosing_answers import dose_words, first_test
from cds_service.protocol.dosing.dosing_case import Advice, DoseCase, trough_test
from cds_service.protocol.dosing.reasons import Reason
from cds_service.protocol.dosing.tablets import bounds
from cds_service.protocol.dosing.titration_limits import TitrationLimits
from fhir_mappings.vocabulary.calendar import days_after
from fhir_mappings.vocabulary.medications import Dose, Drug
from fhir_mappings.vocabulary.phrases import Phrase, say

_WAITING = frozenset(
    {State.CONTINUE, State.INCREASE, State.DECREASE, State.AT_CAP_BELOW_TARGET, State.RECHECK}
)


def after_an_order(case: DoseCase, limits: TitrationLimits, advice: Advice) -> Advice:
    """The advice, or that the change is ordered and its level comes next.

    Never where the drug is to be held or stopped, where the order lies outside the bounds, or where it raises
    a dose that the rules lower. A test that is asked for all the same stays asked for.
    """
    if not _waits(case, limits, advice):
        return advice
    reasons = advice.reasons if advice.state is State.RECHECK else ()
    kept = tuple(r for r in reasons if r not in (Reason.ORDER_NOT_STARTED, *_OVERTAKEN))
    named = (Reason(reason) for reason in kept if reason in Reason.__members__)
    asked = next((test for reason in named if (test := first_test(case, limits, reason))), None)
    return Advice(
        State.RECHECK,
        "TR-03",
        _words(case),
        reasons=(Reason.CHANGE_ORDERED, *kept),
        recheck=asked or _level_after(case, limits),
    )


_OVERTAKEN = ("NOT_STEADY_STATE", "STALE", "MISSING")
"""What is wrong with the last level is of no matter once another dose is on its way."""


def _waits(case: DoseCase, limits: TitrationLimits, advice: Advice) -> bool:
    dose = case.dose
    if dose.pending is None or dose.pending_since is None:
        return False
    if (case.today - dose.pending_since).days > limits.change_ordered_days:
        return False
    if not bounds(case.drug, case.renal_state, limits).allow(dose.pending):
        return False
    if advice.state is State.CANNOT_ADVISE:
        return advice.reasons == (Reason.DOSE_NOT_DOCUMENTED,)
    return advice.state in _WAITING and not _raises_what_is_to_be_lowered(dose.pending, advice)


def _raises_what_is_to_be_lowered(ordered: Dose, advice: Advice) -> bool:
    if advice.state is not State.DECREASE or advice.proposed is None:
        return False
    return ordered.daily_mg > advice.proposed.daily_mg


def _words(case: DoseCase) -> Phrase:
    assert case.dose.pending is not None
    ordered = dose_words(case.dose.pending)
    if case.dose.pending_since == case.today:
        return say("dosing.changeOrdered.today", dose=ordered)
    return say("dosing.changeOrdered", dose=ordered, day=case.dose.pending_since)


def _level_after(case: DoseCase, limits: TitrationLimits) -> Recheck:
    """The level of the new dose, as if it had been begun on the day of the order."""
    assert case.dose.pending_since is not None
    sirolimus = case.drug is Drug.SIROLIMUS
    window = limits.sirolimus_change_recheck if sirolimus else limits.ciclosporin_change_recheck
    first, last = (days_after(case.dose.pending_since, days) for days in window)
    return Recheck(trough_test(case.drug), first, last)
