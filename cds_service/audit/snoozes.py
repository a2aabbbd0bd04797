"""Silences in the database: what reactions asked for, and what holds for a patient now."""

from datetime import datetime, timedelta
from functools import cache
from typing import Any

from sqlalchemy import ColumnElement, Connection, Engine, Row, Select, bindparam, select

from cds_service.audit.audit_tables import CALLS, FEEDBACK, GIVEN_ADVICE, GIVEN_RULES, SILENCES
from cds_service.audit.database import reading
from cds_service.audit.insert_if_absent import insert_once
from cds_service.audit.shown import was_shown
from cds_service.audit.suppression import (
    TRIAL_CARD,
    AdviceHistory,
    Because,
    Shown,
    Snooze,
    quiet_asked_for,
)
from cds_service.cds_hooks.feedback_request import CardReaction
from cds_service.rules.suppression_limits import Restraint


def silence(
    connection: Connection,
    card: Row[Any],
    reaction: CardReaction,
    item: str,
    received_at: datetime,
    restraint: Restraint,
) -> None:
    """Keep what a reaction asks for: each rule of its card quiet for some days, or nothing.

    `card` is a row of GIVEN_ADVICE with the `at` of its call; the same `item` again changes nothing.
    """
    asked = quiet_asked_for(card.state, card.severity, card.reasons_offered, reaction, restraint)
    if asked is None:
        return
    because, days = asked
    since = min(max(reaction.at, card.at), received_at)
    common = {
        "item": item,
        "card": card.card,
        "state": card.state,
        "severity": card.severity,
        "because": because.value,
        "since": since,
        "until": since + timedelta(days=days),
    }
    rules = connection.execute(select(GIVEN_RULES).where(GIVEN_RULES.c.card == card.card))
    rows = [{**common, "rule": rule.rule, "inputs": rule.inputs} for rule in rules]
    insert_once(connection, SILENCES, rows)


def history_of(
    engine: Engine,
    patient: str,
    issuer: str,
    tenant: str,
    now: datetime,
    restraint: Restraint,
    services: frozenset[str] = frozenset(),
) -> AdviceHistory:
    """All that may hold back a card for this patient (a pseudonym) at this site. Raises StoreUnavailable.

    `services`: those whose cards count, all if none is named. Rules of two trials may be called alike.
    """
    whose: dict[str, Any] = {"its_patient": patient, "its_issuer": issuer, "its_tenant": tenant}
    if services:
        whose["its_services"] = sorted(services)
    since = now - timedelta(days=restraint.trial_card_days)
    with reading(engine) as connection:
        silences = connection.execute(_silences(bool(services)), {**whose, "its_now": now}).all()
        shown = connection.execute(_trial_cards(bool(services)), {**whose, "its_since": since}).all()
    return AdviceHistory(
        tuple(
            Snooze(row.rule, row.inputs, row.state, row.severity, Because(row.because), row.until)
            for row in silences
        ),
        tuple(Shown(row.card, row.facts, row.at) for row in shown),
    )


_WHOSE = (
    CALLS.c.patient == bindparam("its_patient"),
    CALLS.c.issuer == bindparam("its_issuer"),
    CALLS.c.tenant == bindparam("its_tenant"),
    was_shown(),
)


_OF_SERVICES = CALLS.c.service.in_(bindparam("its_services", expanding=True))


def _whose(of_services: bool) -> tuple[ColumnElement[bool], ...]:
    return (*_WHOSE, _OF_SERVICES) if of_services else _WHOSE


@cache  # making a statement costs more than sending it
def _silences(of_services: bool) -> Select[Any]:
    """Only those of the last reaction to each card: who changes his mind is heard."""
    last = (
        select(FEEDBACK.c.item)
        .where(FEEDBACK.c.card == SILENCES.c.card)
        .order_by(FEEDBACK.c.outcome_at.desc(), FEEDBACK.c.id.desc())
        .limit(1)
        .scalar_subquery()
    )
    columns = [SILENCES.c[name] for name in ("rule", "inputs", "state", "severity", "because", "until")]
    return (
        select(*columns)
        .join(GIVEN_ADVICE, GIVEN_ADVICE.c.card == SILENCES.c.card)
        .join(CALLS, CALLS.c.call == GIVEN_ADVICE.c.call)
        .where(*_whose(of_services), SILENCES.c.until > bindparam("its_now"), SILENCES.c.item == last)
        .order_by(SILENCES.c.until, SILENCES.c.rule)
    )


@cache
def _trial_cards(of_services: bool) -> Select[Any]:
    return (
        select(GIVEN_ADVICE.c.card, GIVEN_ADVICE.c.facts, CALLS.c.at)
        .join(CALLS, CALLS.c.call == GIVEN_ADVICE.c.call)
        .where(*_whose(of_services), CALLS.c.at > bindparam("its_since"), GIVEN_ADVICE.c.kind == TRIAL_CARD)
    )
