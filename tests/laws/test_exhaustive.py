"""Every combination of level, validity, dose, arm, kidneys, safety fact and age of data: one answer, in bounds.

Some 650,000 states through `decide` and the safety veto, with the open hold and the last level since among them.
"""

import itertools
from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from functools import cache
from typing import Any

import pytest

from cds_service.cards.wording import read_wording
from cds_service.protocol.answers.alerts import Action, Alert, SafetyReport, Severity
from cds_service.protocol.answers.dosing import State, TitrationDecision, Trough, Validity
from cds_service.protocol.answers.kidney import RenalState
from cds_service.protocol.dosing.dose_in_force import DoseInForce, DoseStatus
from cds_service.protocol.dosing.dosing_case import DoseCase, Laboratory
from cds_service.protocol.dosing.hold_triggers import Cause, Trigger
from cds_service.protocol.dosing.open_hold import OpenHold
from cds_service.protocol.dosing.safety_veto import veto
from cds_service.protocol.titration import decide
from fhir_mappings.vocabulary.medications import Drug
from fhir_mappings.vocabulary.phrases import Phrase, say
from fhir_mappings.vocabulary.studies import Arm
from tests.builders import days_ago, level
from tests.dosing import LIMITS, RULES, dose, kidneys, trough
from tests.laws.test_schedule import is_kept

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
BOUNDS = {Drug.SIROLIMUS: (1, 3, 24), Drug.CICLOSPORIN: (25, 150, 12)}
FINDING = say("dosing.unfit.missing")
WORDS = read_wording()
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


def _doses(drug: Drug) -> Iterator[DoseInForce]:
    yield from (dose(drug, mg) for mg in AMOUNTS[drug])
    yield from (dose(drug, None, status=status) for status in DoseStatus if status is not DoseStatus.KNOWN)


def _troughs(drug: Drug) -> Iterator[Trough]:
    yield from (trough(value, validity) for value in LEVELS[drug] for validity in Validity)


def _holds(drug: Drug) -> tuple[OpenHold, ...]:
    """A hold that is open, documented or not, with the last level since, and with no dose for after it."""
    high, back, still = {
        Drug.SIROLIMUS: ("24", "9", "13"),
        Drug.CICLOSPORIN: ("450", "150", "200"),
    }[drug]
    low = dose(drug, AMOUNTS[drug][0]).dose
    former = dose(drug, AMOUNTS[drug][1]).dose
    assert low is not None
    cause = (Trigger(Cause.LEVEL, days_ago(10), level(drug, high, 10), former, severe=True),)
    held = OpenHold(cause, low, low, documented=True)
    return (
        held,
        replace(held, newest=level(drug, back, 2)),
        replace(held, newest=level(drug, still, 2)),
        replace(held, newest=level(drug, back, 2), restart=None),
        replace(held, newest=level(drug, back, 2), documented=False),
    )


def _cases(drug: Drug, arm: Arm | None) -> Iterator[DoseCase]:
    partner = Drug.CICLOSPORIN if drug is Drug.SIROLIMUS else Drug.SIROLIMUS
    other = dose(partner, AMOUNTS[partner][1] if arm is Arm.COMBINED else None)
    renals = [kidneys(state) for state in KIDNEYS[drug]]
    for measured, taken in itertools.product(_troughs(drug), tuple(_doses(drug))):
        holds = (None, *_HOLDS[drug]) if measured.validity in BESIDE_A_HOLD else (None,)
        for renal, age, hold in itertools.product(renals, AGES, holds):
            yield DoseCase(drug, TODAY, arm, taken, measured, renal, other=other, hold=hold, **age)


def _size(drug: Drug) -> int:
    beside = len(BESIDE_A_HOLD) * len(_HOLDS[drug])
    return len(LEVELS[drug]) * (13 + beside) * 7 * len(KIDNEYS[drug]) * len(AGES) * 5


def _all(drug: Drug, arm: Arm | None) -> Iterator[State_]:
    reports = _reports(drug)
    for case in _cases(drug, arm):
        answers = decide({drug: case}, LIMITS, RULES)
        assert len(answers) == 1
        for report in reports:
            yield case, report, veto(answers[0], report, RULES)


