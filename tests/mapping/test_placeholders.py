"""Placeholder dates and durations in the readers: no end, not known, or more than anybody is given."""

from datetime import date, datetime, timedelta, timezone
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fhir_mappings.clinical_model.calendar import (
    EARLIEST,
    LATEST,
    NotADate,
    days_after,
    days_before,
    months_after,
    months_before,
    read_when,
    years_before,
)
from fhir_mappings.clinical_model.known_unknown import Known, WhyUnknown
from fhir_mappings.readers.timing import DAY
from tests.builders import ZONE
from tests.mapping.charts import dispense, line, order, read, statement
from tests.tables import cases, named

HUGE = 10**400
days = st.dates()


@pytest.mark.parametrize("text", ["1849-12-31", "0001-01-01", "0001", "1753-01", "1849-12-31T23:59:59-12:00"])
def test_a_date_before_1850_is_none(text):
    with pytest.raises(NotADate):
        read_when(text, ZONE)


@pytest.mark.parametrize("text", ["1850-01-01", "1850", "1900-01-01", "1850-01-01T00:00:00+14:00"])
def test_a_date_since_1850_is_one(text):
    assert not read_when(text, ZONE).is_never


@pytest.mark.parametrize(
    "case",
    cases("""
        text                       | first      | last       | never
        2199-12-31                 | 2199-12-31 | 2199-12-31 | no
        2199-12-31T23:59:59-12:00  | 2200-01-01 | 2200-01-01 | yes
        2199                       | 2199-01-01 | 2199-12-31 | no
        2200-01-01                 | 2200-01-01 | 2200-01-01 | yes
        9999-12-31                 | 9999-12-31 | 9999-12-31 | yes
        9999-12-31T23:59:59Z       | 9999-12-31 | 9999-12-31 | yes
        9999-12-31T23:59:59-12:00  | 9999-12-31 | 9999-12-31 | yes
        9999-11                    | 9999-11-01 | 9999-11-30 | yes
    """),
    ids=named,
)
def test_a_date_after_2199_keeps_its_day_and_says_never(case):
    when = read_when(case["text"], ZONE)
    assert (str(when.first), str(when.last)) == (case["first"], case["last"])
    assert when.is_never is (case["never"] == "yes")
    assert when.text == case["text"]


@pytest.mark.parametrize("text", ["9999", "9999-12"])
def test_the_last_month_of_the_calendar_ends_within_it(text):
    assert read_when(text, ZONE).last.year == 9999


BEIJING = timezone(timedelta(hours=8))
"""Shanghai's own offset before 1901 has seconds, which FHIR cannot write."""


@given(
    st.datetimes(
        timezones=st.sampled_from([BEIJING]), min_value=datetime(1, 1, 3), max_value=datetime(9999, 12, 28)
    )
)
def test_every_instant_is_read_or_is_none(moment):
    for text in (
        moment.isoformat(),
        moment.date().isoformat(),
        f"{moment.year:04}",
        f"{moment.isoformat()[:7]}",
    ):
        try:
            when = read_when(text, ZONE)
        except NotADate:
            assert moment.date() < EARLIEST
        else:
            assert when.first <= when.last
            assert when.is_never is (when.first > LATEST)


# ---------------------------------------------------------------- arithmetic


@given(days, st.integers())
def test_adding_any_number_of_days_stays_in_the_calendar_and_in_order(day, number):
    later = days_after(day, number)
    assert (later >= day) is (number >= 0 or day == date.min)
    assert days_before(day, number) == days_after(day, -number)


@given(days, st.integers())
def test_adding_any_number_of_months_does_too(day, number):
    later = months_after(day, number)
    assert later >= day if number >= 0 else later <= day
    assert months_before(day, number) == months_after(day, -number)


@pytest.mark.parametrize(
    ("day", "last"),
    [
        (days_after(date(9999, 12, 30), 1), date.max),
        (days_after(date(9999, 12, 31), 1), date.max),
        (days_after(date(2026, 3, 2), HUGE), date.max),
        (days_before(date(1, 1, 2), 1), date.min),
        (days_before(date(1, 1, 1), 1), date.min),
        (days_before(date(2026, 3, 2), HUGE), date.min),
        (months_after(date(9999, 11, 30), 1), date(9999, 12, 30)),
        (months_after(date(9999, 12, 1), 1), date.max),
        (months_before(date(1, 2, 28), 1), date(1, 1, 28)),
        (months_before(date(1, 1, 31), 1), date.min),
        (months_after(date(2026, 3, 2), HUGE), date.max),
        (years_before(date(2026, 3, 2), 2025), date(1, 3, 2)),
        (years_before(date(2026, 3, 2), 2026), date.min),
    ],
)
def test_the_calendar_has_two_ends(day, last):
    assert day == last


