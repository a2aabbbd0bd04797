"""How many cards were given each month, what became of them, and which rules spoke on them."""

from collections import Counter
from collections.abc import Iterator
from datetime import datetime
from zoneinfo import ZoneInfo

from sqlalchemy import Engine, func, select

from cds_service.audit.audit_tables import CALLS, GIVEN_ADVICE, GIVEN_RULES
from cds_service.audit.database import reading
from cds_service.audit.reaction_report import last_reactions
from cds_service.audit.shown import was_shown

_AT_ONCE = 1000


def cards_by_month(
    engine: Engine, zone: ZoneInfo, since: datetime, services: frozenset[str] = frozenset()
) -> dict[str, Counter[str]]:
    """By month of the site ("2026-03"), oldest first: cards by their last outcome, "" for none.

    `services`: those whose cards count, all if none is named. Raises StoreUnavailable.
    """
    last = last_reactions()
    query = (
        select(CALLS.c.at, last.c.outcome)
        .select_from(GIVEN_ADVICE)
        .join(CALLS, CALLS.c.call == GIVEN_ADVICE.c.call)
        .outerjoin(last, last.c.card == GIVEN_ADVICE.c.card)
        .where(CALLS.c.at >= since, was_shown(services))
        .order_by(CALLS.c.at)
    )
    months: dict[str, Counter[str]] = {}
    with reading(engine) as connection:
        for row in connection.execute(query).yield_per(_AT_ONCE):
            month = row.at.astimezone(zone).strftime("%Y-%m")
            months.setdefault(month, Counter())[row.outcome or ""] += 1
    return months


def rules_by_month(
    engine: Engine,
    zone: ZoneInfo,
    since: datetime,
    until: datetime,
    services: frozenset[str] = frozenset(),
) -> dict[str, Counter[str]]:
    """Every month of the site from `since` to `until`, oldest first: cards by the rules that spoke on them.

    The database counts, a month at a time: a card of the criteria has twenty rules. `services` as in
    cards_by_month. Raises StoreUnavailable.
    """
    query = (
        select(GIVEN_RULES.c.rule, func.count().label("cards"))
        .join(GIVEN_ADVICE, GIVEN_ADVICE.c.card == GIVEN_RULES.c.card)
        .join(CALLS, CALLS.c.call == GIVEN_ADVICE.c.call)
        .where(was_shown(services))
        .group_by(GIVEN_RULES.c.rule)
    )
    months: dict[str, Counter[str]] = {}
    with reading(engine) as connection:
        for first, end in _months(since.astimezone(zone), until.astimezone(zone)):
            found = connection.execute(query.where(CALLS.c.at >= max(first, since), CALLS.c.at < end))
            months[first.strftime("%Y-%m")] = Counter({row.rule: row.cards for row in found})
    return months


def _months(since: datetime, until: datetime) -> Iterator[tuple[datetime, datetime]]:
    """The beginning of each month, and that of the next, in the zone of `since`."""
    first = since.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    while first <= until:
        is_december = first.month == 12
        end = first.replace(year=first.year + is_december, month=1 if is_december else first.month + 1)
        yield first, end
        first = end
