"""What became of the advice: per trial, rule and version how often shown, accepted, overridden, left alone.

A card without a reaction is "ignored", which is not a rejection (CH-127). The last reaction to a card counts.
"""

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import Engine, Select, Subquery, func, select

from cds_service.audit.audit_tables import CALLS, FEEDBACK, GIVEN_ADVICE, GIVEN_RULES
from cds_service.audit.database import reading
from cds_service.audit.shown import was_shown
from cds_service.audit.text_table import csv_of, side_by_side

COLUMNS = ("rule", "software", "texts", "shown", "accepted", "overridden", "ignored", "reasons", "trial")
_COMMENT_ONLY = "comment-only"
_NO_REASON = "none-given"
_SHORT = 12


@dataclass(slots=True)
class RuleReport:
    """One rule in one version of the software and the reviewed texts; a count per outcome and reason.

    `trial` is the number of the one that the rule is of, "" where that was not asked or cannot be told.
    """

    rule: str
    software: str
    texts: str
    outcomes: Counter[str] = field(default_factory=Counter)
    reasons: Counter[str] = field(default_factory=Counter)
    trial: str = ""

    @property
    def shown(self) -> int:
        """Cards given on which the rule spoke."""
        return self.outcomes.total()

    @property
    def ignored(self) -> int:
        """Cards without any reaction."""
        return self.outcomes[""]

    def cells(self) -> tuple[str, ...]:
        """The values of COLUMNS."""
        counts = (self.shown, self.outcomes["accepted"], self.outcomes["overridden"], self.ignored)
        reasons = "; ".join(f"{code} {count}" for code, count in sorted(self.reasons.items()))
        return (self.rule, self.software, self.texts[:_SHORT], *map(str, counts), reasons, self.trial)


def report(
    engine: Engine,
    since: datetime | None = None,
    until: datetime | None = None,
    services: frozenset[str] = frozenset(),
    trial_of_service: Mapping[str, str] | None = None,
) -> list[RuleReport]:
    """All rules that spoke on cards given from `since` (inclusive) to `until` (exclusive), in order of id.

    Rules of two trials may be called alike. `services`: those whose cards count, all if none is named.
    `trial_of_service`: the numbers of the trials that are told apart, and stand one after the other.
    """
    found: dict[tuple[str, str, str, str], RuleReport] = {}
    trials = trial_of_service or {}
    with reading(engine) as connection:
        for row in connection.execute(_counts(since, until, services)):
            trial, version = trials.get(row.service, ""), (row.rule, row.software, row.texts)
            entry = found.setdefault((trial, *version), RuleReport(*version, trial=trial))
            entry.outcomes[row.outcome or ""] += row.cards
            if row.outcome == "overridden":
                entry.reasons[_reason(row.reason_code, commented=row.commented)] += row.cards
    return [found[version] for version in sorted(found, key=_as_read)]


def _as_read(version: tuple[str, str, str, str]) -> tuple[str, list[str], tuple[str, str, str, str]]:
    trial, rule, *_ = version
    return trial, by_number(rule), version


def by_number(rule: str) -> list[str]:
    """A key that puts E2 before E10, as they are numbered in the protocol."""
    return [part.zfill(4) if part.isdigit() else part for part in re.split(r"(\d+)", rule)]


def _reason(code: str | None, *, commented: bool) -> str:
    return code or (_COMMENT_ONLY if commented else _NO_REASON)


def _counts(
    since: datetime | None, until: datetime | None, services: frozenset[str]
) -> Select[tuple[object, ...]]:
    last = last_reactions()
    version = (CALLS.c.service, GIVEN_RULES.c.rule, CALLS.c.software, CALLS.c.texts)
    reaction = (last.c.outcome, last.c.reason_code, last.c.commented)
    query = (
        select(*version, *reaction, func.count().label("cards"))
        .select_from(GIVEN_RULES)
        .join(GIVEN_ADVICE, GIVEN_ADVICE.c.card == GIVEN_RULES.c.card)
        .join(CALLS, CALLS.c.call == GIVEN_ADVICE.c.call)
        .outerjoin(last, last.c.card == GIVEN_RULES.c.card)
        .where(was_shown(services))
        .group_by(*version, *reaction)
    )
    if since is not None:
        query = query.where(CALLS.c.at >= since)
    return query if until is None else query.where(CALLS.c.at < until)


def last_reactions() -> Subquery:
    """The last reaction to each card that had any."""
    place = func.row_number().over(
        partition_by=FEEDBACK.c.card, order_by=(FEEDBACK.c.outcome_at.desc(), FEEDBACK.c.id.desc())
    )
    commented = FEEDBACK.c.comment_length.is_not(None).label("commented")
    ranked = select(
        FEEDBACK.c.card, FEEDBACK.c.outcome, FEEDBACK.c.reason_code, commented, place.label("place")
    ).subquery()
    return select(ranked).where(ranked.c.place == 1).subquery()


def report_csv(entries: Iterable[RuleReport]) -> str:
    """With a header line; texts in full would not help a reader, their first digits do."""
    return csv_of(COLUMNS, (entry.cells() for entry in entries))


def as_table(entries: Iterable[RuleReport]) -> str:
    """Columns side by side, for a terminal."""
    return side_by_side(COLUMNS, (entry.cells() for entry in entries))
