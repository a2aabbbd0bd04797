"""Ciclosporin: kidneys first, then its trough, both sides of every edge (titration.md 5, DECISIONS 27-31)."""

from decimal import Decimal
from typing import Any

import pytest
from msgspec.structs import replace

from cds_service.rules.answers.dosing_answers import State, Validity
from cds_service.rules.answers.renal_answers import RenalState
from cds_service.trials.nct06802055.dosing.dose_case import DosedPatient, Laboratory
from cds_service.trials.nct06802055.dosing.liver import Liver
from cds_service.trials.nct06802055.patient_state.doses.current_dose import DoseInForce, DoseStatus, DoseStep
from cds_service.trials.nct06802055.two_drugs import Drug
from fhir_mappings.clinical_model.medications import Dose
from fhir_mappings.clinical_model.results import Analyte
from tests.builders import days_ago, level, result
from tests.dosing import after, amount, ciclosporin, decided, dose, kidneys, milligrams
from tests.tables import Case, cases, named


@pytest.mark.parametrize(
    "case",
    cases("""
    level  | mg  | state               | then | rule
    119    | 75  | INCREASE            | 100  | CSA-N2
    119.99 | 150 | AT_CAP_BELOW_TARGET | 150  | CSA-CAP
    120    | 75  | CONTINUE            | 75   | CSA-N3
    120    | 150 | CONTINUE            | 150  | CSA-N3
    180    | 75  | CONTINUE            | 75   | CSA-N3
    180.01 | 75  | DECREASE            | 50   | CSA-N4
    181    | 75  | DECREASE            | 50   | CSA-N4
    181    | 50  | DECREASE            | 25   | CSA-N4
    181    | 25  | HOLD                | -    | CSA-N4
    250    | 100 | DECREASE            | 50   | CSA-N4
    250    | 150 | DECREASE            | 100  | CSA-N4
    251    | 100 | DECREASE            | 50   | CSA-N5
    251    | 150 | DECREASE            | 100  | CSA-N5
    251    | 25  | HOLD                | -    | CSA-N5
    400    | 75  | DECREASE            | 50   | CSA-N5
    400    | 150 | DECREASE            | 75   | CSA-N5
    400.01 | 75  | HOLD                | -    | CSA-N6
    401    | 150 | HOLD                | -    | CSA-N6
"""),
    ids=lambda c: f"{c['level']} ng/mL at {c['mg']} mg",
)
def test_with_normal_kidneys_the_trough_decides(case: Case) -> None:
    found = decided(ciclosporin(case["level"], case["mg"]))
    assert (found.state.name, amount(found), found.rule.id) == (
        case["state"],
        milligrams(case["then"]),
        case["rule"],
    )
    assert found.proposed is None or found.proposed.every_hours == 12
    assert found.target is not None
    assert (found.target.low, found.target.high) == (120, 180)


@pytest.mark.parametrize(
    "case",
    cases("""
    what                                    | level | mg  | then
    no more than one step from 87 on        | 87    | 100 | 125
    just below 87 the large step            | 86.99 | 100 | 150
    the nearest dose, not always the most   | 110   | 50  | 75
    at least one step                       | 119   | 25  | 50
    never more than double                  | 20    | 25  | 50
    at most fifty up                        | 20    | 50  | 100
    at most fifty up from more              | 20    | 75  | 125
    never above the record                  | 20    | 125 | 150
    half way goes down: 112.5 is 100        | 80    | 60  | 100
    off the grid, to the next dose          | 119   | 80  | 100
    below the record, to its lowest dose    | 100   | 10  | 25
    far below the record                    | 10    | 1   | 25
"""),
    ids=named,
)
def test_a_raised_dose_keeps_its_limits(case: Case) -> None:
    found = decided(ciclosporin(case["level"], case["mg"]))
    assert (found.state, amount(found)) == (State.INCREASE, milligrams(case["then"]))


