"""The funnel's file: read if it is whole and adds up, or not shown at all."""

import json

import pytest

from cds_service.research.csv_tables import funnel_csv
from cds_service.research.funnel_page import FILE, NoFunnel, WhyNoFunnel, read_funnel

WHOLE = {
    "schema": "funnel/1",
    "asOf": "2026-03-02",
    "screened": 600,
    "status": {
        "not-a-candidate": 500,
        "ineligible": 40,
        "undetermined": 45,
        "eligible-pending-investigator": 9,
        "already-enrolled": 6,
    },
    "undeterminedBy": {"I2": 30, "E8": 15},
    "excludedBy": {"E3": 21, "I1": 12, "E9": 3},
    "overdue": {"cbc": 5, "creatinine": 2},
    "enrolled": 6,
    "unreadable": 1,
}


@pytest.fixture
def folder(tmp_path):
    def write(**changes):
        (tmp_path / FILE).write_text(json.dumps(WHOLE | changes))
        return tmp_path

    return write


def test_a_whole_file_is_shown_rounded_and_without_small_counts(folder):
    funnel = read_funnel(folder())
    assert (funnel.screened, funnel.candidates, funnel.enrolled, funnel.unreadable) == (600, 100, None, 1)
    assert funnel.status == {
        "not-a-candidate": 500,
        "ineligible": 40,
        "undetermined": 45,
        "eligible-pending-investigator": 10,
        "already-enrolled": None,
    }
    assert funnel.excluded_by == {"E3": 20, "I1": 10, "E9": None}
    assert funnel.overdue == {"cbc": None, "creatinine": None}
    assert funnel.undetermined_by == {"I2": 30, "E8": 15}


@pytest.mark.parametrize(
    "changes",
    [
        {"screened": 599},
        {"undeterminedBy": {"I2": 44}},
        {"enrolled": 7},
        {"schema": "funnel/2"},
        {"status": {"nonsense": 600}},
        {"excludedBy": {"E3": -1}},
        {"more": 1},
        {"screened": "600"},
    ],
)
def test_numbers_that_do_not_add_up_are_not_shown(folder, changes):
    with pytest.raises(NoFunnel) as none:
        read_funnel(folder(**changes))
    assert none.value.why is WhyNoFunnel.UNREADABLE


def test_without_a_run_that_is_said(tmp_path):
    for where, why in ((None, WhyNoFunnel.NOT_SET_UP), (tmp_path, WhyNoFunnel.NO_RUN)):
        with pytest.raises(NoFunnel) as none:
            read_funnel(where)
        assert none.value.why is why


def test_the_file_to_take_away_tells_no_more_than_the_page(folder):
    lines = funnel_csv(read_funnel(folder())).splitlines()
    assert "funnel,screened,600" in lines
    assert "excluded-by,E9,<8" in lines
    assert {line.rsplit(",", 1)[1] for line in lines[1:]} <= {"<8", *map(str, range(10, 1000, 5))}
