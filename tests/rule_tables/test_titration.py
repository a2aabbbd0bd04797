"""From a chart to a decision for each study drug (DECISIONS 22-37)."""

from decimal import Decimal
from typing import Any

import pytest
from msgspec.structs import replace

from cds_service.rules.answers.alerts import Action, Alert, SafetyReport, Severity
from cds_service.rules.answers.dosing_answers import DoseBounds, State, TitrationDecision, Validity
from cds_service.rules.answers.renal_answers import RenalState
from cds_service.rules.thresholds import ProtocolTextFault
from cds_service.trials.nct06802055.dosing.safety_veto import veto
from cds_service.trials.nct06802055.dosing.shared_decisions import common_doubts
from cds_service.trials.nct06802055.dosing.titration import decide, refuse_outside
from cds_service.trials.nct06802055.patient_state.doses.dose_bounds import allowed_now, bounds, nearest
from cds_service.trials.nct06802055.patient_state.doses.titration_limits import TitrationLimits
from cds_service.trials.nct06802055.patient_state.dosing_reasons import UNFIT, WORDS, Reason
from cds_service.trials.nct06802055.patient_state.levels.level_table import LevelRow, LevelTable
from cds_service.trials.nct06802055.trial_arms import Arm
from cds_service.trials.nct06802055.two_drugs import Drug
from fhir_mappings.clinical_model.calendar import on_day, read_when
from fhir_mappings.clinical_model.known_unknown import Known, Part, Unknown, WhyUnknown
from fhir_mappings.clinical_model.medications import Dose, MedicationStatus
from fhir_mappings.clinical_model.messages import say
from fhir_mappings.clinical_model.results import Analyte
from fhir_mappings.clinical_model.studies import StudyState
from tests.builders import ZONE, a_record, count, days_ago, dispense, level, medication, result, unreadable
from tests.dosing import LIMITS, RULES, amount, ciclosporin, decided, dose, enrolled, sirolimus, titrated
from tests.tables import Case, cases, named

SRL = dispense("sirolimus", 2, ago=30, days=60)
CSA = dispense("ciclosporin", 75, 12, ago=30, days=60)
LABS = (
    *count(80, 20, 1),
    result(Analyte.ALT, 20, high=Decimal(40)),
    result(Analyte.AST, 20, high=Decimal(40)),
    result(Analyte.BILIRUBIN, 10, high=Decimal(21)),
    result(Analyte.WEIGHT, 60),
    result(Analyte.CREATININE, 70, 75, high=Decimal(90)),
    result(Analyte.CREATININE, 70, 65, high=Decimal(90)),
    result(Analyte.CREATININE, 70, 1, high=Decimal(90)),
)


def one(*facts: Any, **fields: Any) -> TitrationDecision:
    """The sirolimus decision in the sirolimus arm."""
    (found,) = titrated(a_record(enrolled(Arm.SIROLIMUS), *facts, **fields))
    return found


def both(*facts: Any, arm: Arm | None = Arm.COMBINED, **fields: Any) -> tuple[TitrationDecision, ...]:
    return titrated(a_record(enrolled(arm), *facts, **fields))


# ---------------------------------------------------------------- who is titrated


@pytest.mark.parametrize("state", [s for s in StudyState if s is not StudyState.ENROLLED])
def test_nobody_but_the_enrolled_is_titrated(state: StudyState) -> None:
    assert titrated(a_record(enrolled(state=state), SRL, CSA, *LABS, level("sirolimus", 25))) == ()


@pytest.mark.parametrize("trough", [3, 8, 25])
@pytest.mark.parametrize("arm", [Arm.SIROLIMUS, Arm.COMBINED, None])
def test_nobody_is_dosed_who_has_died_by_the_record(trough: int, arm: Arm | None) -> None:
    found = both(SRL, CSA, *LABS, level("sirolimus", trough), arm=arm, deceased=True)
    assert {(d.state, d.reasons, d.proposed) for d in found} == {
        (State.CANNOT_ADVISE, ("PATIENT_DECEASED",), None)
    }
    assert found[0].seen.key == "dosing.cannot"
    living = both(SRL, CSA, *LABS, level("sirolimus", trough), arm=arm)
    assert living[0].state is not State.CANNOT_ADVISE


