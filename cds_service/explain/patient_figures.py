"""The figures of a patient, and the time they show."""

from collections.abc import Iterator, Sequence
from datetime import date, timedelta

from cds_service.figures.chart_data import DrawnFigure, Panel, end_of_axis, start_of
from cds_service.figures.patient_chart import PatientChart
from cds_service.trials.trial_interface import PanelsOf
from fhir_mappings.clinical_model.studies import StudyState

_BEFORE_ENTRY = timedelta(days=28)
_WITHOUT_ENTRY = timedelta(days=365)
_AHEAD = timedelta(days=14)


def patient_figures(chart: PatientChart, panels_of: PanelsOf) -> tuple[DrawnFigure, ...]:
    """The trial's figures; none where the chart has nothing to draw."""
    return tuple(_figure(name, panels, chart) for name, panels in panels_of(chart).items() if panels)


def _figure(name: str, panels: Sequence[Panel], chart: PatientChart) -> DrawnFigure:
    now = chart.now
    shown, last = _shown_from(chart), now.day + _AHEAD
    first = min([*(t for panel in panels for t in _times(panel)), start_of(shown)])
    local = now.instant.astimezone(chart.zone).replace(tzinfo=None)
    return DrawnFigure(
        name=name,
        title=chart.tell.say(f"page.figure.{name}"),
        first=first,
        last=max([end_of_axis(last), *(s.t for panel in panels for s in panel.forecast)]),
        shown=max(first, start_of(shown)),
        now=local.isoformat(timespec="minutes"),
        now_label=chart.tell.say("page.today"),
        panels=tuple(panels),
    )


def _shown_from(chart: PatientChart) -> date:
    """From a month before entry; for who is not in the trial, the last year."""
    participation = chart.assessment.participation
    start = participation.first_dose or participation.start
    if start and participation.status in (StudyState.ENROLLED, StudyState.COMPLETED):
        return start - _BEFORE_ENTRY
    return chart.now.day - _WITHOUT_ENTRY


def _times(panel: Panel) -> Iterator[str]:
    yield from (point.t for point in panel.points)
    yield from (mark.t for mark in panel.marks)
    yield from (bar.start for lane in panel.lanes for bar in lane.bars)
