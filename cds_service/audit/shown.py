"""Which calls were answered for people to see: of shadow mode nothing was shown, and nothing is silenced."""

from sqlalchemy import ColumnElement

from cds_service.audit.audit_records import CallOutcome
from cds_service.audit.audit_tables import CALLS


def was_shown() -> ColumnElement[bool]:
    """Leaves out the calls of shadow mode."""
    return CALLS.c.outcome != CallOutcome.SHADOW.value