TODAY = dose(Drug.SIROLIMUS, "2", since=0).since
assert TODAY is not None
BESIDE_A_HOLD = (Validity.VALID, Validity.NOT_TROUGH)
_HOLDS = {drug: _holds(drug) for drug in Drug}


@cache
def _in_words(phrase: Phrase) -> bool:
    return all(words.plain(phrase).strip() and words.markdown(phrase).strip() for words in WORDS.values())


@pytest.mark.parametrize(
    ("drug", "arm"), [(d, a) for d in Drug for a in ARMS[d]], ids=lambda v: str(v) if v else "arm unknown"
)
def test_every_state_has_one_answer_within_the_record_and_every_law_holds(
    drug: Drug, arm: Arm | None
) -> None:
    seen = set()
    count = 0
    for case, report, answer in _all(drug, arm):
        count += 1
        seen.add(answer.state)
        broken = [law.__name__ for law in LAWS if not law(case, report, answer)]
        assert not broken, (broken, case, report, answer)
    assert count == _size(drug)
    expected = {State.HOLD, State.STOP_REVIEW, State.RECHECK, State.CANNOT_ADVISE}
    assert seen >= ({State.CANNOT_ADVISE} if drug is Drug.CICLOSPORIN and arm is None else expected)


def test_the_sweep_is_as_large_as_it_says() -> None:
    sizes = [_size(drug) * len(ARMS[drug]) for drug in Drug]
    assert sum(sizes) == 666_540 >= 500_000


def one_state_a_rule_and_words_in_both_languages(
    case: DoseCase, report: SafetyReport, answer: TitrationDecision
) -> bool:
    return isinstance(answer.state, State) and answer.rule.id in RULES and _in_words(answer.seen)


def within_the_bounds_of_the_record(case: DoseCase, report: SafetyReport, answer: TitrationDecision) -> bool:
    low, high, hours = BOUNDS[case.drug]
    if case.drug is Drug.CICLOSPORIN and case.renal_state in CEILING:
        high = 50
    proposals = [p for p in (answer.proposed, *answer.alternatives) if p]
    return all(low <= p.amount_mg <= high and p.every_hours == hours for p in proposals)


def doubt_never_starts(case: DoseCase, report: SafetyReport, answer: TitrationDecision) -> bool:
    """What bars an increase bars a start (DECISIONS 57), but for a creatinine of one to two weeks."""
    if answer.state is not State.INITIATE:
        return True
    tests = case.tests
    kidneys_known = case.drug is Drug.SIROLIMUS or case.renal_state not in (RenalState.WATCH, RenalState.AKI)
    ready = tests.cbc and tests.alt and kidneys_known
    return ready and not tests.unread and not report.alerts and not report.unstarted


def doubt_never_raises(case: DoseCase, report: SafetyReport, answer: TitrationDecision) -> bool:
    if answer.state is not State.INCREASE:
        return True
    tests = case.tests
    known = tests.creatinine_days is not None and tests.creatinine_days <= 7
    ready = case.renal_state is RenalState.NORMAL and known
    if case.drug is Drug.SIROLIMUS:
        ready = tests.cbc and tests.alt
    quiet = not report.alerts and not report.doubtful
    return ready and quiet and not tests.unread and case.trough.validity is Validity.VALID


def safety_has_the_last_word(case: DoseCase, report: SafetyReport, answer: TitrationDecision) -> bool:
    stops = {alert.action for alert in report.alerts} & {Action.HOLD, Action.STOP_REVIEW}
    quiet = (State.HOLD, State.STOP_REVIEW, State.CANNOT_ADVISE)
    return not stops or (answer.state in quiet and answer.proposed is None)


def a_dose_stands_exactly_where_it_should(
    case: DoseCase, report: SafetyReport, answer: TitrationDecision
) -> bool:
    match answer.state:
        case State.INITIATE | State.INCREASE | State.DECREASE:
            return answer.proposed is not None
        case State.CONTINUE | State.AT_CAP_BELOW_TARGET:
            return answer.proposed == answer.current is not None
        case State.HOLD:
            return answer.proposed is None or answer.rule.id in ("SRL-05", "SRL-HEP")
    return answer.proposed is None