def test_an_unknown_participation_is_not_titrated() -> None:
    assert titrated(a_record(SRL, **unreadable(Part.RESEARCH_SUBJECTS))) == ()


@pytest.mark.parametrize(("kg", "ciclosporin", "sirolimus"), [(58, 75, 2), (59, 100, 1)])
def test_sirolimus_starts_low_beside_the_ciclosporin_that_starts_with_it(
    kg: int, ciclosporin: int, sirolimus: int
) -> None:
    """200 mg of ciclosporin a day is a reason for 1 mg, also when it is only proposed on the same day."""
    found = both(*LABS, result(Analyte.WEIGHT, kg, 0))
    assert [(d.state, amount(d)) for d in found] == [
        (State.INITIATE, sirolimus),
        (State.INITIATE, ciclosporin),
    ]


@pytest.mark.parametrize(
    ("arm", "drugs"),
    [
        (Arm.SIROLIMUS, ["sirolimus"]),
        (Arm.COMBINED, ["sirolimus", "ciclosporin"]),
        (None, ["sirolimus", "ciclosporin"]),
    ],
)
def test_the_arm_says_which_drugs(arm: Arm | None, drugs: list[str]) -> None:
    found = both(SRL, CSA, level("sirolimus", 8), *LABS, arm=arm)
    assert [d.drug.value for d in found] == drugs
    assert found[0].state is State.CONTINUE
    if arm is None:
        assert (found[1].state, found[1].reasons) == (State.CANNOT_ADVISE, ("ARM_UNKNOWN",))


# ---------------------------------------------------------------- whole courses


def test_a_low_trough_with_every_test_there_raises_sirolimus() -> None:
    found = one(SRL, level("sirolimus", "3.2"), *LABS)
    assert (found.state, found.proposed, found.reasons) == (State.INCREASE, Dose(Decimal(3), Decimal(24)), ())
    assert found.trough.validity is Validity.VALID


def test_both_low_raises_ciclosporin_first() -> None:
    first, second = both(SRL, CSA, level("sirolimus", 3), level("ciclosporin", 100), *LABS)
    assert (first.state, first.reasons) == (State.RECHECK, ("ONE_CHANGE_AT_A_TIME",))
    assert (second.state, amount(second)) == (State.INCREASE, 100)


@pytest.mark.parametrize(
    ("ordered_ago", "state"), [(1, State.RECHECK), (LIMITS.change_ordered_days + 1, State.INCREASE)]
)
def test_a_change_of_ciclosporin_that_is_ordered_and_not_begun_is_the_one_change(
    ordered_ago: int, state: State
) -> None:
    coming = dose(
        Drug.CICLOSPORIN, 75, pending=Dose(Decimal(100), Decimal(12)), pending_since=days_ago(ordered_ago)
    )
    first, second = decide(
        {
            Drug.SIROLIMUS: sirolimus("3", arm=Arm.COMBINED),
            Drug.CICLOSPORIN: ciclosporin("150", dose=coming),
        },
        LIMITS,
        RULES,
    )
    assert first.state is state
    assert ("ONE_CHANGE_AT_A_TIME" in first.reasons) is (state is State.RECHECK)
    assert second.state is not State.INCREASE


@pytest.mark.parametrize(
    ("sirolimus_level", "ciclosporin_level", "states"),
    [(3, 150, [State.INCREASE, State.CONTINUE]), (8, 100, [State.CONTINUE, State.INCREASE])],
)
def test_one_low_level_alone_is_raised_at_once(
    sirolimus_level: int, ciclosporin_level: int, states: list[State]
) -> None:
    levels = (level("sirolimus", sirolimus_level), level("ciclosporin", ciclosporin_level))
    assert [d.state for d in both(SRL, CSA, *levels, *LABS)] == states


@pytest.mark.parametrize(
    ("missing", "reason"),
    [
        (Analyte.HAEMOGLOBIN, "MISSING_CBC"),
        (Analyte.PLATELETS, "MISSING_CBC"),
        (Analyte.NEUTROPHILS, "MISSING_CBC"),
        (Analyte.ALT, "MISSING_ALT"),
        (Analyte.AST, None),
        (Analyte.BILIRUBIN, None),
        (Analyte.CREATININE, None),
    ],
)
def test_a_missing_test_blocks_what_it_protects(missing: Analyte, reason: str | None) -> None:
    found = one(SRL, level("sirolimus", 3), *(r for r in LABS if r.analyte is not missing))
    assert found.state is (State.RECHECK if reason else State.INCREASE)
    assert found.reasons == ((reason,) if reason else ())


