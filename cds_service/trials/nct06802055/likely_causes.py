"""What came before a danger and may have brought it about: another drug, a higher dose.

A cause is named where the chart shows both the danger and what came before it, with their days. Nothing is
concluded from it but what the prescriber reads, and which order may be ended.
"""

from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from itertools import pairwise

import msgspec
from msgspec.structs import replace

from cds_service.rules.answers.alerts import Alert, SafetyReport, Severity
from cds_service.rules.answers.causes import Cause, Partner, with_causes
from cds_service.rules.answers.dosing_answers import TitrationDecision
from cds_service.rules.as_of import AsOf
from cds_service.trials.nct06802055.dosing.shared_decisions import decision_dose_words
from cds_service.trials.nct06802055.patient_state.doses.current_dose import DoseInForce
from cds_service.trials.nct06802055.patient_state.doses.titration_limits import TitrationLimits
from cds_service.trials.nct06802055.patient_state.dosing_reasons import Reason
from cds_service.trials.nct06802055.patient_state.interactions import (
    ActiveInteraction,
    InteractionLimits,
    Mechanism,
)
from cds_service.trials.nct06802055.patient_state.levels.drug_levels import blood_levels
from cds_service.trials.nct06802055.patient_state.levels.level_limits import LevelLimits
from cds_service.trials.nct06802055.patient_state.levels.steady_state import modulator_days
from cds_service.trials.nct06802055.two_drugs import Drug
from fhir_mappings.clinical_model.calendar import days_before
from fhir_mappings.clinical_model.medications import Dose
from fhir_mappings.clinical_model.messages import Phrase, say
from fhir_mappings.clinical_model.record import ClinicalRecord
from fhir_mappings.clinical_model.results import Analyte, Comparator, Result, day_of

_INHIBITORS = frozenset({Mechanism.STRONG_INHIBITOR, Mechanism.MODERATE_INHIBITOR})
_INDUCERS = frozenset({Mechanism.STRONG_INDUCER, Mechanism.MODERATE_INDUCER})
_KIDNEY = frozenset({Mechanism.NEPHROTOXIC})
_POTASSIUM = frozenset({Mechanism.HYPERKALAEMIA, Mechanism.NEPHROTOXIC})
_LEVEL_RULES = {
    "SAF-SRL-LEVEL": Drug.SIROLIMUS,
    "SAF-SRL-TOX": Drug.SIROLIMUS,
    "SAF-CSA-LEVEL": Drug.CICLOSPORIN,
}
_RESULT_RULES = {
    "SAF-AKI": (Analyte.CREATININE, _KIDNEY),
    "SAF-REN-STOP": (Analyte.CREATININE, _KIDNEY),
    "SAF-K6": (Analyte.POTASSIUM, _POTASSIUM),
    "SAF-K": (Analyte.POTASSIUM, _POTASSIUM),
}
_KIDNEY_REASONS = frozenset({Reason.AKI, Reason.RENAL_IMPAIRED})
MOST = 2
"""Causes named beside one danger: a headline that lists more is not read."""


class Before(msgspec.Struct, frozen=True):
    """What may explain a danger: both doses over time, other drugs, earlier levels."""

    record: ClinicalRecord
    as_of: AsOf
    doses: Mapping[Drug, DoseInForce]
    interactions: tuple[ActiveInteraction, ...]
    levels: LevelLimits
    titration: TitrationLimits
    interacting: InteractionLimits


def report_with_causes(report: SafetyReport, before: Before) -> SafetyReport:
    """The report, each danger with what may have brought it about."""
    return replace(report, alerts=tuple(_alert_with_causes(alert, before) for alert in report.alerts))


def decision_with_causes(
    decision: TitrationDecision, alerts: Iterable[Alert], before: Before
) -> TitrationDecision:
    """The decision with what raised the level or harmed the kidneys, unless a critical finding names it."""
    loud = [a for a in alerts if a.drug == decision.drug and a.severity is Severity.CRITICAL]
    if any(alert.causes for alert in loud):
        return decision
    found = _causes_of_decision(decision, before)
    return replace(decision, causes=found, seen=_told(decision.seen, found)) if found else decision


def _alert_with_causes(alert: Alert, before: Before) -> Alert:
    found = _causes_of_alert(alert, before)
    if not found:
        return alert
    evidence = (*alert.evidence, *(one for cause in found for one in cause.evidence))
    return replace(alert, causes=found, seen=_told(alert.seen, found), evidence=evidence)


def _told(seen: Phrase, causes: tuple[Cause, ...]) -> Phrase:
    return with_causes(seen, (cause.told for cause in causes))


def _causes_of_alert(alert: Alert, before: Before) -> tuple[Cause, ...]:
    if alert.rule.id in _LEVEL_RULES:
        drug = _LEVEL_RULES[alert.rule.id]
        days = [day_of(r) for r in _levels(drug, before) if r.reference == alert.evidence[0].reference]
        return _of_level(drug, max(days), before) if days else ()
    if alert.rule.id in _RESULT_RULES:
        analyte, mechanisms = _RESULT_RULES[alert.rule.id]
        return _of_result(analyte, mechanisms, before)
    return ()


