"""A level far from the last one at the same dose is repeated before it is believed (DECISIONS 59), through charts."""

from decimal import Decimal
from typing import Any

import pytest

from cds_service.rules.answers.dosing_answers import State, TitrationDecision
from cds_service.trials.nct06802055.trial_arms import Arm
from cds_service.trials.nct06802055.two_drugs import Drug
from fhir_mappings.clinical_model.medications import MedicationEvent, MedicationStatus
from fhir_mappings.clinical_model.results import Analyte, LevelDetails, Result, SampleTiming
from tests.builders import a_record, count, dispense, given, level, medication, result, when
from tests.dosing import after, amount, decided, enrolled, sirolimus, titrated
from tests.tables import Case, cases, named

SRL, CSA = Drug.SIROLIMUS, Drug.CICLOSPORIN
EVERY = {SRL: 24, CSA: 12}
UNEXPECTED = "LEVEL_UNEXPECTED"
ASSUMED = LevelDetails(timing=SampleTiming.UNSTATED)
TESTS = (
    *count("100", "60", "1.0", ago=2),
    result(Analyte.ALT, 20, 2),
    *(result(Analyte.CREATININE, 60, ago, high=Decimal(200)) for ago in (130, 125, 2)),
)


def taking(drug: Drug, mg: int, since: int = 100) -> tuple[MedicationEvent, ...]:
    order = medication(drug, mg, EVERY[drug], since, status=MedicationStatus.ACTIVE)
    return order, dispense(drug, mg, EVERY[drug], since, since + 10)


def levels(drug: Drug, cell: str, **more: Any) -> tuple[Result, ...]:
    return tuple(level(drug, v, int(ago), **more) for v, ago in (each.split("@") for each in cell.split()))


def asked(
    drug: Drug, *facts: Any, mg: int | None = None, tests: tuple[Result, ...] = TESTS
) -> TitrationDecision:
    arm = Arm.SIROLIMUS if drug is SRL else Arm.COMBINED
    dose = taking(drug, mg or (2 if drug is SRL else 75))
    return next(d for d in titrated(a_record(enrolled(arm, 120), *tests, *dose, *facts)) if d.drug == drug)


@pytest.mark.parametrize(
    "case",
    cases("""
    what                                | drug        | levels       | state    | dose | window | unexpected
    twice the last, above the target    | sirolimus   | 6.1@20 12.2@1 | RECHECK | -    | 1 3    | yes
    not quite twice                     | sirolimus   | 6.2@20 12.3@1 | DECREASE | 1   | 7 10   | no
    twice, but in the target            | sirolimus   | 6@20 12@1    | CONTINUE | 2    | 0 13   | no
    at 15                               | sirolimus   | 7@20 15@1    | RECHECK  | -    | 1 3    | yes
    above 15                            | sirolimus   | 7@20 15.1@1  | HOLD     | -    | 1 2    | yes
    at 20                               | sirolimus   | 7@20 20@1    | HOLD     | -    | 1 2    | yes
    above 20                            | sirolimus   | 7@20 20.1@1  | HOLD     | -    | 3 4    | yes
    half the last, below the target     | sirolimus   | 7.8@20 3.9@1 | RECHECK  | -    | 1 3    | yes
    a little more than half             | sirolimus   | 7.7@20 3.9@1 | INCREASE | 3    | 7 14   | no
    half, but in the target             | sirolimus   | 8@20 4@1     | CONTINUE | 2    | 0 13   | no
    2.5 times the last                  | ciclosporin | 80@20 200@1  | RECHECK  | -    | 1 3    | yes
    not quite                           | ciclosporin | 81@20 200@1  | DECREASE | 50   | 3 7    | no
    2.5 times, in the target            | ciclosporin | 72@20 180@1  | CONTINUE | 75   | 0 27   | no
    at 250                              | ciclosporin | 100@20 250@1 | RECHECK  | -    | 1 3    | yes
    above 250                           | ciclosporin | 100@20 251@1 | HOLD     | -    | 1 2    | yes
    above 400                           | ciclosporin | 100@20 401@1 | HOLD     | -    | 1 2    | yes
    two fifths                          | ciclosporin | 150@20 60@1  | RECHECK  | -    | 1 3    | yes
    a little more than two fifths       | ciclosporin | 149@20 60@1  | INCREASE | 125  | 3 7    | no
"""),
    ids=lambda c: f"{c['drug']} {named(c)}",
)
def test_a_level_far_from_the_last_is_repeated_first(case: Case) -> None:
    drug = Drug(case["drug"])
    answer = asked(drug, *levels(drug, case["levels"]))
    wanted = None if case["dose"] == "-" else Decimal(case["dose"])
    assert (answer.state.name, amount(answer)) == (case["state"], wanted)
    assert after(answer) == tuple(map(int, case["window"].split()))
    assert (UNEXPECTED in answer.reasons) is (case["unexpected"] == "yes")


