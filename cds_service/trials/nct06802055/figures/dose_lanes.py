"""The doses of the study drugs as lanes: what was taken; and orders that overlap, one lane each."""

from collections.abc import Iterator, Sequence
from datetime import date

import msgspec

from cds_service.cards.dose_text import dose_words, drug_name
from cds_service.figures.chart_data import Bar, Lane, end_of_axis, start_of
from cds_service.figures.patient_chart import PatientChart
from cds_service.trials.nct06802055.patient_state.doses.current_dose import DoseInForce, dose_in_force
from cds_service.trials.nct06802055.patient_state.doses.dose_history import dose_chart
from cds_service.trials.nct06802055.two_drugs import Drug
from fhir_mappings.clinical_model.known_unknown import Known
from fhir_mappings.clinical_model.medications import MedicationEvent, MedicationStatus, begun_on

_GOING_ON = frozenset({MedicationStatus.ACTIVE, MedicationStatus.UNKNOWN})


class _Order(msgspec.Struct, frozen=True):
    first: date
    last: date
    goes_on: bool
    label: str


def dose_lanes(chart: PatientChart) -> Iterator[Lane]:
    """One lane per drug that was taken; where several orders stand at once, a lane for each of them instead.

    Drawn into one lane, two orders that overlap look like one after the other.
    """
    for drug in Drug:
        orders = _overlapping(chart, drug)
        if orders:
            yield from _order_lanes(chart, drug, orders)
            continue
        told = chart.assessment.participation
        dose = dose_in_force(chart.record, drug, told, chart.now, chart.protocol.doses)
        if dose.steps:
            yield Lane(chart.tell.plain(drug_name(drug)), tuple(_dose_bars(chart, dose)))


def _dose_bars(chart: PatientChart, dose: DoseInForce) -> Iterator[Bar]:
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
            yield Bar(start_of(step.day), end_of_axis(max(last, step.day)), label, "dose", going_on=goes_on)


def _overlapping(chart: PatientChart, drug: Drug) -> list[_Order]:
    """All orders of the drug, oldest first, where more than one is in force now; else none."""
    told = chart.assessment.participation
    doses = dose_chart(chart.record, drug, told, chart.now, chart.protocol.doses)
    if len(doses.current) < 2:
        return []
    return sorted((_order(one, chart) for one in doses.signs.orders), key=lambda one: (one.first, one.last))


def _order(order: MedicationEvent, chart: PatientChart) -> _Order:
    today = chart.now.day
    first = begun_on(order)
    goes_on = order.status in _GOING_ON and (order.end is None or order.end.last >= today)
    last = today if goes_on else min(order.end.last if order.end else first, today)
    label = dose_words(order.dose.value if isinstance(order.dose, Known) else None)
    return _Order(first, max(first, last), goes_on, chart.tell.plain(label))


def _order_lanes(chart: PatientChart, drug: Drug, orders: Sequence[_Order]) -> Iterator[Lane]:
    rows: list[list[_Order]] = []
    for order in orders:
        free = next((row for row in rows if row[-1].last < order.first), None)
        if free is None:
            rows.append([order])
        else:
            free.append(order)
    for number, row in enumerate(rows, 1):
        name = chart.tell.say("page.lane.order", drug=drug_name(drug), number=number)
        yield Lane(name, tuple(bar for order in row for bar in _order_bars(chart, order, orders)))


def _order_bars(chart: PatientChart, order: _Order, orders: Sequence[_Order]) -> Iterator[Bar]:
    """The order up to where another stands beside it, and from there on."""
    beside = [one.first for one in orders if one is not order and _meet(one, order)]
    common = max(order.first, min(beside)) if beside else None
    if common is None or common > order.first:
        until = end_of_axis(order.last) if common is None else start_of(common)
        yield Bar(
            start_of(order.first), until, order.label, "dose", going_on=order.goes_on and common is None
        )
    if common is not None:
        overlap = chart.tell.say("page.lane.overlap")
        label = overlap if common > order.first else f"{order.label} · {overlap}"
        yield Bar(start_of(common), end_of_axis(order.last), label, "overlap", going_on=order.goes_on)


def _meet(one: _Order, other: _Order) -> bool:
    return one.first <= other.last and other.first <= one.last
