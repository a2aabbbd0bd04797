"""When kidneys are called recovered or stable, and what an unknown arm does not put off (DECISIONS 60)."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from cds_service.rules.answers.dosing_answers import State
from cds_service.rules.answers.renal_answers import RenalState
from cds_service.trials.nct06802055.patient_state.doses.current_dose import DoseInForce, DoseStatus, DoseStep
from cds_service.trials.nct06802055.patient_state.doses.interruptions import Off
from cds_service.trials.nct06802055.patient_state.doses.reduced_dose import reduced_since
from cds_service.trials.nct06802055.patient_state.kidney.renal_replay import Creatinine, RenalCourse
from cds_service.trials.nct06802055.two_drugs import Drug
from fhir_mappings.clinical_model.medications import Dose
from fhir_mappings.clinical_model.results import Analyte
from tests.builders import days_ago, level, result
from tests.dosing import RENAL, ciclosporin, decided, dose
from tests.tables import Case, cases, named

C = Drug.CICLOSPORIN


def replayed(values: str, egfr: int | None = 90, upper: int | None = 200, **more: Any) -> RenalState:
    """The state after creatinines "umol@days ago", with a baseline of 60."""
    high = None if upper is None else Decimal(upper)
    told = [cell.split("@") for cell in values.split()]
    course = [
        Creatinine(
            days_ago(int(ago)), None, Decimal(umol), high, None if egfr is None else Decimal(egfr), "-"
        )
        for umol, ago in told
    ]
    return RenalCourse(course, Decimal(60), days_ago(60), RENAL, **more).final_state()


@pytest.mark.parametrize(
    "case",
    cases("""
    what                          | values         | egfr | upper | state
    back at the baseline          | 80@30 66@15 66@1 | 60 | 66    | RECOVERED
    eGFR below 60                 | 80@30 66@15 66@1 | 59 | 200   | STABILISED
    eGFR not known                | 80@30 66@15 66@1 | -  | 200   | STABILISED
    above its own normal range    | 80@30 66@15 66@1 | 90 | 65    | STABILISED
    normal range not known        | 80@30 66@15 66@1 | 90 | -     | STABILISED
"""),
    ids=named,
)
def test_recovered_kidneys_have_a_normal_creatinine_and_egfr(case: Case) -> None:
    told = {name: None if case[name] == "-" else int(case[name]) for name in ("egfr", "upper")}
    assert replayed(case["values"], **told).name == case["state"]


def test_recovery_ends_with_a_value_that_is_not_normal() -> None:
    recovered = "80@40 60@30 60@15"
    assert replayed(f"{recovered} 70@1", upper=70) is RenalState.RECOVERED
    assert replayed(f"{recovered} 71@1", upper=70) is RenalState.IMPAIRED


@pytest.mark.parametrize(
    "case",
    cases("""
    what                                 | values                    | state
    alike over 14 days                   | 80@15 84@1                | STABILISED
    one rise                             | 80@15 80@8 84@1           | STABILISED
    two rises, but not one after another | 80@15 82@10 81@8 83@1     | STABILISED
    two rises in a row                   | 80@15 82@8 84@1           | IMPAIRED
    two rises early in the window        | 80@16 82@12 84@8 83@1     | IMPAIRED
    two rises before the window          | 78@24 80@20 82@16 80@1    | STABILISED
    stable, then two rises               | 80@40 80@20 81@10 82@1    | IMPAIRED
"""),
    ids=named,
)
def test_kidneys_that_creep_up_are_not_stable(case: Case) -> None:
    assert replayed(case["values"]).name == case["state"]


@pytest.mark.parametrize(
    ("since", "state"),
    [
        (date.min, RenalState.STABILISED),
        (days_ago(15), RenalState.STABILISED),
        (days_ago(14), RenalState.IMPAIRED),
        (None, RenalState.IMPAIRED),
    ],
)
def test_kidneys_are_stable_on_the_reduced_dose_only(since: date | None, state: RenalState) -> None:
    assert replayed("80@15 84@1", reduced_since=since) is state


def taking(*steps: tuple[int, int], **more: Any) -> DoseInForce:
    """Ciclosporin every 12 hours: (milligrams, since how many days)."""
    told = tuple(DoseStep(days_ago(ago), Dose(Decimal(mg), Decimal(12))) for mg, ago in steps)
    return dose(C, steps[-1][0], since=steps[-1][1], steps=told, **more)


@pytest.mark.parametrize(
    ("taken", "since"),
    [
        (taking((50, 30)), date.min),
        (taking((75, 60), (50, 30)), days_ago(30)),
        (taking((75, 60), (50, 30), (25, 10)), days_ago(30)),
        (taking((50, 60), (75, 30)), None),
        (taking((75, 60), (50, 30), (75, 10)), None),
        (taking((75, 60), off=(Off(days_ago(20), None),)), days_ago(20)),
        (taking((75, 60), (75, 5), off=(Off(days_ago(20), days_ago(5)),)), None),
        (taking((75, 60), status=DoseStatus.NOT_DOCUMENTED, taken_until=days_ago(9)), days_ago(9)),
        (taking((75, 60), status=DoseStatus.NOT_DOCUMENTED), None),
        (dose(C, None), date.min),
        (dose(C, None, status=DoseStatus.CONFLICTING, claims=(Dose(Decimal(75), Decimal(12)),)), None),
        (dose(C, None, status=DoseStatus.CONFLICTING, claims=(Dose(Decimal(50), Decimal(12)),)), date.min),
    ],
)
def test_since_when_the_dose_is_reduced(taken: DoseInForce, since: date | None) -> None:
    assert reduced_since(taken, Decimal(100)) == since


# ---------------------------------------------------------------- arm unknown

POTASSIUM = result(Analyte.POTASSIUM, 6, 1)
DANGER = level(C, "401", 1)


@pytest.mark.parametrize(
    ("more", "reason"),
    [
        ({"renal": RenalState.AKI}, "AKI"),
        ({"potassium": POTASSIUM}, "HIGH_POTASSIUM"),
        ({"danger": DANGER}, "SAFETY_LEVEL"),
    ],
)
@pytest.mark.parametrize("status", list(DoseStatus), ids=str)
def test_a_danger_holds_what_is_taken_in_an_arm_that_is_not_known(
    more: dict[str, Any], reason: str, status: DoseStatus
) -> None:
    taken = dose(C, 75 if status is DoseStatus.KNOWN else None, status=status)
    answer = decided(ciclosporin("150", dose=taken, arm=None, **more))
    held = status in (DoseStatus.KNOWN, DoseStatus.CONFLICTING) or "danger" in more
    assert answer.state is (State.HOLD if held else State.CANNOT_ADVISE)
    assert answer.reasons == ((reason, "ARM_UNKNOWN") if held else ("ARM_UNKNOWN",))
    assert answer.proposed is None


def test_without_a_danger_there_is_no_advice_in_an_arm_that_is_not_known() -> None:
    assert decided(ciclosporin("90", arm=None)).state is State.CANNOT_ADVISE
