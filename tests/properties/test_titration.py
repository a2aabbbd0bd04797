"""Laws of titration, over tens of thousands of cases: no dose outside the record, doubt never raises."""

import itertools
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from cds_service.cards.translations import Wording, read_wording
from cds_service.rules.answers.alerts import Action, Alert, SafetyReport, Severity
from cds_service.rules.answers.dosing_answers import State, TitrationDecision, Validity
from cds_service.rules.answers.renal_answers import RenalState
from cds_service.trials.nct06802055.dosing.dose_case import DoseCase, DosedPatient, Laboratory
from cds_service.trials.nct06802055.dosing.liver import Liver
from cds_service.trials.nct06802055.dosing.safety_veto import veto
from cds_service.trials.nct06802055.dosing.titration import decide
from cds_service.trials.nct06802055.patient_state.doses.current_dose import DoseStatus
from cds_service.trials.nct06802055.patient_state.dosing_reasons import Reason
from cds_service.trials.nct06802055.trial_arms import Arm
from cds_service.trials.nct06802055.two_drugs import Drug
from fhir_mappings.clinical_model.messages import say
from fhir_mappings.clinical_model.results import Analyte
from tests.builders import level, result
from tests.dosing import LIMITS, RULES, ciclosporin, dose, kidneys, sirolimus

LEVELS = {
    Drug.SIROLIMUS: ("0", "3.99", "4", "12", "12.01", "15.01", "20.01", ">15", "<0.3"),
    Drug.CICLOSPORIN: ("0", "86", "119", "120", "180.1", "250.1", "400.1", ">400", "<25"),
}
AMOUNTS: dict[Drug, tuple[tuple[str, int], ...]] = {
    Drug.SIROLIMUS: (("0.5", 24), ("1", 24), ("2", 24), ("3", 24), ("5", 24), ("1", 12)),
    Drug.CICLOSPORIN: (("10", 12), ("25", 12), ("50", 12), ("80", 12), ("150", 12), ("200", 12), ("150", 24)),
}
LABORATORY = (
    Laboratory(),
    Laboratory(cbc=False, alt=False, creatinine_days=None),
    Laboratory(creatinine_days=10),
    Laboratory(unread=True),
)
LIVERS = (Liver(), Liver(cap=True, start_low=True), Liver(hold=True, cap=True), Liver(hold=None, cap=None))
KEEPS = (State.CONTINUE, State.AT_CAP_BELOW_TARGET)
CHANGES = (State.INITIATE, State.INCREASE, State.DECREASE)
USED = (Validity.VALID, Validity.ASSUMED_TROUGH, Validity.NOT_STEADY_STATE)
MAKE = {Drug.SIROLIMUS: sirolimus, Drug.CICLOSPORIN: ciclosporin}


def _doses(drug: Drug) -> Iterator[Any]:
    yield from (dose(drug, mg, every) for mg, every in AMOUNTS[drug])
    yield from (dose(drug, None, status=status) for status in DoseStatus if status is not DoseStatus.KNOWN)
    yield dose(drug, AMOUNTS[drug][2][0], pending=dose(drug, 1).dose, incomplete=True)


def _all(drug: Drug) -> Iterator[DoseCase]:
    """The cross product: level x validity x dose x arm x kidneys x tests x liver, for one drug."""
    partner = Drug.CICLOSPORIN if drug == Drug.SIROLIMUS else Drug.SIROLIMUS
    others = (dose(partner, AMOUNTS[partner][2][0]), dose(partner, None))
    organs: list[dict[str, Any]]
    if drug == Drug.SIROLIMUS:
        tested = zip(itertools.product(LABORATORY, LIVERS), itertools.cycle(others), strict=False)
        organs = [{"tests": t, "liver": liver, "other": o} for (t, liver), o in tested]
        arms: tuple[Arm | None, ...] = (*Arm, None)
    else:
        states = [*(kidneys(state) for state in RenalState), kidneys(RenalState.IMPAIRED, egfr=Decimal(44))]
        organs = [{"tests": t, "renal": r} for t, r in itertools.product(LABORATORY, states)]
        arms = (Arm.COMBINED, None)
    for value, taken, validity in itertools.product(LEVELS[drug], _doses(drug), Validity):
        base = MAKE[drug](value, dose=taken, validity=validity)
        for arm, organ in itertools.product(arms[:1] if validity not in USED else arms, organs):
            yield replace(base, arm=arm, **organ)


@pytest.fixture(scope="module", params=list(Drug), ids=str)
def sweep(request: pytest.FixtureRequest) -> list[tuple[DoseCase, TitrationDecision]]:
    """Every case with its decision."""
    drug: Drug = request.param
    return [(case, decide({drug: case}, LIMITS, RULES)[0]) for case in _all(drug)]


Sweep = list[tuple[DoseCase, TitrationDecision]]


def _low_bound(drug: Drug) -> tuple[int, int, int]:
    return (1, 3, 24) if drug == Drug.SIROLIMUS else (25, 150, 12)