@pytest.mark.parametrize(("ago", "state"), [(28, State.INCREASE), (29, State.RECHECK)])
def test_a_test_counts_for_28_days(ago: int, state: State) -> None:
    old = [replace(r, when=on_day(days_ago(ago))) for r in LABS if r.analyte is Analyte.ALT]
    rest = [r for r in LABS if r.analyte is not Analyte.ALT]
    assert one(SRL, level("sirolimus", 3), *rest, *old).state is state


def test_white_cells_stand_for_neutrophils() -> None:
    labs = [r for r in LABS if r.analyte is not Analyte.NEUTROPHILS]
    assert one(SRL, level("sirolimus", 3), *labs, result(Analyte.WHITE_CELLS, 2)).state is State.INCREASE


@pytest.mark.parametrize(("ago", "state"), [(7, State.INCREASE), (8, State.RECHECK)])
def test_ciclosporin_is_raised_on_a_creatinine_of_at_most_seven_days(ago: int, state: State) -> None:
    labs = [r for r in LABS if r.analyte is not Analyte.CREATININE or r.when != on_day(days_ago(1))]
    newest = result(Analyte.CREATININE, 70, ago, high=Decimal(90))
    _, found = both(SRL, CSA, level("sirolimus", 8), level("ciclosporin", 100), *labs, newest)
    assert found.state is state


def test_results_that_could_not_be_read_stop_every_increase() -> None:
    found = one(SRL, level("sirolimus", 3), *LABS, **unreadable(Part.OBSERVATIONS))
    assert (found.state, found.reasons) == (State.RECHECK, ("RESULTS_UNAVAILABLE",))


def test_a_dangerous_level_holds_even_when_it_was_no_trough() -> None:
    found = one(SRL, level("sirolimus", 8, 10), level("sirolimus", 25, 3, level=None), *LABS)
    assert (found.state, found.rule.id, found.proposed) == (State.HOLD, "SRL-06", None)


def test_a_duplicate_order_is_told_and_advice_given() -> None:
    orders = (medication("sirolimus", 2, start=30), medication("sirolimus", 2, start=30))
    found = one(SRL, *orders, level("sirolimus", 8), *LABS)
    assert (found.state, found.reasons) == (State.CONTINUE, ("DUPLICATE_ORDER",))


@pytest.mark.parametrize(
    "case",
    cases("""
    what                        | potassium | ago | state
    just below                  | 5.9       | 1   | CONTINUE
    6.0                         | 6.0       | 1   | HOLD
    6.0 two weeks ago           | 6.0       | 14  | HOLD
    6.0 longer ago              | 6.0       | 15  | CONTINUE
    above six                   | >6.0      | 1   | HOLD
    open, may be below          | >5.5      | 1   | CONTINUE
"""),
    ids=named,
)
def test_high_potassium_holds_ciclosporin(case: Case) -> None:
    potassium = result(Analyte.POTASSIUM, case["potassium"], int(case["ago"]))
    first, second = both(SRL, CSA, level("sirolimus", 8), level("ciclosporin", 150), *LABS, potassium)
    assert second.state.name == case["state"]
    assert first.state is State.CONTINUE


def test_a_newer_potassium_counts() -> None:
    high, now = result(Analyte.POTASSIUM, 7, 5), result(Analyte.POTASSIUM, 4, 1)
    _, found = both(SRL, CSA, level("sirolimus", 8), level("ciclosporin", 150), *LABS, high, now)
    assert found.state is State.CONTINUE


def test_of_one_day_the_later_result_counts_and_of_one_moment_the_higher() -> None:
    early, late = "2026-03-01T08:00:00+08:00", "2026-03-01T20:00:00+08:00"
    sampled = (level("sirolimus", 8), level("ciclosporin", 150))
    for first, second, state in ((7, 4, State.CONTINUE), (4, 7, State.HOLD)):
        values = (result(Analyte.POTASSIUM, first, early), result(Analyte.POTASSIUM, second, late))
        assert both(SRL, CSA, *sampled, *LABS, *values)[1].state is state
        assert both(SRL, CSA, *sampled, *LABS, *reversed(values))[1].state is state
    for values in ((7, 4), (4, 7)):
        same_day = (result(Analyte.POTASSIUM, n) for n in values)
        assert both(SRL, CSA, *sampled, *LABS, *same_day)[1].state is State.HOLD