def up_is_up_and_down_is_down(case: DoseCase, report: SafetyReport, answer: TitrationDecision) -> bool:
    if answer.proposed is None or answer.current is None:
        return True
    step = answer.proposed.daily_mg - answer.current.daily_mg
    rising = answer.state is State.INCREASE
    return (step > 0) == rising if rising or answer.state is State.DECREASE else step <= 0


def a_level_that_may_not_be_used_changes_no_dose(
    case: DoseCase, report: SafetyReport, answer: TitrationDecision
) -> bool:
    """Except a high one that has not settled, and kidneys that do not ask the level (DECISIONS 26, 31)."""
    used = (Validity.VALID, Validity.ASSUMED_TROUGH, Validity.NOT_STEADY_STATE)
    if case.trough.validity in used or case.renal_state in CEILING:
        return True
    return answer.state not in (State.INCREASE, State.DECREASE, State.CONTINUE, State.AT_CAP_BELOW_TARGET)


def a_level_in_range_never_raises(case: DoseCase, report: SafetyReport, answer: TitrationDecision) -> bool:
    low = LIMITS.table(case.drug).low
    return answer.state is not State.INCREASE or (case.trough.value or Decimal(0)) < low


def an_open_hold_is_never_passed_over(
    case: DoseCase, report: SafetyReport, answer: TitrationDecision
) -> bool:
    """Nothing above the dose after the hold, and no level in or below the target speaks for itself."""
    hold = case.hold
    if hold is None or (not hold.documented and not case.dose.taken):
        return True
    if answer.state in (State.CONTINUE, State.INCREASE, State.AT_CAP_BELOW_TARGET):
        return case.drug is Drug.CICLOSPORIN and case.arm is None
    most = hold.at_most.daily_mg
    given = (d for d in (answer.proposed, *answer.alternatives) if d and answer.state is not State.DECREASE)
    return all(d.daily_mg <= most for d in given) or answer.rule.id == "SRL-05"


def the_schedule_keeps_to_what_is_wanted_again(
    case: DoseCase, report: SafetyReport, answer: TitrationDecision
) -> bool:
    """Never "done", never a later day (DECISIONS 60)."""
    return answer.recheck is None or is_kept(answer.recheck)


LAWS = (
    one_state_a_rule_and_words_in_both_languages,
    within_the_bounds_of_the_record,
    doubt_never_starts,
    doubt_never_raises,
    safety_has_the_last_word,
    a_dose_stands_exactly_where_it_should,
    up_is_up_and_down_is_down,
    a_level_that_may_not_be_used_changes_no_dose,
    a_level_in_range_never_raises,
    an_open_hold_is_never_passed_over,
    the_schedule_keeps_to_what_is_wanted_again,
)


@pytest.mark.parametrize("drug", list(Drug), ids=str)
def test_a_higher_level_never_asks_for_more_drug(drug: Drug) -> None:
    """Over every dose, arm, kidney state and age: what is proposed falls, or stays, as the level rises."""
    levels = sorted((v for v in LEVELS[drug] if v[0].isdigit()), key=Decimal)
    renals = [kidneys(state) for state in KIDNEYS[drug]]
    for taken, arm, renal, age in itertools.product(_doses(drug), ARMS[drug], renals, AGES):
        steps = []
        for value in levels:
            case = DoseCase(drug, TODAY, arm, taken, trough(value), renal, **age)  # type: ignore[arg-type]
            answer = decide({drug: case}, LIMITS, RULES)[0]
            steps.append(_step(answer))
        assert steps == sorted(steps, reverse=True), (taken, arm, renal.state, steps)


def _step(answer: TitrationDecision) -> float:
    """What the answer gives from today on, against the dose now; nothing is what a hold gives."""
    if answer.state is State.HOLD:
        return -1.0
    if answer.proposed is None or answer.current is None:
        return 0.0
    return float((answer.proposed.daily_mg - answer.current.daily_mg) / answer.current.daily_mg)