@pytest.mark.parametrize(("ago", "seen"), [(3, False), (4, True), (57, True), (58, False)])
def test_it_is_compared_with_a_level_of_3_to_56_days_before(ago: int, seen: bool) -> None:
    answer = asked(SRL, *levels(SRL, f"7@{ago} 14@1"))
    assert (UNEXPECTED in answer.reasons) is seen


def test_it_is_compared_with_the_newest_of_them() -> None:
    assert UNEXPECTED not in asked(SRL, *levels(SRL, "6@40 11@20 14@1")).reasons
    assert UNEXPECTED in asked(SRL, *levels(SRL, "11@40 6@20 14@1")).reasons


def method(name: str) -> LevelDetails:
    return LevelDetails(timing=SampleTiming.TROUGH, method=name)


def partner(since: int, stopped: int | None = None) -> MedicationEvent:
    status = MedicationStatus.ACTIVE if stopped is None else MedicationStatus.COMPLETED
    return medication(
        "diltiazem",
        60,
        8,
        since,
        status=status,
        systemic=True,
        end=None if stopped is None else when(stopped),
    )


def blood(before: int, now: int) -> tuple[Result, ...]:
    return *count(str(before), "60", "1.0", ago=20), *count(str(now), "60", "1.0", ago=1)


SEVEN, FOURTEEN = level(SRL, 7, 20), level(SRL, 14, 1)
EXPLAINED: list[tuple[str, tuple[Any, ...], bool]] = [
    ("nothing", (SEVEN, FOURTEEN), True),
    ("trough by assumption", (SEVEN, level(SRL, 14, 1, level=ASSUMED)), True),
    (
        "another method",
        (level(SRL, 7, 20, level=method("LC-MS/MS")), level(SRL, 14, 1, level=method("CMIA"))),
        False,
    ),
    (
        "the same method",
        (level(SRL, 7, 20, level=method("CMIA")), level(SRL, 14, 1, level=method("CMIA"))),
        True,
    ),
    ("an inhibitor in between", (SEVEN, FOURTEEN, partner(30)), False),
    ("haemoglobin up by more than 20", (SEVEN, FOURTEEN, *blood(79, 100)), False),
    ("haemoglobin up by 20", (SEVEN, FOURTEEN, *blood(80, 100)), True),
    (
        "a documented dose",
        (
            level(SRL, 7, "2026-02-10T08:00:00+08:00"),
            level(SRL, 14, "2026-03-01T08:00:00+08:00"),
            given(SRL, 2, "2026-02-28T08:00:00+08:00"),
        ),
        False,
    ),
]


@pytest.mark.parametrize(("name", "facts", "seen"), EXPLAINED, ids=[row[0] for row in EXPLAINED])
def test_what_explains_a_jump(name: str, facts: tuple[Any, ...], seen: bool) -> None:
    tests = (
        tuple(r for r in TESTS if r.analyte is not Analyte.HAEMOGLOBIN) if "haemoglobin" in name else TESTS
    )
    answer = asked(SRL, *facts, tests=tests)
    assert (UNEXPECTED in answer.reasons) is seen


@pytest.mark.parametrize(("alt", "seen"), [(120, True), (121, False), (None, False)])
def test_an_alt_above_three_times_its_limit_or_not_known_leaves_the_level_to_the_table(
    alt: int | None, seen: bool
) -> None:
    tests = tuple(r for r in TESTS if r.analyte is not Analyte.ALT)
    more = () if alt is None else (result(Analyte.ALT, alt, 2), result(Analyte.AST, 20, 2))
    assert (UNEXPECTED in asked(SRL, SEVEN, FOURTEEN, *more, tests=tests).reasons) is seen


@pytest.mark.parametrize(
    ("mg", "seen"),
    [((75, 75), True), ((75, 51), True), ((75, 50), False), ((75, 99), True), ((75, 100), False)],
)
def test_a_change_of_ciclosporin_explains_a_sirolimus_level(mg: tuple[int, int], seen: bool) -> None:
    """25 mg every 12 hours more or less is 50 mg a day: that explains it; 24 mg does not."""
    before, now = mg
    facts = (
        *taking(SRL, 2),
        dispense(CSA, before, 12, 100, 90),
        dispense(CSA, now, 12, 10, 30),
        SEVEN,
        FOURTEEN,
    )
    answer = titrated(a_record(enrolled(Arm.COMBINED, 120), *TESTS, *facts))[0]
    assert (UNEXPECTED in answer.reasons) is seen


