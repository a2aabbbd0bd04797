"""The append-only record of every call and every card: written before the answer leaves, never twice."""

from collections.abc import Iterator
from typing import Any

from sqlalchemy import Engine

from cds_service.audit.audit_records import GivenCall, GivenCard, HeldBack
from cds_service.audit.audit_tables import CALLS, GIVEN_ADVICE, GIVEN_RULES
from cds_service.audit.database import writing
from cds_service.audit.insert_if_absent import insert_once


def append_call(engine: Engine, call: GivenCall) -> None:
    """Record a call with its cards, in one transaction that is on disk when this returns.

    A repeated call (same `key`, same card uuids) is recorded once. Raises StoreUnavailable: then nothing was
    recorded, and nothing may be answered.
    """
    with writing(engine) as connection:
        insert_once(connection, CALLS, [_call_row(call)])
        insert_once(connection, GIVEN_ADVICE, [_card_row(call.key, card) for card in call.cards])
        insert_once(connection, GIVEN_RULES, [*_rule_rows(call)])


def _call_row(call: GivenCall) -> dict[str, Any]:
    return {
        "call": call.key,
        "at": call.at,
        "service": call.service,
        "hook_instance": call.hook_instance,
        "issuer": call.issuer,
        "tenant": call.tenant,
        "patient": call.patient,
        "input_hash": call.input_hash,
        "software": call.software,
        "texts": call.texts,
        "record_version": call.record_version,
        "outcome": call.outcome.value,
        "silenced": [_held_back_json(held) for held in call.held_back],
    }


def _held_back_json(held: HeldBack) -> dict[str, Any]:
    return {
        "kind": held.kind,
        "rules": list(held.rules),
        "because": held.because,
        "until": held.until.isoformat(),
    }


def _card_row(call_key: str, card: GivenCard) -> dict[str, Any]:
    return {
        "card": card.card,
        "call": call_key,
        "kind": card.kind,
        "state": card.state,
        "severity": card.severity,
        "decision": dict(card.decision),
        "proposed": [dict(dose) for dose in card.proposed],
        "evidence": list(card.evidence),
        "facts": card.facts,
        "reasons_offered": list(card.reasons_offered),
        "suggestions_offered": list(card.suggestions_offered),
    }


def _rule_rows(call: GivenCall) -> Iterator[dict[str, Any]]:
    for card in call.cards:
        for rule in card.rules:
            yield {"card": card.card, "rule": rule.id, "inputs": rule.inputs}
