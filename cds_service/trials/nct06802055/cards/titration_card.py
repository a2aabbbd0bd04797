"""The dosing card: one study drug, what to do with it, and every safety finding that concerns it."""

from collections.abc import Sequence
from datetime import date

from cds_service.cards.assessment_json import alert_json, titration_json
from cds_service.cards.card_builder import Message, loudest
from cds_service.cards.card_context import CardContext
from cds_service.cards.dose_text import dose_words, drug_name, level_words
from cds_service.cards.first_look import PRELIMINARY_RULE, STRENGTH_RULE, UNREAD_RULE, headline
from cds_service.cards.in_short import shortly
from cds_service.cds_hooks.card import SelectionBehavior
from cds_service.rules.answers.alerts import Action as Wanted
from cds_service.rules.answers.alerts import Alert, Severity
from cds_service.rules.answers.causes import without_causes
from cds_service.rules.answers.dosing_answers import State, TitrationDecision
from cds_service.rules.answers.renal_answers import RenalFinding
from cds_service.rules.lost_words import LOST, newest_of
from cds_service.trials.nct06802055.cards.cause_words import causes_shortened
from cds_service.trials.nct06802055.cards.dose_offers import HELD, dose_offers
from cds_service.trials.nct06802055.cards.titration_detail import RESTART_REASON, first_lines, why_lines
from cds_service.trials.nct06802055.patient_state.dosing_reasons import WORDS, Reason
from cds_service.trials.nct06802055.two_drugs import Drug
from fhir_mappings.clinical_model.messages import Phrase, say

ORDERED_REASON = "CHANGE_ORDERED"
STOPPED_REASON = "CICLOSPORIN_STOPPED"
_ASKED_IN_SHORT = (
    Reason.HOLD_NOT_DOCUMENTED,
    Reason.RESTART_ASK,
    Reason.LEVEL_UNEXPECTED,
    Reason.HOLD_OPEN,
)
"""What a hold or an unexpected level still asks, where the whole sentence does not fit."""
_STOPPING = (Wanted.HOLD, Wanted.STOP_REVIEW)
_LOUD = {
    State.INCREASE: Severity.WARNING,
    State.DECREASE: Severity.WARNING,
    State.HOLD: Severity.WARNING,
    State.STOP_REVIEW: Severity.WARNING,
    State.CANNOT_ADVISE: Severity.WARNING,
}


def titration_message(
    decision: TitrationDecision,
    ranked: Sequence[Alert],
    renal: RenalFinding,
    patient: str,
    today: date,
    context: CardContext,
) -> Message:
    """The card for one drug; `ranked` are the safety findings about it or the patient, loudest first."""
    summaries = _summaries(decision, ranked, renal)
    text = headline(summaries, context.words)
    stopped = STOPPED_REASON in decision.reasons  # by decision: no alarm at every visit
    own = Severity.INFO if stopped else _LOUD.get(decision.state, Severity.INFO)
    return Message(
        kind="titration",
        rules=[decision.rule, *(alert.rule for alert in ranked)],
        severity=loudest([own, *(a.severity for a in ranked)]),
        summaries=summaries,
        detail=first_lines(decision, ranked, text, today, context),
        why=why_lines(decision, ranked, renal, text, context),
        decision=titration_json(decision, context.words),
        offers=dose_offers(decision, ranked, patient, today, context),
        extra={"safety": [alert_json(alert, context.words) for alert in ranked]},
        about=str(decision.drug),
        selection=SelectionBehavior.ANY if decision.state in HELD else SelectionBehavior.AT_MOST_ONE,
    )