@pytest.mark.parametrize(
    "case",
    cases("""
    what                                   | levels             | state    | dose
    the repeat confirms: the table         | 7@20 14@4 13@1     | DECREASE | 1
    the repeat is in range: the table      | 7@20 14@4 9@1      | CONTINUE | 2
    a high one, confirmed                  | 7@20 19@3 14@1     | DECREASE | 1
    a high one, not confirmed              | 7@20 19@3 13.2@1   | DECREASE | 1
    a high one, back in range              | 7@20 19@3 10@1     | CONTINUE | 2
    a fall, confirmed                      | 8@20 3.5@4 3.4@1   | INCREASE | 3
    a fall, refuted                        | 8@20 3.5@4 7@1     | CONTINUE | 2
    once in 14 days                        | 7@30 14@15 7@8 14@1 | DECREASE | 1
    again after 14 days                    | 7@30 14@16 7@8 14@1 | RECHECK  | -
"""),
    ids=named,
)
def test_at_most_once_in_14_days_and_the_table_speaks_on_the_repeat(case: Case) -> None:
    answer = asked(SRL, *levels(SRL, case["levels"]))
    wanted = None if case["dose"] == "-" else Decimal(case["dose"])
    assert (answer.state.name, amount(answer)) == (case["state"], wanted), answer
    assert (UNEXPECTED in answer.reasons) is (case["state"] == "RECHECK")


def test_the_last_level_stands_beside_the_new_one() -> None:
    answer = asked(SRL, *levels(SRL, "6@40 8@20 9@1"))
    assert answer.previous
    assert (answer.previous.value, answer.previous.day) == (8, level(SRL, 8, 20).when.first)  # type: ignore[union-attr]
    assert asked(SRL, *levels(SRL, "9@1")).previous is None


def test_a_change_of_dose_in_between_leaves_the_level_to_the_table() -> None:
    facts = (*taking(SRL, 1), dispense(SRL, 2, 24, 15, 30), SEVEN, FOURTEEN)
    arm = enrolled(Arm.SIROLIMUS, 120)
    answer = titrated(a_record(arm, *TESTS, *facts))[0]
    assert UNEXPECTED not in answer.reasons
    assert answer.state is not State.CONTINUE


def test_what_stays_as_the_table_says_beside_an_unexpected_level() -> None:
    """No raise is left out where there is none; a level beside a toxicity holds until it is back."""
    far = level(SRL, 9, 20)
    capped = decided(sirolimus("3.9", mg=3, unexpected_after=far))
    assert (capped.state, capped.reasons) == (State.AT_CAP_BELOW_TARGET, ())
    toxic = decided(sirolimus("17", toxic=True, unexpected_after=far))
    assert (toxic.state, toxic.rule.id, toxic.reasons) == (State.HOLD, "SRL-06", ("TOXICITY", UNEXPECTED))


def test_ciclosporin_stopped_in_between_explains_a_sirolimus_level() -> None:
    gone = (
        dispense(CSA, 75, 12, 100, 90),
        medication(CSA, 75, 12, 100, status=MedicationStatus.STOPPED, end=when(10)),
    )
    answer = titrated(
        a_record(enrolled(Arm.SIROLIMUS, 120), *TESTS, *taking(SRL, 2), *gone, SEVEN, FOURTEEN)
    )[0]
    assert UNEXPECTED not in answer.reasons


def test_a_level_from_before_the_first_dose_on_record_is_compared_with_nothing() -> None:
    record = a_record(enrolled(Arm.SIROLIMUS, 120), *TESTS, dispense(SRL, 2, 24, 0, 30), SEVEN, FOURTEEN)
    assert UNEXPECTED not in titrated(record)[0].reasons


def test_ciclosporin_used_up_in_between_explains_a_sirolimus_level() -> None:
    used_up = dispense(CSA, 75, 12, 100, 80)
    facts = (*taking(SRL, 2), used_up, level(SRL, 7, 40), FOURTEEN)
    answer = titrated(a_record(enrolled(Arm.SIROLIMUS, 120), *TESTS, *facts))[0]
    assert UNEXPECTED not in answer.reasons


def test_levels_from_before_any_dose_on_record_refute_nothing() -> None:
    facts = (dispense(SRL, 2, 24, 0, 30), *levels(SRL, "7@20 19@3 10@1"))
    assert titrated(a_record(enrolled(Arm.SIROLIMUS, 120), *TESTS, *facts))[0].state is State.RECHECK


@pytest.mark.parametrize(
    ("drug", "given", "key"),
    [
        (SRL, "7@20 14@4 9.8@1", "dosing.jump.confirmed"),
        (SRL, "7@20 14@4 9.7@1", "dosing.jump.refuted"),
        (SRL, "7@20 14@5 9.8@1", None),
        (SRL, "7@20 13@4 9.8@1", None),
        (SRL, "7.8@20 3.5@4 5@1", "dosing.jump.confirmed"),
        (SRL, "7.8@20 3.5@4 5.1@1", "dosing.jump.refuted"),
        (CSA, "80@20 200@4 140@1", "dosing.jump.confirmed"),
        (CSA, "80@20 200@4 139@1", "dosing.jump.refuted"),
        (SRL, "7@20 14@1", None),
    ],
)
def test_the_repeat_says_whether_it_confirms(drug: Drug, given: str, key: str | None) -> None:
    seen = asked(drug, *levels(drug, given)).seen
    assert (seen.key if seen.key in ("dosing.jump.confirmed", "dosing.jump.refuted") else None) == key
