"""Sirolimus by its trough, both sides of every edge (titration.md 4, DECISIONS 26-28, 35)."""

from decimal import Decimal

import pytest
from msgspec.structs import replace

from cds_service.rules.answers.dosing_answers import State, Trough, Validity
from cds_service.trials.nct06802055.dosing.dose_case import DosedPatient, Laboratory
from cds_service.trials.nct06802055.dosing.liver import Liver
from cds_service.trials.nct06802055.patient_state.doses.current_dose import DoseStatus, DoseStep
from cds_service.trials.nct06802055.trial_arms import Arm
from cds_service.trials.nct06802055.two_drugs import Drug
from fhir_mappings.clinical_model.medications import Dose
from fhir_mappings.clinical_model.messages import say
from tests.builders import days_ago, level
from tests.dosing import LIMITS, RULES, after, amount, decided, dose, milligrams, sirolimus
from tests.tables import Case, cases, named

HURT = (say("dosing.liver.alt", value=Decimal(200), normal=Decimal(40)),)


@pytest.mark.parametrize(
    "case",
    cases("""
    level | mg  | state               | then | rule
    0.3   | 2   | INCREASE            | 3    | SRL-02
    3.99  | 1   | INCREASE            | 2    | SRL-02
    3.99  | 2   | INCREASE            | 3    | SRL-02
    3.99  | 3   | AT_CAP_BELOW_TARGET | 3    | SRL-CAP
    4     | 1   | CONTINUE            | 1    | SRL-03
    4     | 2   | CONTINUE            | 2    | SRL-03
    4     | 3   | CONTINUE            | 3    | SRL-03
    12    | 1   | CONTINUE            | 1    | SRL-03
    12    | 2   | CONTINUE            | 2    | SRL-03
    12    | 3   | CONTINUE            | 3    | SRL-03
    12.01 | 1   | HOLD                | -    | SRL-04
    12.01 | 2   | DECREASE            | 1    | SRL-04
    12.01 | 3   | DECREASE            | 2    | SRL-04
    15    | 1   | HOLD                | -    | SRL-04
    15    | 2   | DECREASE            | 1    | SRL-04
    15    | 3   | DECREASE            | 2    | SRL-04
    15.01 | 1   | HOLD                | 1    | SRL-05
    15.01 | 2   | HOLD                | 1    | SRL-05
    15.01 | 3   | HOLD                | 2    | SRL-05
    20    | 1   | HOLD                | 1    | SRL-05
    20    | 2   | HOLD                | 1    | SRL-05
    20    | 3   | HOLD                | 2    | SRL-05
    20.01 | 1   | HOLD                | -    | SRL-06
    20.01 | 2   | HOLD                | -    | SRL-06
    20.01 | 3   | HOLD                | -    | SRL-06
"""),
    ids=lambda c: f"{c['level']} ng/mL at {c['mg']} mg",
)
def test_the_trough_decides_the_step(case: Case) -> None:
    found = decided(sirolimus(case["level"], case["mg"]))
    then = milligrams(case["then"])
    assert (found.state.name, amount(found), found.rule.id) == (case["state"], then, case["rule"])
    assert found.proposed is None or found.proposed.every_hours == 24
    assert found.current == Dose(Decimal(case["mg"]), Decimal(24))
    assert found.target is not None
    assert (found.target.low, found.target.high) == (4, 12)


@pytest.mark.parametrize(
    "case",
    cases("""
    what                                | level | mg  | every | state    | then
    twice daily in range                | 8     | 1   | 12    | RECHECK  | -
    twice daily, low                    | 3     | 1   | 12    | RECHECK  | -
    twice daily, above                  | 13    | 1   | 12    | DECREASE | 1
    four milligrams in range            | 8     | 4   | 24    | DECREASE | 3
    four milligrams, low                | 3     | 4   | 24    | DECREASE | 3
    two twice daily, low                | 3     | 2   | 12    | DECREASE | 3
    four milligrams, above              | 13    | 4   | 24    | DECREASE | 3
    four milligrams, high               | 17    | 4   | 24    | HOLD     | 2
    ten milligrams, above               | 15    | 10  | 24    | DECREASE | 3
    half a milligram, low               | 3     | 0.5 | 24    | INCREASE | 1
    half a milligram in range           | 8     | 0.5 | 24    | RECHECK  | -
    half a milligram, above             | 13    | 0.5 | 24    | HOLD     | -
    half a milligram, high              | 17    | 0.5 | 24    | HOLD     | -
    one and a half in range             | 8     | 1.5 | 24    | CONTINUE | 1.5
    one and a half, low                 | 3     | 1.5 | 24    | INCREASE | 2
    one and a half, above               | 13    | 1.5 | 24    | DECREASE | 1
    one and a half, high                | 17    | 1.5 | 24    | HOLD     | 1
    every other day in range            | 8     | 1   | 48    | RECHECK  | -
"""),
    ids=named,
)
def test_a_dose_that_the_record_does_not_know_is_never_proposed(case: Case) -> None:
    found = decided(sirolimus(case["level"], case["mg"], int(case["every"])))
    then = milligrams(case["then"])
    assert (found.state.name, amount(found)) == (case["state"], then)
    if found.state is State.RECHECK:
        assert found.reasons == ("DOSE_OUTSIDE_BOUNDS",)


