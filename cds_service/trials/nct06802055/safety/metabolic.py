"""Lipids and glucose. Grades are those of CTCAE v5, in mmol/L."""

from collections.abc import Iterator
from decimal import Decimal

from cds_service.rules.answers.alerts import Action, Severity
from cds_service.trials.nct06802055.safety.result_text import (
    at_least_times,
    band_of,
    result_evidence,
    shown_result,
)
from cds_service.trials.nct06802055.safety.safety_context import Found, Situation
from cds_service.trials.nct06802055.two_drugs import Drug
from fhir_mappings.clinical_model.messages import Phrase, say
from fhir_mappings.clinical_model.results import Analyte, day_of


def lipids(chart: Situation) -> Iterator[Found]:
    """Triglycerides and cholesterol: grade 1 diet, grade 2 treatment, from grade 3 hold sirolimus."""
    limits = chart.limits
    yield from _graded(
        chart,
        "SAF-TG",
        Analyte.TRIGLYCERIDES,
        limits.triglycerides_grades,
        say("safety.line.triglycerides"),
        1,
    )
    # The reviewed table gives cholesterol from grade 2 on.
    yield from _graded(
        chart, "SAF-CHOL", Analyte.CHOLESTEROL, limits.cholesterol_grades, say("safety.line.cholesterol"), 2
    )


def _graded(
    chart: Situation, rule: str, analyte: Analyte, edges: tuple[Decimal, ...], line: Phrase, lowest: int
) -> Iterator[Found]:
    result = chart.newest(analyte, chart.limits.metabolic_days)
    if result is None or result.number is None or not result.above(edges[0]):
        return
    grade = lowest - 1 + band_of(result.number, edges)
    seen = say("safety.lipid", line=line, value=shown_result(result), day=day_of(result), grade=grade)
    severity = Severity.WARNING if grade >= chart.limits.lipids_treat_grade else Severity.INFO
    action = Action.HOLD if grade >= chart.limits.lipids_hold_grade else Action.TREAT
    yield chart.alert(rule, severity, action, seen, Drug.SIROLIMUS, [result_evidence(result)])


def glucose(chart: Situation) -> Iterator[Found]:
    """7.0 mmol/L or more, and never before the study: the study team is told."""
    result = chart.newest(Analyte.GLUCOSE, chart.limits.metabolic_days)
    if result is None or not at_least_times(result, chart.limits.glucose_high) or _was_high_before(chart):
        return
    seen = say("safety.glucose", value=shown_result(result), day=day_of(result))
    yield chart.alert(
        "SAF-GLUC", Severity.INFO, Action.INFORM_STUDY_TEAM, seen, None, [result_evidence(result)]
    )


def _was_high_before(chart: Situation) -> bool:
    since = chart.since
    earlier = [r for r in chart.readable(Analyte.GLUCOSE) if since and day_of(r) < since]
    return any(at_least_times(r, chart.limits.glucose_high) for r in earlier)