@pytest.mark.parametrize(
    "case",
    cases("""
    what                                    | level | mg  | then
    nearest dose                            | 200   | 150 | 100
    half way goes down: 87.5 is 75          | 240   | 140 | 75
    at least one step                       | 181   | 150 | 125
    never below half                        | 400   | 75  | 50
    half of 125 on the grid                 | 400   | 125 | 75
    off the grid, to the next dose          | 185   | 80  | 75
    above the record, to its highest dose   | 181   | 200 | 150
    far above the record                    | 181   | 600 | 150
"""),
    ids=named,
)
def test_a_lowered_dose_keeps_its_limits(case: Case) -> None:
    found = decided(ciclosporin(case["level"], case["mg"]))
    assert (found.state, amount(found)) == (State.DECREASE, milligrams(case["then"]))


@pytest.mark.parametrize(
    "case",
    cases("""
    what                       | level | mg  | every | state    | then
    too much, in range         | 150   | 175 | 12    | DECREASE | 150
    too much, low              | 100   | 175 | 12    | DECREASE | 150
    too little, in range       | 150   | 10  | 12    | RECHECK  | -
    once daily, in range       | 150   | 150 | 24    | RECHECK  | -
    once daily, low            | 100   | 150 | 24    | RECHECK  | -
    once daily, high           | 200   | 150 | 24    | DECREASE | 50
    three times a day, too much | 150  | 125 | 8     | DECREASE | 150
"""),
    ids=named,
)
def test_a_dose_that_the_record_does_not_know_is_never_proposed(case: Case) -> None:
    found = decided(ciclosporin(case["level"], case["mg"], int(case["every"])))
    assert (found.state.name, amount(found)) == (case["state"], milligrams(case["then"]))
    assert found.proposed is None or found.proposed.every_hours == 12


@pytest.mark.parametrize(
    ("change", "reason", "test"),
    [
        ({"tests": Laboratory(creatinine_days=7)}, None, "ciclosporin-trough"),
        ({"tests": Laboratory(creatinine_days=8)}, "MISSING_CREATININE", "creatinine"),
        ({"tests": Laboratory(creatinine_days=None)}, "MISSING_CREATININE", "creatinine"),
        ({"tests": Laboratory(cbc=False, alt=False)}, None, "ciclosporin-trough"),
        ({"tests": Laboratory(unread=True)}, "RESULTS_UNAVAILABLE", "ciclosporin-trough"),
        ({"renal": RenalState.WATCH}, "RENAL_WATCH", "creatinine"),
        ({"renal": RenalState.UNKNOWN}, "RENAL_UNKNOWN", "creatinine"),
        (
            {"dose": dose(Drug.CICLOSPORIN, 75, incomplete=True)},
            "MEDICATIONS_UNAVAILABLE",
            "ciclosporin-trough",
        ),
        ({"validity": Validity.ASSUMED_TROUGH}, "TROUGH_TIME_UNPROVEN", "ciclosporin-trough"),
    ],
)
def test_an_increase_needs_a_fresh_creatinine_and_normal_kidneys(
    change: dict[str, Any], reason: str | None, test: str
) -> None:
    found = decided(ciclosporin("100", **change))
    assert found.state is (State.RECHECK if reason else State.INCREASE)
    assert found.reasons == ((reason,) if reason else ())
    assert found.recheck is not None
    assert found.recheck.test == test
    for other, state in (("150", State.CONTINUE), ("200", State.DECREASE), ("300", State.DECREASE)):
        assert decided(ciclosporin(other, **change)).state is state


def test_at_the_cap_only_the_time_of_the_trough_matters() -> None:
    old = Laboratory(creatinine_days=20)
    assert decided(ciclosporin("100", 150, tests=old)).state is State.AT_CAP_BELOW_TARGET
    assert decided(ciclosporin("100", 150, validity=Validity.ASSUMED_TROUGH)).state is State.RECHECK


