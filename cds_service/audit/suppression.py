"""Which cards are held back, and until when; pure, over plain values.

A card is quiet only while every rule on it is silenced and still sees what it saw, and never louder or in
another state than when it was silenced. Nothing critical is ever quiet.
"""

import re
from collections.abc import Sequence
from datetime import datetime, timedelta
from enum import StrEnum

import msgspec

from cds_service.audit.audit_records import GivenCard, HeldBack
from cds_service.cds_hooks.feedback_request import CardReaction, FeedbackOutcome
from cds_service.rules.suppression_limits import Restraint

_LOUDNESS = ("info", "warning", "critical")
_SNOOZE = re.compile(r"urn:aa-cds:CodeSystem/override-reason\|snooze-(?P<days>\d{1,3})")
TRIAL_CARD = "eligibility"


class Because(StrEnum):
    """Why a card is held back."""

    SNOOZED = "snoozed"
    ACKNOWLEDGED = "acknowledged"
    SHOWN_RECENTLY = "shown-recently"


class Snooze(msgspec.Struct, frozen=True):
    """A rule of one patient that shall be quiet until then, while its inputs and the card's state stay."""

    rule: str
    inputs: str
    state: str
    severity: str
    because: Because
    until: datetime


class Shown(msgspec.Struct, frozen=True):
    """A trial card that was given."""

    card: str
    facts: str
    at: datetime


class AdviceHistory(msgspec.Struct, frozen=True):
    """What was silenced and shown for one patient at one site."""

    silences: Sequence[Snooze] = ()
    shown: Sequence[Shown] = ()


def quiet(card: GivenCard, history: AdviceHistory, now: datetime, restraint: Restraint) -> HeldBack | None:
    """Shall this card be held back, and until when? None: give it."""
    if not card.may_be_quiet:
        return None
    return _silenced(card, history.silences, now) or _shown_recently(card, history.shown, now, restraint)


def _silenced(card: GivenCard, silences: Sequence[Snooze], now: datetime) -> HeldBack | None:
    longest: list[Snooze] = []
    for rule in card.rules:
        own = [
            s
            for s in silences
            if (s.rule, s.inputs, s.state) == (rule.id, rule.inputs, card.state)
            and _LOUDNESS.index(card.severity) <= _LOUDNESS.index(s.severity)
            and now < s.until
        ]
        if not own:
            return None
        longest.append(max(own, key=lambda s: s.until))
    if not longest:
        return None
    first = min(longest, key=lambda s: s.until)
    return _held_back(card, first.because, first.until)


def _shown_recently(
    card: GivenCard, shown: Sequence[Shown], now: datetime, restraint: Restraint
) -> HeldBack | None:
    """A call that is repeated gets its own card again."""
    if card.kind != TRIAL_CARD or any(before.card == card.card for before in shown):
        return None
    pause = timedelta(days=restraint.trial_card_days)
    back = [before.at + pause for before in shown if before.facts == card.facts and before.at <= now]
    until = max(back, default=now)
    return _held_back(card, Because.SHOWN_RECENTLY, until) if now < until else None


def _held_back(card: GivenCard, because: Because, until: datetime) -> HeldBack:
    return HeldBack(card.kind, tuple(rule.id for rule in card.rules), because.value, until)


def quiet_asked_for(
    state: str, severity: str, reasons_offered: Sequence[str], reaction: CardReaction, restraint: Restraint
) -> tuple[Because, int] | None:
    """What a reaction silences its card for, in days; None for nothing, and always for a critical card."""
    if severity == "critical":
        return None
    snooze = _SNOOZE.fullmatch(reaction.reason or "")
    if snooze and reaction.outcome is FeedbackOutcome.OVERRIDDEN and reaction.reason in reasons_offered:
        return Because.SNOOZED, int(snooze["days"])
    if state in restraint.quiet_states:
        return Because.ACKNOWLEDGED, restraint.acknowledged_days
    return None
