"""The demo's recruitment funnel: a synthetic department that is whole FHIR, counted as `assess` judges it."""

import re
from collections import Counter
from collections.abc import Iterator
from datetime import date, datetime
from itertools import islice
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
import pytest

from cds_service import offline_wiring
from cds_service.cli.demo_funnel import PEOPLE_AROUND, department_export, screen_department
from cds_service.cli.demo_site import DEMO_SITE, screening_in
from cds_service.demo.demo_patients import demo_patients
from cds_service.demo.demo_patients.hospital import Fate, department_charts, read_department
from cds_service.pages.small_cells import FEWEST_SHOWN
from cds_service.research.csv_tables import funnel_csv
from cds_service.research.funnel_page import FILE, Funnel, read_funnel
from cds_service.rules.as_of import as_of
from cds_service.services.chart_file import assessment_by, read_chart
from fhir_mappings.writers.validation import problems

NOW = datetime(2026, 3, 2, 9, tzinfo=ZoneInfo("Asia/Shanghai"))
LEAP_DAY = date(2028, 2, 29)
Json = dict[str, Any]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Of a demo whose department was screened."""
    made = tmp_path_factory.mktemp("demo")
    screen_department(DEMO_SITE, made, NOW)
    return made


@pytest.fixture(scope="module")
def counted(folder: Path) -> Json:
    """The true counts."""
    found: Json = msgspec.json.decode((screening_in(folder) / FILE).read_bytes())
    return found


@pytest.fixture(scope="module")
def shown(folder: Path) -> Funnel:
    """The counts as the page tells them."""
    return read_funnel(screening_in(folder))


@pytest.fixture(scope="module")
def assessments() -> list[Json]:
    """Everybody judged one by one, as `cds-service assess` does."""
    rules = offline_wiring.build_rulebook(DEMO_SITE, offline_wiring.trial_of(DEMO_SITE))
    moment = as_of(NOW, DEMO_SITE.zone)
    charts = (
        read_chart(b"\n".join(map(msgspec.json.encode, resources))) for resources in department_export(NOW)
    )
    return [assessment_by(rules, chart, chart.drafts, moment) for chart in charts]


# ---------------------------------------------------------------- the counts


def test_no_step_of_the_funnel_is_empty_and_each_is_a_small_part_of_the_one_before(shown: Funnel) -> None:
    settled, enrolled = shown.status["eligible-pending-investigator"], shown.enrolled
    undetermined, ineligible = shown.status["undetermined"], shown.status["ineligible"]
    assert None not in (shown.screened, shown.candidates, undetermined, ineligible, settled, enrolled)
    assert (shown.screened or 0) > 3 * (shown.candidates or 0) > 600
    assert (undetermined or 0) > 100
    assert (settled or 0) < 30


def test_each_table_beside_it_has_something_to_tell(shown: Funnel) -> None:
    for table in (shown.excluded_by, shown.undetermined_by, shown.overdue):
        assert len([count for count in table.values() if count]) >= 2


def test_the_counts_are_what_assess_says_of_each(counted: Json, assessments: list[Json]) -> None:
    assert counted["screened"] == len(assessments)
    of_status = Counter(a["eligibility"]["status"] for a in assessments)
    assert {status: n for status, n in counted["status"].items() if n} == of_status
    assert counted["excludedBy"] == Counter(
        criterion["id"]
        for a in assessments
        if a["eligibility"]["status"] == "ineligible"
        for criterion in a["eligibility"]["criteria"]
        if criterion["status"] in ("not-met", "present")
    )
    assert counted["undeterminedBy"] == Counter(
        a["eligibility"]["openQuestions"][0]["criterion"]
        for a in assessments
        if a["eligibility"]["status"] == "undetermined"
    )
    assert counted["overdue"] == Counter(
        due["test"]
        for a in assessments
        if a["eligibility"]["status"] == "already-enrolled"
        for due in a["monitoring"]
        if due["status"] == "overdue"
    )


def test_nothing_of_the_made_up_charts_is_left_unread(counted: Json, assessments: list[Json]) -> None:
    assert counted["unreadable"] == 0
    made_up = [a for a in assessments if a["patient"].startswith("Patient/department-")]
    assert len(made_up) == read_department().people
    known = {
        gap["problem"]
        for a in assessments
        if a["patient"].startswith("Patient/demo-")
        for gap in a["dataQuality"]
    }
    assert {gap["problem"] for a in made_up for gap in a["dataQuality"]} <= known


def test_a_small_count_is_told_nowhere(counted: Json, shown: Funnel) -> None:
    tables = ("excludedBy", "undeterminedBy", "overdue")
    small = {(t, name) for t in tables for name, n in counted[t].items() if n < FEWEST_SHOWN}
    assert small
    told = {
        "excludedBy": shown.excluded_by,
        "undeterminedBy": shown.undetermined_by,
        "overdue": shown.overdue,
    }
    assert {(t, name) for t in tables for name, n in told[t].items() if n is None} == small
    cells = {line.rsplit(",", 1)[1] for line in funnel_csv(shown).splitlines()[1:]}
    assert cells <= {f"<{FEWEST_SHOWN}", *map(str, range(10, 5000, 5))}


def test_the_export_is_gone_when_it_is_screened(folder: Path) -> None:
    assert [path.name for path in folder.iterdir()] == [screening_in(folder).name]


# ---------------------------------------------------------------- the people


def some(today: date, many: int = 400) -> Iterator[Json]:
    for chart in islice(department_charts(today, read_department()), many):
        yield from chart


@pytest.mark.parametrize("today", [NOW.date(), LEAP_DAY])
def test_every_chart_is_valid_r4_marked_synthetic_and_of_no_later_day(today: date) -> None:
    for one in some(today):
        assert problems(one) == []
        assert "HTEST" in {label["code"] for label in one["meta"]["security"]}
        if one["resourceType"] not in ("ResearchStudy", "MedicationRequest"):  # a period may end later
            days = re.findall(r'"(\d{4}-\d{2}-\d{2})', msgspec.json.encode(one).decode())
            assert max(days, default="") <= str(today)


def test_the_department_is_the_same_on_every_start() -> None:
    assert list(some(LEAP_DAY, 50)) == list(some(LEAP_DAY, 50))


def test_what_is_drawn_of_a_person_is_spread_evenly_and_hangs_on_nothing_else() -> None:
    drawn = [(Fate(n).drawn("one"), Fate(n).drawn("other")) for n in range(2000)]
    for sort in range(2):
        tenths = Counter(int(10 * pair[sort]) for pair in drawn)
        assert set(tenths) == set(range(10))
        assert all(150 < count < 250 for count in tenths.values())
    assert 0.2 < sum(one < 0.5 and other < 0.5 for one, other in drawn) / len(drawn) < 0.3
    assert {Fate(n).between("days", 3, 5) for n in range(50)} == {3, 4, 5}


def test_the_export_holds_the_demo_patients_those_around_them_and_the_department_each_once() -> None:
    ids = [one["id"] for chart in department_export(NOW) for one in chart if one["resourceType"] == "Patient"]
    assert len(ids) == len(set(ids))
    assert {patient.id for patient in demo_patients(NOW.date())} < set(ids)
    kinds = Counter(one.partition("-")[0] for one in ids)
    assert (kinds["screened"], kinds["department"]) == (PEOPLE_AROUND, read_department().people)
