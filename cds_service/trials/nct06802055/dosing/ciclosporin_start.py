"""The first dose of study ciclosporin (`titration.md` 5.2, DECISIONS 23)."""

from decimal import Decimal

from cds_service.rules.answers.dosing_answers import State
from cds_service.rules.answers.renal_answers import RenalState
from cds_service.trials.nct06802055.dosing.dose_case import (
    DoseAdvice,
    DoseCase,
    in_days,
    kidney_words,
    trough_test,
)
from cds_service.trials.nct06802055.dosing.shared_decisions import cannot_advise, missing_for_start
from cds_service.trials.nct06802055.patient_state.doses.dose_bounds import CEILING_STATES, bounds, nearest
from cds_service.trials.nct06802055.patient_state.doses.titration_limits import TitrationLimits
from cds_service.trials.nct06802055.patient_state.dosing_reasons import Reason
from cds_service.trials.nct06802055.two_drugs import Drug
from fhir_mappings.clinical_model.messages import Phrase, say


def start_ciclosporin(case: DoseCase, limits: TitrationLimits) -> DoseAdvice:
    """By weight in normal kidneys, the lowest dose in impaired ones, none when that is not known.

    What bars an increase bars a start, too (DECISIONS 57), but for a creatinine that is old enough for one.
    """
    if case.strong_interaction:
        return cannot_advise("TR-09", Reason.STRONG_INTERACTION)
    days = case.tests.creatinine_days
    old = days is None or days > limits.creatinine_start_days
    barring = {
        Reason.MISSING_CREATININE: old,
        Reason.KIDNEY_FAILURE_CODED: case.kidney_failure_coded,
        Reason.RENAL_WATCH: case.renal.state is RenalState.WATCH,
    }
    missing = missing_for_start(case, limits, tuple(reason for reason, holds in barring.items() if holds))
    if missing:
        return missing
    if case.renal.standing is RenalState.UNKNOWN:
        return cannot_advise("CSA-REN", Reason.RENAL_UNKNOWN)
    amount, seen, reasons = _first_dose(case, limits)
    dose = bounds(Drug.CICLOSPORIN, case.renal.standing, limits).dose(amount)
    recheck = in_days(case, trough_test(Drug.CICLOSPORIN), limits.ciclosporin_change_recheck)
    return DoseAdvice(State.INITIATE, "CSA-N1", seen, dose, reasons, recheck)


def _first_dose(case: DoseCase, limits: TitrationLimits) -> tuple[Decimal, Phrase, tuple[Reason, ...]]:
    weight = case.patient.weight_kg
    if case.renal.standing in CEILING_STATES:
        amount = limits.ciclosporin_low_mg
        seen = say("dosing.start.impaired", dose=amount, kidneys=kidney_words(case))
        return amount, seen, (Reason.RENAL_IMPAIRED,)
    if weight is None:
        amount = limits.ciclosporin_start_no_weight_mg
        return amount, say("dosing.start.noWeight", dose=amount), (Reason.MISSING_WEIGHT,)
    per_dose = weight * limits.ciclosporin_start_mg_per_kg * limits.ciclosporin_every_hours / 24
    by_weight = nearest(per_dose, limits.ciclosporin_grid_mg)
    amount = min(max(by_weight, limits.ciclosporin_start_low_mg), limits.ciclosporin_start_high_mg)
    return amount, say("dosing.start.weight", dose=amount, weight=weight), ()
