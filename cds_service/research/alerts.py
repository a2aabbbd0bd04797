"""What became of the advice, by rule and by month, as it may be shown."""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from cds_service.research.small_cells import Cell, gives_away, guarded
from cds_service.store.report import RuleReport, by_number

OUTCOMES = {"accepted": "accepted", "overridden": "overridden", "": "ignored"}
"""What is shown for each outcome of the audit."""


@dataclass(frozen=True, slots=True)
class Told:
    """One rule or month: cards shown, by what became of them; of those overridden, the reasons."""

    name: str
    shown: Cell
    outcomes: Mapping[str, Cell]
    reasons: Mapping[str, Cell]


@dataclass(frozen=True, slots=True)
class Advice:
    """Both tables, of the same cards: what one hides, the other must not give away."""

    rules: list[Told]
    months: list[Told]


def advice(entries: Iterable[RuleReport], months: Mapping[str, Counter[str]]) -> Advice:
    """By rule, its versions taken together, and by month."""
    outcomes: dict[str, Counter[str]] = {}
    reasons: dict[str, Counter[str]] = {}
    for entry in entries:
        outcomes.setdefault(entry.rule, Counter()).update(entry.outcomes)
        reasons.setdefault(entry.rule, Counter()).update(entry.reasons)
    rules = [_told(rule, outcomes[rule], reasons[rule]) for rule in sorted(outcomes, key=by_number)]
    besides = _open_columns(rules, outcomes)
    return Advice(rules, [_told(month, counts, {}, besides) for month, counts in months.items()])


def _open_columns(rules: Iterable[Told], outcomes: Mapping[str, Counter[str]]) -> frozenset[str]:
    """Where the sum of all months, less the rules that are shown, would tell what a rule hides."""
    rules = list(rules)
    totals = [outcomes[rule.name].total() for rule in rules if rule.shown is None]
    if gives_away(totals):
        return frozenset(OUTCOMES.values())
    return frozenset(
        shown
        for outcome, shown in OUTCOMES.items()
        if gives_away([outcomes[rule.name][outcome] for rule in rules if rule.outcomes[shown] is None])
    )


def _told(
    name: str, outcomes: Mapping[str, int], reasons: Mapping[str, int], besides: Collection[str] = ()
) -> Told:
    parts = {shown: outcomes.get(outcome, 0) for outcome, shown in OUTCOMES.items()}
    row = guarded(parts, besides)
    total = None if len(besides) == len(OUTCOMES) else row.total
    whys = dict.fromkeys(reasons) if row.parts["overridden"] is None else guarded(reasons).parts
    return Told(name, total, row.parts, whys)
