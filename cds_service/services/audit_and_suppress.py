"""What is remembered of each call, what is held back because of it, and what clinicians said to it."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Protocol

import msgspec
from msgspec.structs import replace
from sqlalchemy import Engine

from cds_service.audit.append_calls import append_call
from cds_service.audit.audit_records import CallOutcome, GivenCall, GivenCard, HeldBack
from cds_service.audit.card_digest import given_card
from cds_service.audit.card_owner import receiver_of_card
from cds_service.audit.feedback_rows import Recorded, Sender, record
from cds_service.audit.pseudonym import Pseudonyms
from cds_service.audit.snoozes import history_of
from cds_service.audit.suppression import AdviceHistory, quiet
from cds_service.cards.card_builder import EXTENSION
from cds_service.cds_hooks.card import Card
from cds_service.cds_hooks.feedback_request import CardReaction
from cds_service.cds_hooks.service import Caller, HookAnswer, HookCall
from cds_service.rules.suppression_limits import Restraint

HELD_BACK = "org.aa-cds.held-back"
"""The response's extension: which cards were not given, why, and until when. Quiet, never silent."""


class Advice(msgspec.Struct, frozen=True):
    """What the rules say to one call, before anything is held back.

    `input_hash` is None where nothing was assessed: the trial does not concern the patient.
    """

    cards: tuple[Card, ...] = ()
    input_hash: str | None = None


class Remembers(Protocol):
    """What becomes of advice, and of refusals."""

    def tell(self, service_id: str, call: HookCall, advice: Advice) -> HookAnswer:
        """What of the advice is given."""
        ...

    def refuse(self, service_id: str, call: HookCall, outcome: CallOutcome) -> None:
        """Take note of a call that is refused for what it is about."""
        ...


class Versions(msgspec.Struct, frozen=True):
    """What advice depends on besides the chart: this program, the reviewed texts, the trial record."""

    software: str
    texts: str
    record: str


class AuditMemory(msgspec.Struct, frozen=True):
    """The database of one installation. Every method that touches it raises StoreUnavailable.

    `services`: those of the trial, where several trials share the database; a card of one silences none of
    another.
    """

    engine: Engine
    keys: Pseudonyms
    restraint: Restraint
    versions: Versions
    is_shadow: bool = False
    services: frozenset[str] = frozenset()

    def tell(self, service_id: str, call: HookCall, advice: Advice) -> HookAnswer:
        """What of the advice is given now. It is on record when this returns, or nothing may be answered.

        In shadow all of it is recorded, and nothing is given; nor is anything held back there because of it.
        """
        if self.is_shadow:
            return self._in_shadow(service_id, call, advice)
        whole = self.call_of(service_id, call, advice)
        quieted = self._quieted(whole)
        told = [card for card in whole.cards if card.card not in quieted]
        append_call(self.engine, replace(whole, cards=tuple(told), held_back=tuple(quieted.values())))
        given = {card.card for card in told}
        cards = tuple(
            card for card, known in zip(advice.cards, whole.cards, strict=True) if known.card in given
        )
        return HookAnswer(cards, _extension(quieted.values(), call))

    def _in_shadow(self, service_id: str, call: HookCall, advice: Advice) -> HookAnswer:
        whole = self.call_of(service_id, call, advice)
        if whole.outcome is CallOutcome.ANSWERED:
            whole = replace(whole, outcome=CallOutcome.SHADOW)
        append_call(self.engine, whole)
        return HookAnswer(())

    def refuse(self, service_id: str, call: HookCall, outcome: CallOutcome) -> None:
        """Record a call that is refused for what it is about."""
        append_call(self.engine, replace(self.call_of(service_id, call, Advice()), outcome=outcome))

    def react(
        self, service_id: str, caller: Caller, reactions: Sequence[CardReaction], now: datetime
    ) -> Recorded:
        """Keep a batch of feedback, all of it or none."""
        sender = Sender(service_id, caller.issuer, caller.tenant)
        return record(self.engine, self.keys, sender, reactions, now, self.restraint)

    def history(self, caller: Caller, patient_id: str, now: datetime) -> AdviceHistory:
        """What was silenced and shown for this patient at the caller's site."""
        patient = self.keys.of_patient(caller.tenant, patient_id)
        return history_of(
            self.engine, patient, caller.issuer, caller.tenant, now, self.restraint, self.services
        )

    def receiver_of(self, card: str, patient_id: str) -> Caller | bool | None:
        """To whom a card was given; False if for another patient; None when it is not remembered."""
        found = receiver_of_card(self.engine, self.keys, card, patient_id)
        return Caller(*found) if isinstance(found, tuple) else found

    def call_of(self, service_id: str, call: HookCall, advice: Advice) -> GivenCall:
        """The call as it is remembered, with all of the advice; touches no database."""
        patient_id, caller = call.request.context.patient_id, call.caller
        return GivenCall(
            service=service_id,
            hook_instance=call.request.hook_instance,
            issuer=caller.issuer,
            tenant=caller.tenant,
            patient=self.keys.of_patient(caller.tenant, patient_id),
            at=call.now,
            software=self.versions.software,
            texts=self.versions.texts,
            record_version=self.versions.record,
            input_hash=advice.input_hash,
            outcome=CallOutcome.ANSWERED if advice.input_hash else CallOutcome.NOT_CONCERNED,
            cards=tuple(self._given(card, patient_id) for card in advice.cards),
        )

    def _given(self, card: Card, patient_id: str) -> GivenCard:
        return given_card(card, (card.extension or {})[EXTENSION], patient_id, self.keys)

    def _quieted(self, whole: GivenCall) -> dict[str, HeldBack]:
        """The cards to hold back, by uuid. Nothing is looked up where nothing may be held back."""
        if not any(card.may_be_quiet for card in whole.cards):
            return {}
        history = history_of(
            self.engine, whole.patient, whole.issuer, whole.tenant, whole.at, self.restraint, self.services
        )
        found = {card.card: quiet(card, history, whole.at, self.restraint) for card in whole.cards}
        return {card: held for card, held in found.items() if held}


def _extension(held_back: Iterable[HeldBack], call: HookCall) -> Mapping[str, object] | None:
    told = [
        {
            "kind": held.kind,
            "ruleIds": list(held.rules),
            "because": held.because,
            "until": held.until.astimezone(call.now.tzinfo).isoformat(timespec="seconds"),
        }
        for held in held_back
    ]
    return {HELD_BACK: told} if told else None
