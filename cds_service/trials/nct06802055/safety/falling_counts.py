"""Blood counts that fall. In aplastic anaemia they are low to begin with, so a fall from baseline counts."""

from collections.abc import Iterator
from datetime import date
from decimal import Decimal

from cds_service.rules.answers.alerts import Action, Severity
from cds_service.trials.nct06802055.patient_state.blood.counts import BloodCount, blood_counts
from cds_service.trials.nct06802055.safety.adverse_events import is_current_bleeding
from cds_service.trials.nct06802055.safety.result_text import result_evidence, shown_result
from cds_service.trials.nct06802055.safety.safety_context import Found, Situation
from cds_service.trials.nct06802055.two_drugs import Drug
from fhir_mappings.clinical_model.calendar import days_before
from fhir_mappings.clinical_model.concepts import Concept
from fhir_mappings.clinical_model.known_unknown import Evidence
from fhir_mappings.clinical_model.messages import Phrase, say
from fhir_mappings.clinical_model.results import Result, day_of


def falling_counts(chart: Situation) -> Iterator[Found]:
    """Neutrophils, platelets and haemoglobin against what they were before (`titration.md` 8)."""
    counts = [count for count in blood_counts(chart.record) if count.day <= chart.day]
    fresh = [c for c in counts if (chart.day - c.day).days <= chart.limits.count_days]
    since, near = chart.since, chart.limits.baseline_days
    baseline = [c for c in counts if since and days_before(since, near) <= c.day <= since]
    yield from _neutrophils(chart, _last(fresh, "neutrophils"), _last(baseline, "neutrophils"))
    yield from _platelets(chart, _last(fresh, "platelets"), _last(baseline, "platelets"))
    yield from _haemoglobin(chart, counts)


def _last(counts: list[BloodCount], line: str) -> Result | None:
    found: list[Result] = [getattr(c, line) for c in counts if getattr(c, line) is not None]
    return found[-1] if found else None


def _fell(now: Result, before: Result | None, share: Decimal) -> bool:
    """Has the value fallen by at least `share` of what it was?"""
    if before is None or not before.number or now.number is None:
        return False
    return now.number <= before.number * (1 - share)


def _neutrophils(chart: Situation, now: Result | None, before: Result | None) -> Iterator[Found]:
    limits = chart.limits
    if now is None or not now.below(limits.neutrophils_low) or not _fell(now, before, limits.count_fall):
        return
    assert before is not None
    seen = _fall(say("safety.line.neutrophils"), now, before)
    newly = now.below(limits.neutrophils_very_low) and before.below(limits.neutrophils_very_low) is False
    action = Action.HOLD if newly else Action.REPEAT_TEST
    yield chart.alert("SAF-ANC", Severity.WARNING, action, seen, Drug.SIROLIMUS, _both(now, before))


def _platelets(chart: Situation, now: Result | None, before: Result | None) -> Iterator[Found]:
    limits = chart.limits
    if now is None:
        return
    fell = bool(now.below(limits.platelets_low)) and _fell(now, before, limits.count_fall)
    if not fell and not now.below(limits.platelets_very_low):
        return
    line = say("safety.line.platelets")
    seen = (
        _fall(line, now, before)
        if before
        else say("safety.count", line=line, value=shown_result(now), day=day_of(now))
    )
    action = Action.HOLD if is_current_bleeding(chart) else Action.REPEAT_TEST
    yield chart.alert("SAF-PLT", Severity.WARNING, action, seen, Drug.SIROLIMUS, _both(now, before))


def _haemoglobin(chart: Situation, counts: list[BloodCount]) -> Iterator[Found]:
    """Down by 20 g/L in four weeks from a value that no transfusion had raised."""
    first = days_before(chart.day, chart.limits.haemoglobin_fall_days)
    lines = [c.haemoglobin for c in counts if c.haemoglobin and c.day >= first]
    if not lines:
        return
    now, earlier = lines[-1], [r for r in lines[:-1] if not _transfused_before(chart, day_of(r))]
    if not earlier or now.number is None:
        return
    before = max(earlier, key=lambda r: r.number or Decimal(0))
    if before.number is not None and before.number - now.number >= chart.limits.haemoglobin_fall:
        seen = _fall(say("safety.line.haemoglobin"), now, before)
        yield chart.alert("SAF-HB", Severity.WARNING, Action.REVIEW, seen, None, _both(now, before))


def _transfused_before(chart: Situation, day: date) -> bool:
    reach = chart.limits.transfusion_effect_days
    given = chart.record.transfusions(Concept.RED_CELL_TRANSFUSION)
    since = days_before(day, reach)
    return any(p.when is not None and p.when.first <= day and since <= p.when.last for p in given)


def _fall(line: Phrase, now: Result, before: Result) -> Phrase:
    return say(
        "safety.fall",
        line=line,
        value=shown_result(now),
        day=day_of(now),
        before=shown_result(before),
        earlier=day_of(before),
    )


def _both(now: Result, before: Result | None) -> list[Evidence]:
    return [result_evidence(r) for r in (now, before) if r]
