"""How far each alarm of the watch got: told, mailed, acknowledged, escalated. No column says of whom."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Engine, select, update

from cds_service.audit.audit_tables import ALARMS
from cds_service.audit.database import reading, writing
from cds_service.audit.insert_if_absent import insert_once


@dataclass(frozen=True, slots=True)
class Told:
    """One alarm whose Task is written. The moments are ISO texts, "" for not yet."""

    alarm: str
    at: datetime
    task: str
    rule: str
    mailed: str
    acknowledged: str
    escalated: str


def note_alarm(engine: Engine, alarm: str, at: datetime, task: str, rule: str) -> None:
    """The Task is written; the same alarm again changes nothing. Raises StoreUnavailable."""
    row = {"alarm": alarm, "at": at, "task": task, "rule": rule}
    row |= dict.fromkeys(("mailed", "acknowledged", "escalated"), "")
    with writing(engine) as connection:
        insert_once(connection, ALARMS, [row])


def alarms_known(engine: Engine) -> dict[str, Told]:
    """By name. Raises StoreUnavailable."""
    with reading(engine) as connection:
        rows = connection.execute(select(ALARMS).order_by(ALARMS.c.at, ALARMS.c.alarm)).all()
    return {row.alarm: Told(**row._mapping) for row in rows}


def mark(engine: Engine, alarms: list[str], step: str, now: datetime) -> None:
    """`step` ("mailed", "acknowledged" or "escalated") was done for these. Raises StoreUnavailable."""
    with writing(engine) as connection:
        connection.execute(
            update(ALARMS).where(ALARMS.c.alarm.in_(alarms)).values({step: now.isoformat(timespec="seconds")})
        )
