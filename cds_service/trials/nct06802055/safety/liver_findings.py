"""Aminotransferases and bilirubin in multiples of the upper limit of normal (`titration.md` 4.3)."""

from collections.abc import Iterator
from decimal import Decimal

from cds_service.rules.answers.alerts import Action, Severity
from cds_service.trials.nct06802055.safety.result_text import band_of, result_evidence, shown_result
from cds_service.trials.nct06802055.safety.safety_context import Found, Situation
from cds_service.trials.nct06802055.two_drugs import Drug
from fhir_mappings.clinical_model.messages import Phrase, say
from fhir_mappings.clinical_model.results import Analyte, Result, day_of

_TENTH = Decimal("0.1")


def liver_findings(chart: Situation) -> Iterator[Found]:
    """ALT or AST above 3 x the limit: reduce sirolimus; above 5 x, or bilirubin above 3 x: hold it."""
    limits = chart.limits
    for analyte, name, site_limit in (
        (Analyte.ALT, say("safety.line.alt"), limits.alt_uln),
        (Analyte.AST, say("safety.line.ast"), limits.ast_uln),
    ):
        result = chart.newest(analyte, limits.recent_days)
        if result:
            edges = limits.aminotransferase_grades_uln
            yield from _graded(chart, "SAF-LIVER", result, name, site_limit, edges)
    bilirubin = chart.newest(Analyte.BILIRUBIN, limits.recent_days)
    if bilirubin:
        name = say("safety.line.bilirubin")
        yield from _graded(
            chart, "SAF-BILI", bilirubin, name, limits.bilirubin_uln, limits.bilirubin_grades_uln
        )
        yield from _for_ciclosporin(chart, bilirubin, name)


def _graded(
    chart: Situation, rule: str, result: Result, name: Phrase, site_limit: Decimal, edges: tuple[Decimal, ...]
) -> Iterator[Found]:
    times = _times(result, site_limit)
    if times is None or times <= edges[0]:
        return
    grade = band_of(times, edges) + 1
    action = Action.HOLD if grade > 2 else Action.REDUCE
    if rule == "SAF-BILI" and grade == 2:
        action = Action.REPEAT_TEST
    seen = _seen(result, name, times, site_limit)
    yield chart.alert(rule, Severity.WARNING, action, seen, Drug.SIROLIMUS, [result_evidence(result)])


def _for_ciclosporin(chart: Situation, result: Result, name: Phrase) -> Iterator[Found]:
    times = _times(result, chart.limits.bilirubin_uln)
    if chart.on_ciclosporin and times is not None and times > chart.limits.bilirubin_ciclosporin_uln:
        seen = _seen(result, name, times, chart.limits.bilirubin_uln)
        yield chart.alert(
            "SAF-BILI-CSA", Severity.WARNING, Action.REVIEW, seen, Drug.CICLOSPORIN, [result_evidence(result)]
        )


def _times(result: Result, site_limit: Decimal) -> Decimal | None:
    """Multiples of the result's own upper limit of normal, else of the site's; None for "<" and the like."""
    limit = result.high or site_limit
    if result.number is None or result.above(0) is not True:
        return None
    return result.number / limit


def _seen(result: Result, name: Phrase, times: Decimal, site_limit: Decimal) -> Phrase:
    own = result.high
    limit = say("safety.uln.own", limit=own) if own else say("safety.uln.site", limit=site_limit)
    return say(
        "safety.liver",
        line=name,
        value=shown_result(result),
        day=day_of(result),
        times=times.quantize(_TENTH),
        limit=limit,
    )
