"""On which days orders of one drug were stopped or put on hold, as far as a chart tells the day."""

from collections.abc import Iterator, Sequence
from datetime import date

from fhir_mappings.clinical_model.calendar import days_after
from fhir_mappings.clinical_model.medications import MedicationEvent, MedicationStatus, begun_on

STOPPED = frozenset({MedicationStatus.STOPPED, MedicationStatus.ON_HOLD})


def ended_orders(orders: Sequence[MedicationEvent], today: date, switch_days: int) -> Iterator[date]:
    """The end of each stopped or held order, unless another one goes on or follows within `switch_days`.

    FHIR R4 tells no day of a stop; the end of an order's own bounds is one, if it has come.
    """
    for order in orders:
        over = order.status in STOPPED and order.end is not None and order.end.last <= today
        if over and not any(_goes_on(order, o, switch_days) for o in orders if o is not order):
            assert order.end is not None
            yield order.end.last


def _goes_on(stopped: MedicationEvent, other: MedicationEvent, switch_days: int) -> bool:
    """Does another order hold beyond the end of the stopped one, or begin right after it?"""
    assert stopped.end is not None
    begins = begun_on(other)
    if begins > days_after(stopped.end.last, switch_days):
        return False
    if other.end is not None:
        return other.end.last > stopped.end.last
    began_later = stopped.start is None or begins > stopped.start.first
    return other.status not in STOPPED or began_later
