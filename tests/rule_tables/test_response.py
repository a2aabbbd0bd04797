"""The read-outs at Week 13 and Week 25: which count, which category, and whether it is confirmed."""

from datetime import datetime

import pytest

from cds_service.rules.answers.follow_up import ResponseCategory, ResponseReadout, Visit
from cds_service.rules.answers.trial_part import Participation
from cds_service.rules.as_of import AsOf, as_of
from cds_service.rules.thresholds import Origin, read_rules
from cds_service.trials.nct06802055.response.readouts import read_response_limits, readouts
from cds_service.trials.nct06802055.trial_arms import Arm
from fhir_mappings.clinical_model.calendar import days_after
from fhir_mappings.clinical_model.concepts import Concept
from fhir_mappings.clinical_model.known_unknown import Known, Part, Sex, Unknown, WhyUnknown
from fhir_mappings.clinical_model.messages import Phrase
from fhir_mappings.clinical_model.studies import StudyState
from tests.builders import ZONE, a_record, count, days_ago, medication, transfused, unreadable
from tests.tables import cases, named

LIMITS = read_response_limits()
RULES = read_rules("response")
RED, PLATELETS = Concept.RED_CELL_TRANSFUSION, Concept.PLATELET_TRANSFUSION
LONG_AGO = transfused(RED, 900)
DAY_ONE = days_ago(200)
SEVERE_LINES, PARTIAL, COMPLETE = (65, 12, "0.3"), (80, 30, "0.8"), (120, 160, 2)


def on_day(study_day: int, lines: tuple[object, ...] = PARTIAL) -> tuple[object, ...]:
    """A full count on a study day; day 1 is the first dose."""
    return count(*lines, ago=days_after(DAY_ONE, study_day - 1), retic=30)


BEFORE = on_day(-5, SEVERE_LINES)


def enrolled(**more: object) -> Participation:
    fields = {"status": StudyState.ENROLLED, "arm": Arm.COMBINED, "start": DAY_ONE, "first_dose": DAY_ONE}
    return Participation(**(fields | more))


def as_of_day(study_day: int) -> AsOf:
    day = days_after(DAY_ONE, study_day - 1)
    return as_of(datetime(day.year, day.month, day.day, 9, tzinfo=ZONE), ZONE)


def read(
    *facts: object, today: int = 200, participation: Participation | None = None, **fields: object
) -> dict[Visit, ResponseReadout]:
    record = a_record(*facts, **fields)
    found = readouts(record, as_of_day(today), participation or enrolled(), LIMITS, RULES)
    return {readout.visit: readout for readout in found}


def at_week_13(*facts: object, **more: object) -> ResponseReadout:
    return read(BEFORE, LONG_AGO, *facts, **more)[Visit.W13]


def keys(phrase: Phrase) -> set[str]:
    """All keys in a phrase, nested ones too."""
    found = {phrase.key}
    for _, value in phrase.values:
        for part in value if isinstance(value, tuple) else (value,):
            found |= keys(part) if isinstance(part, Phrase) else set()
    return found


# ---------------------------------------------------------------- whom, and when


@pytest.mark.parametrize(
    ("status", "number"),
    [
        (StudyState.ENROLLED, 2),
        (StudyState.COMPLETED, 2),
        (StudyState.SCREENING, 0),
        (StudyState.WITHDRAWN, 0),
        (StudyState.NONE, 0),
        (StudyState.UNKNOWN, 0),
    ],
)
def test_only_patients_on_the_trial_have_read_outs(status, number):
    assert len(read(participation=enrolled(status=status))) == number


