"""Reactions to cards: every one is kept, and counts only if its sender was given that card, at that service.

A code or suggestion that the card did not offer may be anything, so it is kept as a fact, not as a text.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import Connection, Engine, Row, insert, select

from cds_service.audit.audit_records import plain_uuid
from cds_service.audit.audit_tables import CALLS, FEEDBACK, GIVEN_ADVICE, UNMATCHED_FEEDBACK
from cds_service.audit.database import writing
from cds_service.audit.pseudonym import Pseudonyms
from cds_service.audit.snoozes import silence
from cds_service.cds_hooks.feedback_request import CardReaction
from cds_service.rules.suppression_limits import Restraint

_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
NOT_OFFERED = "not-offered"
"""Stands for a reason code that the card did not offer."""


class Sender(msgspec.Struct, frozen=True):
    """Who sent feedback, as proved by its token, and at which service's endpoint."""

    service: str
    issuer: str
    tenant: str


class Recorded(msgspec.Struct, frozen=True):
    """How many items of a batch met their card, and how many did not."""

    matched: int
    unmatched: int


def record(
    engine: Engine,
    keys: Pseudonyms,
    sender: Sender,
    reactions: Sequence[CardReaction],
    received_at: datetime,
    restraint: Restraint,
) -> Recorded:
    """Keep a batch, all of it in one transaction. Raises StoreUnavailable: then none of it was kept."""
    with writing(engine) as connection:
        cards = _cards(connection, {plain_uuid(reaction.card) for reaction in reactions})
        matched = 0
        for reaction in reactions:
            card = cards.get(plain_uuid(reaction.card))
            why = _stranger(card, sender)
            if card is None or why:
                connection.execute(
                    insert(UNMATCHED_FEEDBACK), _unmatched(why, sender, reaction, received_at, keys)
                )
            else:
                item = _item(reaction, keys)
                connection.execute(insert(FEEDBACK), _matched(card, reaction, item, received_at))
                silence(connection, card, reaction, item, received_at, restraint)
                matched += 1
    return Recorded(matched, len(reactions) - matched)


def _cards(connection: Connection, uuids: Iterable[str]) -> Mapping[str, Row[Any]]:
    """The cards that there are; what is no UUID is not even looked for (PostgreSQL refuses some texts)."""
    query = (
        select(GIVEN_ADVICE, CALLS.c.service, CALLS.c.issuer, CALLS.c.tenant, CALLS.c.at)
        .join(CALLS, CALLS.c.call == GIVEN_ADVICE.c.call)
        .where(GIVEN_ADVICE.c.card.in_(sorted(filter(_UUID.fullmatch, uuids))))
        .with_for_update(read=True, key_share=True)  # retention waits until the reaction is kept
    )
    return {row.card: row for row in connection.execute(query)}


def _stranger(card: Row[Any] | None, sender: Sender) -> str:
    """Why the sender cannot have been given this card; "" where it was."""
    if card is None:
        return "unknown-card"
    if (card.issuer, card.tenant) != (sender.issuer, sender.tenant):
        return "other-client"
    return "" if card.service == sender.service else "other-service"


def _item(reaction: CardReaction, keys: Pseudonyms) -> str:
    """Equal for equal items, whatever free text they hold."""
    return keys.of_text(
        plain_uuid(reaction.card),
        reaction.outcome,
        reaction.at.isoformat(),
        reaction.reason or "",
        reaction.comment or "",
        *sorted(reaction.suggestions),
    )


def _unmatched(
    why: str, sender: Sender, reaction: CardReaction, received_at: datetime, keys: Pseudonyms
) -> dict[str, Any]:
    return {
        "why": why,
        "service": sender.service,
        "issuer": sender.issuer,
        "tenant": sender.tenant,
        "card": keys.of_text(plain_uuid(reaction.card)),
        "item": _item(reaction, keys),
        "outcome": reaction.outcome.value,
        "comment_length": _length(reaction.comment),
        "outcome_at": _no_later(reaction.at, received_at),
        "received_at": received_at,
    }


def _no_later(said: datetime, received_at: datetime) -> datetime:
    """A client whose clock runs ahead must not have the last word for ever."""
    return min(said, received_at)


def _length(comment: str | None) -> int | None:
    return None if comment is None else len(comment)


def _matched(card: Row[Any], reaction: CardReaction, item: str, received_at: datetime) -> dict[str, Any]:
    taken = [plain_uuid(suggestion) for suggestion in reaction.suggestions]
    offered = [suggestion for suggestion in taken if suggestion in card.suggestions_offered]
    system, code = _reason(card, reaction)
    return {
        "card": card.card,
        "item": item,
        "outcome": reaction.outcome.value,
        "suggestions": offered,
        "suggestions_unknown": len(taken) - len(offered),
        "reason_system": system,
        "reason_code": code,
        "comment_length": _length(reaction.comment),
        "outcome_at": _no_later(reaction.at, received_at),
        "received_at": received_at,
    }


def _reason(card: Row[Any], reaction: CardReaction) -> tuple[str | None, str | None]:
    if reaction.reason is None:
        return None, None
    if reaction.reason not in card.reasons_offered:
        return None, NOT_OFFERED
    system, _, code = reaction.reason.rpartition("|")
    return system, code