# ---------------------------------------------------------------- durations

DAILY = line(2, repeat={"frequency": 1, "period": 1, "periodUnit": "d"})


@pytest.mark.parametrize(
    ("value", "kept"),
    [
        (3660, Decimal(3660)),
        (3661, None),
        (99_999_999, None),
        (1e300, None),
        (HUGE, None),
        (-1, None),
        (0, None),
    ],
)
def test_a_supply_is_believed_for_ten_years(value, kept):
    (event,) = read(dispense("sirolimus", DAILY, daysSupply={"value": value, "unit": "d"})).medications
    assert event.supply_days == kept


@pytest.mark.parametrize(
    ("quantity", "kept"),
    [(7320, Decimal(3660)), (7322, None), (1e300, None), (HUGE, None), (5e-324, Decimal(0))],
)
def test_a_quantity_lasts_ten_years_at_most(quantity, kept):
    (event,) = read(dispense("sirolimus", DAILY, quantity={"value": quantity, "unit": "mg"})).medications
    assert event.supply_days == kept


@pytest.mark.parametrize(
    ("repeats", "kept"), [(0, 30), (121, 3660), (122, None), (10**9, None), (HUGE, None)]
)
def test_an_order_with_all_its_repeats_lasts_ten_years_at_most(repeats, kept):
    request = {"expectedSupplyDuration": {"value": 30, "unit": "d"}, "numberOfRepeatsAllowed": repeats}
    (event,) = read(order("sirolimus", DAILY, dispenseRequest=request)).medications
    assert event.supply_days == kept


@pytest.mark.parametrize(
    ("bounds", "end"),
    [
        ({"boundsDuration": {"value": 3660, "unit": "d"}}, date(2036, 2, 28)),
        ({"boundsDuration": {"value": 3661, "unit": "d"}}, None),
        ({"boundsDuration": {"value": 10, "unit": "a"}}, date(2036, 2, 20)),
        ({"boundsDuration": {"value": 99, "unit": "a"}}, None),
        ({"boundsDuration": {"value": 1e300, "unit": "mo"}}, None),
        ({"boundsDuration": {"value": HUGE, "unit": "mo"}}, None),
        ({"boundsPeriod": {"end": "2026-05-01"}}, date(2026, 5, 1)),
        ({"boundsPeriod": {"end": "2199-12-31"}}, date(2199, 12, 31)),
        ({"boundsPeriod": {"end": "9999-12-31"}}, None),
        ({"boundsPeriod": {"start": "0001-01-01", "end": "9999-12-31T23:59:59Z"}}, None),
    ],
)
def test_an_order_ends_within_ten_years_or_has_no_end(bounds, end):
    repeat = {"frequency": 1, "period": 1, "periodUnit": "d", **bounds}
    (event,) = read(order("sirolimus", line(2, repeat=repeat))).medications
    assert (event.end.last if event.end else None) == end
    assert event.start.last == date(2026, 2, 20)


def test_what_is_taken_till_9999_is_still_taken():
    period = {"start": "2026-01-01", "end": "9999-12-31"}
    (event,) = read(statement("sirolimus", DAILY, effectivePeriod=period)).medications
    assert event.end is None


@pytest.mark.parametrize(
    ("repeat", "hours"),
    [
        ({"frequency": 1, "period": 366, "periodUnit": "d"}, DAY * 366),
        ({"frequency": 1, "period": 367, "periodUnit": "d"}, None),
        ({"frequency": 1, "period": 1e300, "periodUnit": "wk"}, None),
        ({"frequency": 1, "period": HUGE, "periodUnit": "h"}, None),
        ({"frequency": HUGE, "period": 1, "periodUnit": "d"}, None),
        ({"frequency": 8785, "period": 366, "periodUnit": "d"}, None),
        ({"frequency": -1, "period": 1, "periodUnit": "d"}, None),
        ({"frequency": 1, "period": 5e-324, "periodUnit": "d"}, None),
        ({"count": HUGE, "frequency": 1, "period": 1, "periodUnit": "d"}, DAY),
    ],
)
def test_a_rhythm_has_a_length_that_somebody_lives_by(repeat, hours):
    (event,) = read(order("sirolimus", line(2, repeat=repeat))).medications
    if hours is None:
        assert event.dose.why is WhyUnknown.UNREADABLE
    else:
        assert isinstance(event.dose, Known)
        assert event.dose.value.every_hours == hours


@pytest.mark.parametrize("amount", [HUGE, 1e300, 5e-324, -HUGE, -1, 0])
def test_an_amount_of_any_size_is_a_dose_or_none(amount):
    (event,) = read(order("sirolimus", line(amount, repeat=DAILY["timing"]["repeat"]))).medications
    assert isinstance(event.dose, Known) is (amount > 0)
