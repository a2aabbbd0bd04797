"""A hold goes on until it is ended, and what is given after it (DECISIONS 58, 87), through charts."""

from decimal import Decimal
from typing import Any

import pytest
from msgspec.structs import replace

from cds_service.rules.answers.alerts import Action, Alert, SafetyReport, Severity
from cds_service.rules.answers.dosing_answers import State, TitrationDecision
from cds_service.trials.nct06802055.trial_arms import Arm
from cds_service.trials.nct06802055.two_drugs import Drug
from fhir_mappings.clinical_model.medications import MedicationEvent, MedicationSource, MedicationStatus
from fhir_mappings.clinical_model.messages import say
from fhir_mappings.clinical_model.results import Analyte, LevelDetails, Result, SampleTiming
from tests.builders import a_record, count, days_ago, dispense, given, level, medication, result, when
from tests.dosing import RULES, after, amount, enrolled, titrated
from tests.rule_tables.enrolled import decision, drafted, judged
from tests.tables import Case, cases, named

SRL, CSA = Drug.SIROLIMUS, Drug.CICLOSPORIN
STATUS = MedicationStatus
TESTS = (
    *count("100", "60", "1.0", ago=2),
    result(Analyte.ALT, 20, 2),
    result(Analyte.CREATININE, 60, 2, high=Decimal(200)),
    result(Analyte.CREATININE, 60, 130),
    result(Analyte.CREATININE, 60, 125),
)
EVERY = {SRL: 24, CSA: 12}
K = Analyte.POTASSIUM
ANY = LevelDetails(timing=SampleTiming.UNSTATED)


def order(drug: Drug, mg: str | int, status: STATUS = STATUS.ON_HOLD, since: int = 60, **more: Any) -> Any:
    return medication(drug, mg, EVERY[drug], since, status=status, **more)


def supply(drug: Drug, mg: str | int, ago: int, days: int = 30) -> MedicationEvent:
    return dispense(drug, mg, EVERY[drug], ago, days)


def levels(drug: Drug, cell: str) -> tuple[Result, ...]:
    """ "24@10 9@2": values with the days before TODAY."""
    found = (each.split("@") for each in cell.split() if cell != "-")
    return tuple(level(drug, value, int(ago), level=ANY) for value, ago in found)


def asked(
    drug: Drug, *facts: Any, safety: SafetyReport | None = None, arm: Arm | None = None
) -> TitrationDecision:
    arm = arm or (Arm.SIROLIMUS if drug is SRL else Arm.COMBINED)
    record = a_record(enrolled(arm, 120), *TESTS, *facts)
    return next(d for d in titrated(record, safety) if d.drug == drug)


def held(
    drug: Drug, mg: str | int, cell: str, *more: Any, off: int | None = None, **keywords: Any
) -> TitrationDecision:
    """A drug on hold by its order, with its levels; `off`: the day from which the order says so."""
    end = {} if off is None else {"end": when(off)}
    return asked(drug, order(drug, mg, **end), supply(drug, mg, 60), *levels(drug, cell), *more, **keywords)


# ---------------------------------------------------------------- documented: how long, and at which dose


