"""Calls as they were remembered, for whoever asks later what was said and why."""

from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Engine, Row, select

from cds_service.audit.audit_records import CallOutcome, GivenCall, GivenCard, GivenRule, HeldBack
from cds_service.audit.audit_tables import CALLS, GIVEN_ADVICE, GIVEN_RULES
from cds_service.audit.database import reading


def calls_of(engine: Engine, hook_instance: str, service: str) -> tuple[GivenCall, ...]:
    """The calls of one hook instance at one service, the earliest first. Raises StoreUnavailable."""
    asked = (CALLS.c.hook_instance == hook_instance, CALLS.c.service == service)
    with reading(engine) as connection:
        found = connection.execute(select(CALLS).where(*asked).order_by(CALLS.c.at, CALLS.c.call)).all()
        return tuple(_call(row, _cards(connection, row.call)) for row in found)


def _call(row: Row[Any], cards: tuple[GivenCard, ...]) -> GivenCall:
    return GivenCall(
        service=row.service,
        hook_instance=row.hook_instance,
        issuer=row.issuer,
        tenant=row.tenant,
        patient=row.patient,
        at=row.at,
        software=row.software,
        texts=row.texts,
        record_version=row.record_version,
        input_hash=row.input_hash,
        outcome=CallOutcome(row.outcome),
        cards=cards,
        held_back=tuple(
            HeldBack(
                held["kind"], tuple(held["rules"]), held["because"], datetime.fromisoformat(held["until"])
            )
            for held in row.silenced
        ),
    )


def _cards(connection: Connection, call: str) -> tuple[GivenCard, ...]:
    query = select(GIVEN_ADVICE).where(GIVEN_ADVICE.c.call == call).order_by(GIVEN_ADVICE.c.card)
    return tuple(_card(connection, row) for row in connection.execute(query).all())


def _card(connection: Connection, row: Row[Any]) -> GivenCard:
    rules = select(GIVEN_RULES).where(GIVEN_RULES.c.card == row.card).order_by(GIVEN_RULES.c.rule)
    return GivenCard(
        card=row.card,
        kind=row.kind,
        state=row.state,
        severity=row.severity,
        rules=tuple(GivenRule(found.rule, found.inputs) for found in connection.execute(rules)),
        decision=row.decision,
        proposed=tuple(row.proposed),
        evidence=tuple(row.evidence),
        reasons_offered=tuple(row.reasons_offered),
        suggestions_offered=tuple(row.suggestions_offered),
    )