def test_no_proposal_lies_outside_the_trial_record(sweep: Sweep) -> None:
    assert len(sweep) > 10_000
    for case, decision in sweep:
        low, high, hours = _low_bound(case.drug)
        if case.drug == Drug.CICLOSPORIN and case.renal.standing in (
            RenalState.IMPAIRED,
            RenalState.STABILISED,
            RenalState.RECOVERED,
        ):
            high = 50
        for proposal in (decision.proposed, *decision.alternatives):
            if proposal:
                assert low <= proposal.amount_mg <= high
                assert proposal.every_hours == hours
        assert Reason.PROPOSAL_OUTSIDE_BOUNDS not in decision.reasons


def test_a_state_has_a_dose_exactly_where_it_should(sweep: Sweep) -> None:
    for _, decision in sweep:
        if decision.state in CHANGES:
            assert decision.proposed
        elif decision.state in KEEPS:
            assert decision.proposed == decision.current
        elif decision.state is State.HOLD:
            assert decision.proposed is None or decision.rule.id == "SRL-05"
        else:
            assert decision.proposed is None


def test_up_is_up_and_down_is_down(sweep: Sweep) -> None:
    for _, decision in sweep:
        if decision.proposed and decision.current:
            step = decision.proposed.daily_mg - decision.current.daily_mg
            assert not (decision.state is State.INCREASE and step <= 0)
            assert not (decision.state is State.DECREASE and step >= 0)
            assert not (decision.state is State.HOLD and step > 0)


def test_doubt_of_any_kind_never_raises_a_dose(sweep: Sweep) -> None:
    raised = 0
    for case, decision in sweep:
        if decision.state is State.INCREASE:
            raised += 1
            assert case.trough.validity is Validity.VALID
            assert case.trough.comparator is None
            assert not case.tests.unread
            assert not case.dose.incomplete
            assert case.dose.pending is None
            if case.drug == Drug.SIROLIMUS:
                assert case.tests.cbc
                assert case.tests.alt
                assert None not in (case.liver.hold, case.liver.cap)
            else:
                assert case.renal.state is RenalState.NORMAL
                assert case.tests.creatinine_days is not None
                assert case.tests.creatinine_days <= 7
    assert raised > 10


def test_only_a_known_dose_is_kept_or_changed(sweep: Sweep) -> None:
    for case, decision in sweep:
        if decision.state in (*KEEPS, State.INCREASE, State.DECREASE):
            assert case.dose.status is DoseStatus.KNOWN
        if decision.state is State.INITIATE:
            assert case.dose.status is DoseStatus.NONE


def test_no_advice_only_for_the_reasons_on_the_closed_list(sweep: Sweep) -> None:
    closed = {"ARM_UNKNOWN", "DOSE_NOT_DOCUMENTED", "CONFLICTING_DOSES", "RENAL_UNKNOWN", "AKI"}
    for _, decision in sweep:
        if decision.state is State.CANNOT_ADVISE:
            assert set(decision.reasons) <= closed
            assert decision.reasons


def test_impaired_kidneys_beat_every_level(sweep: Sweep) -> None:
    for case, decision in sweep:
        if case.drug == Drug.CICLOSPORIN and case.arm and case.dose.taken:
            if case.renal.standing is RenalState.AKI:
                assert decision.state is State.HOLD
            if case.renal.standing in (RenalState.IMPAIRED, RenalState.STABILISED, RenalState.RECOVERED):
                assert decision.target is None
                assert decision.state is not State.INCREASE
                assert decision.state is not State.AT_CAP_BELOW_TARGET


def test_every_case_has_a_rule_and_words_in_both_languages(sweep: Sweep) -> None:
    wording = read_wording()
    said = {decision.seen for _, decision in sweep}
    for language in wording.values():
        for phrase in said:
            assert _spoken(language, phrase)
    assert all(decision.rule.source for _, decision in sweep)


def _spoken(language: Wording, phrase: Any) -> str:
    text = language.plain(phrase)
    assert "{" not in text
    return text


@pytest.mark.parametrize("action", [Action.HOLD, Action.STOP_REVIEW])
def test_a_critical_finding_ends_every_state_that_keeps_starts_or_raises(
    sweep: Sweep, action: Action
) -> None:
    for case, decision in sweep[::7]:
        alert = Alert(RULES["TR-06"], Severity.CRITICAL, action, say("dosing.reason.aki"), drug=case.drug)
        left = veto(decision, SafetyReport(alerts=(alert,)), RULES)
        wanted = State.HOLD if action is Action.HOLD else State.STOP_REVIEW
        none = decision.state in (State.INITIATE, State.CANNOT_ADVISE)
        assert left.state is (State.CANNOT_ADVISE if none else wanted)
        assert left.proposed is None
        assert left.drug == decision.drug


def test_an_unread_safety_fact_stops_a_start_and_an_increase_and_nothing_else(sweep: Sweep) -> None:
    for case, decision in sweep[::3]:
        why = ((case.drug, say("dosing.reason.aki")),)
        left = veto(decision, SafetyReport(doubtful=why, unstarted=why), RULES)
        assert (veto(decision, SafetyReport(doubtful=why), RULES) == decision) is (
            decision.state is not State.INCREASE
        )
        if decision.state in (State.INITIATE, State.INCREASE):
            assert (left.state, left.proposed, left.rule.id) == (State.RECHECK, None, "TR-06")
        else:
            assert left == decision


