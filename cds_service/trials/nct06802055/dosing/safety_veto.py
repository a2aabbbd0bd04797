"""Safety has the last word over titration (DECISIONS 32)."""

from collections.abc import Mapping

from msgspec.structs import replace

from cds_service.rules.answers.alerts import Action, Alert, SafetyReport, Severity
from cds_service.rules.answers.dosing_answers import State, TitrationDecision
from cds_service.rules.thresholds import Rule
from cds_service.trials.nct06802055.patient_state.dosing_reasons import Reason
from fhir_mappings.clinical_model.messages import say

_STOPPING = (Action.STOP_REVIEW, Action.HOLD)
"""The stronger one first."""

_AS_STATE = {Action.STOP_REVIEW: State.STOP_REVIEW, Action.HOLD: State.HOLD}
_AFTER_HOLD = {
    State.INITIATE: State.CANNOT_ADVISE,
    State.CANNOT_ADVISE: State.CANNOT_ADVISE,
    State.STOP_REVIEW: State.STOP_REVIEW,
}

_WHILE_HELD = {State.STOP_REVIEW: State.STOP_REVIEW}


def veto(decision: TitrationDecision, safety: SafetyReport, rules: Mapping[str, Rule]) -> TitrationDecision:
    """The decision that stands after safety has been heard.

    A critical finding for the drug that asks for HOLD or STOP_REVIEW replaces every state that keeps, starts
    or raises it; INITIATE becomes CANNOT_ADVISE, and what already gives no dose stays, but for a drug whose
    order is on hold: it is to be kept so. Any other critical
    finding for the drug, or a safety fact that cannot be read, stops a start or an increase.
    """
    critical = [a for a in safety.alerts if a.drug == decision.drug and a.severity is Severity.CRITICAL]
    stopping = sorted((a for a in critical if a.action in _STOPPING), key=lambda a: _STOPPING.index(a.action))
    if stopping:
        return _stopped(decision, stopping[0])
    if critical and decision.state in (State.INITIATE, State.INCREASE):
        return _not_raised(decision, critical[0])
    against = safety.unstarted if decision.state is State.INITIATE else safety.doubtful
    doubts = tuple(phrase for drug, phrase in against if drug == decision.drug)
    if doubts and decision.state in (State.INITIATE, State.INCREASE):
        seen = say("dosing.doubt", why=doubts)
        return replace(
            decision,
            state=State.RECHECK,
            rule=rules["TR-06"],
            seen=seen,
            proposed=None,
            alternatives=(),
            reasons=(*decision.reasons, Reason.SAFETY_DOUBT.value),
        )
    return decision


def _stopped(decision: TitrationDecision, alert: Alert) -> TitrationDecision:
    again = Reason.RESTART_AFTER_HOLD in decision.reasons
    after = _WHILE_HELD if again or decision.on_hold else _AFTER_HOLD
    state = after.get(decision.state, _AS_STATE[alert.action])
    if state is decision.state:
        return replace(decision, proposed=None, alternatives=())
    return _vetoed(decision, alert, state)


def _not_raised(decision: TitrationDecision, alert: Alert) -> TitrationDecision:
    starts = decision.state is State.INITIATE
    return _vetoed(decision, alert, State.CANNOT_ADVISE if starts else State.RECHECK)


def _vetoed(decision: TitrationDecision, alert: Alert, state: State) -> TitrationDecision:
    return replace(
        decision,
        state=state,
        rule=alert.rule,
        seen=say("dosing.veto", finding=alert.seen),
        proposed=None,
        alternatives=(),
        reasons=(*decision.reasons, Reason.SAFETY_VETO.value),
        recheck=None,
    )
