"""The doses a study drug can be given in: the bounds of the trial record, and what tablets make of them."""

from collections.abc import Iterable
from decimal import ROUND_CEILING, ROUND_FLOOR, ROUND_HALF_DOWN, Decimal

import msgspec

from cds_service.rules.answers.renal_answers import RenalState
from cds_service.trials.nct06802055.patient_state.doses.titration_limits import TitrationLimits
from cds_service.trials.nct06802055.two_drugs import Drug
from fhir_mappings.clinical_model.medications import Dose

CEILING_STATES = frozenset({RenalState.IMPAIRED, RenalState.RECOVERED, RenalState.STABILISED})
"""Renal states in which the record's range for impaired renal function holds (DECISIONS 31, 34)."""


class DoseBounds(msgspec.Struct, frozen=True):
    """The lowest and highest dose, mg, and the interval, h, that the trial record allows."""

    low_mg: Decimal
    high_mg: Decimal
    every_hours: Decimal

    def allow(self, dose: Dose) -> bool:
        """Is this dose within the bounds, amount and interval? Of an uneven day each dose must be."""
        each, hours = dose.parts or (dose.amount_mg,), dose.every_hours / max(len(dose.parts), 1)
        return hours == self.every_hours and all(self.low_mg <= mg <= self.high_mg for mg in each)

    def dose(self, amount_mg: Decimal) -> Dose:
        """The amount at the interval of the record."""
        return Dose(amount_mg, self.every_hours)

    def amount(self, dose: Dose) -> Decimal:
        """What a dose comes to per interval of the record, mg."""
        return dose.daily_mg * self.every_hours / 24


def bounds(drug: Drug, renal: RenalState, limits: TitrationLimits) -> DoseBounds:
    """The bounds of one drug in one renal state."""
    if drug == Drug.SIROLIMUS:
        return DoseBounds(limits.sirolimus_min_mg, limits.sirolimus_max_mg, limits.sirolimus_every_hours)
    ceiling = renal in CEILING_STATES
    highest = limits.ciclosporin_impaired_max_mg if ceiling else limits.ciclosporin_max_mg
    return DoseBounds(limits.ciclosporin_min_mg, highest, limits.ciclosporin_every_hours)


def makes(mg_per_piece: Decimal, amount_mg: Decimal) -> bool:
    """Is the amount a whole number of tablets or capsules of this strength? Neither drug's may be divided."""
    return amount_mg % mg_per_piece == 0


def sirolimus_doses(limits: TitrationLimits) -> tuple[Decimal, ...]:
    """The daily doses that the site's tablets make within the bounds, lowest first."""
    low, high = limits.sirolimus_min_mg, limits.sirolimus_max_mg
    return tuple(sorted(d for d in limits.sirolimus_doses_mg if low <= d <= high))


def highest_up_to(doses: Iterable[Decimal], most: Decimal) -> Decimal | None:
    """The highest of the doses that is at most `most`."""
    return max((d for d in doses if d <= most), default=None)


def nearest(amount: Decimal, grid: Decimal) -> Decimal:
    """The nearest multiple of the grid; half way goes down."""
    return (amount / grid).to_integral_value(ROUND_HALF_DOWN) * grid


def above(amount: Decimal, grid: Decimal) -> Decimal:
    """The next multiple of the grid above the amount."""
    return ((amount / grid).to_integral_value(ROUND_FLOOR) + 1) * grid


def below(amount: Decimal, grid: Decimal) -> Decimal:
    """The next multiple of the grid below the amount."""
    return ((amount / grid).to_integral_value(ROUND_CEILING) - 1) * grid


def at_least_dose(amount: Decimal, grid: Decimal) -> Decimal:
    """The lowest multiple of the grid that is not below the amount."""
    return (amount / grid).to_integral_value(ROUND_CEILING) * grid


def at_most(amount: Decimal, grid: Decimal) -> Decimal:
    """The highest multiple of the grid that is not above the amount."""
    return (amount / grid).to_integral_value(ROUND_FLOOR) * grid
