"""Drug levels against their target, doses, interacting drugs and kidney function, for the first figure."""

from collections.abc import Iterator
from datetime import date

from cds_service.cards.translations import plain_number
from cds_service.figures.chart_data import (
    Bar,
    DrawnLine,
    Lane,
    Panel,
    Point,
    day,
    drawn_number,
    end_of_axis,
    start_of,
)
from cds_service.figures.patient_chart import PatientChart
from cds_service.figures.statements import RENAL_TONES
from cds_service.rules.answers.renal_answers import RenalState
from cds_service.rules.drug_uses import Use
from cds_service.trials.nct06802055.figures.dose_lanes import dose_lanes
from cds_service.trials.nct06802055.figures.kidney_course import kidney_course
from cds_service.trials.nct06802055.figures.level_panels import level_panel
from cds_service.trials.nct06802055.patient_state.interactions import interacting_uses
from cds_service.trials.nct06802055.patient_state.kidney.renal_replay import Creatinine
from cds_service.trials.nct06802055.two_drugs import Drug
from fhir_mappings.clinical_model.calendar import days_after


def drug_panels(chart: PatientChart) -> Iterator[Panel]:
    """Those of the panels for which the chart has anything."""
    for drug in Drug:
        if panel := level_panel(chart, drug):
            yield panel
    kidney = kidney_course(chart)
    lanes = (*dose_lanes(chart), *_interaction_lanes(chart), *_kidney_lane(chart, kidney))
    if lanes:
        yield Panel(chart.tell.say("page.panel.courses"), lanes=lanes)
    if kidney:
        yield _creatinine(chart, kidney)


def _interaction_lanes(chart: PatientChart) -> Iterator[Lane]:
    uses = interacting_uses(chart.record, chart.now, chart.protocol.interactions, chart.protocol.interacting)
    for name, its in uses.items():
        if spans := _joined(its, chart.now.day):
            mechanism = chart.protocol.interactions[name].mechanism
            label = chart.tell.say(f"page.mechanism.{mechanism}")
            bars = tuple(_use_bar(first, last, label, chart.now.day) for first, last in spans)
            yield Lane(chart.tell.words.sentences.get(f"interactions.name.{name}", name), bars)


def _use_bar(first: date, last: date | None, label: str, today: date) -> Bar:
    return Bar(start_of(first), end_of_axis(last or today), label, "interaction", going_on=last is None)


def _joined(uses: tuple[Use, ...], today: date) -> list[tuple[date, date | None]]:
    """Uses that touch as one; those without a first day are drawn from their last one."""
    spans: list[tuple[date, date | None]] = []
    for use in sorted(uses, key=lambda u: u.first or u.last or today):
        first = use.first or use.last or today
        if spans and (spans[-1][1] is None or first <= days_after(spans[-1][1], 1)):
            before, end = spans[-1]
            spans[-1] = (before, None if end is None or use.last is None else max(end, use.last))
        else:
            spans.append((first, use.last))
    return spans


def _kidney_lane(chart: PatientChart, course: tuple[tuple[Creatinine, RenalState], ...]) -> Iterator[Lane]:
    """The state that each creatinine left, until the next one; the last as long as it counts."""
    if not course:
        return
    bars: list[Bar] = []
    ends = [value.day for value, _ in course[1:]]
    stale = days_after(course[-1][0].day, chart.protocol.renal.creatinine_age_days)
    for (value, state), end in zip(course, [*ends, min(stale, chart.now.day)], strict=True):
        label = chart.tell.say(f"renal.state.{state}")
        start, until = start_of(value.day), start_of(max(end, days_after(value.day, 1)))
        if bars and bars[-1].label == label:
            bars[-1] = Bar(bars[-1].start, until, label, bars[-1].tone)
        else:
            bars.append(Bar(start, until, label, RENAL_TONES[state]))
    yield Lane(chart.tell.say("page.lane.kidney"), tuple(bars))


def _creatinine(chart: PatientChart, course: tuple[tuple[Creatinine, RenalState], ...]) -> Panel:
    points = tuple(
        Point(
            value.instant.astimezone(chart.zone).replace(tzinfo=None).isoformat(timespec="minutes")
            if value.instant
            else day(value.day),
            drawn_number(value.umol),
            plain_number(value.umol),
        )
        for value, _ in course
    )
    baseline = chart.assessment.renal.baseline
    lines = (
        (DrawnLine(drawn_number(baseline), chart.tell.say("page.baseline", value=baseline)),)
        if baseline
        else ()
    )
    return Panel(chart.tell.say("page.panel.creatinine"), "µmol/L", points, lines=lines)
