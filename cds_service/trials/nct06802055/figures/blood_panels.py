"""Blood counts with what a response asks of them, and transfusions, for the second figure."""

from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal

from cds_service.cards.translations import plain_number
from cds_service.figures.chart_data import DrawnLine, Mark, Panel, Point, Shape, axis_moment, drawn_number
from cds_service.figures.patient_chart import PatientChart
from cds_service.trials.nct06802055.patient_state.blood.counts import CountLimits
from cds_service.trials.nct06802055.patient_state.treatment_response.response_profiles import (
    Floor,
    ResponseStandard,
)
from fhir_mappings.clinical_model.concepts import Concept
from fhir_mappings.clinical_model.known_unknown import Known, Sex
from fhir_mappings.clinical_model.record import ClinicalRecord
from fhir_mappings.clinical_model.results import Analyte, Reading, Result
from fhir_mappings.clinical_model.studies import StudyState

_UNITS = {Analyte.HAEMOGLOBIN: "g/L"}
_CELLS = "10⁹/L"
_LINES = (Analyte.HAEMOGLOBIN, Analyte.PLATELETS, Analyte.NEUTROPHILS, Analyte.RETICULOCYTES)
_TRANSFUSIONS = {
    Analyte.HAEMOGLOBIN: Concept.RED_CELL_TRANSFUSION,
    Analyte.PLATELETS: Concept.PLATELET_TRANSFUSION,
}


def blood_panels(chart: PatientChart) -> Iterator[Panel]:
    """A panel for each line of the blood count that was ever measured."""
    standard = chart.protocol.response.standard
    for analyte in _LINES:
        points = tuple(_points(chart.record.of(analyte), chart))
        if points:
            yield Panel(
                chart.tell.say(f"page.panel.{analyte}"),
                _UNITS.get(analyte, _CELLS),
                points,
                lines=tuple(_thresholds(analyte, standard, chart)),
                marks=tuple(_marks(analyte, chart)),
            )


def _points(results: Iterable[Result], chart: PatientChart) -> Iterator[Point]:
    for result in results:
        if result.number is not None and result.when and result.when.is_one_day:
            sign = result.comparator.value if result.comparator else ""
            state = _state(result, chart)
            shape = Shape.POINTED if state else Shape.CIRCLE
            label = f"{sign}{plain_number(result.number)}"
            at = axis_moment(result.when, chart.zone)
            yield Point(at, drawn_number(result.number), label, bool(state), shape, state)


def _state(result: Result, chart: PatientChart) -> str:
    """Why a count may not decide, "" where it may."""
    if result.reading is Reading.PRELIMINARY:
        return chart.tell.say("page.point.preliminary")
    if result.reading is not Reading.USABLE:
        return chart.tell.say("page.point.unusable")
    return chart.tell.say("page.point.bound") if result.comparator else ""


def _thresholds(analyte: Analyte, standard: ResponseStandard, chart: PatientChart) -> Iterator[DrawnLine]:
    """What complete response asks for, what is severe, and for who is not in the trial the limit of I3."""
    for terms in {standard.profile.severe.complete, standard.profile.non_severe.complete}:
        floor: Floor | None = getattr(terms, analyte.value, None)
        if floor is not None:
            value = _normal(standard, chart.record) if floor.limit is None else floor.limit
            key = "page.line.completeFrom" if floor.inclusive else "page.line.completeAbove"
            yield DrawnLine(drawn_number(value), chart.tell.say(key, value=value))
    for key, limit in _limits(analyte, standard.counts, chart).items():
        yield DrawnLine(drawn_number(limit), chart.tell.say(key, value=limit))


def _normal(standard: ResponseStandard, record: ClinicalRecord) -> Decimal:
    """Normal haemoglobin; for an unknown sex that of men, which asks more."""
    is_woman = isinstance(record.sex, Known) and record.sex.value is Sex.FEMALE
    limits = standard.limits
    return limits.normal_haemoglobin_women if is_woman else limits.normal_haemoglobin_men


def _limits(analyte: Analyte, counts: CountLimits, chart: PatientChart) -> Mapping[str, Decimal]:
    severe = {
        Analyte.PLATELETS: counts.severe_platelets_below,
        Analyte.NEUTROPHILS: counts.severe_neutrophils_below,
        Analyte.RETICULOCYTES: counts.severe_reticulocytes_below,
    }
    entry = {
        Analyte.HAEMOGLOBIN: counts.haemoglobin_below,
        Analyte.PLATELETS: counts.platelets_below,
        Analyte.NEUTROPHILS: counts.neutrophils_below,
    }
    limits = {"page.line.severe": severe[analyte]} if analyte in severe else {}
    if chart.assessment.participation.status is not StudyState.ENROLLED and analyte in entry:
        limits["page.line.entry"] = entry[analyte]
    return limits


def _marks(analyte: Analyte, chart: PatientChart) -> Iterator[Mark]:
    concept = _TRANSFUSIONS.get(analyte)
    if concept is None:
        return
    label = chart.tell.say(f"page.transfusion.{analyte}")
    for given in chart.record.transfusions(concept):
        if given.when and given.when.is_one_day:
            yield Mark(axis_moment(given.when, chart.zone), label)