def test_of_two_raised_doses_the_one_nearest_to_the_aim_is_taken() -> None:
    finer = replace(LIMITS, sirolimus_doses_mg=(Decimal(1), Decimal("1.5"), Decimal(2)))
    from cds_service.trials.nct06802055.dosing.sirolimus import advise_sirolimus

    near = advise_sirolimus(sirolimus("3.9", 1, liver=Liver()), finer)
    assert near.proposed == Dose(Decimal(2), Decimal(24))  # 7.8 is nearer to 8 than 5.85


def test_a_lower_dose_is_expected_to_come_back_below_ten() -> None:
    from cds_service.trials.nct06802055.dosing.sirolimus import advise_sirolimus

    finer = replace(LIMITS, sirolimus_doses_mg=(Decimal(1), Decimal("2.5"), Decimal(2)))
    assert advise_sirolimus(sirolimus("12.5", 3), finer).proposed == Dose(Decimal(2), Decimal(24))
    assert advise_sirolimus(sirolimus("12", 3), finer).state is State.CONTINUE


@pytest.mark.parametrize(
    "case",
    cases("""
    level | mg | first | last
    3     | 2  | 7     | 14
    4     | 2  | 0     | 13
    4.5   | 2  | 0     | 13
    4.51  | 2  | 0     | 27
    10.99 | 2  | 0     | 27
    11    | 2  | 0     | 13
    13    | 2  | 7     | 10
    17    | 2  | 5     | 7
    21    | 2  | 3     | 4
"""),
    ids=lambda c: c["level"],
)
def test_the_next_trough_is_asked_for_in_its_window(case: Case) -> None:
    found = decided(sirolimus(case["level"], case["mg"]))
    assert after(found) == (int(case["first"]), int(case["last"]))
    assert found.recheck is not None
    assert found.recheck.test == "sirolimus-trough"


@pytest.mark.parametrize(
    "case",
    cases("""
    validity             | rule
    NOT_TROUGH           | TR-01
    NOT_STEADY_STATE     | TR-02
    STALE                | TR-01
    IMPLAUSIBLE          | TR-01
    WRONG_SPECIMEN       | TR-01
    WRONG_ASSAY          | TR-01
    UNIT_UNUSABLE        | TR-01
    BELOW_QUANTIFICATION | TR-01
    ABOVE_QUANTIFICATION | TR-01
    CONFLICTING          | TR-01
    MISSING              | TR-01
"""),
    ids=named,
)
@pytest.mark.parametrize("value", ["3", "8", "13"])
def test_an_unusable_level_asks_for_another_and_moves_nothing(case: Case, value: str) -> None:
    found = decided(sirolimus(value, validity=Validity(case["validity"])))
    assert (found.state, found.proposed, found.rule.id) == (State.RECHECK, None, case["rule"])
    assert found.reasons == (case["validity"],)


def test_an_interval_is_no_number_to_titrate_on() -> None:
    for value in ("<3", ">8"):
        assert decided(sirolimus(value)).state is State.RECHECK


def test_no_level_at_all_asks_for_one() -> None:
    found = decided(sirolimus(None))
    assert (found.state, found.reasons) == (State.RECHECK, ("MISSING",))


