"""When a study drug was stopped, held or not taken, and when it was taken up again (DECISIONS 56, 87).

A box at home does not say that it is used: what was supplied counts up to the stop, never beyond it.
"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import date

import msgspec
from msgspec.structs import replace

from cds_service.rules.stops import ended_orders
from cds_service.trials.nct06802055.patient_state.doses.intake_evidence import IntakeSign, Signs
from fhir_mappings.clinical_model.medications import MedicationSource


class Off(msgspec.Struct, frozen=True):
    """A stretch off the drug: after `since`, until it was taken up `again`; None while it lasts."""

    since: date
    again: date | None

    def holds(self, day: date) -> bool:
        """Is a sample of this day one without the drug? One of the day of the stop is not."""
        return self.since < day and (self.again is None or day <= self.again)


def stop_days(signs: Signs, today: date, switch_days: int, missed_days: int) -> tuple[date, ...]:
    """The days from which the drug was not taken, oldest first, where the chart tells the day.

    The end of an order that was stopped or held, unless another one goes on or follows within `switch_days`;
    a statement that it is not taken; the first of `missed_days` or more days on which no dose was given; a
    dose by another route than the mouth.
    """
    found = {*ended_orders(signs.orders, today, switch_days), *signs.denied, *signs.injected}
    return tuple(sorted(found | set(_missed_runs(signs, missed_days))))


def _missed_runs(signs: Signs, missed_days: int) -> Iterator[date]:
    """The first day of each run of recorded days without a dose, and without one in between."""
    taken = {sign.day for sign in signs.taken if sign.source is MedicationSource.ADMINISTRATION}
    run: list[date] = []
    for day in sorted({*signs.missed, *taken}):
        if day in taken:
            run = []
            continue
        run.append(day)
        if len(run) == missed_days:
            yield run[0]


def cut(taken: Iterable[IntakeSign], stops: Sequence[date]) -> tuple[IntakeSign, ...]:
    """The signs, each up to the first stop after its own day."""
    stopped: list[IntakeSign] = []
    for sign in taken:
        stop = next((day for day in stops if day > sign.day), None)
        if stop is None or (sign.until is not None and sign.until <= stop):
            stopped.append(sign)
        else:
            stopped.append(replace(sign, until=stop, supply_told=True, stopped=True))
    return tuple(stopped)


def off_periods(taken: Sequence[IntakeSign], stops: Sequence[date], switch_days: int) -> tuple[Off, ...]:
    """Every stop with the day of the next sign; one that is taken up again within `switch_days` is none."""
    found: dict[date | None, Off] = {}
    for stop in stops:
        again = next((sign.day for sign in taken if sign.day >= stop and sign.until != stop), None)
        if again not in found and (again is None or (again - stop).days > switch_days):
            found[again] = Off(stop, again)
    return tuple(sorted(found.values(), key=lambda off: off.since))