@pytest.mark.parametrize(
    "case",
    cases("""
    level | renal  | test               | first | last
    100   | NORMAL | ciclosporin-trough | 3     | 7
    150   | NORMAL | ciclosporin-trough | 0     | 27
    150   | WATCH  | creatinine         | 0     | 7
    100   | WATCH  | creatinine         | 0     | 7
    200   | NORMAL | ciclosporin-trough | 3     | 7
    300   | NORMAL | ciclosporin-trough | 2     | 3
    401   | NORMAL | ciclosporin-trough | 1     | 2
"""),
    ids=lambda c: f"{c['level']} {c['renal']}",
)
def test_the_next_test_is_asked_for_in_its_window(case: Case) -> None:
    found = decided(ciclosporin(case["level"], renal=RenalState[case["renal"]]))
    assert found.recheck is not None
    assert found.recheck.test == case["test"]
    assert after(found) == (int(case["first"]), int(case["last"]))


def test_a_level_that_has_not_settled_counts_only_above_250() -> None:
    for value, state in (("250", State.RECHECK), ("251", State.DECREASE), ("401", State.HOLD)):
        assert decided(ciclosporin(value, validity=Validity.NOT_STEADY_STATE)).state is state


def test_one_high_level_does_not_cut_a_dose_twice() -> None:
    hundred, fifty = Dose(Decimal(100), Decimal(12)), Dose(Decimal(50), Decimal(12))
    cut = dose(Drug.CICLOSPORIN, 50, steps=(DoseStep(days_ago(20), hundred), DoseStep(days_ago(1), fifty)))
    found = decided(ciclosporin("300", dose=cut, validity=Validity.NOT_STEADY_STATE))
    assert (found.state, found.reasons) == (State.RECHECK, ("NOT_STEADY_STATE", "LEVEL_BEFORE_DOSE_CHANGE"))


# ---------------------------------------------------------------- kidneys


@pytest.mark.parametrize(
    "case",
    cases("""
    renal      | egfr  | rising | level | mg  | state    | then
    IMPAIRED   | 59.9  | no     | 100   | 75  | DECREASE | 50
    IMPAIRED   | 59.9  | no     | 100   | 150 | DECREASE | 50
    IMPAIRED   | 59.9  | no     | 20    | 50  | CONTINUE | 50
    IMPAIRED   | 59.9  | no     | 20    | 25  | CONTINUE | 25
    IMPAIRED   | 45    | no     | 100   | 100 | DECREASE | 50
    IMPAIRED   | 44.9  | no     | 100   | 100 | DECREASE | 25
    IMPAIRED   | 44.9  | no     | 100   | 50  | DECREASE | 25
    IMPAIRED   | 44.9  | no     | 100   | 25  | CONTINUE | 25
    IMPAIRED   | -     | yes    | 100   | 50  | DECREASE | 25
    IMPAIRED   | 70    | no     | 180   | 50  | CONTINUE | 50
    IMPAIRED   | 70    | no     | 181   | 50  | DECREASE | 25
    IMPAIRED   | 70    | no     | 181   | 25  | HOLD     | -
    IMPAIRED   | 70    | no     | 401   | 100 | HOLD     | -
    STABILISED | 44    | yes    | 20    | 50  | CONTINUE | 50
    STABILISED | 70    | no     | 181   | 50  | DECREASE | 25
    STABILISED | 70    | no     | 100   | 75  | DECREASE | 50
    RECOVERED  | 70    | no     | 20    | 25  | CONTINUE | 25
    RECOVERED  | 70    | no     | 100   | 100 | DECREASE | 50
    IMPAIRED   | 70    | no     | 100   | 10  | RECHECK  | -
    IMPAIRED   | 70    | no     | 100   | 60  | DECREASE | 50
"""),
    ids=lambda c: f"{c['renal']} {c['egfr']} {c['rising']} {c['level']} at {c['mg']}",
)
def test_impaired_kidneys_come_before_any_level(case: Case) -> None:
    renal = kidneys(RenalState[case["renal"]], egfr=milligrams(case["egfr"]), rising=case["rising"] == "yes")
    found = decided(ciclosporin(case["level"], case["mg"], renal=renal))
    assert (found.state.name, amount(found)) == (case["state"], milligrams(case["then"]))
    assert found.target is None


