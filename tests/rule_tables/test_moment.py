"""The one "now": its day is the day at the site, not in London."""

from datetime import UTC, date, datetime

import pytest

from cds_service.rules.as_of import as_of
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
