"""Ciclosporin on record: which entries count, when entries are one course, how well it is proven."""

from datetime import date
from decimal import Decimal

import pytest
from msgspec.structs import replace

from cds_service.trials.nct06802055.prior_ciclosporin.ciclosporin_courses import (
    CiclosporinCourse,
    Grade,
    ciclosporin_courses,
    read_failure_limits,
)
from cds_service.trials.nct06802055.prior_ciclosporin.course_text import course_evidence, course_said
from fhir_mappings.clinical_model.known_unknown import Unknown, WhyUnknown
from fhir_mappings.clinical_model.medications import MedicationSource, MedicationStatus
from fhir_mappings.clinical_model.messages import Phrase
from fhir_mappings.clinical_model.results import LevelDetails, SampleTiming
from tests.builders import TODAY, a_record, days_ago, dispense, given, level, medication, when
from tests.tables import cases, named

LIMITS = read_failure_limits().exposure
CSA = "ciclosporin"
STATEMENT, ORDER = MedicationSource.STATEMENT, MedicationSource.ORDER


def courses(*facts: object, t0: date = TODAY) -> tuple[CiclosporinCourse, ...]:
    return ciclosporin_courses(a_record(*facts), t0, LIMITS)


def stated(start: object, end: object = None, **more: object):
    return medication(CSA, 100, 12, start, STATEMENT, end=when(end), **more)


def ordered(start: object, end: object = None, **more: object):
    return medication(CSA, 100, 12, start, ORDER, end=when(end), **more)


def days(*facts: object) -> list[tuple[int, int]]:
    """Each course as (start, end) in days before TODAY."""
    return [((TODAY - c.start).days, (TODAY - c.end).days) for c in courses(*facts)]


# ---------------------------------------------------------------- three calendar months


@pytest.mark.parametrize(
    "case",
    cases("""
    case                              | start      | end        | three months
    exactly three months              | 2025-05-10 | 2025-08-10 | yes
    one day less                      | 2025-05-10 | 2025-08-09 | no
    30 November to 28 February        | 2024-11-30 | 2025-02-28 | yes
    30 November to 27 February        | 2024-11-30 | 2025-02-27 | no
    30 November to 28 of a leap year  | 2023-11-30 | 2024-02-28 | no
    30 November to 29 February        | 2023-11-30 | 2024-02-29 | yes
    the month of the start only       | 2025-05    | 2025-08-30 | no
    the month of the start, longer    | 2025-05    | 2025-08-31 | yes
    the month of the end              | 2025-05-10 | 2025-08    | no
    the month of the end, later       | 2025-05-10 | 2025-09    | yes
    """),
    ids=named,
)
def test_three_months_are_calendar_months_and_the_exact_day_counts(case):
    (course,) = courses(stated(case["start"], case["end"], status=MedicationStatus.COMPLETED))
    assert course.three_months == (case["three months"] == "yes")
    assert course.proves_three_months == course.three_months


def test_nothing_after_the_index_date_counts():
    (course,) = courses(stated(60, -200))
    assert course.end == TODAY
    assert courses(stated(-1)) == ()
    assert courses(stated("2026")) == ()


# ---------------------------------------------------------------- gaps


@pytest.mark.parametrize(
    "case",
    cases("""
    case                          | second | courses
    the next day                  | 69     | 1
    14 days without               | 56     | 1
    15 days without               | 55     | 2
    overlapping                   | 80     | 1
    """),
    ids=named,
)
def test_entries_at_most_14_days_apart_are_one_course(case):
    """The first supply, of 30 days, runs out 70 days ago."""
    record = (dispense(CSA, 100, 12, 100, 30), dispense(CSA, 100, 12, int(case["second"]), 30))
    assert len(courses(*record)) == int(case["courses"])


def test_a_long_entry_bridges_the_gap_of_short_ones():
    assert days(stated(100, 10), dispense(CSA, 100, 12, 95, 5), dispense(CSA, 100, 12, 20, 5)) == [(100, 10)]


# ---------------------------------------------------------------- one entry


