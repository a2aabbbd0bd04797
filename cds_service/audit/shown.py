"""Which calls were answered for people to see: of shadow mode nothing was shown, and nothing is silenced."""

from sqlalchemy import ColumnElement, and_

from cds_service.audit.audit_records import CallOutcome
from cds_service.audit.audit_tables import CALLS


def was_shown(services: frozenset[str] = frozenset()) -> ColumnElement[bool]:
    """Leaves out the calls of shadow mode; and of other services than these, where any is named."""
    shown = CALLS.c.outcome != CallOutcome.SHADOW.value
    return and_(shown, CALLS.c.service.in_(sorted(services))) if services else shown
