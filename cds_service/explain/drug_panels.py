"""Drug levels against their target, doses, interacting drugs and kidney function, for the first figure."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from zoneinfo import ZoneInfo

from cds_service.cards.dose_words import band_words, dose_words, drug_name
from cds_service.cards.wording import plain_number
from cds_service.explain.figure import (
    Band,
    Bar,
    Lane,
    Line,
    Panel,
    Point,
    Spread,
    day,
    end_of,
    moment,
    number,
    start_of,
)
from cds_service.explain.telling import RENAL_TONES, Teller
from cds_service.protocol.answers import dosing as answers
from cds_service.protocol.answers.assessment import Assessment
from cds_service.protocol.answers.kidney import RenalState
from cds_service.protocol.assess import Protocol
from cds_service.protocol.dosing.dose_in_force import DoseInForce, dose_in_force
from cds_service.protocol.dosing.reduced_dose import reduced_since
from cds_service.protocol.drug_uses import Use
from cds_service.protocol.interactions import interacting_uses
from cds_service.protocol.kidney.renal import renal_course
from cds_service.protocol.kidney.renal_replay import Creatinine
from cds_service.protocol.moment import AsOf
from fhir_mappings.vocabulary.calendar import days_after
from fhir_mappings.vocabulary.medications import Drug
from fhir_mappings.vocabulary.record import ClinicalRecord
from fhir_mappings.vocabulary.results import Analyte, Reading, Result


@dataclass(frozen=True, slots=True)
class Chart:
    """One patient as of one moment, with the reviewed numbers, to be drawn."""

    record: ClinicalRecord
    now: AsOf
    assessment: Assessment
    protocol: Protocol
    tell: Teller

    @property
    def zone(self) -> ZoneInfo:
        """The hospital's time zone."""
        return self.record.zone


def drug_panels(chart: Chart) -> Iterator[Panel]:
    """Those of the panels for which the chart has anything."""
    doses = {drug: _dose(chart, drug) for drug in Drug}
    for drug in Drug:
        if panel := _levels(chart, drug):
            yield panel
    reduced = reduced_since(doses[Drug.CICLOSPORIN], chart.protocol.titration.impaired_daily_mg)
    person = chart.assessment.participation
    kidney = renal_course(chart.record, person, chart.now, chart.protocol.renal, reduced)
    lanes = (*_dose_lanes(chart, doses), *_interaction_lanes(chart), *_kidney_lane(chart, kidney))
    if lanes:
        yield Panel(chart.tell.say("page.panel.courses"), lanes=lanes)
    if kidney:
        yield _creatinine(chart, kidney)


def _levels(chart: Chart, drug: Drug) -> Panel | None:
    results = chart.record.of(Analyte(drug.value))
    points = tuple(_point(r, chart) for r in results if r.number is not None and r.when and r.when.is_one_day)
    decision = next((d for d in chart.assessment.titration if d.drug is drug), None)
    if not points and decision is None:
        return None
    name = chart.tell.say("page.panel.level", drug=drug_name(drug))
    band = _band(decision, chart) if decision else None
    return Panel(name, "ng/mL", points, band, forecast=_forecast(decision, chart))


def _forecast(decision: answers.TitrationDecision | None, chart: Chart) -> tuple[Spread, ...]:
    """The next trough at each dose in question, where the site forecasts and this patient can be."""
    if decision is None or decision.outlook is None:
        return ()
    on = day(decision.outlook.trough_on)
    return tuple(
        Spread(on, number(o.low), number(o.median), number(o.high), chart.tell.plain(dose_words(o.dose)))
        for o in decision.outlook.doses
    )


def _band(decision: answers.TitrationDecision, chart: Chart) -> Band | None:
    target = decision.target
    if target is None:
        return None
    label = chart.tell.say("page.target", band=band_words(decision.drug, target))
    return Band(number(target.low), number(target.high), label)


def _point(result: Result, chart: Chart) -> Point:
    """`result` has a number and a day."""
    assert result.number is not None
    assert result.when is not None
    sign = result.comparator.value if result.comparator else ""
    label = f"{sign}{plain_number(result.number)}"
    hollow = bool(sign) or result.reading is not Reading.USABLE
    return Point(moment(result.when, chart.zone), number(result.number), label, hollow)


def _dose(chart: Chart, drug: Drug) -> DoseInForce:
    return dose_in_force(chart.record, drug, chart.assessment.participation, chart.now, chart.protocol.doses)


def _dose_lanes(chart: Chart, doses: Mapping[Drug, DoseInForce]) -> Iterator[Lane]:
    for drug, dose in doses.items():
        if dose.steps:
            yield Lane(chart.tell.plain(drug_name(drug)), tuple(_dose_bars(chart, dose)))


def _dose_bars(chart: Chart, dose: DoseInForce) -> Iterator[Bar]:
    """Each dose from its first sign to the next dose; the last to the end of its supply, or to today."""
    today = chart.now.day
    after = [step.day for step in dose.steps[1:]]
    for step, following in zip(dose.steps, [*after, None], strict=True):
        label = chart.tell.plain(dose_words(step.dose))
        if following is not None:
            yield Bar(start_of(step.day), start_of(following), label, "dose")
        else:
            last = min(dose.taken_until or today, today)
            goes_on = dose.taken and (dose.taken_until is None or dose.taken_until >= today)
            yield Bar(start_of(step.day), end_of(max(last, step.day)), label, "dose", going_on=goes_on)


def _interaction_lanes(chart: Chart) -> Iterator[Lane]:
    uses = interacting_uses(chart.record, chart.now, chart.protocol.interactions, chart.protocol.interacting)
    for name, its in uses.items():
        if spans := _joined(its, chart.now.day):
            mechanism = chart.protocol.interactions[name].mechanism
            label = chart.tell.say(f"page.mechanism.{mechanism}")
            bars = tuple(_use_bar(first, last, label, chart.now.day) for first, last in spans)
            yield Lane(name, bars)


def _use_bar(first: date, last: date | None, label: str, today: date) -> Bar:
    return Bar(start_of(first), end_of(last or today), label, "interaction", going_on=last is None)


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


def _kidney_lane(chart: Chart, course: tuple[tuple[Creatinine, RenalState], ...]) -> Iterator[Lane]:
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


def _creatinine(chart: Chart, course: tuple[tuple[Creatinine, RenalState], ...]) -> Panel:
    points = tuple(
        Point(
            value.instant.astimezone(chart.zone).replace(tzinfo=None).isoformat(timespec="minutes")
            if value.instant
            else day(value.day),
            number(value.umol),
            plain_number(value.umol),
        )
        for value, _ in course
    )
    baseline = chart.assessment.renal.baseline
    lines = (Line(number(baseline), chart.tell.say("page.baseline", value=baseline)),) if baseline else ()
    return Panel(chart.tell.say("page.panel.creatinine"), "µmol/L", points, lines=lines)