@pytest.mark.parametrize(
    ("entry", "covered"),
    [
        (dispense(CSA, 100, 12, 100, 30), (100, 70)),
        (medication(CSA, 100, 12, 100, MedicationSource.DISPENSE), (100, 100)),
        (medication(CSA, 100, 12, 100, MedicationSource.DISPENSE, end=when(90)), (100, 90)),
        (given(CSA, 100, "2026-01-01T08:00:00+08:00"), (60, 60)),
        (medication(CSA, 100, 12, 100, MedicationSource.ADMINISTRATION, end=when(90)), (100, 90)),
        (medication(CSA, 100, 12, 100, MedicationSource.ADMINISTRATION), (100, 100)),
        (stated(100, 50), (100, 50)),
        (stated(100), (100, 0)),
        (stated(366), (366, 1)),
        (stated(365), (365, 0)),
        (stated(100, status=MedicationStatus.COMPLETED), (100, 100)),
        (ordered(100, 50), (100, 50)),
        (ordered(100), (100, 70)),
        (ordered(20), (20, 0)),
        (ordered(100, supply_days=Decimal(90)), (100, 10)),
        (ordered(100, single_dose=True, supply_days=Decimal(90)), (100, 100)),
        (ordered(100, 50, status=MedicationStatus.STOPPED), (100, 50)),
        (ordered(100, -50, status=MedicationStatus.STOPPED), (100, 100)),
        (ordered(100, status=MedicationStatus.STOPPED), (100, 100)),
        (ordered(100, status=MedicationStatus.ON_HOLD), (100, 100)),
        (ordered(100, status=MedicationStatus.STOPPED, supply_days=Decimal(90)), (100, 100)),
        (ordered(100, 120), (100, 100)),
    ],
)
def test_what_one_entry_covers(entry, covered):
    assert days(entry) == [covered]


@pytest.mark.parametrize(
    "entry",
    [
        ordered(100, status=MedicationStatus.CANCELLED),
        ordered(100, status=MedicationStatus.DRAFT),
        ordered(100, status=MedicationStatus.UNKNOWN),
        ordered(100, is_order_intent=False),
        stated(100, status=MedicationStatus.INTENDED),
        stated(100, status=MedicationStatus.NOT_TAKEN),
        stated(None),
        medication(CSA, 100, 12, 100, MedicationSource.DISPENSE, status=MedicationStatus.ACTIVE),
        medication("sirolimus", 2, 24, 100),
        stated(100, systemic=False),
    ],
    ids=[
        "cancelled",
        "draft",
        "unknown",
        "proposal",
        "intended",
        "not taken",
        "no date",
        "ready",
        "drug",
        "eye",
    ],
)
def test_what_is_no_exposure(entry):
    assert courses(entry) == ()


@pytest.mark.parametrize(
    "case",
    cases("""
    case                                  | mg  | dose       | counts
    a systemic dose                       | 100 | -          | yes
    the least systemic dose, twice a day  | 5   | -          | yes
    a drop holds next to nothing          | 0.1 | -          | no
    no dose told                          | -   | missing    | yes
    "1 drop" cannot be read to mg         | -   | unreadable | no
    """),
    ids=named,
)
def test_where_route_and_form_are_not_told_the_dose_speaks(case):
    told = {} if case["dose"] == "-" else {"dose": Unknown(WhyUnknown(case["dose"]))}
    mg = None if case["mg"] == "-" else case["mg"]
    entry = medication(CSA, mg, 12, 100, STATEMENT, systemic=None, **told)
    assert bool(courses(entry)) == (case["counts"] == "yes")


def test_the_next_order_ends_the_one_before():
    assert days(ordered(100, 10), ordered(60, 50)) == [(100, 50)]


def test_orders_of_one_day_do_not_end_each_other():
    assert days(ordered(100, 10), ordered(100, 50)) == [(100, 10)]


@pytest.mark.parametrize(
    ("later", "covered"),
    [
        (ordered(80, 70), (100, 70)),
        (stated(75, 60), (100, 60)),
        (dispense(CSA, 100, 12, 75, 5), (100, 70)),
    ],
)
def test_a_stopped_order_counts_for_30_days_where_a_later_entry_shows_that_treatment_went_on(later, covered):
    assert days(ordered(100, status=MedicationStatus.STOPPED), later)[0] == covered


def test_a_single_administration_later_does_not_say_that_the_order_went_on():
    stopped = ordered(100, status=MedicationStatus.STOPPED)
    assert days(stopped, given(CSA, 100, "2025-12-20T08:00:00+08:00"))[0] == (100, 100)