@pytest.mark.parametrize("when", [-1, "2026-03-02T09:00:01+08:00"])
def test_a_result_that_lies_ahead_decides_nothing(when: Any) -> None:
    ahead = result(Analyte.POTASSIUM, 7, when)
    _, found = both(SRL, CSA, level("sirolimus", 8), level("ciclosporin", 150), *LABS, ahead)
    assert found.state is State.CONTINUE


def test_an_unsteady_level_says_when_a_steady_one_can_be_had() -> None:
    found = one(dispense("sirolimus", 2, ago=3), level("sirolimus", 8), *LABS)
    assert (found.state, found.reasons) == (State.RECHECK, ("NOT_STEADY_STATE",))
    assert found.recheck is not None
    assert found.recheck.not_before == days_ago(-4)
    assert found.recheck.by == days_ago(-7)


@pytest.mark.parametrize(("ago", "state"), [(14, State.HOLD), (15, State.RECHECK)])
def test_a_high_unsteady_level_counts_while_it_is_fresh(ago: int, state: State) -> None:
    inhibitor = medication("fluconazole", 200, start=ago + 3)
    assert one(SRL, inhibitor, level("sirolimus", 16, ago), *LABS).state is state


# ---------------------------------------------------------------- liver


@pytest.mark.parametrize(
    "case",
    cases("""
    what                       | alt  | ast  | bilirubin | mg  | state    | then
    three times normal         | 120  | 20   | 10        | 2   | CONTINUE | 2
    above three times          | 121  | 20   | 10        | 2   | DECREASE | 1
    AST above three times      | 20   | 121  | 10        | 2   | DECREASE | 1
    five times normal          | 200  | 20   | 10        | 2   | DECREASE | 1
    above five times           | 201  | 20   | 10        | 2   | HOLD     | -
    AST above five times       | 20   | 201  | 10        | 2   | HOLD     | -
    bilirubin three times      | 20   | 20   | 63        | 2   | CONTINUE | 2
    bilirubin above            | 20   | 20   | 63.1      | 2   | HOLD     | -
"""),
    ids=named,
)
def test_liver_tests_cap_or_hold_sirolimus(case: Case) -> None:
    liver = (
        result(Analyte.ALT, case["alt"], high=Decimal(40)),
        result(Analyte.AST, case["ast"], high=Decimal(40)),
        result(Analyte.BILIRUBIN, case["bilirubin"], high=Decimal(21)),
    )
    rest = [r for r in LABS if r.analyte not in (Analyte.ALT, Analyte.AST, Analyte.BILIRUBIN)]
    found = one(dispense("sirolimus", case["mg"], ago=30, days=60), level("sirolimus", 8), *rest, *liver)
    assert found.state.name == case["state"]
    assert amount(found) == (None if case["then"] == "-" else Decimal(case["then"]))


def test_a_result_without_its_range_is_judged_by_the_usual_one() -> None:
    bare = (result(Analyte.ALT, 121), *(r for r in LABS if r.analyte is not Analyte.ALT))
    assert one(SRL, level("sirolimus", 8), *bare).rule.id == "SRL-HEP"
    own = (result(Analyte.ALT, 121, high=Decimal(60)), *bare[1:])
    assert one(SRL, level("sirolimus", 8), *own).state is State.CONTINUE


def test_an_open_liver_test_stops_an_increase() -> None:
    open_end = (
        result(Analyte.ALT, ">100", high=Decimal(40)),
        *(r for r in LABS if r.analyte is not Analyte.ALT),
    )
    assert one(SRL, level("sirolimus", 3), *open_end).reasons == ("LIVER_UNKNOWN",)
    assert one(SRL, level("sirolimus", 8), *open_end).state is State.CONTINUE


# ---------------------------------------------------------------- starts


def test_an_enrolled_patient_without_a_dose_is_started_on_both() -> None:
    first, second = both(*LABS)
    assert (first.state, amount(first), first.reasons) == (State.INITIATE, 1, ("START_CICLOSPORIN",))
    assert (second.state, amount(second), second.reasons) == (State.INITIATE, 100, ())
    assert first.trough.validity is Validity.MISSING


