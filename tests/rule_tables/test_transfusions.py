"""Transfusions: windows to the day, and what a chart without any may be taken to mean."""

import pytest

from cds_service.rules.thresholds import read_limits
from cds_service.rules.verdict import Verdict
from cds_service.trials.nct06802055.patient_state.blood.counts import CountLimits, blood_counts
from cds_service.trials.nct06802055.patient_state.blood.haematology import read_haematology
from cds_service.trials.nct06802055.patient_state.blood.transfusions import (
    confounded,
    independent,
    transfused_within,
    transfusion_evidence,
    transfusion_history,
    transfusion_said,
)
from cds_service.trials.nct06802055.patient_state.blood.unexplained_rise import rose_unexplained
from fhir_mappings.clinical_model.concepts import Concept
from fhir_mappings.clinical_model.known_unknown import Part
from tests.builders import TODAY, a_record, count, days_ago, dispense, transfused, unreadable
from tests.tables import cases, named

LIMITS = read_limits(CountLimits, "counts")
RED, PLATELETS = Concept.RED_CELL_TRANSFUSION, Concept.PLATELET_TRANSFUSION
FAR = transfused(PLATELETS, 900)


@pytest.mark.parametrize(
    "case",
    cases("""
    case                              | given      | answer
    the day itself                    | 0          | met
    fourteen days before              | 14         | met
    fifteen days before               | 15         | not-met
    the day after                     | -1         | not-met
    the month of the window           | 2026-02    | unknown
    the month that fills the window   | 2026-01    | not-met
    the year                          | 2026       | unknown
    """),
    ids=named,
)
def test_a_transfusion_counts_within_fourteen_days_the_last_day_included(case):
    given = case["given"]
    record = a_record(transfused(RED, given if given.startswith("2026") else int(given)), FAR)
    assert transfused_within(record, RED, TODAY, 14, None, LIMITS) == case["answer"]


def test_a_month_that_lies_wholly_in_the_window_is_a_transfusion_in_it():
    assert transfused_within(a_record(transfused(RED, "2026-02")), RED, TODAY, 60, None, LIMITS) == "met"


def test_a_transfusion_without_date_may_have_been_any_day():
    undated = transfused(RED, 1)
    record = a_record(type(undated)(undated.reference, undated.concepts, None), FAR)
    assert transfused_within(record, RED, TODAY, 14, None, LIMITS) is Verdict.UNKNOWN
    assert transfused_within(record, PLATELETS, TODAY, 14, None, LIMITS) is Verdict.NOT_MET


def test_a_planned_transfusion_is_none():
    planned = transfused(RED, 3)
    record = a_record(type(planned)(planned.reference, planned.concepts, planned.when, planned=True), FAR)
    assert transfused_within(record, RED, TODAY, 14, None, LIMITS) is Verdict.NOT_MET


@pytest.mark.parametrize(
    "case",
    cases("""
    case                           | hb    | plt  | answer
    both at their limit            | 100   | 50   | not-met
    haemoglobin just below         | 99.9  | 50   | unknown
    platelets just below           | 100   | 49.9 | unknown
    at least the limits            | >=100 | >=50 | not-met
    platelets not told             | 130   | -    | unknown
    haemoglobin not told           | -     | 300  | unknown
    a comparator leaves it open    | <120  | 50   | unknown
    """),
    ids=named,
)
def test_without_any_transfusion_on_record_only_a_good_count_speaks_against_one(case):
    hb, plt = (None if case[k] == "-" else case[k] for k in ("hb", "plt"))
    record = a_record(count(hb, plt, "1.2"))
    (found,) = blood_counts(record)
    assert transfused_within(record, RED, found.day, 14, found, LIMITS) == case["answer"]


def test_without_records_and_without_a_count_nothing_is_assumed():
    assert transfused_within(a_record(), RED, TODAY, 14, None, LIMITS) is Verdict.UNKNOWN


def test_transfusions_that_could_not_be_read_leave_every_count_open():
    record = a_record(count(150, 300, 3), transfused(RED, 100), **unreadable(Part.PROCEDURES))
    (found,) = blood_counts(record)
    assert transfused_within(record, RED, found.day, 14, found, LIMITS) is Verdict.UNKNOWN


def test_a_transfusion_that_was_read_stands_although_others_could_not_be():
    record = a_record(transfused(RED, 3), **unreadable(Part.PROCEDURES))
    assert transfused_within(record, RED, TODAY, 14, None, LIMITS) is Verdict.MET