@pytest.mark.parametrize(
    "case",
    cases("""
    what                                 | drug        | mg  | levels      | state    | dose
    nothing since                        | sirolimus   | 2   | 24@10       | HOLD     | -
    above the target still               | sirolimus   | 2   | 24@10 12.1@2 | HOLD    | -
    back in target                       | sirolimus   | 2   | 24@10 12@2  | INITIATE | 1
    a week old                           | sirolimus   | 2   | 24@10 9@7   | INITIATE | 1
    older than a week                    | sirolimus   | 2   | 24@12 9@8   | HOLD     | -
    half of 3 mg goes down               | sirolimus   | 3   | 20.1@10 9@2 | INITIATE | 1
    two thirds after 15 to 20            | sirolimus   | 3   | 20@10 9@2   | INITIATE | 2
    two thirds of 2 mg                   | sirolimus   | 2   | 15.1@10 9@2 | INITIATE | 1
    no dose below 1 mg                   | sirolimus   | 1   | 24@10 9@2   | RECHECK  | -
    1 mg, above the target only          | sirolimus   | 1   | 12.1@10 9@2 | RECHECK  | -
    below what can be measured           | sirolimus   | 2   | 24@10 <0.3@2 | INITIATE | 1
    bounded above 15                     | sirolimus   | 2   | >15@10 9@2  | INITIATE | 1
    bounded above 15, as above 20        | sirolimus   | 3   | >15@10 9@2  | INITIATE | 1
    nothing since                        | ciclosporin | 100 | 401@10      | HOLD     | -
    above the target still               | ciclosporin | 100 | 401@10 181@2 | HOLD    | -
    back in target                       | ciclosporin | 100 | 401@10 180@2 | INITIATE | 50
    half goes down to the grid           | ciclosporin | 75  | 401@10 180@2 | INITIATE | 25
    at most half of the highest          | ciclosporin | 150 | 401@10 90@2 | INITIATE | 75
    no dose below 25 mg                  | ciclosporin | 25  | 401@10 90@2 | RECHECK  | -
    25 mg, above the target only         | ciclosporin | 25  | 181@10 90@2 | RECHECK  | -
"""),
    ids=lambda c: f"{c['drug']} {named(c)}",
)
def test_a_documented_hold_is_open_until_the_level_is_back(case: Case) -> None:
    drug = Drug(case["drug"])
    answer = held(drug, case["mg"], case["levels"])
    assert (answer.state.name, amount(answer)) == (
        case["state"],
        None if case["dose"] == "-" else Decimal(case["dose"]),
    )
    reason = {"HOLD": "HOLD_OPEN", "INITIATE": "RESTART_AFTER_HOLD", "RECHECK": "RESTART_ASK"}
    assert reason[case["state"]] in answer.reasons
    assert answer.rule.id == "TR-10"
    if answer.state is State.RECHECK:
        assert after(answer) == ((7, 10) if drug is SRL else (3, 5))


def at(ago: int, clock: str) -> str:
    return f"{days_ago(ago).isoformat()}T{clock}:00+08:00"


@pytest.mark.parametrize(
    ("drug", "mg", "high", "led"),
    [
        (SRL, 1, "12", False),
        (SRL, 1, "12.1", True),
        (SRL, 2, "15", False),
        (SRL, 2, "15.1", True),
        (CSA, 25, "180", False),
        (CSA, 25, "181", True),
        (CSA, 100, "400", False),
        (CSA, 100, "401", True),
    ],
)
def test_the_edge_above_which_a_level_led_to_the_hold(drug: Drug, mg: int, high: str, led: bool) -> None:
    assert (held(drug, mg, f"{high}@10 9@2").rule.id == "TR-10") is led


@pytest.mark.parametrize(
    ("value", "ago", "led"), [("6.0", 56, True), ("6.0", 57, False), ("5.99", 9, False), ("6.0", 9, True)]
)
def test_a_potassium_that_led_to_the_hold(value: str, ago: int, led: bool) -> None:
    settled = (result(K, 5, 3), result(K, 5, 2))
    answer = asked(CSA, order(CSA, 100), supply(CSA, 100, 60), result(K, value, ago), *settled)
    assert (answer.rule.id == "TR-10") is led


@pytest.mark.parametrize(
    ("high", "low", "again"),
    [
        (at(2, "14:00"), at(2, "08:00"), False),
        (at(2, "14:00"), at(1, "14:00"), True),
        (2, 2, False),
        (2, at(2, "23:00"), False),
        (2, 1, True),
    ],
)
def test_a_level_lets_the_drug_be_given_again_only_if_it_is_known_to_be_the_later_one(
    high: int | str, low: int | str, again: bool
) -> None:
    """Of two levels of one day the lower one may be the one from before the high one."""
    facts = (
        order(SRL, 2),
        supply(SRL, 2, 60),
        level(SRL, 16, high, level=ANY),
        level(SRL, 13, 20, level=ANY),
    )
    answer = asked(SRL, *facts, level(SRL, "11.9", low, level=ANY))
    assert answer.state is (State.INITIATE if again else State.HOLD)


