"""The funnel's file: read if it is whole and adds up, or not shown at all."""

import json

import pytest

from cds_service.research.funnel import FILE, NoFunnel, WhyNoFunnel, read_funnel
from cds_service.research.tables import funnel_csv

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


def test_a_whole_file_is_shown_with_small_counts_hidden(folder):
    funnel = read_funnel(folder())
    assert (funnel.screened, funnel.candidates, funnel.enrolled, funnel.unreadable) == (600, 100, 6, 1)
    assert funnel.excluded_by == {"E3": 21, "I1": 12, "E9": None}
    assert funnel.overdue == {"cbc": 5, "creatinine": None}
    assert funnel.undetermined_by == {"I2": 30, "E8": 15}


def test_where_a_whole_is_hidden_nothing_of_its_parts_is_told(folder):
    status = WHOLE["status"] | {"undetermined": 3, "ineligible": 82}
    funnel = read_funnel(folder(status=status, undeterminedBy={"I2": 3, "E8": 0}))
    assert funnel.status["undetermined"] is None
    assert set(funnel.undetermined_by.values()) == {None}
    few = WHOLE["status"] | {"not-a-candidate": 597, "ineligible": 3, "undetermined": 0}
    few |= {"eligible-pending-investigator": 0, "already-enrolled": 0}
    funnel = read_funnel(folder(status=few, undeterminedBy={}, enrolled=0))
    assert (funnel.screened, funnel.candidates) == (600, None)
    assert set(funnel.status.values()) == {None}


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


def test_the_file_to_take_away_hides_what_the_page_hides(folder):
    lines = funnel_csv(read_funnel(folder())).splitlines()
    assert "funnel,screened,600" in lines
    assert "excluded-by,E9,hidden" in lines
