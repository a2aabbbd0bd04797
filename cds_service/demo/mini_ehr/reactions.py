"""What became of a card, as the standard has a client report it (CH-119 to CH-128)."""

from datetime import UTC, datetime

from cds_service.demo.json_http import Json


def accepted(card: Json, number: int, now: datetime) -> Json | None:
    """Feedback for a suggestion that was carried out; None when card or suggestion has no uuid (CH-127)."""
    suggestion = card["suggestions"][number]
    if not (card.get("uuid") and suggestion.get("uuid")):
        return None
    return _feedback(card, now, outcome="accepted", acceptedSuggestions=[{"id": suggestion["uuid"]}])


def overridden(card: Json, number: int | None, comment: str, now: datetime) -> Json | None:
    """Feedback for a card that was dismissed, for the reason of this number in its list, or in words."""
    if not card.get("uuid"):
        return None
    why: Json = {}
    if number is not None:
        reason = card["overrideReasons"][number]
        why["reason"] = {name: reason[name] for name in ("code", "system") if name in reason}
    if comment:
        why["userComment"] = comment
    return _feedback(card, now, outcome="overridden", **({"overrideReason": why} if why else {}))


def _feedback(card: Json, now: datetime, **outcome: object) -> Json:
    moment = now.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
    return {"feedback": [{"card": card["uuid"], **outcome, "outcomeTimestamp": moment}]}