def test_a_hold_that_was_ended_by_its_lower_dose_does_not_come_back_with_the_next_one() -> None:
    """Given again at 50 mg after 401 ng/mL, then held for its potassium: no level is waited for."""
    taken = (order(CSA, 50), supply(CSA, 100, 60), supply(CSA, 50, 20))
    since = (result(K, 6, 9), result(K, 5, 3), result(K, 5, 2))
    answer = asked(CSA, *taken, *levels(CSA, "401@30 90@22"), *since)
    assert (answer.state, amount(answer)) == (State.INITIATE, 25)
    above = asked(
        CSA, order(CSA, 75), supply(CSA, 100, 60), supply(CSA, 75, 20), *levels(CSA, "401@30 90@22"), *since
    )
    assert (above.state, above.reasons) == (State.HOLD, ("HOLD_OPEN",))


@pytest.mark.parametrize(
    ("cell", "open_still"),
    [("24@56", True), ("24@57", False), ("15@10 9@2", False), ("15.1@10 9@2", True)],
)
def test_what_led_to_the_hold_is_looked_for_in_56_days(cell: str, open_still: bool) -> None:
    answer = held(SRL, 2, cell)
    assert (answer.rule.id == "TR-10") is open_still
    assert open_still or answer.state is State.CANNOT_ADVISE


@pytest.mark.parametrize(
    ("drug", "mg", "cell", "window"),
    [
        (SRL, 2, "24@1", (2, 3)),
        (SRL, 2, "24@10", (0, 0)),
        (SRL, 2, "24@10 13@1", (2, 3)),
        (CSA, 100, "401@0", (1, 2)),
        (SRL, 2, "24@10 9@2", (7, 10)),
        (CSA, 100, "401@10 90@2", (3, 5)),
    ],
)
def test_the_next_level(drug: Drug, mg: int, cell: str, window: tuple[int, int]) -> None:
    answer = held(drug, mg, cell)
    assert after(answer) == window
    assert answer.recheck
    assert answer.recheck.test == f"{drug}-trough"


def dose_given(ago: int) -> MedicationEvent:
    return given(SRL, 2, f"{days_ago(ago).isoformat()}T08:00:00+08:00")


def said(ago: int, status: STATUS) -> MedicationEvent:
    return medication(SRL, 2, start=ago, source=MedicationSource.STATEMENT, status=status)


def not_given(ago: int) -> MedicationEvent:
    return medication(SRL, 2, start=ago, source=MedicationSource.ADMINISTRATION, status=STATUS.NOT_TAKEN)


STANDING = (order(SRL, 2, STATUS.ACTIVE), supply(SRL, 2, 30))
DOCUMENTED: list[tuple[str, tuple[Any, ...], bool]] = [
    ("an order on hold", (order(SRL, 2), supply(SRL, 2, 30)), True),
    ("an order stopped", (order(SRL, 2, STATUS.STOPPED), supply(SRL, 2, 30)), True),
    ("an order that goes on", STANDING, False),
    ("not taken, as stated since", (*STANDING, said(9, STATUS.NOT_TAKEN)), True),
    ("on hold, as stated since", (*STANDING, said(9, STATUS.ON_HOLD)), True),
    ("not taken, as stated before", (*STANDING, said(11, STATUS.NOT_TAKEN), supply(SRL, 2, 10)), False),
    ("a dose not given since", (*STANDING, not_given(9)), True),
    ("a dose not given, one given since", (*STANDING, not_given(9), dose_given(8)), False),
    ("a dose given, one not given since", (*STANDING, dose_given(9), not_given(8)), True),
    ("on hold, and given all the same", (order(SRL, 2), supply(SRL, 2, 30), dose_given(5)), False),
]


@pytest.mark.parametrize(("name", "facts", "documented"), DOCUMENTED, ids=[row[0] for row in DOCUMENTED])
def test_what_documents_a_hold(name: str, facts: tuple[Any, ...], documented: bool) -> None:
    answer = asked(SRL, *facts, *levels(SRL, "24@10 9@2"))
    assert ("RESTART_AFTER_HOLD" in answer.reasons) is documented, answer


