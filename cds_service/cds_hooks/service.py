"""A CDS service as one value: what discovery says of it, and what it does, cannot disagree."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

import msgspec

from cds_service.cds_hooks.card import Card, without_empty
from cds_service.cds_hooks.prefetch import check_template
from cds_service.cds_hooks.request import Hook, HookRequest

STANDARD_VERSION = "2.0.1"
"""The version of CDS Hooks we implement (CH-018)."""


class Caller(msgspec.Struct, frozen=True):
    """Who called, as far as the caller proved it: the issuer and tenant of its JWT."""

    issuer: str = ""
    tenant: str = ""


class HookCall(msgspec.Struct, frozen=True):
    """A request together with who made it and when."""

    request: HookRequest
    caller: Caller
    now: datetime


class HookAnswer(msgspec.Struct, frozen=True):
    """What a call is answered with. `extension` says more about the whole, under reverse-domain names."""

    cards: tuple[Card, ...] = ()
    extension: Mapping[str, Any] | None = None

    def as_json(self) -> dict[str, Any]:
        """The body of the response (CH-068): `cards` is there even when it is empty."""
        cards = [card.as_json() for card in self.cards]
        return {"cards": cards, **without_empty({"extension": self.extension})}


class HookService(msgspec.Struct, frozen=True):
    """One service. Raises BadTemplate when a prefetch template is one that clients need not understand."""

    id: str
    hook: Hook
    title: str
    description: str
    prefetch: Mapping[str, str]
    advise: Callable[[HookCall], HookAnswer]
    usage_requirements: str | None = None

    def __post_init__(self) -> None:
        for key, template in self.prefetch.items():
            check_template(key, template)

    def as_json(self) -> dict[str, Any]:
        """The service's entry in discovery."""
        return without_empty(
            {
                "id": self.id,
                "hook": self.hook.value,
                "title": self.title,
                "description": self.description,
                "prefetch": dict(self.prefetch),
                "usageRequirements": self.usage_requirements,
                "version": STANDARD_VERSION,
            }
        )
