"""The states of the exhaustive sweep: 753,480 combinations of what titration looks at.

Level, validity, dose, arm, kidneys, safety finding and age of data; a hold that is open, with the last level since it;
and the last level before, from which this one lies too far away to be believed at once.
"""

import itertools
from collections.abc import Iterator
from typing import Any

from msgspec.structs import replace

from cds_service.rules.answers.alerts import Action, Alert, SafetyReport, Severity
from cds_service.rules.answers.dosing_answers import TitrationDecision, Trough, Validity
from cds_service.rules.answers.renal_answers import RenalState
from cds_service.trials.nct06802055.dosing.dose_case import DoseCase, Laboratory
from cds_service.trials.nct06802055.dosing.hold_triggers import HoldTrigger, Trigger
from cds_service.trials.nct06802055.dosing.open_hold import OpenHold
from cds_service.trials.nct06802055.dosing.safety_veto import veto
from cds_service.trials.nct06802055.dosing.titration import decide
from cds_service.trials.nct06802055.patient_state.doses.current_dose import DoseInForce, DoseStatus
from cds_service.trials.nct06802055.trial_arms import Arm
from cds_service.trials.nct06802055.two_drugs import Drug
from fhir_mappings.clinical_model.messages import say
from tests.builders import days_ago, level
from tests.dosing import LIMITS, RULES, dose, kidneys, trough

LEVELS = {
    Drug.SIROLIMUS: ("0.2", "3.99", "4", "8", "12", "12.01", "15.01", "20.01", ">30"),
    Drug.CICLOSPORIN: ("10", "86", "119", "120", "180", "180.1", "250.1", "400.1", "<25"),
}
AMOUNTS = {Drug.SIROLIMUS: ("1", "2", "3", "5"), Drug.CICLOSPORIN: ("25", "75", "150", "200")}
ARMS: dict[Drug, tuple[Arm | None, ...]] = {
    Drug.SIROLIMUS: (Arm.SIROLIMUS, Arm.COMBINED, None),
    Drug.CICLOSPORIN: (Arm.COMBINED, None),
}
KIDNEYS = {
    Drug.SIROLIMUS: (RenalState.NORMAL, RenalState.AKI, RenalState.UNKNOWN),
    Drug.CICLOSPORIN: tuple(RenalState),
}
CEILING = (RenalState.IMPAIRED, RenalState.STABILISED, RenalState.RECOVERED)
AGES: tuple[dict[str, Any], ...] = (
    {"tests": Laboratory()},
    {"tests": Laboratory(creatinine_days=10), "fresh_level": False},
    {"tests": Laboratory(cbc=False, alt=False, creatinine_days=None)},
    {"tests": Laboratory(unread=True, creatinine_days=None)},
)
FINDING = say("dosing.unfit.missing")
State_ = tuple[DoseCase, SafetyReport, TitrationDecision]


def _reports(drug: Drug) -> tuple[SafetyReport, ...]:
    def critical(action: Action) -> SafetyReport:
        return SafetyReport((Alert(RULES["SRL-06"], Severity.CRITICAL, action, FINDING, drug),))

    return (
        SafetyReport(),
        critical(Action.HOLD),
        critical(Action.STOP_REVIEW),
        critical(Action.MEASURE_LEVEL),
        SafetyReport(doubtful=((drug, FINDING),), unstarted=((drug, FINDING),)),
    )


def doses(drug: Drug) -> Iterator[DoseInForce]:
    yield from (dose(drug, mg) for mg in AMOUNTS[drug])
    yield from (dose(drug, None, status=status) for status in DoseStatus if status is not DoseStatus.KNOWN)


def _troughs(drug: Drug) -> Iterator[Trough]:
    yield from (trough(value, validity) for value in LEVELS[drug] for validity in Validity)


def holds_of(drug: Drug) -> tuple[OpenHold, ...]:
    """A hold that is open, documented or not, with the last level since, and with no dose for after it."""
    high, back, still = {
        Drug.SIROLIMUS: ("24", "9", "13"),
        Drug.CICLOSPORIN: ("450", "150", "200"),
    }[drug]
    low = dose(drug, AMOUNTS[drug][0]).dose
    former = dose(drug, AMOUNTS[drug][1]).dose
    assert low is not None
    cause = (Trigger(HoldTrigger.LEVEL, days_ago(10), level(drug, high, 10), former, severe=True),)
    held = OpenHold(cause, low, low, documented=True)
    return (
        held,
        replace(held, newest=level(drug, back, 2)),
        replace(held, newest=level(drug, still, 2)),
        replace(held, newest=level(drug, back, 2), restart=None),
        replace(held, newest=level(drug, back, 2), documented=False),
    )


def cases(drug: Drug, arm: Arm | None) -> Iterator[DoseCase]:
    partner = Drug.CICLOSPORIN if drug == Drug.SIROLIMUS else Drug.SIROLIMUS
    other = dose(partner, AMOUNTS[partner][1] if arm == Arm.COMBINED else None)
    renals = [kidneys(state) for state in KIDNEYS[drug]]
    for measured, taken in itertools.product(_troughs(drug), tuple(doses(drug))):
        holds = (None, *_HOLDS[drug]) if measured.validity in BESIDE_A_HOLD else (None,)
        for renal, age, hold in itertools.product(renals, AGES, holds):
            case = DoseCase(drug, TODAY, arm, taken, measured, renal, other=other, hold=hold, **age)
            yield case
            if _may_be_doubted(case):
                yield replace(case, unexpected_after=FAR[drug])


def _may_be_doubted(case: DoseCase) -> bool:
    """A trough by its code or by assumption, beside no hold on record (DECISIONS 59)."""
    return case.trough.validity in BESIDE_A_JUMP and not (case.hold and case.hold.documented)


def size(drug: Drug) -> int:
    undocumented = sum(not hold.documented for hold in _HOLDS[drug])
    beside = len(BESIDE_A_HOLD) * len(_HOLDS[drug])
    beside += len(BESIDE_A_JUMP) + undocumented * len(set(BESIDE_A_JUMP) & set(BESIDE_A_HOLD))
    return len(LEVELS[drug]) * (13 + beside) * 7 * len(KIDNEYS[drug]) * len(AGES) * 5


def every_state(drug: Drug, arm: Arm | None) -> Iterator[State_]:
    reports = _reports(drug)
    for case in cases(drug, arm):
        answers = decide({drug: case}, LIMITS, RULES)
        assert len(answers) == 1
        for report in reports:
            yield case, report, veto(answers[0], report, RULES)


TODAY = dose(Drug.SIROLIMUS, "2", since=0).since
assert TODAY is not None
BESIDE_A_HOLD = (Validity.VALID, Validity.NOT_TROUGH)
BESIDE_A_JUMP = (Validity.VALID, Validity.ASSUMED_TROUGH)
FAR = {Drug.SIROLIMUS: level(Drug.SIROLIMUS, "6", 20), Drug.CICLOSPORIN: level(Drug.CICLOSPORIN, "60", 20)}
_HOLDS = {drug: holds_of(drug) for drug in Drug}
