"""What every card has in common: its uuid, source, footer, override reasons and the decision extension."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid5

from cds_service.cards.context import CardContext
from cds_service.cards.wording import Wording
from cds_service.hooks.card import (
    SUMMARY_LIMIT,
    Action,
    Card,
    Coding,
    Indicator,
    Link,
    SelectionBehavior,
    Source,
    Suggestion,
)
from cds_service.protocol.decisions import Severity
from cds_service.protocol.parameters import Rule
from fhir_mappings.vocabulary.phrases import Phrase, say

EXTENSION = "org.aa-cds.decision"
TOPICS = "urn:aa-cds:CodeSystem/topic"
OVERRIDES = "urn:aa-cds:CodeSystem/override-reason"
REGISTRY = "https://clinicaltrials.gov/study/NCT06802055"
_NAMESPACE = UUID("6f1f5f0e-6f0c-5b52-9a53-0680205500aa")
_LOUDNESS = (Severity.INFO, Severity.WARNING, Severity.CRITICAL)

TRIAL_OVERRIDES = (
    "known-ineligible",
    "already-discussed",
    "patient-declined",
    "snooze-7",
    "snooze-30",
    "snooze-90",
    "data-wrong",
    "other",
)
DOSE_OVERRIDES = ("will-monitor", "tolerated-before", "data-wrong", "disagree-with-rule", "other")


@dataclass(frozen=True, slots=True)
class Offer:
    """A suggestion before it has its uuid: `key` is stable within the card."""

    key: str
    label: str
    actions: tuple[Action, ...]
    recommended: bool = False


@dataclass(frozen=True, slots=True)
class Message:
    """What one card says, still without the frame.

    `summaries` run from the fullest to the shortest; the first that fits is taken. `detail` are Markdown
    blocks, separated by blank lines. `extra` are further members of the decision extension; `about` tells
    apart two cards by the same rules (the draft order's reference).
    """

    kind: str
    rules: Sequence[Rule]
    severity: Severity
    summaries: Sequence[Phrase]
    detail: Sequence[str]
    decision: Mapping[str, Any]
    offers: Sequence[Offer] = ()
    overrides: Sequence[str] = DOSE_OVERRIDES
    extra: Mapping[str, Any] | None = None
    about: str = ""
    selection: SelectionBehavior = SelectionBehavior.AT_MOST_ONE


def framed(message: Message, context: CardContext) -> Card:
    """The card of `message`: the same call gives the same uuid (uuid5, contract section 2)."""
    words = context.words
    rule_ids = list(dict.fromkeys(rule.id for rule in message.rules))
    uuid = _card_uuid(context, [*rule_ids, message.about] if message.about else rule_ids)
    return Card(
        summary=_first_that_fits(message.summaries, words),
        indicator=Indicator(message.severity.value),
        source=_source(message.kind, words),
        detail="\n\n".join([*message.detail, footer(message.rules, context)]),
        suggestions=tuple(_suggestion(offer, uuid) for offer in message.offers),
        selection_behavior=message.selection if message.offers else None,
        override_reasons=tuple(_override(code, words) for code in message.overrides),
        links=(Link(words.plain(say("card.link.registry")), REGISTRY),),
        uuid=str(uuid),
        extension={EXTENSION: _decision(message, rule_ids, context)},
    )


def _card_uuid(context: CardContext, rule_ids: list[str]) -> UUID:
    parts = [context.issuer, context.tenant, context.hook_instance, context.service_id]
    return uuid5(_NAMESPACE, "\x1f".join([*parts, *rule_ids, context.input_hash]))


def _first_that_fits(summaries: Sequence[Phrase], words: Wording) -> str:
    texts = (words.plain(phrase) for phrase in summaries)
    return next(text for text in texts if len(text) < SUMMARY_LIMIT)


def _source(kind: str, words: Wording) -> Source:
    topic = Coding(kind, TOPICS, words.sentences[f"card.topic.{kind}"])
    return Source(words.plain(say("card.source")), REGISTRY, topic=topic)


def _suggestion(offer: Offer, card: UUID) -> Suggestion:
    return Suggestion(offer.label, offer.actions, str(uuid5(card, offer.key)), offer.recommended)


def _override(code: str, words: Wording) -> Coding:
    return Coding(code, OVERRIDES, words.sentences[f"card.override.{code}"])


def _decision(message: Message, rule_ids: list[str], context: CardContext) -> dict[str, Any]:
    return {
        "schema": "assessment/1",
        "kind": message.kind,
        "ruleIds": rule_ids,
        "asOf": context.as_of,
        "inputHash": context.input_hash,
        "decision": message.decision,
        **(message.extra or {}),
    }


def footer(rules: Iterable[Rule], context: CardContext) -> str:
    """Which rules spoke, where each comes from, and as of when."""
    words = context.words
    lines = [words.markdown(_provenance(rule)) for rule in {rule.id: rule for rule in rules}.values()]
    return bullets([*lines, words.markdown(say("card.asOf", moment=context.as_of))])


def _provenance(rule: Rule) -> Phrase:
    origin = Phrase(f"card.origin.{rule.origin}")
    return say("card.rule", rule=rule.id, origin=origin, source=rule.source)


def bullets(lines: Iterable[str]) -> str:
    """A Markdown list."""
    return "\n".join(f"- {line}" for line in lines)


def loudest(severities: Iterable[Severity]) -> Severity:
    """The loudest of the severities; INFO when there is none."""
    return max(severities, key=_LOUDNESS.index, default=Severity.INFO)
