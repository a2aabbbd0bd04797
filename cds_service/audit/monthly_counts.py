"""How many cards were given each month, and what became of them."""

from collections import Counter
from datetime import datetime
from zoneinfo import ZoneInfo

from sqlalchemy import Engine, select

from cds_service.audit.audit_tables import CALLS, GIVEN_ADVICE
from cds_service.audit.database import reading
from cds_service.audit.reaction_report import last_reactions
from cds_service.audit.shown import was_shown

_AT_ONCE = 1000


def cards_by_month(engine: Engine, zone: ZoneInfo, since: datetime) -> dict[str, Counter[str]]:
    """By month of the site ("2026-03"), oldest first: cards by their last outcome, "" for none.

    Raises StoreUnavailable.
    """
    last = last_reactions()
    query = (
        select(CALLS.c.at, last.c.outcome)
        .select_from(GIVEN_ADVICE)
        .join(CALLS, CALLS.c.call == GIVEN_ADVICE.c.call)
        .outerjoin(last, last.c.card == GIVEN_ADVICE.c.card)
        .where(CALLS.c.at >= since, was_shown())
        .order_by(CALLS.c.at)
    )
    months: dict[str, Counter[str]] = {}
    with reading(engine) as connection:
        for row in connection.execute(query).yield_per(_AT_ONCE):
            month = row.at.astimezone(zone).strftime("%Y-%m")
            months.setdefault(month, Counter())[row.outcome or ""] += 1
    return months
