"""What must not miss a danger: any way of reading the chart that shows one counts (DECISIONS 48)."""

from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal

from cds_service.rules.answers.alerts import Action, Alert
from cds_service.rules.answers.dosing_answers import State, TitrationDecision
from cds_service.rules.answers.follow_up import DueStatus, MonitoringItem
from cds_service.rules.answers.renal_answers import RenalFinding, RenalState

_GRAVEST_FIRST = (
    RenalState.AKI,
    RenalState.IMPAIRED,
    RenalState.STABILISED,
    RenalState.RECOVERED,
    RenalState.WATCH,
    RenalState.UNKNOWN,
    RenalState.NORMAL,
)
_MOST_CAREFUL_FIRST = (
    State.STOP_REVIEW,
    State.HOLD,
    State.DECREASE,
    State.CANNOT_ADVISE,
    State.RECHECK,
    State.AT_CAP_BELOW_TARGET,
    State.CONTINUE,
    State.INITIATE,
    State.INCREASE,
)
_STRONGEST_FIRST = (Action.STOP_REVIEW, Action.HOLD, Action.REDUCE)
_MOST_URGENT_FIRST = (DueStatus.OVERDUE, DueStatus.DUE, DueStatus.NOT_YET, DueStatus.DONE)


def gravest(findings: Sequence[RenalFinding]) -> RenalFinding:
    """The gravest renal state; of one state, that of the highest creatinine."""
    return min(
        findings,
        key=lambda found: (
            _GRAVEST_FIRST.index(found.state),
            _GRAVEST_FIRST.index(found.last),
            -(found.creatinine or 0),
        ),
    )


def most_careful(each: Sequence[tuple[TitrationDecision, ...]]) -> tuple[TitrationDecision, ...]:
    """Of each drug the most careful decision; of one state, the one that proposes least."""
    return tuple(min(decisions, key=_permissiveness) for decisions in zip(*each, strict=True))


def _permissiveness(decision: TitrationDecision) -> tuple[int, Decimal]:
    proposed = decision.proposed.amount_mg if decision.proposed else Decimal(0)
    return _MOST_CAREFUL_FIRST.index(decision.state), proposed


def soonest(each: Sequence[tuple[MonitoringItem, ...]]) -> tuple[MonitoringItem, ...]:
    """Of each test the most urgent line of the schedule."""
    return tuple(min(items, key=_urgency) for items in zip(*each, strict=True))


def _urgency(item: MonitoringItem) -> tuple[int, str]:
    return _MOST_URGENT_FIRST.index(item.status), item.due.isoformat() if item.due else ""


def all_alerts(each: Iterable[Sequence[Alert]]) -> tuple[Alert, ...]:
    """Every finding of any way, loudest first; one that speaks of the same in other numbers once, gravest."""
    found: dict[object, list[Alert]] = {}
    for way in each:
        for key, alert in _numbered(way):
            found.setdefault(key, []).append(alert)
    kept = [min(alike, key=_mildness) for alike in found.values()]
    return tuple(sorted(kept, key=lambda alert: alert.severity.rank))


def _numbered(alerts: Sequence[Alert]) -> Iterator[tuple[object, Alert]]:
    """Each with what it is about. The sentence tells two findings of one rule apart, and their number the
    rest: two allergies are two findings, in whatever way the chart is read."""
    seen: dict[object, int] = {}
    for alert in alerts:
        about = alert.rule.id, alert.drug, alert.order, alert.seen.key
        seen[about] = seen.get(about, 0) + 1
        yield (about, seen[about]), alert


def _mildness(alert: Alert) -> tuple[int, int]:
    places = {action: place for place, action in enumerate(_STRONGEST_FIRST)}
    return alert.severity.rank, places.get(alert.action, len(places))