@pytest.mark.parametrize(
    "case",
    cases("""
    case                      | from | to | covered
    from a day on             | 60   | -  | 100-61
    for some days             | 60   | 50 | 100-61 49-10
    all of it                 | 120  | -  | none
    without a date            | -    | -  | none
    before it began           | 200  | 150 | 100-10
    """),
    ids=named,
)
def test_not_taken_takes_its_days_from_orders_and_statements(case):
    first, last = (None if case[k] == "-" else int(case[k]) for k in ("from", "to"))
    denied = medication(CSA, None, 24, first, STATEMENT, status=MedicationStatus.NOT_TAKEN, end=when(last))
    found = [s for c in courses(stated(100, 10), denied) for s in c.supplies]
    pieces = " ".join(f"{(TODAY - s.first).days}-{(TODAY - s.last).days}" for s in found)
    assert (pieces or "none") == case["covered"]


def test_not_taken_does_not_undo_a_dispense():
    denied = medication(CSA, None, 24, None, STATEMENT, status=MedicationStatus.NOT_TAKEN)
    assert days(dispense(CSA, 100, 12, 100, 30), denied) == [(100, 70)]


# ---------------------------------------------------------------- grades of proof


def dispensed(*agos: int, lasting: int) -> tuple[object, ...]:
    return tuple(dispense(CSA, 100, 12, ago, lasting) for ago in agos)


def named_dispenses(number: int = 4, dose: int | None = 100, systemic: bool | None = None):
    """Dispenses of 30 days by name alone, in a course of four months."""
    found = (dispense(CSA, dose, 12, ago, 30) for ago in (120, 90, 60, 30)[:number])
    named_only = tuple(replace(one, by_text_only=True, systemic=systemic) for one in found)
    return (*named_only, ordered(122, 0, by_text_only=True))


@pytest.mark.parametrize(
    ("facts", "grade"),
    [
        (dispensed(120, 90, 60, 30, lasting=30), Grade.HIGH),
        ((*dispensed(122, 92, 62, 32, lasting=25), stated(122, 0)), Grade.HIGH),
        ((*dispensed(122, 92, 62, 32, lasting=20), stated(122, 0)), Grade.MEDIUM),
        ((stated(122, 0),), Grade.MEDIUM),
        ((ordered(122, 0),), Grade.LOW),
        ((ordered(122, 61), ordered(61, 0)), Grade.MEDIUM),
        ((ordered(122, 0), ordered(122, 0)), Grade.LOW),
        ((ordered(122, 0), dispense(CSA, 100, 12, 100, 10)), Grade.LOW),
        ((ordered(122, 0), level(CSA, 140, 60)), Grade.MEDIUM),
        ((ordered(122, 10), level(CSA, 140, 5)), Grade.LOW),
        ((ordered(122, 0), level(CSA, "<25", 60)), Grade.LOW),
        ((ordered(122, 0), level(CSA, 0, 60)), Grade.LOW),
        ((stated(122, 0, by_text_only=True),), Grade.LOW),
        ((stated(122, 0, by_text_only=True), level(CSA, 140, 60)), Grade.MEDIUM),
        (named_dispenses(), Grade.HIGH),
        (named_dispenses(dose=None, systemic=True), Grade.HIGH),
        (named_dispenses(dose=None, systemic=None), Grade.LOW),
        (named_dispenses(number=2), Grade.LOW),
        ((ordered(122, 61, by_text_only=True), ordered(61, 0, by_text_only=True)), Grade.LOW),
        ((dispense(CSA, 100, 12, 30, 30),), Grade.HIGH),
        ((stated(30, 0),), Grade.MEDIUM),
        ((ordered(30, 0),), Grade.LOW),
        ((*dispensed(65, 35, lasting=30), ordered(100, 65)), Grade.LOW),
        ((*dispensed(95, 65, 35, lasting=29), ordered(99, 0)), Grade.HIGH),
        ((*dispensed(85, 55, 25, lasting=30), ordered(100, 0)), Grade.HIGH),
    ],
    ids=[
        "dispensed throughout",
        "25 of 30 days dispensed",
        "20 of 30 days dispensed",
        "stated",
        "single order",
        "renewed order",
        "two orders of one day",
        "single order, dispensed once",
        "single order with a level",
        "a level after the course",
        "a level below quantification",
        "a level of zero",
        "known by words alone",
        "known by words and a level",
        "dispensed by name, with doses",
        "dispensed by name, days of supply of a capsule",
        "dispensed by name, days of supply of nobody knows what",
        "dispensed by name for two months of four",
        "orders by name",
        "a short course, dispensed",
        "a short course, stated",
        "a short course, ordered",
        "documented for two months only",
        "dispensed from the fifth day on",
        "dispensed to the end of the course",
    ],
)
def test_how_well_a_course_is_proven(facts, grade):
    (course,) = courses(*facts)
    assert course.grade is grade


