"""Protein in the urine, a harm of sirolimus (US label 5.9)."""

from collections.abc import Iterator

from cds_service.rules.answers.alerts import Action, Severity
from cds_service.trials.nct06802055.safety.result_text import at_least_times, result_evidence, shown_result
from cds_service.trials.nct06802055.safety.safety_context import Doubt, Found, Situation
from cds_service.trials.nct06802055.two_drugs import Drug
from fhir_mappings.clinical_model.messages import say
from fhir_mappings.clinical_model.results import Analyte, Presence, Reading, Result, day_of

PLUS = {
    "2+": 2, "++": 2, "+2": 2, "3+": 3, "+++": 3, "+3": 3, "4+": 4, "++++": 4, "+4": 4,
    "1+": 1, "+": 1, "+1": 1, "trace": 0, "+-": 0, "±": 0, "-": 0, "negative": 0, "neg": 0, "阴性": 0,
}  # fmt: skip
"""How laboratories write a dipstick."""


def urine_protein(chart: Situation) -> Iterator[Found]:
    """Protein/creatinine from 1 g/g confirm, from 2 hold, from 3.5 stop; else a dipstick of 2+ or more."""
    ratio = chart.newest(Analyte.URINE_PROTEIN_CREATININE, chart.limits.metabolic_days)
    stick = _latest_stick(chart)
    if ratio and (stick is None or day_of(stick) <= day_of(ratio)):
        yield from _ratio(chart, ratio)
    elif stick:
        yield from _dipstick(chart, stick)


def _dipstick(chart: Situation, stick: Result) -> Iterator[Found]:
    seen = say("safety.dipstick", written=stick.as_written, day=day_of(stick))
    plus = plus_of(stick)
    if plus is None:
        yield Doubt(Drug.SIROLIMUS, seen)
    elif plus >= chart.limits.dipstick_plus:
        yield chart.alert(
            "SAF-PROT", Severity.WARNING, Action.REPEAT_TEST, seen, Drug.SIROLIMUS, [result_evidence(stick)]
        )


def _ratio(chart: Situation, ratio: Result) -> Iterator[Found]:
    limits = chart.limits
    if not at_least_times(ratio, limits.protein_confirm):
        return
    action = Action.REPEAT_TEST
    if at_least_times(ratio, limits.protein_hold):
        action = Action.STOP_REVIEW if at_least_times(ratio, limits.protein_stop) else Action.HOLD
    seen = say("safety.protein", value=shown_result(ratio), day=day_of(ratio))
    yield chart.alert("SAF-PROT", Severity.WARNING, action, seen, Drug.SIROLIMUS, [result_evidence(ratio)])


def _latest_stick(chart: Situation) -> Result | None:
    """Plusses are no number and no yes or no, so a reader may call them unreadable; here they are read."""
    held = chart.results.get(Analyte.URINE_PROTEIN_DIPSTICK, ())
    reported = [r for r in held if r.reading in (Reading.USABLE, Reading.UNREADABLE)]
    recent = [r for r in reported if (chart.day - day_of(r)).days <= chart.limits.metabolic_days]
    return recent[-1] if recent else None


def plus_of(stick: Result) -> int | None:
    """The number of plusses of a dipstick; None when it is not written in a way we know."""
    if stick.presence is Presence.NEGATIVE:
        return 0
    return PLUS.get(stick.as_written.strip().casefold())