@pytest.mark.parametrize(
    "case",
    cases("""
    what                           | level | mg | day | fresh | reduced | state   | then
    high and fresh                 | 15.01 | 2  | 1   | yes   | no      | HOLD    | 1
    at the edge                    | 15    | 2  | 1   | yes   | no      | RECHECK | -
    too old                        | 15.01 | 2  | 1   | no    | no      | RECHECK | -
    the dose was cut since         | 15.01 | 2  | 1   | yes   | yes     | RECHECK | -
    dangerous                      | 20.01 | 2  | 1   | yes   | no      | HOLD    | -
"""),
    ids=named,
)
def test_a_level_that_has_not_settled_counts_only_when_high(case: Case) -> None:
    taken = dose(Drug.SIROLIMUS, case["mg"])
    if case["reduced"] == "yes":
        three, two = Dose(Decimal(3), Decimal(24)), Dose(Decimal(2), Decimal(24))
        taken = replace(taken, steps=(DoseStep(days_ago(20), three), DoseStep(days_ago(1), two)))
    found = decided(
        sirolimus(
            case["level"],
            validity=Validity.NOT_STEADY_STATE,
            dose=taken,
            day=int(case["day"]),
            fresh_level=case["fresh"] == "yes",
        )
    )
    assert found.state.name == case["state"]
    assert amount(found) == milligrams(case["then"])
    assert ("LEVEL_BEFORE_DOSE_CHANGE" in found.reasons) is (case["reduced"] == "yes")


def test_a_dose_raised_after_a_high_level_is_no_excuse() -> None:
    one, two = Dose(Decimal(1), Decimal(24)), Dose(Decimal(2), Decimal(24))
    raised = dose(Drug.SIROLIMUS, 2, steps=(DoseStep(days_ago(20), one), DoseStep(days_ago(0), two)))
    assert decided(sirolimus("16", validity=Validity.NOT_STEADY_STATE, dose=raised)).state is State.HOLD


def test_a_level_without_a_day_cannot_be_called_fresh() -> None:
    undated = Trough(Validity.NOT_STEADY_STATE, Decimal(16))
    found = decided(replace(sirolimus("16"), trough=undated, fresh_level=False))
    assert found.state is State.RECHECK


@pytest.mark.parametrize(
    "case",
    cases("""
    level | state               | mg
    3     | RECHECK             | 2
    3     | RECHECK             | 3
    8     | CONTINUE            | 2
    13    | DECREASE            | 2
    17    | HOLD                | 2
    21    | HOLD                | 2
"""),
    ids=lambda c: f"{c['level']} at {c['mg']}",
)
def test_a_trough_by_assumption_never_raises_a_dose(case: Case) -> None:
    found = decided(sirolimus(case["level"], case["mg"], validity=Validity.ASSUMED_TROUGH))
    assert found.state.name == case["state"]
    assert ("TROUGH_TIME_UNPROVEN" in found.reasons) is (found.state is State.RECHECK)


@pytest.mark.parametrize(
    ("change", "reason", "test"),
    [
        ({"tests": Laboratory(cbc=False)}, "MISSING_CBC", "cbc"),
        ({"tests": Laboratory(alt=False)}, "MISSING_ALT", "alt"),
        ({"tests": Laboratory(unread=True)}, "RESULTS_UNAVAILABLE", "sirolimus-trough"),
        ({"liver": Liver(hold=None)}, "LIVER_UNKNOWN", "alt"),
        ({"liver": Liver(cap=None)}, "LIVER_UNKNOWN", "alt"),
        ({"dose": dose(Drug.SIROLIMUS, 2, incomplete=True)}, "MEDICATIONS_UNAVAILABLE", "sirolimus-trough"),
        (
            {"dose": dose(Drug.SIROLIMUS, 2, pending=Dose(Decimal(1), Decimal(24)))},
            "ORDER_NOT_STARTED",
            "sirolimus-trough",
        ),
        ({"other": dose(Drug.CICLOSPORIN, 75)}, "ARM_MISMATCH", "sirolimus-trough"),
        (
            {"other": dose(Drug.CICLOSPORIN, None, status=DoseStatus.CONFLICTING)},
            "CICLOSPORIN_DOSE_UNKNOWN",
            "sirolimus-trough",
        ),
        (
            {"other": dose(Drug.CICLOSPORIN, None, status=DoseStatus.NOT_DOCUMENTED)},
            "CICLOSPORIN_DOSE_UNKNOWN",
            "sirolimus-trough",
        ),
    ],
)
def test_an_increase_needs_what_protects_it_and_nothing_else_does(
    change: dict, reason: str, test: str
) -> None:
    found = decided(sirolimus("3", **change))
    assert (found.state, found.proposed, found.reasons) == (State.RECHECK, None, (reason,))
    assert found.recheck is not None
    assert found.recheck.test == test
    for level_, state in (("8", State.CONTINUE), ("13", State.DECREASE), ("16", State.HOLD)):
        assert decided(sirolimus(level_, **change)).state is state


