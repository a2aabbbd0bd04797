"""Advice that shadow mode kept to itself beside the orders that followed, rule by rule.

The same advice about one patient in a row is one episode, from its first call on. What followed is the first
order of that drug written within some days of it. No order within them is an answer only once they are over.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from statistics import median

from cds_service.audit.shadow import KeptBack, ShadowRecord
from cds_service.audit.text_table import csv_of, side_by_side
from fhir_mappings.clinical_model.calendar import hours_between

_CHANGES = frozenset({"INITIATE", "INCREASE", "DECREASE"})
_STOPS = frozenset({"HOLD", "STOP_REVIEW"})
_STAYS = frozenset({"CONTINUE", "AT_CAP_BELOW_TARGET"})
COLUMNS = (
    *("rule", "state", "episodes", "per 100 openings", "agreed", "otherwise", "nothing followed"),
    *("not comparable", "still open", "agreement", "hours ahead (median)"),
)


class Followed(StrEnum):
    """What clinicians did after an episode."""

    AGREED = "agreed"
    OTHERWISE = "otherwise"
    NOTHING = "nothing followed"
    NOT_COMPARABLE = "not comparable"
    OPEN = "still open"


_JUDGED = (Followed.AGREED, Followed.OTHERWISE, Followed.NOTHING)


@dataclass(frozen=True, slots=True)
class Ordered:
    """An order that a clinician wrote; `daily_mg` is None for one that cannot be read, 0 for a stop or hold.

    `ended_some_day`: it is stopped or on hold now, and nothing says since when.
    """

    patient: str
    drug: str
    at: datetime
    daily_mg: Decimal | None
    ended_some_day: bool = False


@dataclass(slots=True)
class RuleInShadow:
    """One rule and state. `ahead` are the hours from the advice to an order that agreed with it."""

    rule: str
    state: str
    followed: Counter[Followed] = field(default_factory=Counter)
    ahead: list[float] = field(default_factory=list)

    def cells(self, openings: int) -> tuple[str, ...]:
        """The values of COLUMNS."""
        told = [str(self.followed[one]) for one in Followed]
        judged = sum(self.followed[one] for one in _JUDGED)
        share = f"{100 * self.followed[Followed.AGREED] / judged:.0f} %" if judged else "-"
        hours = f"{median(self.ahead):.1f}" if self.ahead else "-"
        rate = f"{100 * self.followed.total() / openings:.1f}" if openings else "-"
        return (self.rule, self.state, str(self.followed.total()), rate, *told, share, hours)


def compare(
    record: ShadowRecord, orders: Iterable[Ordered], now: datetime, days: int, known: frozenset[str]
) -> list[RuleInShadow]:
    """Each rule and state. `known`: the patients of whom orders were had; of others nothing is concluded."""
    by_drug: dict[tuple[str, str], list[Ordered]] = {}
    for order in sorted(orders, key=lambda one: one.at):
        by_drug.setdefault((order.patient, order.drug), []).append(order)
    found: dict[tuple[str, str], RuleInShadow] = {}
    for advice in episodes(record.kept):
        row = found.setdefault((advice.rule, advice.state), RuleInShadow(advice.rule, advice.state))
        followed, next_order = _followed(advice, by_drug, now, 24 * days, known)
        row.followed[followed] += 1
        if followed is Followed.AGREED and next_order is not None:
            row.ahead.append(hours_between(advice.at, next_order.at))
    return [found[key] for key in sorted(found)]


def episodes(kept: Sequence[KeptBack]) -> list[KeptBack]:
    """The first of each run of equal advice of one rule about one patient."""
    last: dict[tuple[str, str, str], KeptBack] = {}
    begun = []
    for one in kept:
        key = (one.patient, one.drug, one.rule)
        before = last.get(key)
        if before is None or (before.state, before.amount_mg) != (one.state, one.amount_mg):
            begun.append(one)
        last[key] = one
    return begun


def _followed(
    advice: KeptBack,
    orders: Mapping[tuple[str, str], Sequence[Ordered]],
    now: datetime,
    hours: float,
    known: frozenset[str],
) -> tuple[Followed, Ordered | None]:
    if advice.patient not in known or advice.state not in _CHANGES | _STOPS | _STAYS or not advice.drug:
        return Followed.NOT_COMPARABLE, None
    theirs = orders.get((advice.patient, advice.drug), ())
    order = next((one for one in theirs if 0 <= hours_between(advice.at, one.at) <= hours), None)
    if order is None:
        if any(one.ended_some_day for one in theirs):
            return Followed.NOT_COMPARABLE, None
        if hours_between(advice.at, now) < hours:
            return Followed.OPEN, None
        return (Followed.AGREED if advice.state in _STAYS else Followed.NOTHING), None
    if order.daily_mg is None:
        return Followed.NOT_COMPARABLE, None
    return (Followed.AGREED if order.daily_mg == _wanted(advice) else Followed.OTHERWISE), order


def _wanted(advice: KeptBack) -> Decimal | None:
    """Milligrams a day; 0 for a hold or stop."""
    if advice.state in _STOPS:
        return Decimal(0)
    if advice.amount_mg is None or not advice.every_hours:
        return None
    return advice.amount_mg * 24 / advice.every_hours


def as_csv(rows: Iterable[RuleInShadow], openings: int) -> str:
    """With a header line."""
    return csv_of(COLUMNS, (row.cells(openings) for row in rows))


def comparison_table(rows: Iterable[RuleInShadow], openings: int) -> str:
    """Columns side by side, for a terminal."""
    return f"{openings} openings\n" + side_by_side(COLUMNS, (row.cells(openings) for row in rows))
