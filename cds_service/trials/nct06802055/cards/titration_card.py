"""The dosing card: one study drug, what to do with it, and every safety finding that concerns it."""

from collections.abc import Sequence
from datetime import date

from cds_service.cards.assessment_json import alert_json, titration_json
from cds_service.cards.card_builder import Cuttable, Message, bullets, loudest
from cds_service.cards.card_context import CardContext
from cds_service.cards.dose_text import band_words, dose_words, drug_name, level_words
from cds_service.cards.forecast_text import outlook_lines
from cds_service.cards.translations import Wording
from cds_service.cds_hooks.card import SUMMARY_LIMIT, SelectionBehavior
from cds_service.rules.answers.alerts import Action as Wanted
from cds_service.rules.answers.alerts import Alert, Severity
from cds_service.rules.answers.causes import without_causes
from cds_service.rules.answers.dosing_answers import State, TitrationDecision
from cds_service.rules.answers.renal_answers import RenalFinding, RenalState
from cds_service.rules.lost_words import LOST, newest_of
from cds_service.trials.nct06802055.cards.cause_words import causes_shortened, shorter_and_shorter
from cds_service.trials.nct06802055.cards.dose_offers import CHANGES, HELD, dose_offers, tests_standing
from cds_service.trials.nct06802055.dosing.reasons import WORDS, Reason
from fhir_mappings.clinical_model.medications import Drug
from fhir_mappings.clinical_model.messages import Phrase, say

UNREAD_RULE = "SAF-UNREAD"
PRELIMINARY_RULE = "SAF-PRELIM"
STRENGTH_RULE = "SAF-STRENGTH"
ORDERED_REASON = "CHANGE_ORDERED"
STOPPED_REASON = "CICLOSPORIN_STOPPED"
RESTART_REASON = "RESTART_AFTER_HOLD"
_SHORT = (Reason.HOLD_NOT_DOCUMENTED, Reason.RESTART_ASK, Reason.LEVEL_UNEXPECTED, Reason.HOLD_OPEN)
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
    return Message(
        kind="titration",
        rules=[decision.rule, *(alert.rule for alert in ranked)],
        severity=loudest([_loudness(decision), *(a.severity for a in ranked)]),
        summaries=_summaries(decision, ranked, renal),
        detail=_detail(decision, ranked, renal, today, context),
        decision=titration_json(decision, context.words),
        offers=dose_offers(decision, ranked, patient, today, context),
        extra={"safety": [alert_json(alert, context.words) for alert in ranked]},
        about=decision.drug.value,
        selection=SelectionBehavior.ANY if decision.state in HELD else SelectionBehavior.AT_MOST_ONE,
    )


def _loudness(decision: TitrationDecision) -> Severity:
    """A drug that was stopped by decision is no alarm at every visit."""
    if STOPPED_REASON in decision.reasons:
        return Severity.INFO
    return _LOUD.get(decision.state, Severity.INFO)


def _summaries(decision: TitrationDecision, ranked: Sequence[Alert], renal: RenalFinding) -> list[Phrase]:
    """The act, then why: a critical finding first of all, then a preliminary one, and what was not read.

    A warning that says hold or stop leads, and no other act is named beside it (DECISIONS 57).
    """
    if against := _says_stop(decision, ranked):
        return against
    head = head_of(decision)
    loud = [alert for alert in ranked if alert.severity is Severity.CRITICAL]
    whys = [
        *_critical_results(loud),
        *_more_and_more_shortly(loud[:1]),
        *[alert.partner.name for alert in loud[:1] if alert.partner],
        *[alert.seen for alert in ranked if alert.rule.id == PRELIMINARY_RULE][:1],
        *_unread(ranked),
        *_strength(decision, ranked),
        *shorter_and_shorter(decision.seen, decision.causes),
        *_asked_in_short(decision),
        *_kidney(decision, renal),
        *_measured(decision),
    ]
    return [*(say("titration.summary", head=head, why=why) for why in whys), head]


def _critical_results(loud: Sequence[Alert]) -> list[Phrase]:
    """Several critical findings together, as long as they fit: in full, then in few words (DECISIONS 90).

    What may have brought them about is said once, and goes last of all.
    """
    if len(loud) < 2:
        return []
    bare = [without_causes(alert.seen) for alert in loud]
    short = [_shortly(seen) for seen in bare]
    several = [say("titration.several", seen=tuple(seen)) for seen in (bare, [bare[0], *short[1:]], short)]
    causes = tuple({cause.told: cause for alert in loud for cause in alert.causes}.values())
    return causes_shortened(several, causes)


def _more_and_more_shortly(loud: Sequence[Alert]) -> list[Phrase]:
    return [phrase for alert in loud for phrase in shorter_and_shorter(alert.seen, alert.causes)]


def _shortly(seen: Phrase) -> Phrase:
    """A laboratory finding by its value alone; any other in its own words."""
    values = dict(seen.values)
    inner = values.get("seen")
    if isinstance(inner, Phrase):
        values |= dict(inner.values)
    wanted = IN_SHORT.get(seen.key, "")
    if wanted not in values:
        return seen
    return Phrase(f"{seen.key}.short", ((wanted, values[wanted]),))


IN_SHORT = {"safety.potassium": "value", "safety.aki": "creatinine"}
"""The findings that a headline may shorten, and the value that it must then show."""


