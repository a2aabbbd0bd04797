"""What shadow mode recorded: its advice, a row for each finding and call, and the number of openings."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import Engine, Row, select

from cds_service.audit.audit_records import CallOutcome
from cds_service.audit.audit_tables import CALLS, GIVEN_ADVICE
from cds_service.audit.database import reading

_ASSESSED = (CallOutcome.SHADOW.value, CallOutcome.NOT_CONCERNED.value)


@dataclass(frozen=True, slots=True)
class KeptBack:
    """Advice that was not shown. `patient` is a pseudonym; `drug` is "" where no dose was judged."""

    patient: str
    at: datetime
    rule: str
    drug: str
    state: str
    severity: str
    amount_mg: Decimal | None = None
    every_hours: Decimal | None = None


@dataclass(frozen=True, slots=True)
class ShadowRecord:
    """Everything kept back, the earliest first; `openings` are hook calls of the same time, each once."""

    kept: tuple[KeptBack, ...]
    openings: int


def shadow_record(engine: Engine, since: datetime | None = None) -> ShadowRecord:
    """What shadow mode recorded from `since` on. Raises StoreUnavailable."""
    with reading(engine) as connection:
        calls = select(CALLS).where(CALLS.c.outcome.in_(_ASSESSED)).order_by(CALLS.c.at)
        rows = connection.execute(calls if since is None else calls.where(CALLS.c.at >= since)).all()
        shadow = [row for row in rows if row.outcome == CallOutcome.SHADOW.value]
        cards = connection.execute(
            select(GIVEN_ADVICE, CALLS.c.at, CALLS.c.patient)
            .join(CALLS, CALLS.c.call == GIVEN_ADVICE.c.call)
            .where(CALLS.c.outcome == CallOutcome.SHADOW.value)
            .order_by(CALLS.c.at, GIVEN_ADVICE.c.card)
        ).all()
    first = shadow[0].at if shadow else None
    seen = {(row.issuer, row.hook_instance) for row in rows if first and first <= row.at <= shadow[-1].at}
    kept = (one for card in cards if since is None or card.at >= since for one in _kept(card))
    return ShadowRecord(tuple(kept), len(seen))


def _kept(card: Row[Any]) -> Iterator[KeptBack]:
    proposed = {dose["drug"]: dose for dose in card.proposed}
    for finding in card.decision.get("findings", ()):
        drug, state = finding.get("drug", ""), finding.get("state", "")
        dose = proposed.get(drug) if state else None
        yield KeptBack(
            card.patient,
            card.at,
            finding["ruleId"],
            drug or "",
            state or finding.get("action", "") or finding.get("status", ""),
            card.severity,
            Decimal(str(dose["amountMg"])) if dose else None,
            Decimal(str(dose["everyHours"])) if dose else None,
        )
