"""A chart with results that differ at one moment: which ways it is read, and what is made of the answers."""

from datetime import date
from decimal import Decimal
from itertools import combinations, product
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from cds_service.rules.answers.alerts import Action, Alert, Severity
from cds_service.rules.answers.criteria_answers import (
    Basis,
    Criterion,
    EligibilityDecision,
    EligibilityStatus,
    Finding,
)
from cds_service.rules.answers.dosing_answers import State
from cds_service.rules.answers.follow_up import (
    DueStatus,
    MonitoringItem,
    ResponseCategory,
    ResponseReadout,
    Visit,
)
from cds_service.rules.answers.renal_answers import RenalFinding, RenalState
from cds_service.rules.thresholds import Origin, Rule, read_limits
from cds_service.rules.verdict import Verdict
from cds_service.trials.nct06802055.same_moment.agreement import agreed_criteria, agreed_response
from cds_service.trials.nct06802055.same_moment.caution import all_alerts, gravest, most_careful, soonest
from cds_service.trials.nct06802055.same_moment.each_way import EachWay
from cds_service.trials.nct06802055.same_moment.readings import SameMomentLimits, Ways, gap_of, ways_of
from cds_service.trials.nct06802055.two_drugs import Drug
from fhir_mappings.clinical_model.known_unknown import Evidence
from fhir_mappings.clinical_model.messages import say
from fhir_mappings.clinical_model.pairs import Pair
from fhir_mappings.clinical_model.record import ClinicalRecord
from fhir_mappings.clinical_model.results import Analyte, Comparator, Presence, Result
from tests.builders import a_record, result
from tests.rule_tables.enrolled import decision
from tests.tables import Case, cases, named

LIMITS = read_limits(SameMomentLimits, "same_moment")
K = Analyte.POTASSIUM
RULE = Rule("X-1", Origin.ASSUMPTION, "somebody")


def pair(*values: Any, analyte: Analyte = K, ago: int = 1, steps: tuple[Any, ...] = ()) -> Pair:
    """Results of one moment, of equal fineness unless `steps` say otherwise."""
    found = tuple(
        replace(result(analyte, str(v), ago), reference=f"Observation/{analyte}-{ago}-{v}") for v in values
    )
    return Pair(tuple((r,) for r in found), tuple(Decimal(s) for s in steps or (1,) * len(found)))


def with_pairs(*pairs: Pair, more: tuple[Result, ...] = ()) -> ClinicalRecord:
    return replace(a_record(*more, *(r for p in pairs for r in p.results)), pairs=pairs)


def read(ways: tuple[ClinicalRecord, ...]) -> list[list[Any]]:
    return [[r.number for r in way.results] for way in ways]


# ---------------------------------------------------------------- ways


def test_a_chart_in_which_nothing_differs_is_judged_as_it_is() -> None:
    chart = a_record(result(K, 4, 1))
    assert ways_of(chart, LIMITS) == Ways((chart,), (chart,))


def test_each_way_believes_one_result_and_keeps_all_others() -> None:
    ways = ways_of(with_pairs(pair(5, 4), more=(result(K, 3, 5),)), LIMITS)
    assert read(ways.each) == read(ways.settled) == [[3, 4], [3, 5]]
    assert [len(way.pairs) for way in ways.each] == [1, 1], "and the pair is still to be named"


def test_a_day_s_results_that_have_their_times_are_believed_together() -> None:
    early, late, untimed = (replace(result(K, v, 1), reference=f"Observation/{v}") for v in (4, 5, 9))
    day = Pair(((early, late), (untimed,)), (Decimal(0), Decimal(1)))
    assert sorted(read(ways_of(with_pairs(day), LIMITS).each)) == [[4, 5], [9]]


def test_drug_levels_are_left_to_their_own_rule() -> None:
    chart = with_pairs(pair(8, 12, analyte=Analyte.SIROLIMUS))
    ways = ways_of(chart, LIMITS)
    assert read(ways.each) == read(ways.settled) == [[12, 8]] or read(ways.each) == [[8, 12]]
    assert ways.each[0].pairs == chart.pairs