@pytest.mark.parametrize(
    ("other", "arm", "state"),
    [
        (dose(Drug.CICLOSPORIN, 75), Arm.COMBINED, State.INCREASE),
        (dose(Drug.CICLOSPORIN, 75), None, State.RECHECK),
        (dose(Drug.CICLOSPORIN, None), None, State.INCREASE),
        (dose(Drug.CICLOSPORIN, None), Arm.SIROLIMUS, State.INCREASE),
        (
            dose(Drug.CICLOSPORIN, None, status=DoseStatus.NOT_DOCUMENTED, taken_until=days_ago(40)),
            Arm.SIROLIMUS,
            State.INCREASE,
        ),
        (
            dose(Drug.CICLOSPORIN, None, status=DoseStatus.NOT_DOCUMENTED, taken_until=days_ago(40)),
            Arm.COMBINED,
            State.RECHECK,
        ),
    ],
)
def test_ciclosporin_beside_sirolimus_must_be_known_and_belong_to_the_arm(other, arm, state) -> None:
    assert decided(sirolimus("3", other=other, arm=arm)).state is state


@pytest.mark.parametrize(
    "case",
    cases("""
    level | mg  | state               | then | rule
    8     | 2   | DECREASE            | 1    | SRL-HEP
    3     | 3   | DECREASE            | 1    | SRL-HEP
    13    | 3   | DECREASE            | 1    | SRL-HEP
    8     | 1   | CONTINUE            | 1    | SRL-03
    3     | 1   | AT_CAP_BELOW_TARGET | 1    | SRL-HEP
    3     | 0.5 | INCREASE            | 1    | SRL-02
    13    | 1   | HOLD                | -    | SRL-04
    17    | 3   | HOLD                | 1    | SRL-05
    21    | 3   | HOLD                | -    | SRL-06
"""),
    ids=lambda c: f"{c['level']} at {c['mg']}",
)
def test_liver_injury_caps_sirolimus_at_one_milligram(case: Case) -> None:
    found = decided(sirolimus(case["level"], case["mg"], liver=Liver(cap=True, start_low=True, seen=HURT)))
    then = milligrams(case["then"])
    assert (found.state.name, amount(found), found.rule.id) == (case["state"], then, case["rule"])


def test_liver_injury_caps_sirolimus_without_any_level_too() -> None:
    found = decided(sirolimus(None, 3, liver=Liver(cap=True, seen=HURT)))
    assert (found.state, amount(found)) == (State.DECREASE, 1)
    assert found.reasons == ("LIVER_INJURY", "MISSING")


@pytest.mark.parametrize("mg", [1, 3, None])
def test_severe_liver_injury_holds_sirolimus_and_keeps_it_from_being_started(mg: int | None) -> None:
    found = decided(sirolimus("8", mg, liver=Liver(hold=True, cap=True, start_low=True, seen=HURT)))
    assert (found.state, found.proposed, found.rule.id) == (State.HOLD, None, "SRL-HEP")


@pytest.mark.parametrize("status", [DoseStatus.CONFLICTING, DoseStatus.NOT_DOCUMENTED])
def test_a_dangerous_level_holds_whatever_is_known_of_the_dose(status: DoseStatus) -> None:
    unsure = dose(Drug.SIROLIMUS, None, status=status)
    found = decided(sirolimus("8", dose=unsure, danger=level("sirolimus", 25)))
    assert (found.state, found.reasons, found.rule.id) == (State.HOLD, ("SAFETY_LEVEL",), "SRL-06")


@pytest.mark.parametrize(
    ("taken", "reasons"),
    [
        (dose(Drug.SIROLIMUS, None, status=DoseStatus.NOT_DOCUMENTED), ("DOSE_NOT_DOCUMENTED",)),
        (
            dose(Drug.SIROLIMUS, None, status=DoseStatus.NOT_DOCUMENTED, held=True),
            ("DOSE_NOT_DOCUMENTED", "DOSE_ON_HOLD"),
        ),
        (
            dose(
                Drug.SIROLIMUS,
                None,
                status=DoseStatus.CONFLICTING,
                claims=(Dose(Decimal(1), Decimal(24)), Dose(Decimal(2), Decimal(24))),
            ),
            ("CONFLICTING_DOSES",),
        ),
    ],
)
def test_no_advice_on_a_dose_that_is_not_known(taken, reasons) -> None:
    found = decided(sirolimus("3", dose=taken))
    assert (found.state, found.proposed, found.reasons, found.rule.id) == (
        State.CANNOT_ADVISE,
        None,
        reasons,
        "TR-03",
    )