@pytest.mark.parametrize(
    ("more", "ended"),
    [
        ((), False),
        ((supply(SRL, 1, 9),), True),
        ((supply(SRL, 1, 10),), False),
        ((medication(SRL, 1, start=9, source=MedicationSource.STATEMENT, status=STATUS.ACTIVE),), True),
        ((medication(SRL, 1, start=9, status=STATUS.ACTIVE),), False),
    ],
)
def test_a_hold_ends_with_a_sign_of_the_lower_dose(more: tuple[MedicationEvent, ...], ended: bool) -> None:
    answer = asked(SRL, order(SRL, 2), supply(SRL, 2, 60), *more, *levels(SRL, "24@10 9@2"))
    assert (answer.held_at_most is None) is ended
    assert (answer.rule.id == "TR-10") is not ended


def test_a_hold_is_still_open_where_the_former_dose_was_dispensed_again() -> None:
    facts = (order(SRL, 2), supply(SRL, 2, 60), supply(SRL, 2, 9), *levels(SRL, "24@10 9@2"))
    answer = asked(SRL, *facts)
    assert (answer.state, answer.proposed) == (State.CANNOT_ADVISE, None)
    assert answer.held_at_most
    assert answer.held_at_most.amount_mg == 1


@pytest.mark.parametrize(
    ("end", "not_taken", "since"), [(10, None, 10), (10, 5, 10), (None, 6, 6), (None, None, None)]
)
def test_the_day_of_a_hold_is_the_end_of_its_order_else_of_the_sign_that_it_is_not_taken(
    end: int | None, not_taken: int | None, since: int | None
) -> None:
    bounds = {} if end is None else {"end": when(end)}
    signs = () if not_taken is None else (said(not_taken, STATUS.NOT_TAKEN),)
    answer = asked(SRL, order(SRL, 2, **bounds), supply(SRL, 2, 60), *signs, *levels(SRL, "16@20 9@2"))
    assert answer.on_hold_since == (None if since is None else days_ago(since))
    assert answer.state is State.INITIATE


# ---------------------------------------------------------------- off for long, cause gone


@pytest.mark.parametrize(("off", "mg"), [(14, 2), (15, 1)])
def test_after_long_off_no_more_than_a_first_dose_is_given(off: int, mg: int) -> None:
    """At 40 kg sirolimus starts at 1 mg."""
    light = result(Analyte.WEIGHT, 40, 10)
    answer = held(SRL, 3, f"16@{off + 1} 9@2", light, off=off)
    assert (answer.state, amount(answer)) == (State.INITIATE, mg)


def azole(name: str, stopped: int) -> MedicationEvent:
    return medication(name, 200, start=30, status=STATUS.COMPLETED, end=when(stopped), systemic=True)


@pytest.mark.parametrize(
    ("partner", "stopped", "mg"),
    [
        ("clarithromycin", 7, 3),
        ("clarithromycin", 6, 1),
        ("fluconazole", 14, 3),
        ("fluconazole", 13, 1),
        ("rifampicin", 20, 1),
    ],
)
def test_the_former_dose_may_return_when_the_cause_is_gone(partner: str, stopped: int, mg: int) -> None:
    answer = held(SRL, 3, f"24@{stopped + 1} 9@2", azole(partner, stopped), off=14)
    assert (answer.state, amount(answer)) == (State.INITIATE, mg)
    assert ("CAUSE_REMOVED" in answer.reasons) is (mg == 3)
    assert after(answer) == ((0, 7) if mg == 3 else (7, 10))
    assert (answer.seen.key == "dosing.hold.restartFormer") is (mg == 3)


@pytest.mark.parametrize(("off", "mg"), [(14, 3), (15, 1)])
def test_after_long_off_the_former_dose_does_not_return(off: int, mg: int) -> None:
    """R after 24 ng/mL at 3 mg is 1 mg, and less than the first dose of 2 mg."""
    answer = held(SRL, 3, f"24@{off + 1} 9@2", azole("clarithromycin", off + 1), off=off)
    assert (answer.state, amount(answer)) == (State.INITIATE, mg)
    assert ("CAUSE_REMOVED" in answer.reasons) is (mg == 3)