NEAR = cases("""
    case                         | one  | other | steps  | named | settled
    5 % apart, equally fine      | 100  | 105   | 1, 1   | no    | 100, 105
    more than 5 % apart          | 100  | 105.1 | 1, 0.1 | yes   | 100, 105.1
    5 % apart, the second finer  | 100  | 105   | 1, 0.1 | no    | 105
    5 % apart, the first finer   | 100  | 105   | 0.1, 1 | no    | 100
    nothing and next to nothing  | 0    | 0.01  | 0, 0   | yes   | 0, 0.01
""")


@pytest.mark.parametrize("case", NEAR, ids=named)
def test_two_results_within_five_per_cent_are_one_the_finer_and_safety_still_sees_both(case: Case) -> None:
    chart = with_pairs(pair(case["one"], case["other"], steps=tuple(case["steps"].split(", "))))
    ways = ways_of(chart, LIMITS)
    assert len(ways.each) == 2
    assert bool(ways.each[0].pairs) is (case["named"] == "yes")
    assert sorted(str(n) for (n,) in read(ways.settled)) == sorted(case["settled"].split(", "))


def test_bounds_and_words_are_never_near() -> None:
    low, high = result(K, 4, 1), result(K, "4.1", 1)
    for one, other in (
        (replace(low, comparator=Comparator.LESS), high),
        (replace(low, number=None, presence=Presence.NEGATIVE), replace(high, number=None)),
        (low, replace(high, presence=Presence.POSITIVE)),
    ):
        torn = Pair(((one,), (other,)), (Decimal(1), Decimal(0)))
        assert ways_of(with_pairs(torn), LIMITS).settled[0].pairs == (torn,)


def test_from_negative_to_positive_like_from_low_to_high() -> None:
    no, yes = (replace(result(K, None, 1), presence=p, reference=p.value) for p in reversed(Presence))
    ways = ways_of(with_pairs(Pair(((yes,), (no,)), (Decimal(0), Decimal(0)))), LIMITS)
    assert [way.results[0].presence for way in ways.each] == [Presence.NEGATIVE, Presence.POSITIVE]


@given(st.integers(1, 40))
def test_any_two_results_of_two_moments_are_seen_together(moments: int) -> None:
    chart = with_pairs(*(pair(1, 9, ago=days) for days in range(moments, 0, -1)))
    ways = read(ways_of(chart, LIMITS).each)
    assert [1] * moments in ways
    assert [9] * moments in ways
    for first, second in combinations(range(moments), 2):
        assert {(way[first], way[second]) for way in ways} == set(product((1, 9), repeat=2))
    assert len(ways) <= 2 + 2 * 8 + 2 * 6


@pytest.mark.parametrize("moments", [3, 5, 8, 20])
def test_a_rise_from_low_to_high_is_seen_wherever_it_begins_of_late(moments: int) -> None:
    ways = read(ways_of(with_pairs(*(pair(1, 9, ago=d) for d in range(moments, 0, -1))), LIMITS).each)
    for turn in range(max(0, moments - 8), moments):
        assert [1] * turn + [9] * (moments - turn) in ways
        assert [9] * turn + [1] * (moments - turn) in ways


def test_a_pair_is_named_with_its_day_and_both_results_as_they_stand() -> None:
    low, high = (replace(result(K, v, 1), as_written=f"{v} mmol/L") for v in (4, 5))
    gap = gap_of(Pair(((low,), (high,)), (Decimal(1), Decimal(1))))
    assert (gap.problem, gap.detail) == ("RESULTS_DIFFER", "potassium, 2026-03-01: 4 mmol/L | 5 mmol/L")


# ---------------------------------------------------------------- what must not miss a danger


