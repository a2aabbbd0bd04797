"""Since when no more than some amount of a study drug a day has been taken (DECISIONS 60)."""

from datetime import date
from decimal import Decimal

from cds_service.trials.nct06802055.patient_state.doses.current_dose import DoseInForce


def reduced_since(dose: DoseInForce, daily_mg: Decimal) -> date | None:
    """The first day from which at most `daily_mg` was taken; None while more is, or may be.

    `date.min` where more never was on record. Conflicting doses count as the highest of them.
    """
    if any(claim.daily_mg > daily_mg for claim in dose.claims):
        return None
    high = [step.day for step in dose.steps if step.dose.daily_mg > daily_mg]
    if not high:
        return date.min
    ends = [step.day for step in dose.steps if step.day > high[-1]]
    ends += [off.since for off in dose.off if off.since >= high[-1]]
    if not dose.taken and dose.taken_until:
        ends.append(dose.taken_until)
    return min(ends, default=None)