# ---------------------------------------------------------------- the first dose


GROWN = DosedPatient(age=43, weight_kg=Decimal(60))
CSA_75, CSA_100 = (Dose(Decimal(mg), Decimal(12)) for mg in (75, 100))
UNTOLD_CSA = dose(Drug.CICLOSPORIN, None, status=DoseStatus.NOT_DOCUMENTED)


@pytest.mark.parametrize(
    ("change", "mg", "reasons"),
    [
        ({}, 2, ()),
        ({"patient": DosedPatient(64, Decimal(50))}, 2, ()),
        ({"patient": DosedPatient(65, Decimal(50))}, 1, ("START_AGE",)),
        ({"patient": DosedPatient(64, Decimal("49.9"))}, 1, ("START_WEIGHT",)),
        ({"patient": DosedPatient(43, None)}, 2, ("MISSING_WEIGHT",)),
        ({"patient": DosedPatient(None, Decimal(60))}, 2, ("MISSING_AGE",)),
        ({"liver": Liver(start_low=True)}, 1, ("START_LIVER",)),
        ({"liver": Liver(bilirubin_known=False)}, 2, ("MISSING_BILIRUBIN",)),
        ({"moderate_inhibitor": True}, 1, ("START_MODERATE_INHIBITOR",)),
        ({"arm": Arm.COMBINED, "other": dose(Drug.CICLOSPORIN, 100)}, 1, ("START_CICLOSPORIN",)),
        ({"arm": Arm.COMBINED, "other": dose(Drug.CICLOSPORIN, 75)}, 2, ()),
        ({"arm": Arm.COMBINED, "other_start": CSA_100}, 1, ("START_CICLOSPORIN",)),
        ({"arm": Arm.COMBINED, "other_start": CSA_75}, 2, ()),
        (
            {"arm": Arm.COMBINED, "other": replace(UNTOLD_CSA, claims=(CSA_75, CSA_100))},
            1,
            ("START_CICLOSPORIN",),
        ),
        ({"arm": Arm.COMBINED, "other": replace(UNTOLD_CSA, claims=(CSA_75,))}, 2, ()),
        ({"arm": Arm.SIROLIMUS, "other": replace(UNTOLD_CSA, taken_until=days_ago(20))}, 2, ()),
    ],
)
def test_the_first_dose_is_two_milligrams_or_one_for_a_listed_reason(change, mg, reasons) -> None:
    found = decided(sirolimus(None, None, **({"patient": GROWN} | change)))
    assert (found.state, found.rule.id, found.reasons) == (State.INITIATE, "SRL-01", reasons)
    assert found.proposed == Dose(Decimal(mg), Decimal(24))
    assert found.current is None
    assert after(found) == (7, 14)


@pytest.mark.parametrize(
    ("change", "state", "reasons"),
    [
        ({"tests": Laboratory(cbc=False)}, State.RECHECK, ("MISSING_CBC",)),
        ({"tests": Laboratory(alt=False)}, State.RECHECK, ("MISSING_ALT",)),
        ({"tests": Laboratory(cbc=False, alt=False)}, State.RECHECK, ("MISSING_CBC", "MISSING_ALT")),
        ({"tests": Laboratory(unread=True)}, State.RECHECK, ("RESULTS_UNAVAILABLE",)),
        ({"liver": Liver(start_low=None)}, State.RECHECK, ("LIVER_UNKNOWN",)),
        ({"strong_interaction": True}, State.CANNOT_ADVISE, ("STRONG_INTERACTION",)),
        (
            {"strong_interaction": True, "tests": Laboratory(cbc=False)},
            State.CANNOT_ADVISE,
            ("STRONG_INTERACTION",),
        ),
    ],
)
def test_nothing_is_started_blindly(change, state, reasons) -> None:
    found = decided(sirolimus(None, None, **({"patient": GROWN} | change)))
    assert (found.state, found.proposed, found.reasons) == (state, None, reasons)
    assert found.rule == RULES["TR-09" if state is State.CANNOT_ADVISE else "TR-05"]