@pytest.mark.parametrize(("off", "window"), [(14, (0, 7)), (15, (3, 5))])
def test_the_control_is_that_of_the_dose_that_is_given(off: int, window: tuple[int, int]) -> None:
    answer = held(CSA, 100, f"401@{off + 1} 90@2", azole("clarithromycin", off + 1), off=off)
    assert after(answer) == window


def test_a_strong_inhibitor_that_goes_on_keeps_it_held() -> None:
    on = medication("clarithromycin", 500, start=20, status=STATUS.ACTIVE, systemic=True)
    answer = held(SRL, 3, "24@10 9@2", on)
    assert answer.state is State.HOLD
    assert "STRONG_INTERACTION" in answer.reasons


# ---------------------------------------------------------------- kidneys and potassium


@pytest.mark.parametrize(
    ("since", "state"),
    [
        ((), State.HOLD),
        (((5, 2),), State.HOLD),
        (((5, 3), (5, 2)), State.INITIATE),
        (((5, 2), ("5.4", "2026-03-01")), State.INITIATE),
        (((5, 3), ("5.5", 2)), State.HOLD),
        (((5, "2026-02-28T08:00:00+08:00"), (5, "2026-03-01T08:00:00+08:00")), State.INITIATE),
        (((5, "2026-02-28T08:00:00+08:00"), (5, "2026-03-01T07:59:00+08:00")), State.HOLD),
        (((5, 3), ("5.5", 2), (5, 1)), State.HOLD),
    ],
)
def test_two_potassiums_a_day_apart_let_ciclosporin_be_given_again(
    since: tuple[Any, ...], state: State
) -> None:
    answer = asked(
        CSA, order(CSA, 100), supply(CSA, 100, 60), result(K, 6, 9), *(result(K, v, a) for v, a in since)
    )
    assert answer.state is state
    if state is State.INITIATE:
        assert amount(answer) == 50
        assert answer.recheck
        assert (answer.recheck.test, after(answer)) == ("potassium", (0, 3))


def creatinines(*pairs: tuple[int, int]) -> tuple[Result, ...]:
    return tuple(result(Analyte.CREATININE, umol, ago, high=Decimal(200)) for umol, ago in pairs)


@pytest.mark.parametrize(
    ("values", "state", "mg"),
    [
        (((95, 30), (60, 25), (60, 4)), State.INITIATE, 25),
        (((95, 30), (80, 25), (80, 4)), State.RECHECK, None),
        (((95, 10), (80, 8), (75, 3)), State.RECHECK, None),
        (((95, 10), (95, 2)), State.HOLD, None),
    ],
)
def test_after_kidney_injury(values: tuple[tuple[int, int], ...], state: State, mg: int | None) -> None:
    facts = [
        r for r in TESTS if r.analyte is not Analyte.CREATININE or (r.when and r.when.last < days_ago(120))
    ]
    young = {"birth_date": replace(a_record().birth_date, value=when("2000-01-01"))}  # type: ignore[type-var]
    record = a_record(
        enrolled(Arm.COMBINED, 120),
        *facts,
        *creatinines(*values),
        order(CSA, 100),
        supply(CSA, 100, 60),
        **young,
    )
    answer = next(d for d in titrated(record) if d.drug is CSA)
    assert (answer.state, amount(answer)) == (state, mg)
    assert ("RESTART_ASK" in answer.reasons) is (state is State.RECHECK)


# ---------------------------------------------------------------- tests, safety


@pytest.mark.parametrize(
    ("without", "reason"), [(Analyte.ALT, "MISSING_ALT"), (Analyte.PLATELETS, "MISSING_CBC")]
)
def test_a_restart_needs_the_tests_of_an_increase(without: Analyte, reason: str) -> None:
    facts = tuple(r for r in TESTS if r.analyte is not without)
    record = a_record(
        enrolled(Arm.SIROLIMUS, 120), *facts, order(SRL, 2), supply(SRL, 2, 60), *levels(SRL, "24@10 9@2")
    )
    answer = titrated(record)[0]
    assert (answer.state, answer.proposed) == (State.RECHECK, None)
    assert reason in answer.reasons