def renal(state: RenalState, creatinine: Any = None, last: RenalState = RenalState.UNKNOWN) -> RenalFinding:
    umol = None if creatinine is None else Decimal(creatinine)
    return RenalFinding(state, RULE, say("x"), creatinine=umol, last=last)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (renal(RenalState.AKI), renal(RenalState.NORMAL)),
        (renal(RenalState.IMPAIRED), renal(RenalState.RECOVERED)),
        (renal(RenalState.WATCH), renal(RenalState.UNKNOWN)),
        (renal(RenalState.UNKNOWN), renal(RenalState.NORMAL)),
        (renal(RenalState.UNKNOWN, last=RenalState.IMPAIRED), renal(RenalState.UNKNOWN)),
        (renal(RenalState.NORMAL, 80), renal(RenalState.NORMAL, 70)),
    ],
)
def test_the_graver_renal_state_stands(one: RenalFinding, other: RenalFinding) -> None:
    assert gravest([one, other]) == gravest([other, one]) == one


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (decision(Drug.SIROLIMUS, State.HOLD), decision(Drug.SIROLIMUS, State.DECREASE, 1)),
        (decision(Drug.SIROLIMUS, State.DECREASE, 1), decision(Drug.SIROLIMUS, State.RECHECK)),
        (decision(Drug.SIROLIMUS, State.RECHECK), decision(Drug.SIROLIMUS, State.INCREASE, 3)),
        (decision(Drug.SIROLIMUS, State.INITIATE, 1), decision(Drug.SIROLIMUS, State.INITIATE, 2)),
    ],
)
def test_the_more_careful_decision_stands(one: Any, other: Any) -> None:
    assert most_careful([(one,), (other,)]) == most_careful([(other,), (one,)]) == (one,)


def test_every_state_and_every_action_has_its_place() -> None:
    for state in State:
        assert most_careful([(decision(Drug.SIROLIMUS, state),)])
    for kidney in RenalState:
        assert gravest([renal(kidney)])


def item(status: DueStatus, day: int | None = 5) -> MonitoringItem:
    return MonitoringItem("cbc", date(2026, 3, day) if day else None, status, RULE, say("x"))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (item(DueStatus.OVERDUE), item(DueStatus.DUE)),
        (item(DueStatus.DUE, None), item(DueStatus.NOT_YET)),
        (item(DueStatus.NOT_YET, 3), item(DueStatus.NOT_YET, 4)),
        (item(DueStatus.NOT_YET), item(DueStatus.DONE)),
    ],
)
def test_the_more_urgent_line_of_the_schedule_stands(one: MonitoringItem, other: MonitoringItem) -> None:
    assert soonest([(one,), (other,)]) == soonest([(other,), (one,)]) == (one,)


def alert(severity: Severity, action: Action, value: int, key: str = "x") -> Alert:
    return Alert(RULE, severity, action, say(key, value=value))


def test_the_findings_of_all_ways_stand_and_one_in_other_numbers_is_told_once() -> None:
    loud, quiet = alert(Severity.CRITICAL, Action.HOLD, 7), alert(Severity.WARNING, Action.REVIEW, 6)
    other = alert(Severity.INFO, Action.REVIEW, 1, "y")
    for ways in ([(quiet, other), (loud,)], [(loud,), (quiet, other)]):
        assert all_alerts(ways) == (loud, other)
    stop, hold = alert(Severity.WARNING, Action.STOP_REVIEW, 7), alert(Severity.WARNING, Action.HOLD, 6)
    assert all_alerts([(quiet,), (hold,), (stop,)]) == (stop,)


def test_two_findings_of_one_rule_in_one_way_are_two() -> None:
    first, second = alert(Severity.WARNING, Action.HOLD, 1), alert(Severity.WARNING, Action.HOLD, 2)
    assert all_alerts([(first, second), (first,)]) == (first, second)


def test_the_schedule_and_the_drafts_are_judged_beside_what_stands_over_all_ways() -> None:
    """The orders of a calm way are judged against the hold of the other, not against its own raise."""
    raised, held = decision(Drug.SIROLIMUS, State.INCREASE, 3), decision(Drug.SIROLIMUS, State.HOLD)
    grave, calm = renal(RenalState.AKI), renal(RenalState.NORMAL)
    ways = [_way(raised, grave), _way(held, calm)]
    both = EachWay(tuple(ways), tuple(ways), lambda _: pytest.fail("not asked"))
    assert (both.titration, both.renal) == ((held,), grave)
    assert both.monitoring == (item(DueStatus.DUE, 1),)
    assert both.orders == (alert(Severity.WARNING, Action.HOLD, 1),)
    for way in ways:
        assert way.asked == [((held,), grave), ((held,), grave)]


