"""Kidney, potassium, magnesium and blood pressure: what ciclosporin harms first (`titration.md` 5.1, 5.4)."""

from collections.abc import Iterator
from datetime import date
from decimal import Decimal

from cds_service.rules.answers.alerts import Action, Severity
from cds_service.rules.answers.renal_answers import RenalState
from cds_service.trials.nct06802055.patient_state.kidney.coded_injury import coded_injury
from cds_service.trials.nct06802055.safety.result_text import at_least_times, result_evidence, shown_result
from cds_service.trials.nct06802055.safety.safety_context import Doubt, Found, Situation
from cds_service.trials.nct06802055.two_drugs import Drug
from fhir_mappings.clinical_model.known_unknown import Evidence
from fhir_mappings.clinical_model.messages import say
from fhir_mappings.clinical_model.results import Analyte, Result, day_of


def kidney_findings(chart: Situation) -> Iterator[Found]:
    """Acute kidney injury; creatinine still rising a month after ciclosporin was reduced."""
    renal = chart.renal
    if renal.standing is RenalState.AKI:
        seen = say("safety.aki", seen=renal.seen)
        if chart.on_ciclosporin:
            yield chart.alert(
                "SAF-AKI", Severity.CRITICAL, Action.HOLD, seen, Drug.CICLOSPORIN, renal.evidence
            )
        else:
            yield chart.alert("SAF-AKI", Severity.CRITICAL, Action.REVIEW, seen, None, renal.evidence)
    elif renal.state is RenalState.IMPAIRED and renal.rising and (days := _days_reduced(chart)):
        seen = say("safety.rising", days=days, seen=renal.seen)
        yield chart.alert(
            "SAF-REN-STOP", Severity.WARNING, Action.STOP_REVIEW, seen, Drug.CICLOSPORIN, renal.evidence
        )


def _days_reduced(chart: Situation) -> int | None:
    """Days on the reduced ciclosporin dose, once they are as many as the rule asks for."""
    dose = chart.doses.get(Drug.CICLOSPORIN)
    if dose is None or dose.dose is None or dose.since is None:
        return None
    days = (chart.day - dose.since).days
    reduced = dose.dose.daily_mg <= 2 * chart.limits.reduced_ciclosporin_mg
    return days if reduced and days >= chart.limits.rising_after_reduction_days else None


def coded_kidney_failure(chart: Situation) -> Iterator[Found]:
    """Acute kidney failure as a diagnosis, on ciclosporin, and no creatinine since: one today."""
    found = coded_injury(chart.record, chart.day) if chart.on_ciclosporin else None
    if found is None or chart.renal.standing is RenalState.AKI:
        return
    when = found.recorded or found.onset
    seen = say("safety.aki.coded", text=found.text, day=when.last if when else None)
    evidence = Evidence(found.reference, when.text if when else None, ", ".join(found.codes) or None)
    yield chart.alert(
        "SAF-AKI-CODED", Severity.WARNING, Action.REPEAT_TEST, seen, Drug.CICLOSPORIN, [evidence]
    )


def potassium(chart: Situation) -> Iterator[Found]:
    """6.0 mmol/L or more: critical, and ciclosporin waits; 5.5 or more on ciclosporin: repeat."""
    result = chart.newest(Analyte.POTASSIUM, chart.limits.recent_days)
    if result is None:
        return
    seen = say("safety.potassium", value=shown_result(result), day=day_of(result))
    drug = Drug.CICLOSPORIN if chart.on_ciclosporin else None
    match at_least_times(result, chart.limits.potassium_critical):
        case True:
            action = Action.HOLD if drug else Action.TREAT
            yield chart.alert("SAF-K6", Severity.CRITICAL, action, seen, drug, [result_evidence(result)])
            return
    if drug and at_least_times(result, chart.limits.potassium_high) is not False:
        yield Doubt(drug, seen)
        yield chart.alert(
            "SAF-K", Severity.WARNING, Action.REPEAT_TEST, seen, drug, [result_evidence(result)]
        )


def magnesium(chart: Situation) -> Iterator[Found]:
    """Below 0.6 mmol/L on ciclosporin."""
    result = chart.newest(Analyte.MAGNESIUM, chart.limits.recent_days, worse=min)
    if chart.on_ciclosporin and result and result.below(chart.limits.magnesium_low):
        seen = say("safety.magnesium", value=shown_result(result), day=day_of(result))
        yield chart.alert(
            "SAF-MG", Severity.WARNING, Action.TREAT, seen, Drug.CICLOSPORIN, [result_evidence(result)]
        )


def blood_pressure(chart: Situation) -> Iterator[Found]:
    """140/90 mmHg or more on the last two days of measurement, or 160/100 on the last, on ciclosporin."""
    if not chart.on_ciclosporin:
        return
    limits = chart.limits
    days = _pressures(chart)
    severe = [r for r in days[:1] if _raised(r, limits.systolic_severe, limits.diastolic_severe)]
    twice = [r for r in days[:2] if _raised(r, limits.systolic_high, limits.diastolic_high)]
    if not severe and len(twice) < 2:
        return
    latest = days[0]
    shown_as = {result.analyte: shown_result(result) for result in latest}
    seen = say(
        "safety.pressure",
        systolic=shown_as.get(Analyte.SYSTOLIC),
        diastolic=shown_as.get(Analyte.DIASTOLIC),
        day=day_of(latest[0]),
    )
    evidence = [result_evidence(result) for results in days[: 1 if severe else 2] for result in results]
    yield chart.alert("SAF-BP", Severity.WARNING, Action.TREAT, seen, Drug.CICLOSPORIN, evidence)
    yield Doubt(Drug.CICLOSPORIN, seen)


def _pressures(chart: Situation) -> list[list[Result]]:
    """The last two days with a blood pressure, newest first: the last systolic and diastolic of each."""
    days: dict[date, dict[Analyte, Result]] = {}
    for analyte in (Analyte.SYSTOLIC, Analyte.DIASTOLIC):
        for result in chart.readable(analyte):
            if (chart.day - day_of(result)).days <= chart.limits.recent_days:
                days.setdefault(day_of(result), {})[analyte] = result
    return [list(days[day].values()) for day in sorted(days, reverse=True)[:2]]


def _raised(results: list[Result], systolic: Decimal, diastolic: Decimal) -> bool:
    limit = {Analyte.SYSTOLIC: systolic, Analyte.DIASTOLIC: diastolic}
    return any(at_least_times(result, limit[result.analyte]) for result in results)