@pytest.mark.parametrize(
    ("born", "mg", "reasons"),
    [
        (Known(read_when("1961-03-02", ZONE)), 1, ("START_AGE",)),
        (Known(read_when("1961-03-03", ZONE)), 2, ()),
        (Known(read_when("1961", ZONE)), 2, ("MISSING_AGE",)),
        (Known(read_when("1960", ZONE)), 1, ("START_AGE",)),
        (Unknown(WhyUnknown.MISSING), 2, ("MISSING_AGE",)),
    ],
)
def test_age_lowers_the_first_dose_when_it_is_known(born: Any, mg: int, reasons: tuple[str, ...]) -> None:
    found = one(*LABS, birth_date=born)
    assert (found.state, amount(found), found.reasons) == (State.INITIATE, mg, reasons)


@pytest.mark.parametrize(
    ("weight", "ago", "mg"), [("49.9", 1, 1), ("50", 1, 2), ("49.9", 90, 1), ("49.9", 91, 2), ("<49", 1, 2)]
)
def test_weight_lowers_the_first_dose_when_it_is_known(weight: str, ago: int, mg: int) -> None:
    labs = [r for r in LABS if r.analyte is not Analyte.WEIGHT]
    assert amount(one(*labs, result(Analyte.WEIGHT, weight, ago))) == mg


@pytest.mark.parametrize(
    ("ingredient", "first", "second"),
    [
        ("voriconazole", State.CANNOT_ADVISE, State.CANNOT_ADVISE),
        ("rifampin", State.CANNOT_ADVISE, State.CANNOT_ADVISE),
        ("fluconazole", State.INITIATE, State.INITIATE),
    ],
)
def test_a_strong_interacting_drug_keeps_both_from_being_started(
    ingredient: str, first: State, second: State
) -> None:
    found = both(*LABS, medication(ingredient, 200, start=40))
    assert [d.state for d in found] == [first, second]
    if first is State.INITIATE:
        reasons = ("START_MODERATE_INHIBITOR", "START_CICLOSPORIN")
        assert (amount(found[0]), found[0].reasons) == (1, reasons)


def test_a_stopped_interacting_drug_does_not_bar_a_start() -> None:
    ended = medication(
        "voriconazole", 200, start=60, end=on_day(days_ago(20)), status=MedicationStatus.COMPLETED
    )
    assert one(*LABS, ended).state is State.INITIATE


def test_raised_liver_tests_lower_the_first_dose() -> None:
    rest = [r for r in LABS if r.analyte is not Analyte.BILIRUBIN]
    assert amount(one(*rest, result(Analyte.BILIRUBIN, "31.5"))) == 2
    assert amount(one(*rest, result(Analyte.BILIRUBIN, "31.6"))) == 1
    assert one(*rest).reasons == ("MISSING_BILIRUBIN",)


# ---------------------------------------------------------------- safety has the last word


def alert(
    action: Action, severity: Severity = Severity.CRITICAL, drug: Drug | None = Drug.SIROLIMUS
) -> Alert:
    return Alert(RULES["CSA-K"], severity, action, say("dosing.reason.highPotassium"), drug=drug)


def vetoed(decision: TitrationDecision, *alerts: Alert) -> TitrationDecision:
    return veto(decision, SafetyReport(alerts=alerts), RULES)


STATES = {
    State.INITIATE: decided(sirolimus(None, None)),
    State.INCREASE: decided(sirolimus("3")),
    State.CONTINUE: decided(sirolimus("8")),
    State.DECREASE: decided(sirolimus("13")),
    State.HOLD: decided(sirolimus("17")),
    State.RECHECK: decided(sirolimus(None)),
    State.AT_CAP_BELOW_TARGET: decided(sirolimus("3", 3)),
    State.CANNOT_ADVISE: decided(sirolimus(None, None, strong_interaction=True)),
    State.STOP_REVIEW: vetoed(decided(sirolimus("8")), alert(Action.STOP_REVIEW)),
}


