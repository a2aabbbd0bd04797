"""The first dose of sirolimus (`titration.md` 4.1, DECISIONS 23). No loading dose: the record has none."""

from cds_service.rules.answers.dosing_answers import State
from cds_service.rules.answers.renal_answers import RenalState
from cds_service.trials.nct06802055.dosing.dose_case import DoseAdvice, DoseCase, in_days, trough_test
from cds_service.trials.nct06802055.dosing.shared_decisions import cannot_advise, missing_for_start
from cds_service.trials.nct06802055.patient_state.doses.current_dose import DoseInForce, DoseStatus
from cds_service.trials.nct06802055.patient_state.doses.dose_bounds import bounds
from cds_service.trials.nct06802055.patient_state.doses.titration_limits import TitrationLimits
from cds_service.trials.nct06802055.patient_state.dosing_reasons import Reason, reason_words
from cds_service.trials.nct06802055.trial_arms import Arm
from cds_service.trials.nct06802055.two_drugs import Drug
from fhir_mappings.clinical_model.medications import Dose
from fhir_mappings.clinical_model.messages import say


def start_sirolimus(case: DoseCase, limits: TitrationLimits) -> DoseAdvice:
    """2 mg once daily, 1 mg where exposure is expected to be higher; a reason not known is asked for."""
    if case.strong_interaction:
        return cannot_advise("TR-09", Reason.STRONG_INTERACTION)
    missing = missing_for_start(case, limits, _barring(case))
    if missing:
        return missing
    low = _low_reasons(case, limits)
    amount = limits.sirolimus_low_start_mg if low else limits.sirolimus_start_mg
    seen = (
        say("dosing.start.low", dose=amount, why=reason_words(low))
        if low
        else say("dosing.start", dose=amount)
    )
    return DoseAdvice(
        State.INITIATE,
        "SRL-01",
        seen,
        bounds(Drug.SIROLIMUS, RenalState.UNKNOWN, limits).dose(amount),
        (*low, *_asked_for(case)),
        in_days(case, trough_test(Drug.SIROLIMUS), limits.sirolimus_change_recheck),
    )


def _barring(case: DoseCase) -> tuple[Reason, ...]:
    """What bars an increase bars a start (DECISIONS 57); a known dose of ciclosporin lowers it instead."""
    doubts = ciclosporin_doubts(case.arm, case.other)
    return tuple(d for d in doubts if d is not Reason.CICLOSPORIN_DOSE_UNKNOWN or not _ciclosporin(case))


def ciclosporin_doubts(arm: str | None, ciclosporin: DoseInForce | None) -> tuple[Reason, ...]:
    """Ciclosporin raises the sirolimus level: outside the combined arm it may be stopped any day.

    Once it was stopped by decision, sirolimus is dosed as if alone (DECISIONS 62).
    """
    if ciclosporin is None or ciclosporin.status is DoseStatus.NONE:
        return ()
    if ciclosporin.taken:
        return () if arm == Arm.COMBINED else (Reason.ARM_MISMATCH,)
    gone = ciclosporin.status is DoseStatus.NOT_DOCUMENTED and ciclosporin.taken_until is not None
    alone = arm != Arm.COMBINED or ciclosporin.stopped is not None
    return () if gone and alone else (Reason.CICLOSPORIN_DOSE_UNKNOWN,)


def _low_reasons(case: DoseCase, limits: TitrationLimits) -> tuple[Reason, ...]:
    age, weight = case.patient.age, case.patient.weight_kg
    found = {
        Reason.START_AGE: age is not None and age >= limits.start_age,
        Reason.START_WEIGHT: weight is not None and weight < limits.start_weight_kg,
        Reason.START_LIVER: case.liver.start_low is True,
        Reason.START_MODERATE_INHIBITOR: case.moderate_inhibitor,
        Reason.START_CICLOSPORIN: any(
            dose.daily_mg >= limits.start_ciclosporin_daily_mg for dose in _ciclosporin(case)
        ),
    }
    return tuple(reason for reason, holds in found.items() if holds)


def _ciclosporin(case: DoseCase) -> tuple[Dose, ...]:
    """Every dose of ciclosporin that the patient may be taking beside it in the combined arm.

    Also one from before the study, and one that is proposed to be started on the same day.
    """
    if case.arm != Arm.COMBINED:
        return ()
    taken = (case.other.dose, *case.other.claims) if case.other else ()
    return tuple(dose for dose in (*taken, case.other_start) if dose)


def _asked_for(case: DoseCase) -> tuple[Reason, ...]:
    """What could lower the first dose and is not known; a dose of ciclosporin that is not known bars it."""
    unknown = {
        Reason.MISSING_AGE: case.patient.age is None,
        Reason.MISSING_WEIGHT: case.patient.weight_kg is None,
        Reason.MISSING_BILIRUBIN: not case.liver.bilirubin_known,
    }
    return tuple(reason for reason, holds in unknown.items() if holds)
