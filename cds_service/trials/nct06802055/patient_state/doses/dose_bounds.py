"""The doses a study drug can be given in: the bounds of the trial record, and what tablets make of them."""

from collections.abc import Iterable
from decimal import ROUND_CEILING, ROUND_FLOOR, ROUND_HALF_DOWN, Decimal

from cds_service.rules.answers.dosing_answers import DoseBounds
from cds_service.rules.answers.renal_answers import RenalState
from cds_service.trials.nct06802055.patient_state.doses.titration_limits import TitrationLimits
from cds_service.trials.nct06802055.two_drugs import Drug

CEILING_STATES = frozenset({RenalState.IMPAIRED, RenalState.RECOVERED, RenalState.STABILISED})
"""Renal states in which the record's range for impaired renal function holds (DECISIONS 31, 34)."""


def bounds(drug: Drug, renal: RenalState, limits: TitrationLimits) -> DoseBounds:
    """The bounds of one drug in one renal state."""
    if drug == Drug.SIROLIMUS:
        return DoseBounds(limits.sirolimus_min_mg, limits.sirolimus_max_mg, limits.sirolimus_every_hours)
    ceiling = renal in CEILING_STATES
    highest = limits.ciclosporin_impaired_max_mg if ceiling else limits.ciclosporin_max_mg
    return DoseBounds(limits.ciclosporin_min_mg, highest, limits.ciclosporin_every_hours)


def allowed_now(drug: Drug, renal: RenalState, limits: TitrationLimits) -> DoseBounds | None:
    """The same; none for ciclosporin while the kidneys forbid it, or nobody knows how they are."""
    if drug == Drug.CICLOSPORIN and renal in (RenalState.AKI, RenalState.UNKNOWN):
        return None
    return bounds(drug, renal, limits)


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
