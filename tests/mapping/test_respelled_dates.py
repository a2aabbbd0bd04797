"""Dates in other systems' spellings: read where nothing is in doubt, left unread where two days are possible."""

import pytest

from fhir_mappings.readers.dates import when_or_none
from tests.builders import ZONE
from tests.mapping.charts import Json
from tests.mapping.entries import amount, chart, observation

READ: list[tuple[str, str]] = [
    ("2026-02-27T08:00:00+0800", "2026-02-27T08:00:00+08:00"),
    ("2026-02-27T08:00:00+08", "2026-02-27T08:00:00+08:00"),
    ("2026-02-27T08:00:00 +08:00", "2026-02-27T08:00:00+08:00"),
    ("2026-02-27 08:00:00", "2026-02-27T08:00:00"),
    ("2026-02-27 08:00", "2026-02-27T08:00:00"),
    ("2026-02-27 08:00:00.0", "2026-02-27T08:00:00"),
    ("2026-02-27t08:00:00z", "2026-02-27T08:00:00Z"),
    (" 2026-02-27 ", "2026-02-27"),
    ("20260227", "2026-02-27"),
    ("202602270800", "2026-02-27T08:00:00"),
    ("20260227080000", "2026-02-27T08:00:00"),
    ("20260227080000+0800", "2026-02-27T08:00:00+08:00"),
    ("20260227T080000Z", "2026-02-27T08:00:00Z"),
    ("2026/2/7", "2026-02-07"),
    ("2026/02/27 8:05", "2026-02-27T08:05:00"),
    ("2026.02.27", "2026-02-27"),
    ("2026-2-7", "2026-02-07"),
    ("2026年2月7日", "2026-02-07"),
    ("2026年2月7日 8时05分", "2026-02-07T08:05:00"),
    ("２０２６-02-27", "2026-02-27"),
]
UNREAD = (
    "03/05/2026",
    "5.3.2026",
    "260227",
    "2026022",
    "2026-02-30",
    "2026-13-01",
    "20261301",
    "20260227 08:00",
    "2026-02/27",
    "2026-02-27T25:00:00",
    "2026-02-27T8",
    "yesterday",
    "",
    "2026-W09",
    "1772150400",
)


@pytest.mark.parametrize(("written", "meant"), READ)
def test_a_spelling_without_doubt_is_read(written: str, meant: str) -> None:
    found, wanted = when_or_none(written, ZONE), when_or_none(meant, ZONE)
    assert found is not None
    assert wanted is not None
    assert (found.first, found.last, found.instant) == (wanted.first, wanted.last, wanted.instant)


@pytest.mark.parametrize("written", UNREAD)
def test_a_spelling_that_leaves_a_doubt_is_not_read(written: str) -> None:
    assert when_or_none(written, ZONE) is None


def potassium(**parts: object) -> Json:
    return observation("2823-3", valueQuantity=amount(6.8, "mmol/L"), **parts)


def test_a_respelled_date_is_said_and_its_result_counts() -> None:
    record = chart(potassium(effectiveDateTime="20260227080000"))
    assert [r.when.text for r in record.results if r.when] == ["2026-02-27T08:00:00"]
    assert [(g.problem, g.detail) for g in record.gaps] == [
        ("DATE_RESPELLED", "20260227080000 -> 2026-02-27T08:00:00")
    ]


@pytest.mark.parametrize(
    ("written", "day", "problem"),
    [  # now is 2 March, 09:00 in China (01:00 UTC)
        ("2026-03-02T07:30:00Z", "2026-03-02T07:30:00", "LOCAL_TIME_MARKED_Z"),
        ("2026-03-02T08:59:00Z", "2026-03-02T08:59:00", "LOCAL_TIME_MARKED_Z"),
        ("2026-03-02T09:01:00Z", None, "FUTURE_DATED"),
        ("2026-03-02T00:59:00Z", "2026-03-02T00:59:00Z", None),
        ("2026-03-02T07:30:00+01:00", None, "FUTURE_DATED"),
        ("2026-03-03T07:30:00Z", None, "FUTURE_DATED"),
    ],
)
def test_a_result_of_later_today_that_is_marked_z_has_the_time_of_the_wall(
    written: str, day: str | None, problem: str | None
) -> None:
    record = chart(potassium(effectiveDateTime=written))
    assert [r.when.text for r in record.results if r.when] == ([day] if day else [])
    assert [g.problem for g in record.gaps] == ([problem] if problem else [])


def test_the_day_it_was_told_is_not_the_day_it_was_sampled_but_bounds_it() -> None:
    record = chart(potassium(effectiveDateTime=None, issued="2026-02-27T10:00:00+08:00"))
    (gap,) = record.gaps
    assert gap.problem == "DATE_MISSING"
    assert [(lost.analytes, lost.latest) for lost in gap.lost] == [(("potassium",), "2026-02-27")]
