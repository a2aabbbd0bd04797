"""Every combination of level, validity, dose, arm, kidneys, safety fact and age of data: one answer, in bounds.

753,480 states through `decide` and the safety veto (tests/properties/sweep.py says which).
"""

import itertools
from decimal import Decimal
from functools import cache

import pytest

from cds_service.cards.translations import read_wording
from cds_service.rules.answers.alerts import Action, SafetyReport
from cds_service.rules.answers.dosing_answers import State, TitrationDecision, Validity
from cds_service.rules.answers.renal_answers import RenalState
from cds_service.trials.nct06802055.dosing.dose_case import DoseCase
from cds_service.trials.nct06802055.dosing.titration import decide
from cds_service.trials.nct06802055.patient_state.levels.level_table import LevelRow
from cds_service.trials.nct06802055.trial_arms import Arm
from cds_service.trials.nct06802055.two_drugs import Drug
from fhir_mappings.clinical_model.messages import Phrase
from tests.dosing import LIMITS, RULES, kidneys, trough
from tests.properties.sweep import AGES, ARMS, CEILING, KIDNEYS, LEVELS, TODAY, doses, every_state, size
from tests.properties.test_schedule import is_kept

BOUNDS = {Drug.SIROLIMUS: (1, 3, 24), Drug.CICLOSPORIN: (25, 150, 12)}
WORDS = read_wording()


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
    for case, report, answer in every_state(drug, arm):
        count += 1
        seen.add(answer.state)
        broken = [law.__name__ for law in LAWS if not law(case, report, answer)]
        assert not broken, (broken, case, report, answer)
    assert count == size(drug)
    expected = {State.HOLD, State.STOP_REVIEW, State.RECHECK, State.CANNOT_ADVISE}
    assert seen >= ({State.CANNOT_ADVISE} if drug == Drug.CICLOSPORIN and arm is None else expected)


def test_the_sweep_is_as_large_as_it_says() -> None:
    sizes = [size(drug) * len(ARMS[drug]) for drug in Drug]
    assert sum(sizes) == 753_480 >= 500_000


def one_state_a_rule_and_words_in_both_languages(
    case: DoseCase, report: SafetyReport, answer: TitrationDecision
) -> bool:
    return isinstance(answer.state, State) and answer.rule.id in RULES and _in_words(answer.seen)


def within_the_bounds_of_the_record(case: DoseCase, report: SafetyReport, answer: TitrationDecision) -> bool:
    low, high, hours = BOUNDS[case.drug]
    if case.drug == Drug.CICLOSPORIN and case.renal.standing in CEILING:
        high = 50
    proposals = [p for p in (answer.proposed, *answer.alternatives) if p]
    return all(low <= p.amount_mg <= high and p.every_hours == hours for p in proposals)


def doubt_never_starts(case: DoseCase, report: SafetyReport, answer: TitrationDecision) -> bool:
    """What bars an increase bars a start (DECISIONS 57), but for a creatinine of one to two weeks."""
    if answer.state is not State.INITIATE:
        return True
    tests = case.tests
    kidneys_known = case.drug == Drug.SIROLIMUS or case.renal.standing not in (
        RenalState.WATCH,
        RenalState.AKI,
    )
    ready = tests.cbc and tests.alt and kidneys_known
    return ready and not tests.unread and not report.alerts and not report.unstarted


def doubt_never_raises(case: DoseCase, report: SafetyReport, answer: TitrationDecision) -> bool:
    if answer.state is not State.INCREASE:
        return True
    tests = case.tests
    known = tests.creatinine_days is not None and tests.creatinine_days <= 7
    ready = case.renal.standing is RenalState.NORMAL and known
    if case.drug == Drug.SIROLIMUS:
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
    if case.trough.validity in used or case.renal.standing in CEILING:
        return True
    return answer.state not in (State.INCREASE, State.DECREASE, State.CONTINUE, State.AT_CAP_BELOW_TARGET)


def a_level_in_range_never_raises(case: DoseCase, report: SafetyReport, answer: TitrationDecision) -> bool:
    low = LIMITS.tables[case.drug].low
    return answer.state is not State.INCREASE or (case.trough.value or Decimal(0)) < low


def an_open_hold_is_never_passed_over(
    case: DoseCase, report: SafetyReport, answer: TitrationDecision
) -> bool:
    """Nothing above the dose after the hold, and no level in or below the target speaks for itself."""
    hold = case.hold
    if hold is None or (not hold.documented and not case.dose.taken):
        return True
    if answer.state in (State.CONTINUE, State.INCREASE, State.AT_CAP_BELOW_TARGET):
        return case.drug == Drug.CICLOSPORIN and case.arm is None
    most = hold.at_most.daily_mg
    given = (d for d in (answer.proposed, *answer.alternatives) if d and answer.state is not State.DECREASE)
    return all(d.daily_mg <= most for d in given) or answer.rule.id == "SRL-05"


def a_level_far_from_the_last_changes_no_dose_at_once(
    case: DoseCase, report: SafetyReport, answer: TitrationDecision
) -> bool:
    """It is measured again; what is dangerous by itself is held all the same, and impaired kidneys do not ask it."""
    if case.unexpected_after is None or case.renal.standing in CEILING:
        return True
    above = case.row(LIMITS) in (LevelRow.ABOVE, LevelRow.HIGH)
    lowered = above and answer.state in (State.DECREASE, State.CONTINUE)
    return answer.state is not State.INCREASE and not lowered


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
    a_level_far_from_the_last_changes_no_dose_at_once,
    the_schedule_keeps_to_what_is_wanted_again,
)


@pytest.mark.parametrize("drug", list(Drug), ids=str)
def test_a_higher_level_never_asks_for_more_drug(drug: Drug) -> None:
    """Over every dose, arm, kidney state and age: what is proposed falls, or stays, as the level rises."""
    levels = sorted((v for v in LEVELS[drug] if v[0].isdigit()), key=Decimal)
    renals = [kidneys(state) for state in KIDNEYS[drug]]
    for taken, arm, renal, age in itertools.product(doses(drug), ARMS[drug], renals, AGES):
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
