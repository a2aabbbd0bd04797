"""What is remembered of one call, as plain values: no name, no patient id, no measured value."""

import hashlib
from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Any

import msgspec


class CallOutcome(StrEnum):
    """How a call ended. In shadow it was assessed and recorded, and nothing was shown."""

    ANSWERED = "answered"
    SHADOW = "shadow"
    NOT_CONCERNED = "not-concerned"
    PATIENT_MISMATCH = "patient-mismatch"
    DATA_NOT_AVAILABLE = "data-not-available"


class GivenRule(msgspec.Struct, frozen=True):
    """A rule that spoke on a card, and the keyed hash of what it saw (`Pseudonyms.of_inputs`)."""

    id: str
    inputs: str


class GivenCard(msgspec.Struct, frozen=True):
    """A card as it is remembered: codes, states, doses and references. `summary.given_card` makes one.

    `state` is the titration state, the eligibility status or the like, "" for none. `reasons_offered` and
    `suggestions_offered` are what a reaction may name.
    """

    card: str
    kind: str
    state: str
    severity: str
    rules: tuple[GivenRule, ...]
    decision: Mapping[str, Any]
    proposed: tuple[Mapping[str, Any], ...] = ()
    evidence: tuple[str, ...] = ()
    reasons_offered: tuple[str, ...] = ()
    suggestions_offered: tuple[str, ...] = ()

    @property
    def may_be_quiet(self) -> bool:
        """Nothing critical is ever held back."""
        return self.severity != "critical"

    @property
    def facts(self) -> str:
        """One hash over what all its rules saw."""
        return hash_of(*(f"{rule.id} {rule.inputs}" for rule in sorted(self.rules, key=lambda r: r.id)))


class HeldBack(msgspec.Struct, frozen=True):
    """A card that was not given, because a person or the restraint rules asked for quiet until then."""

    kind: str
    rules: tuple[str, ...]
    because: str
    until: datetime


class GivenCall(msgspec.Struct, frozen=True):
    """One call and its answer. `patient` is a pseudonym; `input_hash` is None where nothing was assessed."""

    service: str
    hook_instance: str
    issuer: str
    tenant: str
    patient: str
    at: datetime
    software: str
    texts: str
    record_version: str
    input_hash: str | None = None
    outcome: CallOutcome = CallOutcome.ANSWERED
    cards: tuple[GivenCard, ...] = ()
    held_back: tuple[HeldBack, ...] = ()

    @property
    def key(self) -> str:
        """The same for a call that is repeated on an unchanged chart."""
        asked = (self.issuer, self.tenant, self.hook_instance, self.service, self.patient)
        return hash_of(*asked, self.input_hash or "", self.outcome)


def hash_of(*parts: str) -> str:
    """SHA-256 over parts, each with its length before it; for what is no secret, or keyed already."""
    digest = hashlib.sha256()
    for part in parts:
        piece = part.encode()
        digest.update(len(piece).to_bytes(8, "big") + piece)
    return digest.hexdigest()


def plain_uuid(text: str) -> str:
    """A UUID as clients may write it back: without `urn:uuid:`, in lower case."""
    return text.removeprefix("urn:uuid:").lower()