def _way(decided_so: Any, kidney: RenalFinding) -> Any:
    asked: list[Any] = []

    def after(answer: Any) -> Any:
        return lambda titration, renal: asked.append((titration, renal)) or answer

    held = decided_so.state is State.HOLD
    return SimpleNamespace(
        decisions=(decided_so,),
        renal=kidney,
        asked=asked,
        with_outlooks=lambda decisions: decisions,
        monitoring_after=after((item(DueStatus.NOT_YET) if held else item(DueStatus.DUE, 1),)),
        orders_after=after((alert(Severity.WARNING, Action.HOLD, 1),) if held else ()),
    )


# ---------------------------------------------------------------- what all must agree on


def decided(*findings: Finding) -> EligibilityDecision:
    criteria = tuple(Criterion(f"I{n}", RULE, finding) for n, finding in enumerate(findings, 1))
    return EligibilityDecision(EligibilityStatus.UNDETERMINED, criteria, ())


def found(verdict: Verdict, value: int, **more: Any) -> Finding:
    evidence = (Evidence(f"Observation/{value}"),)
    return Finding(verdict, Basis.DATA, say("x", value=value), evidence, **more)


def test_a_criterion_on_which_all_ways_agree_is_decided() -> None:
    one, other = found(Verdict.MET, 1), found(Verdict.MET, 2)
    assert [c.finding for c in agreed_criteria([decided(one), decided(other)])] == [one]


@pytest.mark.parametrize("other", [Verdict.NOT_MET, Verdict.UNKNOWN])
def test_one_on_which_they_do_not_is_unknown_with_both_shown(other: Verdict) -> None:
    asked = say("q") if other is Verdict.UNKNOWN else None
    ways = [decided(found(Verdict.MET, 1)), decided(found(other, 2, question=asked))]
    (criterion,) = agreed_criteria(ways)
    seen = criterion.finding
    assert seen.verdict is Verdict.UNKNOWN
    assert dict(seen.seen.values) == {"one": say("x", value=1), "other": say("x", value=2)}
    assert [e.reference for e in seen.evidence] == ["Observation/1", "Observation/2"]
    assert "RESULTS_DIFFER" in seen.missing
    assert seen.question == (asked or say("eligibility.question.differ"))


def test_parts_of_a_criterion_are_agreed_on_one_by_one() -> None:
    one = found(Verdict.MET, 1, parts=(("I4.1", Verdict.MET), ("I4.2", Verdict.MET)))
    other = found(Verdict.MET, 2, parts=(("I4.1", Verdict.NOT_MET), ("I4.2", Verdict.MET)))
    (criterion,) = agreed_criteria([decided(one), decided(other)])
    assert criterion.finding.verdict is Verdict.MET
    assert criterion.finding.parts == (("I4.1", Verdict.UNKNOWN), ("I4.2", Verdict.MET))


def test_a_response_on_which_the_ways_do_not_agree_cannot_be_told() -> None:
    def readout(category: ResponseCategory, value: int) -> ResponseReadout:
        return ResponseReadout(Visit.W13, category, "p", RULE, say("x", value=value), (Evidence(str(value)),))

    partial, none = readout(ResponseCategory.PR, 1), readout(ResponseCategory.NR, 2)
    assert agreed_response([(partial,), (readout(ResponseCategory.PR, 3),)]) == (partial,)
    (both,) = agreed_response([(partial,), (none,)])
    assert both.category is ResponseCategory.NOT_EVALUABLE
    assert [e.reference for e in both.evidence] == ["1", "2"]
    assert both.seen == say("response.differ", one=partial.seen, other=none.seen)
