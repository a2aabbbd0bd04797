"""What stands on a dosing card under its headline: first what has to be seen, then why."""

from collections.abc import Sequence
from datetime import date

from cds_service.cards.card_builder import Cuttable, bullets
from cds_service.cards.card_context import CardContext
from cds_service.cards.dose_text import band_words, dose_words, level_words
from cds_service.cards.first_look import alert_line, dangers, place_of, untold
from cds_service.cards.forecast_text import outlook_lines
from cds_service.cards.tests_to_order import already_ordered
from cds_service.cards.translations import Wording
from cds_service.rules.answers.alerts import Alert, Severity
from cds_service.rules.answers.dosing_answers import State, TitrationDecision
from cds_service.rules.answers.renal_answers import RenalFinding, RenalState
from cds_service.trials.nct06802055.cards.dose_offers import CHANGES, HELD, wanted_tests
from cds_service.trials.nct06802055.two_drugs import Drug
from fhir_mappings.clinical_model.messages import Phrase, say

RESTART_REASON = "RESTART_AFTER_HOLD"


def first_lines(
    decision: TitrationDecision, ranked: Sequence[Alert], text: str, today: date, context: CardContext
) -> list[str]:
    """What the headline `text` leaves out: dangers, the reason, a hold, the next test, what is ordered."""
    words = context.words
    loud = dangers(ranked, text, context, stops=decision.state in HELD)
    lines = [*loud.values(), *_reason(decision, ranked, text, words)]
    if decision.on_hold:
        lines.append(words.markdown(_dose_line(decision)))
    if decision.recheck and not _is_next_told(decision, text, words):
        lines.append(words.markdown(_recheck_line(decision, in_short=True)))
    wanted = wanted_tests(decision, ranked, today)
    lines += [words.markdown(line) for line in already_ordered(wanted, today, context)]
    return [bullets(lines)] if lines else []


def _reason(decision: TitrationDecision, ranked: Sequence[Alert], text: str, words: Wording) -> list[str]:
    """What the rule saw and the headline does not hold; a hold for a critical finding is reason enough."""
    if decision.state in HELD and ranked and ranked[0].severity is Severity.CRITICAL:
        return []
    left = untold(decision.seen, text, words)
    return [left] if left else []


def _is_next_told(decision: TitrationDecision, text: str, words: Wording) -> bool:
    again = decision.recheck
    return bool(again and again.by and words.plain(say("titration.next", day=again.by)) in text)


def why_lines(
    decision: TitrationDecision,
    ranked: Sequence[Alert],
    renal: RenalFinding,
    text: str,
    context: CardContext,
) -> list[str | Cuttable]:
    """The level, the dose, the kidneys, every finding that has no line of its own above, and the forecast."""
    words = context.words
    kidney = []
    may_tell = decision.drug == Drug.CICLOSPORIN and renal.state is not RenalState.NORMAL
    if may_tell and not _is_said(renal.seen, [a.seen for a in ranked], words):
        kidney = [say("titration.renal", state=Phrase(f"renal.state.{renal.state}"), seen=renal.seen)]
    facts = [_level_line(decision), _dose_line(decision), *kidney]
    again = decision.recheck
    if again and (again.not_before or _is_next_told(decision, text, words)):  # its line above says less
        facts.append(_recheck_line(decision))
    if not _reason(decision, ranked, text, words) and untold(decision.seen, text, words):
        facts += (
            [] if _is_said(decision.seen, [*(a.seen for a in ranked), *kidney], words) else [decision.seen]
        )
    blocks: list[str | Cuttable] = [bullets(words.markdown(line) for line in facts)]
    shown = dangers(ranked, text, context, stops=decision.state in HELD)
    rest = [alert_line(a, context) for n, a in enumerate(ranked) if place_of(n, a) not in shown]
    if rest:
        blocks += [f"**{words.markdown(say('titration.safety'))}**", bullets(rest)]
    forecast = outlook_lines(decision)
    if forecast:
        blocks += [
            f"**{words.markdown(say('forecast.title'))}**",
            Cuttable([words.markdown(line) for line in forecast]),
        ]
    return blocks


def _is_said(phrase: Phrase, lines: Sequence[Phrase], words: Wording) -> bool:
    """One of the lines already holds the whole sentence."""
    return any(words.plain(phrase) in words.plain(line) for line in lines)


def _level_line(decision: TitrationDecision) -> Phrase:
    trough = decision.trough
    validity = Phrase(f"validity.{trough.validity}")
    target = band_words(decision.target) if decision.target else say("level.noTarget")
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


def _recheck_line(decision: TitrationDecision, *, in_short: bool = False) -> Phrase:
    recheck = decision.recheck
    assert recheck is not None
    test = Phrase(f"test.{recheck.test}")
    if recheck.not_before and recheck.by:
        window = (("first", recheck.not_before), ("last", recheck.by), ("test", test))
        return Phrase("recheck.first" if in_short else "recheck.window", window)
    return say("recheck.by", test=test, last=recheck.by or recheck.not_before)