@pytest.mark.parametrize(
    "case",
    cases("""
    case                          | red | platelets | independent
    red cells 55 days before      | 55  | 900       | not-met
    red cells 56 days before      | 56  | 900       | met
    platelets 27 days before      | 900 | 27        | not-met
    platelets 28 days before      | 900 | 28        | met
    on the day of the count       | 0   | 900       | not-met
    """),
    ids=named,
)
def test_independence_needs_56_days_without_red_cells_and_28_without_platelets(case):
    record = a_record(
        count(80, 25, 1, ago=0),
        transfused(RED, int(case["red"])),
        transfused(PLATELETS, int(case["platelets"])),
    )
    (found,) = blood_counts(record)
    assert independent(transfusion_history(record), found, LIMITS) == case["independent"]


@pytest.mark.parametrize(
    ("product", "ago", "answer"),
    [(RED, 14, "met"), (RED, 15, "not-met"), (PLATELETS, 7, "met"), (PLATELETS, 8, "not-met")],
)
def test_a_line_is_not_the_patients_own_for_14_days_after_red_cells_and_7_after_platelets(
    product, ago, answer
):
    record = a_record(count(80, 25, 1, ago=0), transfused(product, ago))
    (found,) = blood_counts(record)
    assert confounded(transfusion_history(record), product, found, LIMITS) == answer


# ---------------------------------------------------------------- words


@pytest.mark.parametrize(
    ("facts", "fields", "key"),
    [
        ((), {}, "transfusion.none_on_record"),
        ((), unreadable(Part.PROCEDURES), "transfusion.unreadable"),
        ((transfused(RED, 3), transfused(PLATELETS, 4)), {}, "transfusion.last"),
        ((transfused(RED, "2026"),), {}, "transfusion.none_dated_before"),
    ],
)
def test_what_is_known_of_transfusions_is_said(facts, fields, key):
    record = a_record(count(80, 25, 1, ago=0), *facts, **fields)
    (found,) = blood_counts(record)
    assert transfusion_said(transfusion_history(record), found, LIMITS).key == key


def test_an_assumed_independence_is_said_to_be_assumed():
    record = a_record(count(100, 50, 1, ago=0))
    (found,) = blood_counts(record)
    assert transfusion_said(transfusion_history(record), found, LIMITS).key == "transfusion.assumed_none"


def test_the_last_transfusion_of_each_product_is_evidence():
    red, older, plt = transfused(RED, 3), transfused(RED, 9), transfused(PLATELETS, 4)
    history = transfusion_history(a_record(red, older, plt))
    assert [e.reference for e in transfusion_evidence(history, TODAY)] == [red.reference, plt.reference]
    assert [e.reference for e in transfusion_evidence(history, days_ago(5))] == [older.reference]


# ---------------------------------------------------------------- unexplained rise


@pytest.mark.parametrize(
    "case",
    cases("""
    case                                     | low ago | also ago | drug ago | red ago | suspect
    low 60 days before                       | 60      |          |          |         | yes
    low 61 days before                       | 61      |          |          |         | no
    low the day before                       | 1       |          |          |         | yes
    a good count 28 days before agrees       | 50      | 28       |          |         | no
    a good count 27 days before does not     | 50      | 27       |          |         | yes
    a good count before the low one does not | 30      | 40       |          |         | yes
    treatment in between                     | 50      |          | 40       |         | no
    treatment long before                    | 50      |          | 400      |         | yes
    a transfusion in between                 | 50      |          |          | 40      | no
    never low                                |         |          |          |         | no
    """),
    ids=named,
)
def test_a_rise_across_the_limit_without_reason_is_suspect(case):
    facts = [count(105, 40, 2, ago=0), FAR]
    if case["low ago"]:
        facts.append(count(95, 40, 2, ago=int(case["low ago"])))
    if case["also ago"]:
        facts.append(count(104, 40, 2, ago=int(case["also ago"])))
    if case["drug ago"]:
        facts.append(dispense("ciclosporin", 100, 12, ago=int(case["drug ago"])))
    if case["red ago"]:
        facts.append(transfused(RED, int(case["red ago"])))
    blood = read_haematology(a_record(*facts), LIMITS)
    suspect = rose_unexplained(RED, blood.counts[-1], LIMITS.haemoglobin_below, blood, LIMITS)
    assert suspect == (case["suspect"] == "yes")


def test_a_single_count_too_good_for_a_transfused_patient_is_suspect_all_the_same():
    blood = read_haematology(a_record(count(95, 60, 2, ago=20), count(105, 50, 2, ago=0)), LIMITS)
    assert rose_unexplained(RED, blood.counts[-1], LIMITS.haemoglobin_below, blood, LIMITS)


def test_platelets_that_rose_are_suspect_by_themselves():
    blood = read_haematology(a_record(count(80, 20, 2, ago=20), count(80, 55, 2, ago=0), FAR), LIMITS)
    assert rose_unexplained(PLATELETS, blood.counts[-1], LIMITS.platelets_below, blood, LIMITS)