def _says_stop(decision: TitrationDecision, ranked: Sequence[Alert]) -> list[Phrase]:
    """The first warning that asks for the drug to be held or stopped where the dosing rules do neither."""
    critical = any(alert.severity is Severity.CRITICAL for alert in ranked)
    if critical or decision.state in (State.HOLD, State.STOP_REVIEW):
        return []
    for alert in ranked:
        if alert.severity is Severity.WARNING and alert.action in _STOPPING and alert.drug is decision.drug:
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


def _strength(decision: TitrationDecision, ranked: Sequence[Alert]) -> list[Phrase]:
    """The question whose answer would tell the dose, where no dose is known without it."""
    return [a.seen for a in ranked if a.rule.id == STRENGTH_RULE and decision.current is None]


def _asked_in_short(decision: TitrationDecision) -> list[Phrase]:
    """What a hold or an unexpected level still asks, where the whole sentence does not fit."""
    return [WORDS[reason] for reason in _SHORT if reason in decision.reasons]


def _kidney(decision: TitrationDecision, renal: RenalFinding) -> list[Phrase]:
    """The renal state in few words, where it and not the level decides."""
    if decision.drug is not Drug.CICLOSPORIN or decision.target is not None or renal.creatinine is None:
        return []
    state = Phrase(f"renal.state.{renal.state}")
    return [say("titration.kidney", state=state, creatinine=renal.creatinine)]


def _measured(decision: TitrationDecision) -> list[Phrase]:
    if decision.trough.value is None:
        return []
    return [say("titration.level", level=level_words(decision.trough), day=decision.trough.day)]


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


def _detail(
    decision: TitrationDecision,
    ranked: Sequence[Alert],
    renal: RenalFinding,
    today: date,
    context: CardContext,
) -> list[str | Cuttable]:
    words = context.words
    kidney = [] if _is_said(renal.seen, [a.seen for a in ranked], words) else _renal_line(decision, renal)
    facts = [_level_line(decision), _dose_line(decision), *kidney]
    facts += [] if _is_told_elsewhere(decision, ranked, renal, words) else [decision.seen]
    facts += [_recheck_line(decision)] if decision.recheck else []
    facts += tests_standing(decision, ranked, today, context)
    blocks: list[str | Cuttable] = [bullets(words.markdown(line) for line in facts)]
    if ranked:
        blocks += [
            f"**{words.markdown(say('titration.safety'))}**",
            bullets(alert_line(a, context) for a in ranked),
        ]
    forecast = outlook_lines(decision)
    if forecast:
        blocks += [
            f"**{words.markdown(say('forecast.title'))}**",
            Cuttable([words.markdown(line) for line in forecast]),
        ]
    return blocks


def _is_told_elsewhere(
    decision: TitrationDecision, ranked: Sequence[Alert], renal: RenalFinding, words: Wording
) -> bool:
    """What the rule saw is not said twice on one card."""
    if _is_said(decision.seen, [*(alert.seen for alert in ranked), *_renal_line(decision, renal)], words):
        return True
    if ranked and ranked[0].severity is Severity.CRITICAL:
        return False
    said = words.plain(say("titration.summary", head=head_of(decision), why=decision.seen))
    return len(said) < SUMMARY_LIMIT


def _is_said(phrase: Phrase, lines: Sequence[Phrase], words: Wording) -> bool:
    """One of the lines already holds the whole sentence."""
    return any(words.plain(phrase) in words.plain(line) for line in lines)


def alert_line(alert: Alert, context: CardContext) -> str:
    """One safety or order finding in a line: what was seen, and what it asks for."""
    severity, action = Phrase(f"severity.{alert.severity}"), Phrase(f"action.{alert.action}")
    return context.words.markdown(say("alert.line", severity=severity, action=action, seen=alert.seen))


def _level_line(decision: TitrationDecision) -> Phrase:
    trough = decision.trough
    validity = Phrase(f"validity.{trough.validity}")
    target = band_words(decision.drug, decision.target) if decision.target else say("level.noTarget")
    if trough.value is None:
        return say("titration.noLevelLine", validity=validity, target=target)
    line = say(
        "titration.levelLine", level=level_words(trough), day=trough.day, validity=validity, target=target
    )
    before = decision.previous
    if before is None or before.value is None:
        return line
    return say("titration.previous", line=line, level=level_words(before), day=before.day)


def _dose_line(decision: TitrationDecision) -> Phrase:
    current = dose_words(decision.current)
    if decision.state is State.INITIATE:
        again = RESTART_REASON in decision.reasons
        key = "titration.doseRestart" if again else "titration.doseStart"
        return Phrase(key, (("proposed", dose_words(decision.proposed)),))
    if decision.state in CHANGES:
        return say("titration.doseChange", current=current, proposed=dose_words(decision.proposed))
    if decision.on_hold and decision.on_hold_since:
        return say("titration.doseHeldSince", day=decision.on_hold_since)
    return say("titration.doseHeld") if decision.on_hold else say("titration.doseNow", current=current)


def _renal_line(decision: TitrationDecision, renal: RenalFinding) -> list[Phrase]:
    if decision.drug is not Drug.CICLOSPORIN or renal.state is RenalState.NORMAL:
        return []
    return [say("titration.renal", state=Phrase(f"renal.state.{renal.state}"), seen=renal.seen)]


def _recheck_line(decision: TitrationDecision) -> Phrase:
    recheck = decision.recheck
    assert recheck is not None
    test = Phrase(f"test.{recheck.test}")
    if recheck.not_before and recheck.by:
        return say("recheck.window", test=test, first=recheck.not_before, last=recheck.by)
    return say("recheck.by", test=test, last=recheck.by or recheck.not_before)
