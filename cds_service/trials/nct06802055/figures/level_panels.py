"""Drug levels as the rule saw them, beside the target as it was in force at each time (DECISIONS 91)."""

from collections.abc import Iterator

from cds_service.cards.dose_text import band_words, dose_words, drug_name
from cds_service.cards.translations import plain_number
from cds_service.figures.chart_data import (
    DrawnBand,
    Panel,
    Point,
    Shape,
    Spread,
    axis_moment,
    day,
    drawn_number,
    start_of,
)
from cds_service.figures.patient_chart import PatientChart
from cds_service.rules.answers.dosing_answers import Band as Target
from cds_service.rules.answers.dosing_answers import TitrationDecision, Validity
from cds_service.rules.answers.renal_answers import RenalState
from cds_service.trials.nct06802055.dosing.titration import target_band
from cds_service.trials.nct06802055.figures.kidney_course import kidney_course
from cds_service.trials.nct06802055.levels_when_new import level_course
from cds_service.trials.nct06802055.two_drugs import Drug
from fhir_mappings.clinical_model.results import Reading, Result

_SHAPES = {
    Validity.ASSUMED_TROUGH: Shape.CIRCLE,
    Validity.NOT_TROUGH: Shape.DIAMOND,
    Validity.NOT_STEADY_STATE: Shape.TRIANGLE,
    Validity.STALE: Shape.SQUARE,
}
"""Every other level that may not decide points downwards; its words say why."""


def level_panel(chart: PatientChart, drug: Drug) -> Panel | None:
    """The levels of one drug; None for a drug that was neither measured nor is dosed."""
    decision = next((d for d in chart.assessment.titration if d.drug == drug), None)
    points = tuple(_points(chart, drug, decision))
    if not points and decision is None:
        return None
    name = chart.tell.say("page.panel.level", drug=drug_name(drug))
    bands = tuple(_bands(chart, drug))
    return Panel(name, "ng/mL", points, bands, forecast=_forecast(decision, chart))


def _points(chart: PatientChart, drug: Drug, decision: TitrationDecision | None) -> Iterator[Point]:
    course = level_course(chart.record, drug, chart.assessment.participation, chart.now, chart.protocol)
    titrated = decision.trough if decision else None
    for result, seen in course:
        if result.number is not None:
            told = titrated is not None and titrated.reference == result.reference
            yield _point(result, titrated.validity if titrated and told else seen, chart)


def _point(result: Result, validity: Validity | None, chart: PatientChart) -> Point:
    """`result` has a number and a day; `validity` None is a level from outside the trial."""
    assert result.number is not None
    assert result.when is not None
    sign = result.comparator.value if result.comparator else ""
    decides = validity is Validity.VALID and not sign
    return Point(
        axis_moment(result.when, chart.zone),
        drawn_number(result.number),
        f"{sign}{plain_number(result.number)}",
        hollow=not decides,
        shape=_SHAPES.get(validity, Shape.POINTED) if validity and not decides else _plain(decides),
        state=_state(result, validity, chart),
    )


def _plain(decides: bool) -> Shape:
    return Shape.CIRCLE if decides else Shape.POINTED


def _state(result: Result, validity: Validity | None, chart: PatientChart) -> str:
    if result.reading is Reading.PRELIMINARY:
        return chart.tell.say("page.point.preliminary")
    if validity is None:
        return chart.tell.say("page.point.outside")
    return chart.tell.say(f"validity.{validity}")


def _bands(chart: PatientChart, drug: Drug) -> Iterator[DrawnBand]:
    """The target from the start of the study on, without the time in which the kidneys ruled instead."""
    told = chart.assessment.participation
    if told.start is None:
        return
    spans: list[tuple[str, str, Target]] = []
    for start, end, renal in _renal_times(chart):
        target = target_band(drug, renal, told.arm, chart.protocol.titration)
        first = max(start, start_of(told.start))
        if target is None or (end and end <= first):
            continue
        if spans and spans[-1][1:] == (first, target):
            first = spans.pop()[0]
        spans.append((first, end, target))
    for first, end, target in spans:
        words = band_words(target)
        label = (
            chart.tell.say("page.targetUntil", band=words, day=end[:10])
            if end
            else chart.tell.say("page.target", band=words)
        )
        yield DrawnBand(drawn_number(target.low), drawn_number(target.high), label, first, end)


def _renal_times(chart: PatientChart) -> Iterator[tuple[str, str, RenalState]]:
    """Each stretch of time with the renal state of it; "" is an open end."""
    changes = [
        ("", RenalState.UNKNOWN),
        *((start_of(value.day), state) for value, state in kidney_course(chart)),
    ]
    ends = [start for start, _ in changes[1:]]
    for (start, state), end in zip(changes, [*ends, ""], strict=True):
        yield start, end, state


def _forecast(decision: TitrationDecision | None, chart: PatientChart) -> tuple[Spread, ...]:
    """The next trough at each dose in question, where the site forecasts and this patient can be."""
    if decision is None or decision.outlook is None:
        return ()
    on = day(decision.outlook.trough_on)
    return tuple(
        Spread(
            on,
            drawn_number(o.low),
            drawn_number(o.median),
            drawn_number(o.high),
            chart.tell.plain(dose_words(o.dose)),
        )
        for o in decision.outlook.doses
    )