def _asked(drug: Drug, number: Decimal, mg: str, renal: RenalState) -> Decimal:
    """How much drug the advice leads to, mg a day, with the hold counted before what comes after it."""
    case = replace(MAKE[drug](str(number), mg), renal=kidneys(renal))
    found = decide({drug: case}, LIMITS, RULES)[0]
    if found.state is State.HOLD:
        return (found.proposed.daily_mg if found.proposed else Decimal(0)) - 1000
    assert found.proposed or found.state is State.RECHECK
    return found.proposed.daily_mg if found.proposed else found.current.daily_mg  # type: ignore[union-attr]


numbers = st.decimals(min_value=Decimal("0.3"), max_value=30, places=2)
ordinary = st.sampled_from([state for state in RenalState if state is not RenalState.AKI])


@settings(deadline=None, max_examples=100)
@given(numbers, numbers, st.sampled_from(["0.5", "1", "1.5", "2", "3", "4"]))
def test_a_higher_sirolimus_trough_never_asks_for_more_drug(a: Decimal, b: Decimal, mg: str) -> None:
    low, high = sorted([a, b])
    state = RenalState.NORMAL
    if mg != "1" or not (
        12 < low <= 15 < high <= 20
    ):  # at 1 mg both hold; only the second tells the next dose
        assert _asked(Drug.SIROLIMUS, low, mg, state) >= _asked(Drug.SIROLIMUS, high, mg, state)


@settings(deadline=None, max_examples=100)
@given(
    numbers, numbers, st.sampled_from(["10", "25", "50", "60", "75", "100", "140", "150", "250"]), ordinary
)
def test_a_higher_ciclosporin_trough_never_asks_for_more_drug(
    a: Decimal, b: Decimal, mg: str, renal: RenalState
) -> None:
    low, high = sorted([a * 20, b * 20])
    assert _asked(Drug.CICLOSPORIN, low, mg, renal) >= _asked(Drug.CICLOSPORIN, high, mg, renal)


@settings(deadline=None, max_examples=100)
@given(
    st.integers(1, 30).map(lambda n: str(n * 5)),
    st.decimals(min_value=Decimal("12.5"), max_value=600, places=1),
)
def test_a_ciclosporin_step_is_never_a_leap(mg: str, number: Decimal) -> None:
    found = decide({Drug.CICLOSPORIN: ciclosporin(str(number), mg)}, LIMITS, RULES)[0]
    if found.state is State.INCREASE and found.proposed:
        assert found.proposed.amount_mg <= max(Decimal(mg) + 50, Decimal(25))
        assert found.proposed.amount_mg % 25 == 0
    if found.state is State.DECREASE and found.proposed and Decimal(mg) >= 50:
        assert found.proposed.amount_mg * 2 >= Decimal(mg)
        assert found.proposed.amount_mg % 25 == 0


@settings(deadline=None, max_examples=50)
@given(
    numbers,
    st.sampled_from(["25", "75", "150"]),
    st.sampled_from(["1", "2", "3"]),
    st.decimals(10, 150, places=0),
)
def test_two_drugs_are_never_raised_together(number: Decimal, csa: str, srl: str, other: Decimal) -> None:
    cases = {
        Drug.SIROLIMUS: replace(
            sirolimus(str(number), srl), arm=Arm.COMBINED, other=dose(Drug.CICLOSPORIN, csa)
        ),
        Drug.CICLOSPORIN: ciclosporin(str(other), csa),
    }
    found = decide(cases, LIMITS, RULES)
    assert [d.drug for d in found] == [Drug.SIROLIMUS, Drug.CICLOSPORIN]
    assert [d.state for d in found].count(State.INCREASE) < 2


def test_ciclosporin_goes_first_when_both_are_low() -> None:
    cases = {
        Drug.SIROLIMUS: replace(sirolimus("3"), arm=Arm.COMBINED, other=dose(Drug.CICLOSPORIN, 75)),
        Drug.CICLOSPORIN: ciclosporin("100"),
    }
    first, second = decide(cases, LIMITS, RULES)
    assert (first.state, first.reasons, first.rule.id) == (State.RECHECK, ("ONE_CHANGE_AT_A_TIME",), "TR-04")
    assert second.state is State.INCREASE


@pytest.mark.parametrize("drug", list(Drug))
@pytest.mark.parametrize("status", list(DoseStatus))
def test_a_dangerous_level_is_never_answered_by_more_drug(drug: Drug, status: DoseStatus) -> None:
    taken = dose(drug, "50" if status is DoseStatus.KNOWN else None, status=status)
    for validity, renal in itertools.product(Validity, RenalState):
        case = MAKE[drug](None, dose=taken, validity=validity, danger=level(drug.value, 500), renal=renal)
        case = replace(case, potassium=result(Analyte.POTASSIUM, 5), patient=DosedPatient(40, Decimal(60)))
        assert decide({drug: case}, LIMITS, RULES)[0].state is State.HOLD
