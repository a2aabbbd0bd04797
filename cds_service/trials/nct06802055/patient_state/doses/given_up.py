"""Whether, since when and why a study drug is no longer taken, by the newest word (DECISIONS 56, 62)."""

from datetime import date

import msgspec

from cds_service.rules.stops import STOPPED
from cds_service.trials.nct06802055.patient_state.doses.dose_history import (
    DoseChart,
    is_current,
    used_up,
)
from cds_service.trials.nct06802055.patient_state.doses.intake_evidence import stated_end
from fhir_mappings.clinical_model.medications import (
    MedicationEvent,
    MedicationSource,
    MedicationStatus,
    begun_on,
)


class Stopped(msgspec.Struct, frozen=True):
    """A drug that somebody decided to stop: the last day it may have been taken, where told, and why."""

    day: date | None
    reason: str


class Withheld(msgspec.Struct, frozen=True):
    """What the chart says of a drug that is not taken (DECISIONS 58, 87).

    `order`: the newest order is on hold or stopped, and none that was begun is in force. `said`, `missed`:
    the newest statement that it is not taken, and the newest dose recorded as not given, without a dose given
    since.
    """

    order: bool = False
    said: date | None = None
    missed: date | None = None


def withheld(chart: DoseChart) -> Withheld:
    """What speaks for a hold, whenever it began."""
    order = _word_of_orders(chart)
    missed = max(chart.signs.missed, default=None)
    given = [s.day for s in chart.taken if s.source is MedicationSource.ADMINISTRATION]
    if missed and any(day >= missed for day in given):
        missed = None
    return Withheld(order is not None and order.status in STOPPED, chart.signs.refused, missed)


def newest_word(orders: tuple[MedicationEvent, ...]) -> MedicationEvent | None:
    """The order that began last."""
    return max(orders, key=begun_on, default=None)


def given_up(chart: DoseChart) -> bool:
    """Does the newest word say that the drug is stopped, on hold or not taken?"""
    last = chart.taken[-1]
    if any(off.again is None for off in chart.off) or _said_to_be_stopped(chart):
        return True
    if chart.signs.refused and chart.signs.refused >= last.day:
        return True
    order = _word_of_orders(chart)
    if order is None or order.status not in STOPPED or _is_being_replaced(order, chart):
        return False
    return not (last.until is None and last.day > begun_on(order))


def _word_of_orders(chart: DoseChart) -> MedicationEvent | None:
    """The order that tells that the drug is not taken: the newest, where none is in force."""
    return under_hold(chart) if chart.current else newest_word(chart.signs.orders)


def under_hold(chart: DoseChart) -> MedicationEvent | None:
    """The order on hold after which another was written that nobody has begun.

    A dose that is to be given again takes back no hold before it is taken (DECISIONS 58).
    """
    if any(sign.day >= begun_on(order) for order in chart.current for sign in chart.taken):
        return None
    before = newest_word(tuple(order for order in chart.signs.orders if order not in chart.current))
    return before if before and before.status is MedicationStatus.ON_HOLD else None


def _is_being_replaced(order: MedicationEvent, chart: DoseChart) -> bool:
    """Stopped for a change of dose whose order is written and waits for its signature."""
    return any(order.reference in draft.replaces for draft in chart.signs.drafts)


def _said_to_be_stopped(chart: DoseChart) -> bool:
    """A statement of a course that was stopped, on whatever day, and no other sign since that statement."""
    said = newest_word(chart.signs.stated_stops)
    if said is None:
        return False
    others = [s.day for s in chart.taken if s.evidence.reference != said.reference]
    return max(others, default=date.min) <= begun_on(said)


def taken_until(chart: DoseChart) -> date | None:
    """A stop of which nobody wrote the day was today at the latest, whatever is left of a supply."""
    told = any(off.again is None and off.since in chart.stops for off in chart.off)
    if not chart.taken or told or not given_up(chart):
        return used_up(chart.signs.taken)
    return min(chart.supplied_until or chart.today, chart.today)


def stopped_by_decision(chart: DoseChart) -> Stopped | None:
    """An order stopped with a reason, or a statement that it was stopped, and no sign of use since."""
    order = None if chart.current else newest_word(chart.signs.orders)
    if chart.taken and not given_up(chart):
        return None
    if order and order.status is MedicationStatus.STOPPED and order.stop_reason:
        return _unless_used(Stopped(_day_of_stop(order, chart), order.stop_reason), chart)
    said = newest_word(chart.signs.stated_stops)
    if said is None or chart.current or begun_on(said) < (chart.taken[-1].day if chart.taken else date.min):
        return None
    return _unless_used(Stopped(_day_of_stop(said, chart), said.stop_reason), chart)


def _unless_used(stopped: Stopped, chart: DoseChart) -> Stopped | None:
    """A supply after the stop contradicts it."""
    since = stopped.day is not None and bool(chart.taken) and chart.taken[-1].day > stopped.day
    return None if since else stopped


def _day_of_stop(event: MedicationEvent, chart: DoseChart) -> date | None:
    end = stated_end(event)
    return end if end and end <= chart.today else None


def by_another_route(chart: DoseChart) -> bool:
    """True for doses that were not swallowed since the last one that was, or a standing order of such."""
    last = chart.taken[-1].day if chart.taken else date.min
    ordered = any(is_current(order, chart.today, chart.limits) for order in chart.signs.to_inject)
    return ordered or any(day >= last for day in chart.injected)
