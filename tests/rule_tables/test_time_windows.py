"""Where a date of any precision lies, against a count of the days that it may mean."""

from datetime import date, timedelta
from itertools import combinations_with_replacement, product

import pytest
from msgspec.structs import replace

from cds_service.rules.latest_results import latest_results, recent
from cds_service.rules.time_windows import diagnosed_by, known_by, newest, newest_of_each, results_by, within
from fhir_mappings.clinical_model.calendar import When
from fhir_mappings.clinical_model.concepts import Concept
from fhir_mappings.clinical_model.diagnoses import Diagnosis
from fhir_mappings.clinical_model.results import Analyte, Reading, Result
from tests.builders import NOW, TODAY, a_record, days_ago, diagnosis, result, when

DAYS = range(7)
SPANS = [When("", days_ago(first), days_ago(last)) for first, last in product(DAYS, DAYS) if first >= last]
"""Every stretch of days of the last week."""
HAEMOGLOBIN, PLATELETS = Analyte.HAEMOGLOBIN, Analyte.PLATELETS


def days_of(span: When, until: date) -> set[date]:
    """The days that it may mean: what lies behind us happened before now."""
    return {
        day for n in range((span.last - span.first).days + 1) if (day := span.first + timedelta(n)) <= until
    }


@pytest.mark.parametrize(("earliest", "t0"), [(5, 2), (3, 3), (4, 0)])
def test_a_fact_is_in_a_window_where_all_its_days_are_and_perhaps_where_some_are(
    earliest: int, t0: int
) -> None:
    first, last = days_ago(earliest), days_ago(t0)
    for span in SPANS:
        each = {first <= day <= last for day in days_of(span, last)} or {False}
        assert within(span, first, last) is (each.pop() if len(each) == 1 else None)
        assert known_by(span, last) is bool(days_of(span, last))


def test_without_a_date_a_fact_is_known_and_nobody_can_say_whether_it_is_in_a_window() -> None:
    assert known_by(None, TODAY)
    assert within(None, days_ago(9), TODAY) is None


@pytest.mark.parametrize(
    ("onset", "recorded", "there"),
    [(3, 1, True), (1, 3, False), (None, 2, True), (None, 1, False), (None, None, True), (2, None, True)],
)
def test_a_diagnosis_is_there_from_its_onset_or_else_from_the_day_it_was_written_down(
    onset: int | None, recorded: int | None, there: bool
) -> None:
    assert (
        diagnosed_by(replace(a_diagnosis(), onset=when(onset), recorded=when(recorded)), days_ago(2)) is there
    )


def a_diagnosis() -> Diagnosis:
    return diagnosis(next(iter(Concept)))


def of(span: When | None, number: int = 90) -> Result:
    return replace(result(HAEMOGLOBIN, number), when=span)


def test_the_newest_results_are_those_that_may_be_the_last() -> None:
    for spans in combinations_with_replacement(SPANS[::2], 3):
        results = [of(span) for span in spans]
        may_be = [one for one in results if one.when and all(one.when.last >= other.first for other in spans)]
        assert newest([of(None), *results]) == tuple(may_be)
    assert newest([of(None)]) == ()


def test_of_results_with_a_time_of_day_the_latest_is_the_last_beside_those_without_one() -> None:
    early, late, untimed = (
        of(when(f"{TODAY}T08:00:00+08:00")),
        of(when(f"{TODAY}T08:30:00+08:00")),
        of(when(0)),
    )
    assert newest([early, late, untimed]) == (late, untimed)
    assert newest([late, early]) == (late,)
    assert newest([early, replace(early, number=None)]) == (early, replace(early, number=None))


def test_results_that_may_decide_are_usable_and_begin_by_then() -> None:
    used = [of(when(2)), of(When("", days_ago(3), days_ago(1))), replace(of(when(5)), analyte=PLATELETS)]
    unused = [
        of(when(1)),
        of(None),
        *(replace(of(when(2)), reading=reading) for reading in Reading if reading is not Reading.USABLE),
        replace(of(when(2)), analyte=Analyte.ALT),
    ]
    record = a_record(*used, *unused)
    assert set(results_by(record, days_ago(2), HAEMOGLOBIN, PLATELETS)) == set(used)
    assert newest_of_each(record, days_ago(2), [HAEMOGLOBIN, PLATELETS, Analyte.AST]) == {
        HAEMOGLOBIN: newest(used[:2]),
        PLATELETS: (used[2],),
        Analyte.AST: (),
    }


MOMENTS = [
    None,
    when(-1),
    when(f"{TODAY}T08:59:00+08:00"),
    when(f"{TODAY}T09:00:00+08:00"),
    when(f"{TODAY}T09:01:00+08:00"),
    when(0),
    when(1),
    when("2026-03"),
    when("2026-02"),
]
"""Around now, 09:00 of 2 March."""


def lies_ahead(moment: When) -> bool:
    return moment.instant > NOW.instant if moment.instant else moment.first > TODAY


def test_the_latest_result_is_the_last_that_does_not_lie_ahead_and_of_one_moment_the_highest() -> None:
    pool = [of(moment, number) for moment in MOMENTS for number in (80, 90)]
    pool += [replace(of(when(0), 70), number=None), replace(of(when(0), 99), reading=Reading.PRELIMINARY)]
    for facts in combinations_with_replacement(pool, 2):
        may_be = [
            one
            for one in facts
            if one.when and one.number and one.reading is Reading.USABLE and not lies_ahead(one.when)
        ]
        found = latest_results(a_record(*facts), NOW).get(HAEMOGLOBIN)
        best = max(may_be, key=rank, default=None)
        assert (found and rank(found)) == (best and rank(best))


def rank(one: Result) -> tuple[date, bool, str, int]:
    """The last day it may be of; then by the clock, what has none before all that have; then the number."""
    assert one.when
    assert one.number
    clock = one.when.instant
    return one.when.last, clock is not None, str(clock), int(one.number)


ALWAYS_LOOKED_AT = {
    *(HAEMOGLOBIN, PLATELETS, Analyte.NEUTROPHILS, Analyte.WHITE_CELLS),
    *(Analyte.ALT, Analyte.AST, Analyte.BILIRUBIN, Analyte.CREATININE, Analyte.POTASSIUM, Analyte.WEIGHT),
}


def test_the_latest_results_are_of_the_tests_that_dosing_looks_at() -> None:
    every = latest_results(a_record(*(result(analyte, 5) for analyte in Analyte)), NOW)
    assert every.keys() == ALWAYS_LOOKED_AT


@pytest.mark.parametrize(
    ("moment", "counts"),
    [(0, True), (13, True), (14, True), (15, False), (None, False), (When("", days_ago(15), TODAY), False)],
)
def test_a_result_is_recent_by_its_earliest_day(moment: object, counts: bool) -> None:
    span = moment if isinstance(moment, When) else when(moment)  # type: ignore[arg-type]
    one = of(span)
    assert recent({HAEMOGLOBIN: one}, HAEMOGLOBIN, TODAY, 14) == (one if counts else None)
    assert recent({}, HAEMOGLOBIN, TODAY, 14) is None


def test_now_is_an_instant_and_a_day_is_over_when_it_is() -> None:
    ahead = [moment for moment in MOMENTS if moment and NOW.is_before(moment)]
    assert ahead == [when(-1), MOMENTS[4]]