def _summaries(decision: TitrationDecision, ranked: Sequence[Alert], renal: RenalFinding) -> list[Phrase]:
    """The act, then why: a critical finding first of all, then a preliminary one, and what was not read.

    A warning that says hold or stop leads, and no other act is named beside it (DECISIONS 57).
    """
    if against := _says_stop(decision, ranked):
        return against
    head = head_of(decision)
    loud = [alert for alert in ranked if alert.severity is Severity.CRITICAL]
    asked = [] if decision.current else [a.seen for a in ranked if a.rule.id == STRENGTH_RULE]
    whys = [
        *_critical_results(loud),
        *[s for a in loud[:1] for s in causes_shortened([without_causes(a.seen)], a.causes)],
        *[alert.partner.name for alert in loud[:1] if alert.partner],
        *[alert.seen for alert in ranked if alert.rule.id == PRELIMINARY_RULE][:1],
        *_unread(ranked),
        *asked,  # whose answer would tell the dose
        *causes_shortened([without_causes(decision.seen)], decision.causes),
        *[WORDS[reason] for reason in _ASKED_IN_SHORT if reason in decision.reasons],
        *_decides(decision, renal),
    ]
    said = [say("titration.summary", head=head, why=why) for why in whys]
    return [*_with_next(decision, said), *said, head]


def _with_next(decision: TitrationDecision, said: Sequence[Phrase]) -> list[Phrase]:
    """Where nothing changes the headline is all there is to read: it names the next level as well."""
    again = decision.recheck
    if decision.state is not State.CONTINUE or not said or not again or again.not_before or not again.by:
        return []
    return [say("titration.summaryNext", said=said[0], next=say("titration.next", day=again.by))]


def _critical_results(loud: Sequence[Alert]) -> list[Phrase]:
    """Several critical findings together, as long as they fit: in full, then in few words (DECISIONS 90).

    What may have brought them about is said once, and goes last of all.
    """
    if len(loud) < 2:
        return []
    bare = [without_causes(alert.seen) for alert in loud]
    short = [shortly(seen) for seen in bare]
    several = [say("titration.several", seen=tuple(seen)) for seen in (bare, [bare[0], *short[1:]], short)]
    causes = tuple({cause.told: cause for alert in loud for cause in alert.causes}.values())
    return causes_shortened(several, causes)


def _says_stop(decision: TitrationDecision, ranked: Sequence[Alert]) -> list[Phrase]:
    """The first warning that asks for the drug to be held or stopped where the dosing rules do neither."""
    critical = any(alert.severity is Severity.CRITICAL for alert in ranked)
    if critical or decision.state in (State.HOLD, State.STOP_REVIEW):
        return []
    for alert in ranked:
        if alert.severity is Severity.WARNING and alert.action in _STOPPING and alert.drug == decision.drug:
            name, action = drug_name(decision.drug), Phrase(f"action.{alert.action}")
            return [
                say("safety.summary", drug=name, seen=alert.seen, action=action),
                say("safety.short", drug=name, action=action),
            ]
    return []


def _unread(ranked: Sequence[Alert]) -> list[Phrase]:
    """The first entry that could not be read, in its own words, with and without the reason; or that there is
    one."""
    seen = [newest_of(alert.seen) for alert in ranked if alert.rule.id == UNREAD_RULE]
    if not seen:
        return []
    short = [Phrase(f"lost.short.{s.key.removeprefix('lost.')}", s.values) for s in seen if s.key in LOST]
    return [seen[0], *short[:1], say("titration.unread")]


def _decides(decision: TitrationDecision, renal: RenalFinding) -> list[Phrase]:
    """In few words the renal state, where it and not the level decides; then the level."""
    told = []
    if decision.drug == Drug.CICLOSPORIN and decision.target is None and renal.creatinine is not None:
        state = Phrase(f"renal.state.{renal.state}")
        told.append(say("titration.kidney", state=state, creatinine=renal.creatinine))
    if decision.trough.value is not None:
        told.append(say("titration.level", level=level_words(decision.trough), day=decision.trough.day))
    return told


def head_of(decision: TitrationDecision) -> Phrase:
    """What to do with the drug, without the reason."""
    if ORDERED_REASON in decision.reasons:
        return say("titration.head.ordered", drug=drug_name(decision.drug))
    if decision.on_hold and decision.state is State.HOLD:
        return say("titration.head.held", drug=drug_name(decision.drug))
    again = decision.state is State.INITIATE and RESTART_REASON in decision.reasons
    return Phrase(
        "titration.head.restart" if again else f"titration.head.{decision.state}",
        (
            ("current", dose_words(decision.current)),
            ("drug", drug_name(decision.drug)),
            ("proposed", dose_words(decision.proposed)),
        ),
    )
