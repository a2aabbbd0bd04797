"""A feedback body (CH-120..125), checked once: what clinicians did with cards, each item on its own merits.

A comment is free text and may name the patient: it is read for its length and for recognising a repeated
item, and dropped.
"""

import re
from collections.abc import Sequence
from datetime import UTC, datetime
from enum import StrEnum

import msgspec

from cds_service.cds_hooks.errors import BadHookRequest
from cds_service.cds_hooks.strict_json import NOT_JSON, open_envelope

MOST_ITEMS = 1000
_INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+-]\d\d:\d\d)")


class FeedbackOutcome(StrEnum):
    """What the clinician did."""

    ACCEPTED = "accepted"
    OVERRIDDEN = "overridden"


class CardReaction(msgspec.Struct, frozen=True):
    """One item of feedback. `reason` is "system|code"; its repr hides what a client wrote freely."""

    card: str
    outcome: FeedbackOutcome
    at: datetime
    suggestions: tuple[str, ...] = ()
    reason: str | None = None
    comment: str | None = None

    def __repr__(self) -> str:
        return f"Reaction(outcome={self.outcome!r})"


class _Coding(msgspec.Struct):
    code: str
    system: str


class _Reason(msgspec.Struct, rename="camel"):
    reason: _Coding | None = None
    user_comment: str | None = None


class _Accepted(msgspec.Struct):
    id: str


class _Item(msgspec.Struct, rename="camel"):
    card: str
    outcome: str
    outcome_timestamp: str
    accepted_suggestions: tuple[_Accepted, ...] | None = None
    override_reason: _Reason | None = None


_list: msgspec.json.Decoder[tuple[msgspec.Raw, ...]] = msgspec.json.Decoder(tuple[msgspec.Raw, ...])
_item: msgspec.json.Decoder[_Item] = msgspec.json.Decoder(_Item)


class FeedbackBatch(msgspec.Struct, frozen=True):
    """What a body held: the items that can be kept, in their order, and why the others cannot."""

    reactions: tuple[CardReaction, ...]
    refused: tuple[BadHookRequest, ...] = ()


def read_reactions(body: bytes) -> FeedbackBatch:
    """The items of a body. Raises BadHookRequest, naming the first member at fault, when none can be kept."""
    raw = open_envelope(body).get("feedback")
    if raw is None:
        raise BadHookRequest("is required", "feedback")
    try:
        items = _list.decode(raw)
    except msgspec.DecodeError as error:
        raise BadHookRequest(f"is not as it should be ({error})", "feedback") from error
    if not 1 <= len(items) <= MOST_ITEMS:
        raise BadHookRequest(f"must have 1 to {MOST_ITEMS} items", "feedback")
    read = [_read(item, f"feedback[{place}]") for place, item in enumerate(items)]
    refused = tuple(item for item in read if isinstance(item, BadHookRequest))
    if len(refused) == len(read):
        raise refused[0]
    return FeedbackBatch(tuple(item for item in read if isinstance(item, CardReaction)), refused)


def _read(raw: msgspec.Raw, path: str) -> CardReaction | BadHookRequest:
    """One item, or what is wrong with it."""
    try:
        return _reaction(_item.decode(raw), path)
    except BadHookRequest as error:
        return error
    except NOT_JSON as error:
        return BadHookRequest(f"is not as it should be ({error})", path)


def _reaction(item: _Item, path: str) -> CardReaction:
    if item.outcome not in set(FeedbackOutcome):
        raise BadHookRequest("must be accepted or overridden", f"{path}.outcome")
    outcome = FeedbackOutcome(item.outcome)
    suggestions = [accepted.id for accepted in item.accepted_suggestions or ()]
    if outcome is FeedbackOutcome.ACCEPTED and not suggestions:
        raise BadHookRequest("must name what was accepted", f"{path}.acceptedSuggestions")
    _need_text([item.card, *suggestions], path)
    given = item.override_reason or _Reason()
    return CardReaction(
        card=item.card,
        outcome=outcome,
        at=_instant(item.outcome_timestamp, f"{path}.outcomeTimestamp"),
        suggestions=tuple(dict.fromkeys(suggestions)),
        reason=_reason(item.override_reason, f"{path}.overrideReason"),
        comment=given.user_comment,
    )


def _reason(given: _Reason | None, path: str) -> str | None:
    if given is None:
        return None
    if given.reason is None and given.user_comment is None:
        raise BadHookRequest("must have a reason or a userComment", path)
    if given.user_comment is not None:
        _need_text([given.user_comment], f"{path}.userComment")
    if given.reason is None:
        return None
    _need_text([given.reason.code, given.reason.system], f"{path}.reason")
    return f"{given.reason.system}|{given.reason.code}"


def _need_text(texts: Sequence[str], path: str) -> None:
    if not all(text.strip() for text in texts):
        raise BadHookRequest("must not be empty", path)


def _instant(text: str, path: str) -> datetime:
    if not _INSTANT.fullmatch(text):
        raise BadHookRequest("must be an RFC 3339 date-time with its offset", path)
    try:
        return datetime.fromisoformat(text).astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise BadHookRequest("is no date-time", path) from error
