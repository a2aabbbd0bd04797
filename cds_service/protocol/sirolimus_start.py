"""The first dose of sirolimus (`titration.md` 4.1, DECISIONS 23). No loading dose: the record has none."""

from cds_service.protocol.decisions import RenalState, State
from cds_service.protocol.dosing_answers import cannot_advise, missing_for_start
from cds_service.protocol.dosing_case import Advice, DoseCase, in_days, trough_test
from cds_service.protocol.reasons import Reason, words
from cds_service.protocol.tablets import bounds
from cds_service.protocol.titration_limits import TitrationLimits
from fhir_mappings.vocabulary.facts import Arm, Drug
from fhir_mappings.vocabulary.phrases import say


def start_sirolimus(case: DoseCase, limits: TitrationLimits) -> Advice:
    """2 mg once daily, 1 mg where exposure is expected to be higher; a reason not known is asked for."""
    if case.strong_interaction:
        return cannot_advise("TR-09", Reason.STRONG_INTERACTION)
    missing = missing_for_start(case, limits)
    if missing:
        return missing
    low = _low_reasons(case, limits)
    amount = limits.sirolimus_low_start_mg if low else limits.sirolimus_start_mg
    seen = say("dosing.start.low", dose=amount, why=words(low)) if low else say("dosing.start", dose=amount)
    return Advice(
        State.INITIATE,
        "SRL-01",
        seen,
        bounds(Drug.SIROLIMUS, RenalState.UNKNOWN, limits).dose(amount),
        (*low, *_asked_for(case)),
        in_days(case, trough_test(Drug.SIROLIMUS), limits.sirolimus_change_recheck),
    )


def _low_reasons(case: DoseCase, limits: TitrationLimits) -> tuple[Reason, ...]:
    age, weight, other = case.patient.age, case.patient.weight_kg, case.other
    combined = other.dose if other and case.arm is Arm.COMBINED else None
    found = {
        Reason.START_AGE: age is not None and age >= limits.start_age,
        Reason.START_WEIGHT: weight is not None and weight < limits.start_weight_kg,
        Reason.START_LIVER: case.liver.start_low is True,
        Reason.START_MODERATE_INHIBITOR: case.moderate_inhibitor,
        Reason.START_CICLOSPORIN: combined is not None
        and combined.daily_mg >= limits.start_ciclosporin_daily_mg,
    }
    return tuple(reason for reason, holds in found.items() if holds)


def _asked_for(case: DoseCase) -> tuple[Reason, ...]:
    """What could lower the first dose and is not known."""
    unknown = {
        Reason.MISSING_AGE: case.patient.age is None,
        Reason.MISSING_WEIGHT: case.patient.weight_kg is None,
        Reason.MISSING_BILIRUBIN: not case.liver.bilirubin_known,
    }
    return tuple(reason for reason, holds in unknown.items() if holds)