@pytest.mark.parametrize(
    ("action", "state"),
    [(Action.STOP_REVIEW, State.STOP_REVIEW), (Action.HOLD, State.HOLD), (Action.AVOID, State.CANNOT_ADVISE)],
)
def test_a_critical_finding_keeps_it_held(action: Action, state: State) -> None:
    finding = Alert(RULES["SRL-06"], Severity.CRITICAL, action, say("dosing.unfit.missing"), SRL)
    answer = held(SRL, 2, "24@10 9@2", safety=SafetyReport((finding,)))
    assert (answer.state, answer.proposed) == (state, None)


# ---------------------------------------------------------------- no hold on record


@pytest.mark.parametrize(
    "case",
    cases("""
    what                               | levels         | more   | state    | reason
    a later level in range             | 23@10 9@2      | -      | RECHECK  | HOLD_NOT_DOCUMENTED
    a later level below range          | 23@10 3@2      | -      | RECHECK  | HOLD_NOT_DOCUMENTED
    a later level above range          | 23@10 14@2     | -      | DECREASE | -
    a later level that holds by itself | 23@10 17@2     | -      | HOLD     | -
    no later level                     | 23@10          | -      | HOLD     | SAFETY_LEVEL
    taken since, as dispensed          | 23@20 9@2      | 2@15   | CONTINUE | -
    dispensed before                   | 23@20 9@2      | 2@25   | RECHECK  | HOLD_NOT_DOCUMENTED
    the lower dose dispensed since     | 23@30 9@2      | 1@28   | CONTINUE | -
"""),
    ids=named,
)
def test_where_no_hold_is_documented_it_is_asked_about(case: Case) -> None:
    more = [supply(SRL, *map(int, case["more"].split("@")), 60)] if case["more"] != "-" else []
    mg = 1 if case["more"].startswith("1@") else 2
    found = tuple(level(SRL, v, int(a)) for v, a in (c.split("@") for c in case["levels"].split()))
    standing = (order(SRL, mg, STATUS.ACTIVE), supply(SRL, 2, 60, 62))
    answer = asked(SRL, *standing, *more, *found)
    assert answer.state.name == case["state"], answer
    assert case["reason"] == "-" or case["reason"] in answer.reasons
    if case["reason"] == "HOLD_NOT_DOCUMENTED":
        assert [d.amount_mg for d in answer.alternatives] == [1]
        assert answer.proposed is None


@pytest.mark.parametrize(
    ("second", "refuted"),
    [("11.6", True), ("11.7", False)],
)
def test_a_level_that_fell_faster_than_the_drug_can_leave_was_no_trough(second: str, refuted: bool) -> None:
    """24 x exp(-0.693 x 48 / 46) is 11.64 ng/mL."""
    first = level(SRL, 24, "2026-02-26T07:30:00+08:00")
    later = level(SRL, second, "2026-02-28T07:30:00+08:00")
    answer = asked(SRL, *STANDING, first, later)
    assert ("LEVEL_REFUTED" in answer.reasons) is refuted
    assert answer.state is (State.CONTINUE if refuted else State.RECHECK)


@pytest.mark.parametrize(("second", "refuted"), [("11.6", True), ("11.7", False)])
def test_a_held_drug_too_is_told_that_what_held_it_was_no_trough(second: str, refuted: bool) -> None:
    first = level(SRL, 24, "2026-02-26T07:30:00+08:00", level=ANY)
    later = level(SRL, second, "2026-02-28T07:30:00+08:00", level=ANY)
    answer = asked(SRL, order(SRL, 2), supply(SRL, 2, 60), first, later)
    assert ("LEVEL_REFUTED" in answer.reasons) is refuted
    assert answer.state is (State.CANNOT_ADVISE if refuted else State.INITIATE)


def test_after_more_than_72_hours_nothing_is_refuted() -> None:
    for first, refuted in (("2026-02-25T07:30:00+08:00", True), ("2026-02-25T07:29:00+08:00", False)):
        facts = level(SRL, 24, first), level(SRL, 6, "2026-02-28T07:30:00+08:00")
        assert ("LEVEL_REFUTED" in asked(SRL, *STANDING, *facts).reasons) is refuted