@pytest.mark.parametrize("validity", [v for v in Validity if v is not Validity.VALID])
def test_impaired_kidneys_need_no_level(validity: Validity) -> None:
    for value in ("20", "150"):
        found = decided(ciclosporin(value, 50, renal=RenalState.IMPAIRED, validity=validity))
        assert (found.state, amount(found), found.reasons) == (State.CONTINUE, 50, ("RENAL_IMPAIRED",))


def test_after_recovery_going_up_again_is_asked_for_not_done() -> None:
    found = decided(ciclosporin("20", 50, renal=RenalState.RECOVERED))
    assert found.reasons == ("RENAL_IMPAIRED", "REESCALATION_ASK")
    assert after(found) == (0, 14)
    assert after(decided(ciclosporin("20", 50, renal=RenalState.IMPAIRED))) == (0, 7)


def test_impairment_does_not_pass_by_growing_old() -> None:
    old = kidneys(RenalState.UNKNOWN, last=RenalState.IMPAIRED)
    found = decided(ciclosporin("100", 100, renal=old))
    assert (found.state, amount(found), found.reasons) == (State.DECREASE, 50, ("MISSING_CREATININE",))
    assert (
        decided(ciclosporin("100", renal=kidneys(RenalState.UNKNOWN, last=RenalState.AKI))).state
        is State.HOLD
    )


@pytest.mark.parametrize("status", list(DoseStatus))
def test_acute_injury_and_high_potassium_hold_ciclosporin(status: DoseStatus) -> None:
    mg = 75 if status is DoseStatus.KNOWN else None
    taken = dose(Drug.CICLOSPORIN, mg, status=status)
    held = State.CANNOT_ADVISE if status is DoseStatus.NONE else State.HOLD
    injured = decided(ciclosporin("150", dose=taken, renal=RenalState.AKI))
    assert (injured.state, injured.reasons, injured.rule.id) == (held, ("AKI",), "CSA-AKI")
    high = decided(ciclosporin("150", dose=taken, potassium=result(Analyte.POTASSIUM, "6.0")))
    assert (high.state, high.reasons, high.rule.id) == (held, ("HIGH_POTASSIUM",), "CSA-K")


@pytest.mark.parametrize("status", [DoseStatus.KNOWN, DoseStatus.CONFLICTING, DoseStatus.NOT_DOCUMENTED])
def test_a_dangerous_level_holds_whatever_is_known_of_the_dose(status: DoseStatus) -> None:
    taken = dose(Drug.CICLOSPORIN, 75 if status is DoseStatus.KNOWN else None, status=status)
    found = decided(ciclosporin(None, dose=taken, danger=level("ciclosporin", 450)))
    assert (found.state, found.proposed, found.rule.id) == (State.HOLD, None, "CSA-N6")


def test_without_an_arm_ciclosporin_is_not_advised_on() -> None:
    found = decided(ciclosporin("100", arm=None))
    assert (found.state, found.reasons, found.target) == (State.CANNOT_ADVISE, ("ARM_UNKNOWN",), None)


def test_ciclosporin_from_before_the_study_is_not_study_ciclosporin() -> None:
    before = dose(Drug.CICLOSPORIN, None, status=DoseStatus.NOT_DOCUMENTED, pre_study=True)
    found = decided(ciclosporin("100", dose=before))
    assert (found.state, found.reasons) == (
        State.CANNOT_ADVISE,
        ("DOSE_NOT_DOCUMENTED", "PRE_STUDY_CICLOSPORIN"),
    )


# ---------------------------------------------------------------- the first dose


@pytest.mark.parametrize(
    "case",
    cases("""
    weight | renal      | mg  | reason
    -      | NORMAL     | 50  | MISSING_WEIGHT
    30     | NORMAL     | 50  | -
    41     | NORMAL     | 50  | -
    42     | NORMAL     | 75  | -
    41.67  | NORMAL     | 75  | -
    58.33  | NORMAL     | 75  | -
    58.34  | NORMAL     | 100 | -
    90     | NORMAL     | 100 | -
    60     | IMPAIRED   | 25  | RENAL_IMPAIRED
    60     | STABILISED | 25  | RENAL_IMPAIRED
    60     | RECOVERED  | 25  | RENAL_IMPAIRED
"""),
    ids=lambda c: f"{c['weight']} kg {c['renal']}",
)
def test_the_first_dose_follows_weight_and_kidneys(case: Case) -> None:
    patient = DosedPatient(43, milligrams(case["weight"]))
    found = decided(ciclosporin(None, None, renal=RenalState[case["renal"]], patient=patient))
    assert (found.state, found.rule.id) == (State.INITIATE, "CSA-N1")
    assert found.proposed == Dose(Decimal(case["mg"]), Decimal(12))
    assert found.reasons == (() if case["reason"] == "-" else (case["reason"],))
    assert after(found) == (3, 7)