def _causes_of_decision(decision: TitrationDecision, before: Before) -> tuple[Cause, ...]:
    if Reason.LEVEL_UNEXPECTED in decision.reasons:
        return ()
    if _KIDNEY_REASONS.intersection(decision.reasons):
        return _of_result(Analyte.CREATININE, _KIDNEY, before)
    trough, drug = decision.trough, Drug(decision.drug)
    top = before.titration.tables[drug].top
    if trough.value is None or trough.day is None or trough.value <= top:
        return ()
    return _of_level(drug, trough.day, before)


def _of_level(drug: Drug, day: date, before: Before) -> tuple[Cause, ...]:
    """What raised a level of that day, since the last one that was not above target."""
    good = [r for r in _levels(drug, before) if day_of(r) < day and _is_good(r, drug, before)]
    last = day_of(good[-1]) if good else None
    steady = before.levels.of[drug].steady_days
    found = [
        *_partners(drug, day, last, before),
        *_raised(before.doses[drug], drug, day, _since(last, steady, day, before)),
    ]
    if drug == Drug.SIROLIMUS:
        since = _since(last, before.levels.ciclosporin_change_days, day, before)
        found += _ciclosporin_raised(before.doses[Drug.CICLOSPORIN], day, since, before)
    return tuple(cause for _, cause in sorted(found, key=lambda one: one[0], reverse=True)[:MOST])


_Dated = tuple[date, Cause]


def _levels(drug: Drug, before: Before) -> tuple[Result, ...]:
    return blood_levels(before.record, drug, before.as_of, 2 * before.titration.jump_earlier[1])


def _is_good(result: Result, drug: Drug, before: Before) -> bool:
    under = result.comparator in (None, Comparator.LESS, Comparator.AT_MOST)
    top = before.titration.tables[drug].top
    return under and result.number is not None and result.number <= top


def _since(good: date | None, settling: int, day: date, before: Before) -> date:
    """What began earlier had reached its full effect in the last good level already."""
    return days_before(good, settling) if good else days_before(day, before.interacting.recent_change)


def _partners(drug: Drug, day: date, good: date | None, before: Before) -> Iterator[_Dated]:
    for active in before.interactions:
        if active.interaction.class_with(drug) is None:
            continue
        since = _since(good, modulator_days(drug, active, before.levels), day, before)
        if active.interaction.mechanism in _INHIBITORS:
            yield from _begun(active, day, since, before)
        elif active.interaction.mechanism in _INDUCERS and active.stopped and since < active.stopped <= day:
            yield active.stopped, _gone(active, active.stopped)


def _begun(active: ActiveInteraction, day: date, since: date, before: Before) -> Iterator[_Dated]:
    """A drug that began after `since`, and was still taken, or had just ended, on the day of the danger."""
    ended = active.stopped is not None and active.stopped < days_before(day, before.interacting.cause_ended)
    if active.started and since < active.started <= day and not ended:
        yield active.started, _cause(active, active.started)


def _cause(active: ActiveInteraction, started: date) -> Cause:
    name = active.interaction.name
    told = say("cause.drug", name=name, since=started)
    if active.stopped:
        told = say("cause.drugEnded", name=name, since=started, until=active.stopped)
    partner = Partner(name, active.orders) if active.current else None
    return Cause(told, say("cause.drug.short", name=name), (active.evidence,), partner)


def _gone(active: ActiveInteraction, stopped: date) -> Cause:
    name = active.interaction.name
    told = say("cause.stopped", name=name, day=stopped)
    return Cause(told, say("cause.stopped.short", name=name), (active.evidence,))


def _raised(dose: DoseInForce, drug: Drug, day: date, since: date) -> Iterator[_Dated]:
    for then, now in pairwise(dose.steps):
        if now.dose.daily_mg > then.dose.daily_mg and since < now.day <= day:
            yield now.day, _higher(f"cause.raised.{drug}", now.dose, now.day)


def _ciclosporin_raised(dose: DoseInForce, day: date, since: date, before: Before) -> Iterator[_Dated]:
    edge = before.titration.jump_ciclosporin_mg
    for then, now in pairwise((None, *dose.steps)):
        assert now is not None
        risen = now.dose.daily_mg - then.dose.daily_mg if then else now.dose.daily_mg
        if risen >= edge and since < now.day <= day:
            yield now.day, _higher(f"cause.raised.{Drug.CICLOSPORIN}", now.dose, now.day)


def _higher(key: str, dose: Dose, day: date) -> Cause:
    told = Phrase(key, (("day", day), ("dose", decision_dose_words(dose))))
    return Cause(told, Phrase(f"{key}.short"))


def _of_result(analyte: Analyte, mechanisms: frozenset[Mechanism], before: Before) -> tuple[Cause, ...]:
    """Drugs that harm the kidneys, or raise potassium, begun not long before the newest value."""
    days = [r.when.last for r in before.record.usable(analyte) if r.when and r.when.first <= before.as_of.day]
    if not days:
        return ()
    day = max(days)
    since = days_before(day, before.interacting.recent_change + 1)
    found = [
        dated
        for active in before.interactions
        if active.interaction.mechanism in mechanisms
        for dated in _begun(active, day, since, before)
    ]
    return tuple(cause for _, cause in sorted(found, key=lambda one: one[0], reverse=True)[:MOST])