@pytest.mark.parametrize(
    "case",
    cases("""
    case                                  | count | today | W13           | W25
    before the window opens               | -     | 77    | not-yet       | not-yet
    on the first day of the window        | -     | 78    | not-yet       | not-yet
    counted on the day before the window  | 77    | 78    | not-yet       | not-yet
    counted on the first day              | 78    | 78    | PR            | not-yet
    counted in the week                   | 85    | 85    | PR            | not-yet
    counted on the last day               | 98    | 98    | PR            | not-yet
    the window's last day, no count       | -     | 98    | not-yet       | not-yet
    the window has closed                 | -     | 99    | not-evaluable | not-yet
    counted a day late                    | 99    | 99    | not-evaluable | not-yet
    the second window's first day         | 162   | 162   | not-evaluable | PR
    the second window's last day          | 182   | 182   | not-evaluable | PR
    counted a day before the second       | 161   | 183   | not-evaluable | not-evaluable
    counted a day after the second        | 183   | 183   | not-evaluable | not-evaluable
    not counted yet today                 | 85    | 84    | not-yet       | not-yet
    """),
    ids=named,
)
def test_a_count_belongs_to_a_visit_seven_days_to_either_side_of_its_week(case):
    counted = () if case["count"] == "-" else on_day(int(case["count"]))
    found = read(BEFORE, LONG_AGO, *counted, today=int(case["today"]))
    assert {visit.value: r.category.value for visit, r in found.items()} == {
        "W13": case["W13"],
        "W25": case["W25"],
    }


def test_the_last_count_of_the_window_decides():
    assert at_week_13(on_day(80), on_day(95, SEVERE_LINES)).category is ResponseCategory.NR
    assert at_week_13(on_day(80, SEVERE_LINES), on_day(95)).category is ResponseCategory.PR


def test_a_later_count_that_lacks_a_line_it_needs_does_not_displace_one_that_has_them():
    bare = count(75, 15, "0.6", ago=days_after(DAY_ONE, 94))
    assert at_week_13(on_day(80), count(90, ago=days_after(DAY_ONE, 96))).category is ResponseCategory.PR
    assert at_week_13(on_day(80), bare).category is ResponseCategory.PR
    assert at_week_13(bare).category is ResponseCategory.NOT_EVALUABLE


def test_without_a_first_dose_the_study_start_is_day_one():
    found = read(BEFORE, LONG_AGO, on_day(78), participation=enrolled(first_dose=None))
    assert found[Visit.W13].category is ResponseCategory.PR


def test_without_a_day_one_nothing_can_be_read_out():
    found = read(BEFORE, on_day(85), participation=enrolled(first_dose=None, start=None))
    assert {r.category for r in found.values()} == {ResponseCategory.NOT_EVALUABLE}
    assert all("response.no_day_one" in keys(r.seen) for r in found.values())


def test_counts_that_could_not_be_read_leave_the_visit_open():
    found = read(BEFORE, LONG_AGO, on_day(85), today=90, **unreadable(Part.OBSERVATIONS))
    assert found[Visit.W13].category is ResponseCategory.NOT_EVALUABLE
    assert found[Visit.W25].category is ResponseCategory.NOT_YET


# ---------------------------------------------------------------- category


@pytest.mark.parametrize(
    "case",
    cases("""
    case                                        | hb  | plt | anc | red ago | category
    severe before, all normal                   | 120 | 160 | 2   | -       | CR
    severe before, no longer severe             | 80  | 30  | 0.8 | -       | PR
    severe before, severe still                 | 70  | 15  | 0.4 | -       | NR
    transfused on study within 56 days          | 80  | 30  | 0.8 | 30      | NR
    transfused on study, 56 days before         | 80  | 30  | 0.8 | 56      | PR
    """),
    ids=named,
)
def test_the_category_is_that_of_the_profile(case):
    given = (
        () if case["red ago"] == "-" else (transfused(RED, days_after(DAY_ONE, 84 - int(case["red ago"]))),)
    )
    found = at_week_13(on_day(85, (case["hb"], case["plt"], case["anc"])), *given)
    assert found.category == case["category"]
    assert found.profile == "camitta_bsh"


def test_without_transfusion_records_a_partial_response_cannot_be_told():
    found = read(BEFORE, on_day(85))[Visit.W13]
    assert found.category is ResponseCategory.NOT_EVALUABLE
    assert {"response.cannot_be_told", "transfusion.none_on_record"} <= keys(found.seen)


def test_an_independence_that_is_assumed_is_said_to_be():
    found = read(BEFORE, on_day(85, COMPLETE))[Visit.W13]
    assert found.category is ResponseCategory.CR
    assert "transfusion.assumed_none" in keys(found.seen)