@pytest.mark.parametrize("by_name", [False, True])
def test_daily_administrations_prove_a_course(by_name):
    start = date(2025, 10, 1)
    doses = tuple(
        replace(
            given(CSA, 100, f"{date.fromordinal(start.toordinal() + n)}T08:00:00+08:00"), by_text_only=by_name
        )
        for n in range(120)
    )
    (course,) = courses(*doses)
    assert course.grade is Grade.HIGH
    assert course.proves_three_months
    assert len(list(course_evidence(course))) == 2


@pytest.mark.parametrize(
    ("facts", "proof"),
    [
        (named_dispenses(), ["course.proof_high", "course.by_name"]),
        (dispensed(120, 90, 60, 30, lasting=30), ["course.proof_high"]),
        (named_dispenses(number=2), ["course.proof_by_name"]),
        ((stated(122, 0, by_text_only=True),), ["course.proof_by_name"]),
        ((ordered(122, 0, by_text_only=True),), ["course.proof_low"]),
        ((ordered(122, 0),), ["course.proof_low"]),
        ((stated(122, 0, by_text_only=True), level(CSA, 140, 60)), ["course.proof_medium", "course.by_name"]),
    ],
)
def test_words_alone_are_said_of_orders_and_a_name_of_the_rest(facts, proof):
    (course,) = courses(*facts)
    details = dict(course_said(course, LIMITS).values)["details"]
    assert [p.key for p in details if p.key.startswith(("course.proof", "course.by"))] == proof


def test_thousands_of_doses_are_no_burden():
    start = date(2014, 1, 1).toordinal()
    doses = tuple(given(CSA, 100, f"{date.fromordinal(start + n)}T08:00:00+08:00") for n in range(4000))
    (course,) = courses(*doses)
    assert course.grade is Grade.HIGH


# ---------------------------------------------------------------- words


def details(*facts: object) -> list[Phrase]:
    (course,) = courses(*facts)
    said = dict(course_said(course, LIMITS).values)["details"]
    assert isinstance(said, tuple)
    return list(said)


def test_months_dose_and_troughs_are_shown():
    (course,) = courses(stated("2025-09-02", "2026-03-01"), level(CSA, 60, 60), level(CSA, 74, 30))
    said = dict(course_said(course, LIMITS).values)
    assert (said["months"], said["start"], said["end"]) == (5, date(2025, 9, 2), date(2026, 3, 1))
    proof, dose, troughs, low = said["details"]
    assert proof.key == "course.proof_medium"
    assert dict(dose.values) == {"mg": Decimal(200)}
    assert dict(troughs.values) == {"number": 2, "highest": Decimal(74), "day": days_ago(30)}
    assert dict(low.values) == {"limit": Decimal(75)}


@pytest.mark.parametrize(
    ("levels", "keys"),
    [
        ((), ["course.no_levels"]),
        ((level(CSA, 74, 30),), ["course.levels", "course.all_levels_low"]),
        ((level(CSA, 74, 30), level(CSA, 75, 20)), ["course.levels"]),
        ((level(CSA, 800, 30, level=LevelDetails(timing=SampleTiming.POST_DOSE)),), ["course.no_levels"]),
        ((level(CSA, 74, 30, level=None),), ["course.levels", "course.all_levels_low"]),
    ],
    ids=["none", "low", "one at the limit", "two hours after the dose", "timing not told"],
)
def test_troughs_are_shown_and_said_to_be_low_only_when_all_are(levels, keys):
    assert [d.key for d in details(stated(100, 10), *levels) if "level" in d.key] == keys


def test_without_a_readable_dose_none_is_shown():
    entry = medication(CSA, None, 24, 100, STATEMENT, end=when(10))
    assert "course.median_dose" not in [d.key for d in details(entry)]


@pytest.mark.parametrize(
    ("facts", "key"),
    [
        ((dispense(CSA, 100, 12, 30, 30),), "course.proof_high"),
        ((ordered(100),), "course.proof_low"),
    ],
)
def test_the_proof_is_said(facts, key):
    assert details(*facts)[0].key == key


def test_evidence_is_the_first_and_last_entry_of_each_kind_and_the_last_level():
    first, middle, last = dispensed(90, 60, 30, lasting=30)
    seen, unseen = level(CSA, 74, 30), level(CSA, "<25", 20)
    (course,) = courses(first, middle, last, seen, unseen)
    assert [e.reference for e in course_evidence(course)] == [first.reference, last.reference, seen.reference]
