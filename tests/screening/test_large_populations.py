"""What a run keeps on disk is asked with little memory, however many people, lines and faults there are.

DuckDB gives up where what it may not put on disk outgrows its memory: with JSON in its buffers that was at a
million rows. Each table here is larger.
"""

import json
import sys
from pathlib import Path

import duckdb
import pytest

from cds_service.rules.answers.criteria_answers import EligibilityStatus
from cds_service.screening.summary import CriterionSummary, PatientSummary
from cds_service.screening.summary_tables import rows_as_lines, summary_row, write_tables
from cds_service.screening.working_folder import _SPACE, WorkingFolder

MANY = 1_200_000
_A_FILE = 200_000
_CRITERIA = ("I1", "I2")


@pytest.fixture
def work(tmp_path: Path) -> WorkingFolder:
    return WorkingFolder(tmp_path / "work", b"plan")


def fill(work: WorkingFolder, table: str, line: str) -> None:
    """Rows of a table, in files as passes leave them; `line` has the number of its row as `%d`."""
    for start in range(0, MANY, _A_FILE):
        file = work.folder / table / f"1-{start}.ndjson"
        file.write_text("".join(line.replace("%d", str(n)) + "\n" for n in range(start, start + _A_FILE)))


def test_a_population_of_more_than_a_million_is_told_once_each(work: WorkingFolder, tmp_path: Path) -> None:
    fill(work, "people", '{"resourceType":"Patient","id":"0a1b2c3d-4e5f-6071-8293-a4b5c6%d"}')
    again = (work.folder / "people" / "1-0.ndjson").read_bytes()
    (work.folder / "people" / "2-0.ndjson").write_bytes(again)
    rows = tmp_path / "rows.ndjson"
    rows.write_bytes(b"")
    assert write_tables(work.database, rows, work.everybody, tmp_path, _CRITERIA) == MANY


def test_lines_of_many_candidates_are_parted_and_faults_listed(work: WorkingFolder) -> None:
    fill(
        work,
        "held",
        '{"owner":"p%d","shard":1,"number":%d,"names":["Specimen/%d"],"file":"f","start":1,"length":9}',
    )
    fill(work, "problems", '{"shard":1,"number":%d,"reason":"JSON is malformed: trailing characters"}')
    work.part_charts(20)
    assert len(work.parts()) == 20
    for question in (
        "SELECT DISTINCT shard, number, reason FROM {problems} ORDER BY ALL",
        "SELECT DISTINCT unnest(names) FROM {held}",
    ):
        assert work.ask(f"SELECT count(*) FROM ({question})") == [(MANY,)]


def test_many_wide_rows_are_written(work: WorkingFolder, tmp_path: Path) -> None:
    evidence = tuple(f"Observation/a-rather-long-id-{n}" for n in range(40))
    criteria = tuple(CriterionSummary(name, "unknown", evidence) for name in _CRITERIA)
    row = rows_as_lines(
        [summary_row(PatientSummary("Patient/p-X", EligibilityStatus.UNDETERMINED, criteria))]
    )
    rows = tmp_path / "rows.ndjson"
    with rows.open("wb") as file:
        file.writelines(row.replace(b"p-X", str(n).encode()) for n in range(40_000))
    assert rows.stat().st_size > 150e6
    assert write_tables(work.database, rows, work.everybody, tmp_path, _CRITERIA) == 40_000


def test_a_table_that_grows_is_read_as_it_is_now(work: WorkingFolder) -> None:
    count = "SELECT count(*) FROM {problems}"
    assert work.ask(count) == [(0,)]
    for shard in (1, 2):
        told = json.dumps({"shard": shard, "number": 1, "reason": "r"})
        (work.folder / "problems" / f"1-{shard}.ndjson").write_text(told + "\n")
        assert work.ask(count) == [(shard,)]


def test_every_character_that_readers_take_for_space_is_left_away() -> None:
    spaces = [place for place in range(sys.maxunicode + 1) if chr(place).isspace()]
    assert ", ".join(f"chr({place})" for place in spaces) == _SPACE


def test_more_memory_than_allowed_is_not_taken(work: WorkingFolder) -> None:
    with pytest.raises(duckdb.OutOfMemoryException):
        work.ask("SELECT list(i) FROM range(50000000) t(i)")
