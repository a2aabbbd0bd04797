"""What a run leaves: a funnel that the study team's page reads, changes by criterion, a report without small counts."""

import csv
import json
from pathlib import Path
from typing import Any

import duckdb
import pytest

from cds_service.cli import main
from cds_service.research.funnel_page import read_funnel
from cds_service.rules.answers.criteria_answers import EligibilityStatus
from cds_service.screening.changes_since_last_run import (
    Earlier,
    NoEarlierRun,
    RunChange,
    earlier_run,
    run_changes_since,
)
from cds_service.screening.export_files import How, screen_export
from cds_service.screening.funnel import funnel_of
from cds_service.screening.screening_engine import InProcess
from cds_service.screening.screening_report import one_answer_away, report_page
from cds_service.screening.summary import CriterionSummary, OpenQuestion, PatientSummary
from cds_service.screening.summary_tables import read_summaries
from cds_service.trials.nct06802055.criteria.eligibility_limits import IDS
from cds_service.trials.nct06802055.trial import TRIAL
from tests.builders import NOW
from tests.scenarios.fhir_charts import condition, icd, observation, procedure, snomed
from tests.screening.exports import written
from tests.screening.population import Person, line, of, population, someone
from tests.screening.test_same_as_assess import RULES

STATUS = EligibilityStatus