# ---------------------------------------------------------------- drafts


@pytest.mark.parametrize(("mg", "loud"), [(1, False), (2, True), (3, True)])
def test_a_draft_above_the_dose_after_the_hold_is_critical(mg: int, loud: bool) -> None:
    answer = held(SRL, 2, "24@10 9@2")
    alerts = judged(a_record(), drafted("sirolimus", mg), arm=Arm.SIROLIMUS, titration=(answer,))
    found = [a for a in alerts if a.rule.id == "ORD-RESTART"]
    assert [a.severity for a in found] == ([Severity.CRITICAL] if loud else [])
    open_end = judged(
        a_record(), drafted("sirolimus", mg), arm=Arm.SIROLIMUS, titration=(decision(SRL, State.RECHECK),)
    )
    assert not [a for a in open_end if a.rule.id == "ORD-RESTART"]


# ---------------------------------------------------------------- what is not known, what is not over


def test_a_level_from_before_the_doses_on_record_leaves_the_restart_to_the_investigator() -> None:
    facts = (order(SRL, 2), level(SRL, 24, 10, level=ANY), level(SRL, 9, 2, level=ANY))
    answer = asked(SRL, *facts)
    assert (answer.state, answer.proposed) == (State.RECHECK, None)
    assert "RESTART_ASK" in answer.reasons
    assert after(answer) == (7, 10)


def test_an_inhibitor_of_which_nobody_wrote_the_start_is_no_proven_cause() -> None:
    undated = medication(
        "clarithromycin", 500, start=None, status=STATUS.COMPLETED, end=when(9), systemic=True
    )
    assert "CAUSE_REMOVED" not in held(SRL, 3, "24@10 9@2", undated).reasons


def test_liver_injury_caps_the_dose_after_a_hold() -> None:
    facts = tuple(r for r in TESTS if r.analyte is not Analyte.ALT)
    for alt, mg in ((120, 2), (121, 1)):
        liver = (result(Analyte.ALT, alt, 2), result(Analyte.AST, 20, 2))
        record = a_record(
            enrolled(Arm.SIROLIMUS, 120),
            *facts,
            *liver,
            order(SRL, 3),
            supply(SRL, 3, 60),
            *levels(SRL, "16@10 9@2"),
        )
        assert amount(titrated(record)[0]) == mg


def test_a_patient_who_still_takes_it_with_impaired_kidneys_goes_down_and_the_injury_is_said() -> None:
    facts = [
        r for r in TESTS if r.analyte is not Analyte.CREATININE or (r.when and r.when.last < days_ago(120))
    ]
    young = {"birth_date": replace(a_record().birth_date, value=when("2000-01-01"))}  # type: ignore[type-var]
    standing = (order(CSA, 75, STATUS.ACTIVE), supply(CSA, 75, 60, 80))
    values = creatinines((95, 30), (80, 10), (80, 4))
    answer = next(
        d
        for d in titrated(a_record(enrolled(Arm.COMBINED, 120), *facts, *values, *standing, **young))
        if d.drug is CSA
    )
    assert (answer.state, amount(answer), answer.seen.key) == (State.DECREASE, 50, "dosing.hold.beside")


@pytest.mark.parametrize(("alt", "held_still"), [(200, False), (201, True)])
def test_a_liver_that_holds_the_drug_keeps_it_held(alt: int, held_still: bool) -> None:
    facts = tuple(r for r in TESTS if r.analyte is not Analyte.ALT)
    liver = (result(Analyte.ALT, alt, 2), result(Analyte.AST, 20, 2))
    drug = (order(SRL, 3), supply(SRL, 3, 60), *levels(SRL, "16@10 9@2"))
    answer = titrated(a_record(enrolled(Arm.SIROLIMUS, 120), *facts, *liver, *drug))[0]
    assert answer.state is (State.HOLD if held_still else State.INITIATE)
    assert ("LIVER_INJURY" in answer.reasons) is held_still
