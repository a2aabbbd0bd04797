"""Days of a course, supplies up to today, tables of a story, and tokens of prefetch templates."""

from datetime import date, timedelta

import pytest

from cds_service.demo.demo_patients.timeline import Timeline, timeline_rows
from cds_service.demo.prefetch_modes import _in_small_pages, fill_prefetch

TODAY = date(2026, 3, 2)
COURSE = Timeline(TODAY, day_one=-30)


@pytest.mark.parametrize(
    ("text", "ago"), [("0", 0), ("-30", 30), ("7", -7), ("D1", 30), ("D8", 23), ("D31", 0), ("D0", 31)]
)
def test_a_day_is_counted_from_today_or_from_the_first_dose(text: str, ago: int) -> None:
    assert COURSE.day(text) == TODAY - timedelta(days=ago)


def test_without_a_first_dose_there_is_no_study_day() -> None:
    with pytest.raises(ValueError, match="no first study dose"):
        Timeline(TODAY).day("D1")
    assert Timeline(TODAY, day_one=0).day("D1") == TODAY


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("0", "2026-03-02T07:30:00+08:00"),
        ("D8 11:45", "2026-02-07T11:45:00+08:00"),
        ("-1  06:00 ", "2026-03-01T06:00:00+08:00"),
    ],
)
def test_a_moment_is_that_of_the_visit_unless_another_is_written(text: str, moment: str) -> None:
    assert COURSE.moment(text) == moment
    assert COURSE.moment("0", "20:00") == "2026-03-02T20:00:00+08:00"


@pytest.mark.parametrize(
    ("first", "last", "step", "days"),
    [
        (-10, None, 5, [-10, -5, -1]),
        (-9, None, 5, [-9, -4]),
        (-10, -5, 5, [-10, -5]),
        (-10, -6, 5, [-10]),
        (-10, 30, 5, [-10, -5, -1]),
        (0, None, 5, [-1]),
        (1, None, 5, []),
        (-1, None, 1, [-1, -1]),
    ],
)
def test_supplies_go_up_to_today_and_todays_was_had_yesterday(
    first: int, last: int | None, step: int, days: list[int]
) -> None:
    end = None if last is None else TODAY + timedelta(days=last)
    found = COURSE.supply_days(TODAY + timedelta(days=first), end, step)
    assert [(one - TODAY).days for one in found] == days


def test_a_table_has_its_cells_by_column_and_no_ragged_row() -> None:
    assert timeline_rows("a | b\n\n 1 |2 \n3|") == [{"a": "1", "b": "2"}, {"a": "3", "b": ""}]
    assert timeline_rows("a | b") == []
    with pytest.raises(ValueError, match="zip"):
        timeline_rows("a | b\n1")


# ---------------------------------------------------------------- tokens

CONTEXT = {"patientId": "p1", "userId": "Practitioner/u1", "draftOrders": {"entry": []}}


@pytest.mark.parametrize(
    ("template", "filled"),
    [
        ("Patient/{{context.patientId}}", "Patient/p1"),
        ("Patient/{{ context.patientId }}", "Patient/p1"),
        ("x?a={{context.patientId}}&b={{context.patientId}}", "x?a=p1&b=p1"),
        ("Encounter/{{context.encounterId}}", None),
        ("x?a={{context.draftOrders}}", None),
        ("Practitioner/{{userPractitionerId}}", "Practitioner/u1"),
        ("PractitionerRole/{{userPractitionerRoleId}}", None),
        ("Patient/{{userPatientId}}", None),
        ("RelatedPerson/{{userRelatedPersonId}}", None),
        ("x?date=ge{{today()}}", "x?date=ge2026-03-02"),
        ("x?date=ge{{today() - 90 days}}", "x?date=ge2025-12-02"),
        ("x?date=ge{{today() + 1 day}}", "x?date=ge2026-03-03"),
        ("x?date=ge{{today()-7 days}}", "x?date=ge2026-02-23"),
        ("x?date=ge{{yesterday()}}", None),
        ("{{patientId}}", None),
        ("Patient", "Patient"),
    ],
)
def test_a_template_is_filled_or_left_out(template: str, filled: str | None) -> None:
    assert fill_prefetch(template, CONTEXT, TODAY) == filled


@pytest.mark.parametrize("kind", ["Practitioner", "PractitionerRole", "Patient", "RelatedPerson"])
def test_a_user_s_token_is_for_users_of_its_kind(kind: str) -> None:
    asked = f"x/{{{{user{kind}Id}}}}"
    assert fill_prefetch(asked, {"userId": f"{kind}/7"}) == "x/7"
    assert fill_prefetch(asked, {"userId": "Device/7"}) is None
    assert fill_prefetch(asked, {}) is None


def test_without_a_day_what_asks_for_it_is_left_out() -> None:
    assert fill_prefetch("x?date=ge{{today()}}", CONTEXT) is None


@pytest.mark.parametrize(
    ("query", "small"),
    [
        ("x?a=1&_count=1000", "x?a=1&_count=10"),
        ("x?_count=1000&a=1", "x?_count=10&a=1"),
        ("x?a=1", "x?a=1&_count=10"),
        ("x?my_count=5", "x?my_count=5&_count=10"),
    ],
)
def test_a_small_page_is_asked_for_once(query: str, small: str) -> None:
    assert _in_small_pages(query) == small
