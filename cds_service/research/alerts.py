"""What became of the advice, by rule and by month, as it may be shown."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from cds_service.research.small_cells import Cell, guarded
from cds_service.store.report import RuleReport

OUTCOMES = {"accepted": "accepted", "overridden": "overridden", "": "ignored"}
"""What is shown for each outcome of the audit."""


@dataclass(frozen=True, slots=True)
class Told:
    """One rule or month: cards shown, by what became of them; of those overridden, the reasons."""

    name: str
    shown: Cell
    outcomes: Mapping[str, Cell]
    reasons: Mapping[str, Cell]


def by_rule(entries: Iterable[RuleReport]) -> list[Told]:
    """Every rule, its versions taken together."""
    outcomes: dict[str, Counter[str]] = {}
    reasons: dict[str, Counter[str]] = {}
    for entry in entries:
        outcomes.setdefault(entry.rule, Counter()).update(entry.outcomes)
        reasons.setdefault(entry.rule, Counter()).update(entry.reasons)
    return [_told(rule, outcomes[rule], reasons[rule]) for rule in sorted(outcomes)]


def by_month(months: Mapping[str, Counter[str]]) -> list[Told]:
    """Every month in which a card was given."""
    return [_told(month, outcomes, Counter()) for month, outcomes in months.items()]


def _told(name: str, outcomes: Mapping[str, int], reasons: Mapping[str, int]) -> Told:
    row = guarded({shown: outcomes.get(outcome, 0) for outcome, shown in OUTCOMES.items()})
    whys = dict.fromkeys(reasons) if row.parts["overridden"] is None else guarded(reasons).parts
    return Told(name, row.total, row.parts, whys)