@pytest.fixture(scope="module")
def ended(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The output of one run."""
    folder = tmp_path_factory.mktemp("run")
    export = written(population(90, seed=11, share=0.6), folder / "export")
    screen_export([str(export)], folder / "out", RULES, NOW, How(InProcess()))
    return folder / "out"


def test_the_research_page_reads_the_funnel(ended: Path) -> None:
    told = json.loads((ended / "funnel.json").read_text())
    assert read_funnel(ended).as_of == NOW.text
    assert told["screened"] == 90 == sum(told["status"].values())
    by_status = {status.value: 0 for status in STATUS}
    for one in read_summaries(ended):
        by_status[one.status.value] += 1
    assert told["status"] == by_status


def test_the_table_for_spreadsheets_holds_the_same_rows(ended: Path) -> None:
    with (ended / "patients.csv").open(newline="") as table:
        rows = list(csv.DictReader(table))
    summaries = {one.patient: one for one in read_summaries(ended)}
    assert sorted(row["patient"] for row in rows) == sorted(summaries)
    assert rows[0]["I1"]
    assert not rows[-1]["I1"]
    for row in rows:
        one = summaries[row["patient"]]
        assert row["status"] == one.status.value
        assert row["open_criteria"].split() == list(one.open_criteria)
        assert {name: row[name] for name in IDS if row[name]} == {c.id: c.status for c in one.criteria}
        assert all(ref in row["evidence"] for c in one.criteria for ref in c.evidence)


def test_no_cell_is_carried_out_by_a_spreadsheet(tmp_path: Path) -> None:
    stay = {"resourceType": "Encounter", "id": "e", "status": "finished", "period": {"start": "2026-01-05"}}
    stay |= {"serviceProvider": {"display": "=cmd|' /C calc'!A0"}}
    lines = (line(someone(1)), line(of(1, condition(icd("D61.9")))), line(of(1, stay)))
    _screened([Person("p1", lines, has_evidence=True)], tmp_path)
    assert "'=cmd" in (tmp_path / "out" / "patients.csv").read_text()


def test_the_manifest_names_every_file_with_its_hash(ended: Path) -> None:
    told = json.loads((ended / "manifest.json").read_text())
    export = ended.parent / "export"
    assert {one["file"]: (one["bytes"], one["lines"]) for one in told["inputs"]} == {
        file.name: (file.stat().st_size, file.read_bytes().count(b"\n")) for file in export.iterdir()
    }
    assert all(len(one["xxh3"]) == 32 for one in told["inputs"])
    assert (told["asOf"], told["texts"]) == (NOW.text, RULES.texts_version)


# ---------------------------------------------------------------- changes


def _screened(people: list[Person], folder: Path, **how: Any) -> None:
    export = written(people, folder / f"export-{len(list(folder.iterdir()))}")
    screen_export([str(export)], folder / "out", RULES, NOW, How(InProcess(), **how))


def aplastic(number: int, *more: Any) -> Person:
    lines = (
        line(someone(number)),
        line(of(number, condition(icd("D61.9")))),
        *(line(of(number, m)) for m in more),
    )
    return Person(f"p{number}", lines, has_evidence=True)


def test_who_is_new_and_who_is_lost_and_by_which_criterion(tmp_path: Path) -> None:
    transplanted = procedure(snomed("23719005"))
    _screened([aplastic(1), aplastic(2), aplastic(3, transplanted), aplastic(4), aplastic(5)], tmp_path)
    _screened(
        [
            aplastic(1),
            aplastic(2, transplanted),
            aplastic(3),
            aplastic(4, observation("718-7", 80, "g/L")),
            aplastic(6),
        ],
        tmp_path,
    )
    told = json.loads((tmp_path / "out" / "changes.json").read_text())
    assert {one["patient"][-2:]: (one["change"], one["why"]) for one in told["patients"]} == {
        "p2": ("lost", ["E4"]),
        "p3": ("new", ["E4"]),
        "p5": ("lost", ["not-a-candidate"]),
        "p6": ("new", ["first-seen"]),
        **({"p4": ("changed", ["I3"])} if len(told["patients"]) == 5 else {}),
    }
    assert told["words"].startswith("2 new, 2 lost, ")
    assert told["words"].endswith("lost by E4 1, not-a-candidate 1")


def test_the_same_export_changes_nothing(tmp_path: Path) -> None:
    for _ in range(2):
        _screened(population(40, seed=2, share=0.7), tmp_path)
    assert json.loads((tmp_path / "out" / "changes.json").read_text())["patients"] == []


def test_an_earlier_run_that_is_not_there_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(NoEarlierRun):
        earlier_run(tmp_path)
    export = written([aplastic(1)], tmp_path / "export")
    command = ["screen", str(export), "--out", str(tmp_path / "out"), "--since", str(tmp_path / "gone")]
    assert main(command) == 2
    assert "no earlier run" in capsys.readouterr().err


def test_entering_the_trial_is_why_somebody_is_lost(ended: Path) -> None:
    listed = next(one for one in read_summaries(ended) if one.is_on_the_list and one.participation == "none")
    was = PatientSummary(listed.patient, STATUS.ALREADY_ENROLLED, listed.criteria, participation="enrolled")
    everybody = {one.patient: one for one in read_summaries(ended, set(STATUS) - {STATUS.NOT_A_CANDIDATE})}
    changes = run_changes_since(Earlier("before", everybody | {listed.patient: was}), ended, "now")
    assert [(one.patient, one.change, one.why) for one in changes.patients] == [
        (listed.patient, RunChange.NEW, ("participation",))
    ]


# ---------------------------------------------------------------- what may be shared


def some(count: int, **told: Any) -> list[PatientSummary]:
    return [PatientSummary(f"Patient/x{n}", **told) for n in range(count)]


def a_report(away: int, excluded: int, language: str = "en") -> str:
    question = (OpenQuestion("I7", "?"),)
    people = some(away, status=STATUS.UNDETERMINED, questions=question)
    people += some(excluded, status=STATUS.INELIGIBLE, criteria=(CriterionSummary("E3", "present"),))
    funnel = funnel_of(people, "2026-03-02", 2, 1003)
    return report_page(funnel, one_answer_away(people), None, TRIAL.words[language])


def test_small_counts_are_not_told_and_others_are_rounded() -> None:
    page = a_report(away=7, excluded=23)
    assert 'number">&lt;8<' in page
    assert 'number">25<' in page
    assert 'number">1005<' in page
    assert 'number">7<' not in page
    assert 'number">23<' not in page
    drawn = json.loads(page.split("const data = ")[1].split(";\n")[0])
    assert {count % 5 for rows in drawn.values() for _, count in rows} == {0}


def test_the_report_is_chinese_where_the_site_is() -> None:
    assert "仅差一个答案" in a_report(away=9, excluded=9, language="zh")
    assert "One answer away" in a_report(away=9, excluded=9)


def test_the_report_names_nobody_and_needs_no_network(ended: Path) -> None:
    page = (ended / "report.html").read_text("utf-8")
    assert "Patient/p" not in page
    assert "src=" not in page.split("<script>")[0]


def test_the_tables_are_those_that_duckdb_reads(ended: Path) -> None:
    with duckdb.connect() as database:
        file = str(ended / "patients.parquet")
        found = database.execute(f"SELECT count(*), count(DISTINCT patient) FROM '{file}'").fetchall()
    assert found == [(90, 90)]
