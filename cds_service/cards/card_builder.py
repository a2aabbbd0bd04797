"""What every card has in common: its uuid, source, footer, override reasons and the decision extension."""

from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from typing import Any
from uuid import UUID, uuid5

import msgspec

from cds_service.cards.card_context import CardContext
from cds_service.cards.first_look import headline
from cds_service.cards.translations import unmarked
from cds_service.cds_hooks.card import (
    Card,
    CardAction,
    CardCoding,
    CardLink,
    CardSource,
    Indicator,
    LinkType,
    SelectionBehavior,
    Suggestion,
)
from cds_service.rules.answers.alerts import Severity
from cds_service.rules.thresholds import Origin, Rule
from fhir_mappings.clinical_model.messages import Phrase, say

EXTENSION = "org.aa-cds.decision"
TOPICS = "urn:aa-cds:CodeSystem/topic"
OVERRIDES = "urn:aa-cds:CodeSystem/override-reason"
_NAMESPACE = UUID("6f1f5f0e-6f0c-5b52-9a53-0680205500aa")

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


DETAIL_LIMIT = 5_000
"""Code points of a detail, above those of every demo patient; the standard names no number, but wants few."""


class Cuttable(msgspec.Struct, frozen=True):
    """A list of which a card that has become too long may lose the last lines, but never the first `kept`.

    Safety lines never stand here.
    """

    lines: Sequence[str]
    kept: int = 0


class Offer(msgspec.Struct, frozen=True):
    """A suggestion before it has its uuid: `key` is stable within the card."""

    key: str
    label: str
    actions: tuple[CardAction, ...]
    recommended: bool = False


class Message(msgspec.Struct, frozen=True):
    """What one card says, still without the frame.

    `summaries` run from the fullest to the shortest; the first that fits is taken. `detail` is what nobody
    may miss, `why` what stands behind it, below the words "Why, sources": Markdown blocks, separated by
    blank lines; of a Cuttable one the last lines go where all would be too long. `extra`
    are further members of the decision extension; `about` tells apart two cards by the same rules (the draft
    order's reference). `cited` stands in the footer where all `rules` would be too many to read.
    """

    kind: str
    rules: Sequence[Rule]
    severity: Severity
    summaries: Sequence[Phrase]
    detail: Sequence[str | Cuttable]
    decision: Mapping[str, Any]
    offers: Sequence[Offer] = ()
    overrides: Sequence[str] = DOSE_OVERRIDES
    extra: Mapping[str, Any] | None = None
    about: str = ""
    cited: Sequence[Rule] = ()
    selection: SelectionBehavior = SelectionBehavior.AT_MOST_ONE
    why: Sequence[str | Cuttable] = ()


def framed(message: Message, context: CardContext) -> Card:
    """The card of `message`: the same call gives the same uuid (uuid5, contract section 2)."""
    words = context.words
    rule_ids = list(dict.fromkeys(rule.id for rule in message.rules))
    spoken = [*rule_ids, message.about] if message.about else rule_ids
    call = [context.issuer, context.tenant, context.hook_instance, context.service_id]
    uuid = uuid5(_NAMESPACE, "\x1f".join([*call, *spoken, context.input_hash]))
    topic = CardCoding(message.kind, TOPICS, words.sentences[f"card.topic.{message.kind}"])
    return Card(
        summary=headline(message.summaries, words),
        indicator=Indicator(message.severity.value),
        source=CardSource(words.plain(say("card.source")), context.trial.link, topic=topic),
        detail=_fitted(message, context),
        suggestions=tuple(
            Suggestion(offer.label, str(uuid5(uuid, offer.key)), offer.recommended, offer.actions)
            for offer in message.offers
        ),
        selection_behavior=_selection(message),
        override_reasons=tuple(
            _override(code, words.sentences[f"card.override.{code}"]) for code in message.overrides
        ),
        links=(
            *_explanation(uuid, context),
            CardLink(words.plain(say("card.link.registry")), context.trial.link),
        ),
        uuid=str(uuid),
        extension={EXTENSION: _decision(message, rule_ids, context)},
    )


FOLD = "---"
"""What stands below this line of Markdown a record may fold up; the bold line after it names the fold."""


def _selection(message: Message) -> SelectionBehavior | None:
    """Offers that are recommended side by side are to be taken together."""
    if not message.offers:
        return None
    together = sum(offer.recommended for offer in message.offers) > 1
    return SelectionBehavior.ANY if together else message.selection


def _explanation(card: UUID, context: CardContext) -> tuple[CardLink, ...]:
    """The page that explains, where the client has it; what it is told is the card, never the patient."""
    if not context.explains:
        return ()
    about = msgspec.json.encode({"card": str(card), "service": context.service_id}).decode()
    label = context.words.plain(say("card.link.explain"))
    return (CardLink(label, f"{context.public_base_url}/explain/launch", LinkType.SMART, about),)


@cache  # there are as many as reviewed sentences, and every card offers some
def _override(code: str, said: str) -> CardCoding:
    return CardCoding(code, OVERRIDES, said)


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
    """Which rules spoke and where they come from, those of one source together; and as of when.

    Our own texts, so nothing is cut off; marks in them are escaped all the same.
    """
    words = context.words
    by_source: dict[tuple[Origin, str], list[str]] = {}
    for rule in {rule.id: rule for rule in rules}.values():
        by_source.setdefault((rule.origin, words.source(rule.source)), []).append(rule.id)
    lines = [
        words.sentences["card.rule"].format(
            rules=unmarked(words.sentences["join.comma"].join(names)),
            origin=words.sentences[f"card.origin.{origin}"],
            source=unmarked(source),
        )
        for (origin, source), names in by_source.items()
    ]
    now = words.markdown(say("card.asOf", moment=context.as_of[:16].replace("T", " ")))
    heading = f"**{words.markdown(say('card.sources'))}**"
    return "\n\n".join([heading, bullets(lines), now])


def _fitted(message: Message, context: CardContext) -> str:
    """First what has to be seen; then, behind the fold, why, by which rules and as of when.

    Above DETAIL_LIMIT without the last lines that may go, and with words that say so.
    """
    title = f"**{context.words.markdown(say('card.why'))}**"
    fold = [FOLD, title] if message.detail else [title]
    blocks = [*message.detail, *fold, *message.why, footer(message.cited or message.rules, context)]
    left = [len(block.lines) if isinstance(block, Cuttable) else 0 for block in blocks]
    text = _joined(blocks, left, context)
    for place, block in reversed([*enumerate(blocks)]):
        kept = block.kept if isinstance(block, Cuttable) else 0
        while len(text) > DETAIL_LIMIT and left[place] > kept:
            left[place] -= 1
            text = _joined(blocks, left, context)
    return text


def _joined(blocks: Sequence[str | Cuttable], left: Sequence[int], context: CardContext) -> str:
    texts = (
        block if isinstance(block, str) else bullets([*block.lines[:count], *_cut(block, count, context)])
        for block, count in zip(blocks, left, strict=True)
    )
    return "\n\n".join(texts)


def _cut(block: Cuttable, left: int, context: CardContext) -> list[str]:
    gone = len(block.lines) - left
    where = "card.more.explain" if context.explains else "card.more.data"
    return [context.words.markdown(say(where, count=gone))] if gone else []


def bullets(lines: Iterable[str]) -> str:
    """A Markdown list."""
    return "\n".join(f"- {line}" for line in lines)


def loudest(severities: Iterable[Severity]) -> Severity:
    """The loudest of the severities; INFO when there is none."""
    return min(severities, key=lambda severity: severity.rank, default=Severity.INFO)
