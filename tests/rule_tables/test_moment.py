"""The one "now": its day is the day at the site, not in London."""

from datetime import UTC, date, datetime

import pytest

from cds_service.rules.as_of import as_of
from fhir_mappings.clinical_model.calendar import read_when
from tests.builders import ZONE


@pytest.mark.parametrize(
    ("instant", "day"),
    [
        (datetime(2026, 3, 1, 15, 59, tzinfo=UTC), date(2026, 3, 1)),
        (datetime(2026, 3, 1, 16, 0, tzinfo=UTC), date(2026, 3, 2)),
    ],
)
def test_the_day_changes_at_midnight_in_the_zone_of_the_site(instant: datetime, day: date) -> None:
    assert as_of(instant, ZONE).day == day


def test_a_moment_keeps_the_text_it_was_asked_with() -> None:
    instant = datetime(2026, 3, 2, 9, 0, tzinfo=ZONE)
    assert as_of(instant, ZONE, "2026-03-02").text == "2026-03-02"
    assert as_of(instant, ZONE).text == "2026-03-02T09:00:00+08:00"


def test_a_moment_without_its_offset_is_refused() -> None:
    with pytest.raises(ValueError, match="offset"):
        as_of(datetime(2026, 3, 2, 9, 0), ZONE)


@pytest.mark.parametrize(
    ("when", "ahead"),
    [
        ("2026-03-02T08:59:59+08:00", False),
        ("2026-03-02T09:00:00+08:00", False),
        ("2026-03-02T01:00:00Z", False),
        ("2026-03-02T09:00:01+08:00", True),
        ("2026-03-02", False),
        ("2026-03-03", True),
        ("2026-03", False),
        ("2026-04", True),
    ],
)
def test_what_happens_at_the_very_moment_is_not_ahead_and_today_is_not(when: str, ahead: bool) -> None:
    assert as_of(datetime(2026, 3, 2, 9, 0, tzinfo=ZONE), ZONE).is_before(read_when(when, ZONE)) is ahead