@pytest.mark.parametrize(
    "case",
    cases("""
    state               | hold          | stop          | other
    INITIATE            | CANNOT_ADVISE | CANNOT_ADVISE | CANNOT_ADVISE
    INCREASE            | HOLD          | STOP_REVIEW   | RECHECK
    CONTINUE            | HOLD          | STOP_REVIEW   | CONTINUE
    DECREASE            | HOLD          | STOP_REVIEW   | DECREASE
    HOLD                | HOLD          | STOP_REVIEW   | HOLD
    STOP_REVIEW         | STOP_REVIEW   | STOP_REVIEW   | STOP_REVIEW
    RECHECK             | HOLD          | STOP_REVIEW   | RECHECK
    AT_CAP_BELOW_TARGET | HOLD          | STOP_REVIEW   | AT_CAP_BELOW_TARGET
    CANNOT_ADVISE       | CANNOT_ADVISE | CANNOT_ADVISE | CANNOT_ADVISE
"""),
    ids=named,
)
def test_a_critical_finding_for_the_drug_wins(case: Case) -> None:
    before = STATES[State[case["state"]]]
    assert before.state.name == case["state"]
    held, stopped = vetoed(before, alert(Action.HOLD)), vetoed(before, alert(Action.STOP_REVIEW))
    assert (held.state.name, held.proposed) == (case["hold"], None)
    assert (stopped.state.name, stopped.proposed) == (case["stop"], None)
    assert vetoed(before, alert(Action.MEASURE_LEVEL)).state.name == case["other"]


def test_every_state_has_met_the_veto() -> None:
    assert set(STATES) == set(State)


def test_the_veto_speaks_with_the_rule_of_the_finding() -> None:
    left = vetoed(STATES[State.CONTINUE], alert(Action.HOLD))
    assert (left.rule, left.reasons) == (RULES["CSA-K"], ("SAFETY_VETO",))
    assert left.current == STATES[State.CONTINUE].current


def test_stopping_is_stronger_than_holding() -> None:
    both_ = (alert(Action.HOLD), alert(Action.STOP_REVIEW))
    assert vetoed(STATES[State.CONTINUE], *both_).state is State.STOP_REVIEW


@pytest.mark.parametrize(
    "weaker",
    [
        alert(Action.HOLD, Severity.WARNING),
        alert(Action.HOLD, drug=Drug.CICLOSPORIN),
        alert(Action.HOLD, drug=None),
    ],
)
def test_only_a_critical_finding_for_this_drug_is_a_veto(weaker: Alert) -> None:
    for decision in STATES.values():
        assert vetoed(decision, weaker) == decision


def test_doubt_about_this_drug_stops_its_increase() -> None:
    doubt = SafetyReport(doubtful=((Drug.SIROLIMUS, say("dosing.reason.aki")),))
    left = veto(STATES[State.INCREASE], doubt, RULES)
    assert (left.state, left.reasons, left.rule.id) == (State.RECHECK, ("SAFETY_DOUBT",), "TR-06")
    other = SafetyReport(doubtful=((Drug.CICLOSPORIN, say("dosing.reason.aki")),))
    assert veto(STATES[State.INCREASE], other, RULES).state is State.INCREASE


# ---------------------------------------------------------------- bounds, tables, tablets


@pytest.mark.parametrize(
    "case",
    cases("""
    drug        | renal      | mg  | every | passes
    sirolimus   | NORMAL     | 1   | 24    | yes
    sirolimus   | NORMAL     | 3   | 24    | yes
    sirolimus   | NORMAL     | 0.9 | 24    | no
    sirolimus   | NORMAL     | 3.1 | 24    | no
    sirolimus   | NORMAL     | 1   | 12    | no
    ciclosporin | NORMAL     | 25  | 12    | yes
    ciclosporin | NORMAL     | 150 | 12    | yes
    ciclosporin | NORMAL     | 24  | 12    | no
    ciclosporin | NORMAL     | 151 | 12    | no
    ciclosporin | NORMAL     | 150 | 24    | no
    ciclosporin | IMPAIRED   | 50  | 12    | yes
    ciclosporin | IMPAIRED   | 51  | 12    | no
    ciclosporin | STABILISED | 75  | 12    | no
    ciclosporin | RECOVERED  | 75  | 12    | no
"""),
    ids=lambda c: f"{c['drug']} {c['renal']} {c['mg']} {c['every']}",
)
def test_the_last_door_refuses_what_the_trial_record_does_not_allow(case: Case) -> None:
    proposal = Dose(Decimal(case["mg"]), Decimal(case["every"]))
    drug, renal = Drug(case["drug"]), RenalState[case["renal"]]
    wish = replace(STATES[State.INCREASE], drug=drug, proposed=proposal)
    found = refuse_outside(wish, renal, LIMITS, RULES)
    if case["passes"] == "yes":
        assert found == wish
    else:
        assert (found.state, found.proposed, found.rule.id) == (State.CANNOT_ADVISE, None, "TR-08")
        assert found.reasons == ("PROPOSAL_OUTSIDE_BOUNDS",)
    other = replace(wish, proposed=None, alternatives=(proposal,))
    assert (refuse_outside(other, renal, LIMITS, RULES) == other) is (case["passes"] == "yes")


