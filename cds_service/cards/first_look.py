"""What stands on a card before "Why, sources": the headline, and every danger that it leaves out."""

from collections.abc import Iterable, Sequence

from cds_service.cards.card_context import CardContext
from cds_service.cards.in_short import shortly
from cds_service.cards.translations import Wording
from cds_service.cds_hooks.card import SUMMARY_LIMIT, SummaryTooLong
from cds_service.rules.answers.alerts import Action as Wanted
from cds_service.rules.answers.alerts import Alert, Severity
from cds_service.rules.answers.causes import without_causes
from cds_service.rules.lost_words import LOST, newest_of
from fhir_mappings.clinical_model.messages import Phrase, say

UNREAD_RULE = "SAF-UNREAD"
PRELIMINARY_RULE = "SAF-PRELIM"
STRENGTH_RULE = "SAF-STRENGTH"
_SEEN_ANYWAY = (UNREAD_RULE, PRELIMINARY_RULE, STRENGTH_RULE)
"""What was not read, or not read with certainty, is said where the doctor looks, however loud it is."""

STOPPING = (Wanted.HOLD, Wanted.STOP_REVIEW)


def headline(summaries: Sequence[Phrase], words: Wording) -> str:
    """The fullest summary that fits; a long one may lose its last clauses, which stand below it.

    Raises SummaryTooLong.
    """
    clause = words.sentences["join.clause"]
    for text in map(words.plain, summaries):
        parts = text.split(clause)
        for count in range(len(parts), 0, -1):
            kept = clause.join(parts[:count])
            if len(kept) < SUMMARY_LIMIT:
                return kept
    raise SummaryTooLong(SUMMARY_LIMIT)


def untold(sentence: Phrase, text: str, words: Wording) -> str:
    """The clauses of a sentence that a headline does not hold, as Markdown; "" where it holds them all."""
    clause = words.sentences["join.clause"]
    said, marked = words.plain(sentence).split(clause), words.markdown(sentence).split(clause)
    if len(said) != len(marked):  # a quote from the record may hold the clause's mark in one of them only
        return words.markdown(sentence)
    return clause.join(m for s, m in zip(said, marked, strict=True) if s not in text)


def alert_line(alert: Alert, context: CardContext) -> str:
    """One safety or order finding in a line: what was seen, and what it asks for."""
    severity, action = Phrase(f"severity.{alert.severity}"), Phrase(f"action.{alert.action}")
    return context.words.markdown(say("alert.line", severity=severity, action=action, seen=alert.seen))


def dangers(
    ranked: Iterable[Alert], text: str, context: CardContext, *, stops: bool = False
) -> dict[str, str]:
    """A line for each loud finding of which the headline `text` leaves anything out, by its `place_of`.

    `stops`: the headline says to hold or stop the drug.
    """
    loud = ((place_of(n, alert), alert) for n, alert in enumerate(ranked) if _is_loud(alert))
    lines = {place: _line(alert, text, context, stops=stops) for place, alert in loud}
    return {place: line for place, line in lines.items() if line}


def place_of(number: int, alert: Alert) -> str:
    """Names a finding among those of its card."""
    return f"{number} {alert.rule.id}"


def _is_loud(alert: Alert) -> bool:
    return alert.severity is not Severity.INFO or alert.rule.id in _SEEN_ANYWAY


def _line(alert: Alert, text: str, context: CardContext, *, stops: bool) -> str:
    """The whole finding; what of it the headline leaves out; or "" where it says it all."""
    words = context.words
    asked = words.plain(Phrase(f"action.{alert.action}"))
    if not (asked in text or (stops and alert.action in STOPPING)) or _hides_its_cause(alert, text, words):
        return alert_line(alert, context)
    if any(words.plain(form) in text for form in _in_few_words(alert)):
        return ""
    rest = untold(alert.seen, text, words)
    return alert_line(alert, context) if rest == words.markdown(alert.seen) else rest


def _hides_its_cause(alert: Alert, text: str, words: Wording) -> bool:
    return any(words.plain(cause.short) not in text for cause in alert.causes)


def _in_few_words(alert: Alert) -> list[Phrase]:
    """The forms in which a headline may say a finding."""
    bare, newest = without_causes(alert.seen), newest_of(alert.seen)
    short = f"lost.short.{newest.key.removeprefix('lost.')}"
    lost = [Phrase(short, newest.values)] if newest.key in LOST and newest is alert.seen else []
    return [alert.seen, bare, shortly(bare), *lost]
