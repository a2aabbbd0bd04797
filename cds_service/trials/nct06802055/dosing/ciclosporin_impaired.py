"""Ciclosporin with impaired kidneys: 25-50 mg every 12 hours, whatever the level (P; DECISIONS 31)."""

from decimal import Decimal

from cds_service.rules.answers.dosing_answers import Recheck, State
from cds_service.rules.answers.renal_answers import RenalState
from cds_service.trials.nct06802055.dosing.dose_case import (
    DoseAdvice,
    DoseCase,
    case_level_words,
    in_days,
    kidney_words,
    trough_test,
    within_days,
)
from cds_service.trials.nct06802055.dosing.shared_decisions import outside_bounds
from cds_service.trials.nct06802055.patient_state.doses.dose_bounds import bounds
from cds_service.trials.nct06802055.patient_state.doses.titration_limits import TitrationLimits
from cds_service.trials.nct06802055.patient_state.dosing_reasons import Reason, reason_words
from cds_service.trials.nct06802055.patient_state.levels.level_table import LevelRow
from cds_service.trials.nct06802055.two_drugs import Drug
from fhir_mappings.clinical_model.messages import Phrase, say


def advise_impaired(case: DoseCase, limits: TitrationLimits) -> DoseAdvice:
    """The level is a ceiling only; a low one never raises the dose here."""
    assert case.dose.dose is not None
    allowed = bounds(Drug.CICLOSPORIN, case.renal.standing, limits)
    amount = allowed.amount(case.dose.dose)
    too_high = (case.row(limits) or LevelRow.BELOW) > LevelRow.WITHIN
    if too_high and amount <= limits.ciclosporin_low_mg:
        edge = limits.ciclosporin_target_high
        seen = say("dosing.holdReview", level=case_level_words(case.trough), edge=edge)
        recheck = in_days(case, trough_test(Drug.CICLOSPORIN), limits.ciclosporin_danger_recheck)
        return DoseAdvice(State.HOLD, "CSA-I", seen, None, (Reason.LEVEL_ABOVE_CEILING,), recheck)
    low = _low_reasons(case, limits, too_high=too_high)
    target = limits.ciclosporin_low_mg if low else allowed.high_mg
    finding = _finding(case)
    if amount > target:
        return _reduced(case, limits, finding, target, low)
    outside = outside_bounds(case, allowed, finding, _creatinine(case, limits))
    return outside or _kept(case, limits, finding)


def _low_reasons(case: DoseCase, limits: TitrationLimits, *, too_high: bool) -> tuple[Reason, ...]:
    """Why the lower end of the range: only a level does so once the kidneys have recovered or are stable."""
    impaired, egfr = case.renal.standing is RenalState.IMPAIRED, case.renal.egfr
    found = {
        Reason.LEVEL_ABOVE_CEILING: too_high,
        Reason.LOW_EGFR: impaired and egfr is not None and egfr < limits.low_egfr,
        Reason.RISING_CREATININE: impaired and case.renal.rising,
    }
    return tuple(reason for reason, holds in found.items() if holds)


def _finding(case: DoseCase) -> Phrase:
    match case.renal.standing:
        case RenalState.RECOVERED:
            return say("dosing.renal.recovered", kidneys=kidney_words(case))
        case RenalState.STABILISED:
            return say("dosing.renal.stabilised", kidneys=kidney_words(case))
        case _:
            return say("dosing.renal.impaired", kidneys=kidney_words(case))


def _reduced(
    case: DoseCase, limits: TitrationLimits, finding: Phrase, target: Decimal, low: tuple[Reason, ...]
) -> DoseAdvice:
    dose = bounds(Drug.CICLOSPORIN, case.renal.standing, limits).dose(target)
    seen = say("dosing.renal.low", finding=finding, why=reason_words(low)) if low else finding
    reasons = (_code(case), *low)
    return DoseAdvice(State.DECREASE, "CSA-I", seen, dose, reasons, _creatinine(case, limits))


def _kept(case: DoseCase, limits: TitrationLimits, finding: Phrase) -> DoseAdvice:
    """Within the range: kept. Whether to go up again after recovery the record does not say: it is asked."""
    ask = case.renal.standing is not RenalState.IMPAIRED
    reasons = (_code(case), Reason.REESCALATION_ASK) if ask else (_code(case),)
    seen = say("dosing.renal.ask", finding=finding) if ask else finding
    return DoseAdvice(State.CONTINUE, "CSA-I", seen, case.dose.dose, reasons, _creatinine(case, limits))


def _code(case: DoseCase) -> Reason:
    """The renal state as it stands; an old creatinine leaves the range in force and is asked for."""
    return Reason.MISSING_CREATININE if case.renal.state is RenalState.UNKNOWN else Reason.RENAL_IMPAIRED


def _creatinine(case: DoseCase, limits: TitrationLimits) -> Recheck:
    stable = case.renal.state in (RenalState.RECOVERED, RenalState.STABILISED)
    days = limits.creatinine_stable_days if stable else limits.creatinine_watch_days
    return within_days(case, "creatinine", days)