def test_the_baseline_is_the_count_before_the_first_dose():
    non_severe = on_day(-5, (75, 40, "0.8"))
    steady = on_day(85, (76, 42, "0.9"))
    assert read(non_severe, LONG_AGO, steady)[Visit.W13].category is ResponseCategory.NR
    assert read(BEFORE, LONG_AGO, steady)[Visit.W13].category is ResponseCategory.PR


def test_an_old_baseline_is_flagged_and_a_missing_one_said():
    assert "baseline.old" in keys(read(on_day(-40, SEVERE_LINES), LONG_AGO, on_day(85))[Visit.W13].seen)
    found = read(LONG_AGO, on_day(85))[Visit.W13]
    assert found.category is ResponseCategory.NOT_EVALUABLE
    assert "baseline.none" in keys(found.seen)


def test_where_complete_response_cannot_be_ruled_out_that_is_said():
    found = at_week_13(on_day(85, COMPLETE), sex=Unknown(WhyUnknown.MISSING))
    assert found.category is ResponseCategory.PR
    assert "response.complete_not_excluded" in keys(found.seen)
    assert "response.complete_not_excluded" not in keys(at_week_13(on_day(85), sex=Known(Sex.MALE)).seen)


def test_a_growth_factor_is_shown():
    filgrastim = medication(
        "filgrastim", 1, start=days_after(DAY_ONE, 80), concepts=frozenset({Concept.GROWTH_FACTOR})
    )
    assert "count.growth_factor" in keys(at_week_13(on_day(85), filgrastim).seen)


# ---------------------------------------------------------------- confirmation


@pytest.mark.parametrize(
    "case",
    cases("""
    case                                     | complete | partial | poor | W13
    a second count 28 days before            | -        | 57,85   | -    | response.partial
    a second count 27 days before            | -        | 58,85   | -    | response.partial_once
    a second count 28 days after             | -        | 85,113  | -    | response.partial
    alone                                    | -        | 85      | -    | response.partial_once
    a poor count in between                  | -        | 57,85   | 70   | response.partial_once
    complete confirms partial                | 57       | 85      | -    | response.partial
    partial does not confirm complete        | 85       | 57      | -    | response.complete_once
    complete twice                           | 57,85    | -       | -    | response.complete
    complete twice with partial in between   | 57,85    | 70      | -    | response.complete_once
    poor                                     | -        | -       | 85   | response.none
    """),
    ids=named,
)
def test_a_response_is_confirmed_by_a_second_count_28_days_apart_with_none_worse_between(case):
    counted = [
        on_day(int(day), lines)
        for column, lines in (("complete", COMPLETE), ("partial", PARTIAL), ("poor", SEVERE_LINES))
        if case[column] != "-"
        for day in case[column].split(",")
    ]
    assert case["W13"] in keys(at_week_13(*counted).seen)


def test_a_count_before_the_study_confirms_nothing():
    found = read(BEFORE, LONG_AGO, on_day(-40, PARTIAL), on_day(85))[Visit.W13]
    assert "response.partial_once" in keys(found.seen)


# ---------------------------------------------------------------- what a read-out tells


def test_rule_profile_count_and_baseline_are_always_named():
    now = on_day(85)
    found = at_week_13(now)
    assert found.rule.id == "RSP-13"
    assert found.rule.origin is Origin.TRIAL_RECORD
    assert {"profile.camitta_bsh", "count.of_day", "baseline.count", "severity.severe"} <= keys(found.seen)
    references = {e.reference for e in found.evidence}
    assert {r.reference for r in (*now, *BEFORE)} | {LONG_AGO.reference} == references


@pytest.mark.parametrize("today", [77, 90, 99])
def test_the_profile_is_named_even_where_there_is_nothing_to_judge(today):
    for readout in read(BEFORE, today=today).values():
        assert readout.profile == "camitta_bsh"
        assert "profile.camitta_bsh" in keys(readout.seen)


def test_both_visits_have_their_rule():
    assert [r.rule.id for r in read(BEFORE).values()] == ["RSP-13", "RSP-25"]
