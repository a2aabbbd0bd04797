"""Deleting: what is older than a site keeps, or all of one patient. Both leave a count, and no name."""

from datetime import datetime

from sqlalchemy import ColumnElement, Connection, Engine, delete, insert, select

from cds_service.audit.audit_tables import ALARMS, CALLS, DELETIONS, LOOKS, UNMATCHED_FEEDBACK
from cds_service.audit.database import empty_log, writing

_AT_ONCE = 500


def delete_before(engine: Engine, cutoff: datetime, now: datetime, at_once: int = _AT_ONCE) -> int:
    """Delete calls before `cutoff` with their cards, reactions and silences; unmatched feedback, looks.

    The number of calls deleted. Raises StoreUnavailable; what was deleted until then stays deleted.
    """
    calls = _delete_calls(engine, CALLS.c.at < cutoff, at_once)
    with writing(engine) as connection:
        stale = delete(UNMATCHED_FEEDBACK).where(UNMATCHED_FEEDBACK.c.received_at < cutoff)
        unmatched = connection.execute(stale).rowcount
        connection.execute(delete(LOOKS).where(LOOKS.c.at < cutoff))
        connection.execute(delete(ALARMS).where(ALARMS.c.at < cutoff))
        _note(connection, now, "older", calls, unmatched)
    return calls


def delete_patient(
    engine: Engine, patient: str, tenant: str, now: datetime, issuer: str | None = None
) -> int:
    """Delete everything of one patient (a pseudonym) of a tenant, at one client or at all of its clients.

    The number of calls deleted. Raises StoreUnavailable.
    """
    whose = (CALLS.c.patient == patient) & (CALLS.c.tenant == tenant)
    calls = _delete_calls(engine, whose if issuer is None else whose & (CALLS.c.issuer == issuer))
    with writing(engine) as connection:
        _note(connection, now, "patient", calls, 0)
    return calls


def _delete_calls(engine: Engine, which: ColumnElement[bool], at_once: int = _AT_ONCE) -> int:
    """In small transactions, so that nobody who calls meanwhile waits long. The rest goes by cascade."""
    total = 0
    some = select(CALLS.c.call).where(which).limit(at_once)
    while True:
        with writing(engine) as connection:
            gone = connection.execute(delete(CALLS).where(CALLS.c.call.in_(some))).rowcount
        total += gone
        if gone == 0:
            break
    empty_log(engine)
    return total


def _note(connection: Connection, now: datetime, what: str, calls: int, unmatched: int) -> None:
    connection.execute(insert(DELETIONS), {"at": now, "what": what, "calls": calls, "unmatched": unmatched})