def test_a_table_with_a_hole_or_an_overlap_cannot_be_built() -> None:
    with pytest.raises(ValueError, match="edges must rise"):
        LevelTable(Decimal(4), Decimal(4), Decimal(15), Decimal(20))
    with pytest.raises(ValueError, match="edges must rise"):
        LevelTable(Decimal(0), Decimal(4), Decimal(15), Decimal(20))
    table = LevelTable(Decimal(4), Decimal(12), Decimal(15), Decimal(20))
    assert [table.row(Decimal(n)) for n in (0, 4, 13, 16, 21)] == list(LevelRow)


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ({"sirolimus_high": Decimal(12)}, "sirolimus: edges must rise"),
        ({"ciclosporin_danger": Decimal(1)}, "ciclosporin: edges must rise"),
        ({"sirolimus_doses_mg": (Decimal(5),)}, "no dose lies within"),
        ({"ciclosporin_grid_mg": Decimal(10)}, "does not reach"),
        ({"ciclosporin_grid_mg": Decimal(0)}, "does not reach"),
        ({"sirolimus_change_recheck": (7,)}, "two days"),
        ({"ciclosporin_high_recheck": (3, 2)}, "two days"),
        ({"sirolimus_start_mg": Decimal(5)}, "sirolimus_start_mg: lies outside"),
        ({"sirolimus_low_start_mg": Decimal("0.5")}, "sirolimus_low_start_mg: lies outside"),
        ({"ciclosporin_start_high_mg": Decimal(175)}, "ciclosporin_start_high_mg: lies outside"),
        ({"ciclosporin_low_mg": Decimal(10)}, "ciclosporin_low_mg: lies outside"),
    ],
)
def test_limits_that_contradict_themselves_are_refused_at_the_start(
    change: dict[str, Any], fault: str
) -> None:
    with pytest.raises(ProtocolTextFault, match=fault):
        replace(LIMITS, **change)
    assert isinstance(LIMITS, TitrationLimits)


def test_half_way_between_two_capsules_goes_down() -> None:
    assert [nearest(Decimal(n), Decimal(25)) for n in ("37.5", "37.6", "62.5", "62.51")] == [25, 50, 50, 75]


def test_bounds_are_those_of_the_trial_record() -> None:
    assert bounds(Drug.SIROLIMUS, RenalState.IMPAIRED, LIMITS) == DoseBounds(
        Decimal(1), Decimal(3), Decimal(24)
    )
    assert bounds(Drug.CICLOSPORIN, RenalState.AKI, LIMITS).high_mg == 150


@pytest.mark.parametrize(
    ("renal", "highest"),
    [
        (RenalState.NORMAL, 150),
        (RenalState.WATCH, 150),
        (RenalState.IMPAIRED, 50),
        (RenalState.STABILISED, 50),
        (RenalState.RECOVERED, 50),
        (RenalState.AKI, None),
        (RenalState.UNKNOWN, None),
    ],
)
def test_what_is_allowed_now_is_nothing_where_the_kidneys_forbid_it_or_are_not_known(
    renal: RenalState, highest: int | None
) -> None:
    assert allowed_now(Drug.SIROLIMUS, renal, LIMITS) == bounds(Drug.SIROLIMUS, renal, LIMITS)
    told = allowed_now(Drug.CICLOSPORIN, renal, LIMITS)
    assert (told and (told.low_mg, told.high_mg, told.every_hours)) == (highest and (25, highest, 12))


def test_every_reason_and_every_unfit_level_has_its_words() -> None:
    assert set(WORDS) == set(Reason)
    assert set(UNFIT) == set(Validity) - {Validity.VALID}


def test_nothing_is_in_doubt_without_a_reason() -> None:
    assert common_doubts(sirolimus("3")) == ()