@pytest.mark.parametrize(
    ("change", "state", "reasons"),
    [
        ({"tests": Laboratory(creatinine_days=14)}, State.INITIATE, ()),
        ({"tests": Laboratory(creatinine_days=15)}, State.RECHECK, ("MISSING_CREATININE",)),
        ({"tests": Laboratory(creatinine_days=None)}, State.RECHECK, ("MISSING_CREATININE",)),
        (
            {"tests": Laboratory(False, False, None)},
            State.RECHECK,
            ("MISSING_CBC", "MISSING_ALT", "MISSING_CREATININE"),
        ),
        (
            {"dose": dose(Drug.CICLOSPORIN, None, incomplete=True)},
            State.RECHECK,
            ("MEDICATIONS_UNAVAILABLE",),
        ),
        ({"liver": Liver(hold=None)}, State.RECHECK, ("LIVER_UNKNOWN",)),
        ({"renal": RenalState.UNKNOWN}, State.CANNOT_ADVISE, ("RENAL_UNKNOWN",)),
        ({"renal": RenalState.AKI}, State.CANNOT_ADVISE, ("AKI",)),
        ({"strong_interaction": True}, State.CANNOT_ADVISE, ("STRONG_INTERACTION",)),
    ],
)
def test_nothing_is_started_blindly(change: dict[str, Any], state: State, reasons: tuple[str, ...]) -> None:
    patient = DosedPatient(43, Decimal(60))
    found = decided(replace(ciclosporin(None, None, patient=patient), **_finished(change)))
    assert (found.state, found.reasons) == (state, reasons)


def _finished(change: dict[str, Any]) -> dict[str, Any]:
    return {k: kidneys(v) if isinstance(v, RenalState) else v for k, v in change.items()}


# ---------------------------------------------------------------- an uneven day (DECISIONS 54)


def _uneven(*each: int) -> DoseInForce:
    day = Dose(Decimal(sum(each)), Decimal(24), tuple(map(Decimal, each)))
    return replace(dose(Drug.CICLOSPORIN, 75), dose=day)


@pytest.mark.parametrize(
    ("each", "level", "renal", "expected"),
    [
        ((100, 75), "119", RenalState.NORMAL, "INCREASE 100"),
        ((100, 75), "120", RenalState.NORMAL, "CONTINUE -"),
        ((100, 75), "180", RenalState.NORMAL, "CONTINUE -"),
        ((100, 75), "181", RenalState.NORMAL, "DECREASE 75"),
        ((100, 75), "150", RenalState.IMPAIRED, "DECREASE 50"),
        ((175, 25), "150", RenalState.NORMAL, "RECHECK -"),
        ((200, 150), "150", RenalState.NORMAL, "DECREASE 150"),
        ((75, 50, 50), "150", RenalState.NORMAL, "RECHECK -"),
        ((75, 25), "100", RenalState.IMPAIRED, "RECHECK -"),
        ((50, 25), "100", RenalState.IMPAIRED, "CONTINUE -"),
    ],
)
def test_each_dose_of_an_uneven_day_is_judged_and_a_change_makes_it_even(
    each: tuple[int, ...], level: str, renal: RenalState, expected: str
) -> None:
    found = decided(ciclosporin(level, dose=_uneven(*each), renal=renal))
    mg = found.proposed.amount_mg if found.proposed else "-"
    assert f"{found.state} {mg}" == expected
    assert found.current == _uneven(*each).dose
