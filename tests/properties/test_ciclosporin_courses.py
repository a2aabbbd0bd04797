"""How well a course of ciclosporin is proven, for any dispenses inside it, against a count of its days one by one."""

from datetime import timedelta

from hypothesis import example, given, settings
from hypothesis import strategies as st

from cds_service.trials.nct06802055.prior_ciclosporin.ciclosporin_courses import (
    CiclosporinCourse,
    Grade,
    ciclosporin_courses,
    read_failure_limits,
)
from fhir_mappings.clinical_model.calendar import months_after, months_before
from fhir_mappings.clinical_model.medications import MedicationSource
from tests.builders import TODAY, a_record, dispense, medication, when

CSA = "ciclosporin"
HANDED_OVER = st.lists(st.tuples(st.integers(0, 130), st.integers(1, 40)), max_size=5)


def counted_day_by_day(course: CiclosporinCourse) -> Grade:
    """HIGH where 80 % of some three months are documented: a stretch from a first documented day, or the last one."""
    given_out = [s for s in course.supplies if s.source is MedicationSource.DISPENSE]
    covered = {s.first + timedelta(n) for s in given_out for n in range((s.used_up - s.first).days)}
    last_start = months_before(course.end, 3)
    stretches = [
        (day, months_after(day, 3))
        for day in {last_start, *(day for day in covered if day - timedelta(1) not in covered)}
        if day <= last_start
    ]
    if last_start < course.start:
        stretches = [(course.start, course.end)]
    enough = any(
        10 * sum(first <= day < end for day in covered) >= 8 * (end - first).days for first, end in stretches
    )
    return Grade.HIGH if enough and covered else Grade.MEDIUM


@settings(max_examples=400)
@given(handed_over=HANDED_OVER, length=st.integers(0, 130))
@example(handed_over=[(75, 36), (39, 37)], length=122)  # 73 of the last 92 days: one too few
@example(handed_over=[(75, 36), (39, 38)], length=122)  # 74
@example(handed_over=[(8, 8)], length=10)  # 8 of 10 days
@example(handed_over=[], length=0)  # one day, and nothing handed over
def test_the_days_are_counted_as_if_one_by_one(handed_over, length):
    (course, *_) = ciclosporin_courses(
        a_record(
            medication(CSA, 100, 12, length, MedicationSource.STATEMENT, end=when(0)),
            *(dispense(CSA, 100, 12, ago, days) for ago, days in handed_over if ago <= length),
        ),
        TODAY,
        read_failure_limits().exposure,
    )
    assert course.grade is counted_day_by_day(course)
