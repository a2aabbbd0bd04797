"""When a test is due by the calendar alone, and what else asks for it."""

from collections.abc import Mapping, Sequence

from cds_service.rules.answers.dosing_answers import Band
from cds_service.rules.answers.follow_up import DueStatus, MonitoringItem
from cds_service.rules.thresholds import Rule
from cds_service.trials.nct06802055.monitoring.plan import Calendar, Candidate, MonitoringLimits, Test, after
from fhir_mappings.clinical_model.messages import say
from fhir_mappings.clinical_model.results import Result

_ROUTINE_RANK = 9


def item_of(
    test: Test,
    reasons: Sequence[Candidate],
    calendar: Calendar,
    target: Band | None,
    limits: MonitoringLimits,
    rules: Mapping[str, Rule],
) -> MonitoringItem:
    """One line of the schedule: a special reason that is due goes before routine, else the earliest date."""
    routine = _routine(test, calendar, target, limits, rules)
    open_reasons = list(reasons) if any(r.instead for r in reasons) else [*reasons, routine]
    due_now = [r for r in open_reasons if r.due <= calendar.day]
    if due_now:
        chosen = min(due_now, key=lambda r: (r.rank, r.due))
        status = DueStatus.OVERDUE if calendar.day > chosen.overdue else DueStatus.DUE
    else:
        chosen = min(open_reasons, key=lambda r: (r.due, r.rank))
        asked = any(r.asked for r in reasons)
        done = chosen is routine and not asked and bool(calendar.days_of(test))
        status = DueStatus.DONE if done else DueStatus.NOT_YET
    return MonitoringItem(test.name, chosen.due, status, chosen.rule, chosen.seen)


def _routine(
    test: Test, calendar: Calendar, target: Band | None, limits: MonitoringLimits, rules: Mapping[str, Rule]
) -> Candidate:
    done = calendar.days_of(test)
    rule = rules[test.rule]
    if not done:
        due, overdue = after(calendar.day_one, test.due[0]), after(calendar.day_one, test.overdue[0])
        return Candidate(due, overdue, rule, say("schedule.first", day=calendar.day_one), _ROUTINE_RANK)
    phase = calendar.phase(limits)
    days, late = test.due[phase], test.overdue[phase]
    if target and phase == 2 and _is_stable(test, calendar, target, limits):
        days, late = limits.stable_due, limits.stable_overdue
    seen = say("schedule.last", day=done[-1], days=days)
    return Candidate(after(done[-1], days), after(done[-1], late), rule, seen, _ROUTINE_RANK)


def _is_stable(test: Test, calendar: Calendar, target: Band, limits: MonitoringLimits) -> bool:
    """The last two levels, a week or more apart, both inside the target (`titration.md` 4.2)."""
    levels = calendar.measured.get(test.analytes[0][0], ())[-2:]
    if len(levels) < 2:
        return False
    first, second = (r.when for r in levels)
    apart = (second.last - first.last).days if first and second else 0
    return apart >= limits.stable_apart and all(_inside(r, target) for r in levels)


def _inside(result: Result, target: Band) -> bool:
    number = result.number
    return result.comparator is None and number is not None and target.low <= number <= target.high
