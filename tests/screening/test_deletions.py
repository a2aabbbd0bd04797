"""What the export says was deleted at the server counts for nobody, wherever and in whatever order it is said."""

import json
from pathlib import Path
from typing import Any

import pytest

from cds_service.screening.export_files import How, screen_export
from cds_service.screening.screening_engine import InProcess
from cds_service.screening.summary_tables import read_summaries
from tests.builders import NOW
from tests.scenarios.fhir_charts import condition, icd, observation
from tests.screening.population import line, of, someone
from tests.screening.test_same_as_assess import RULES

EARLY, LATE = "2026-02-01T08:00:00+08:00", "2026-02-01T00:00:01Z"
GONE = "Condition/aa"


def deletion(*names: str, at: str | None = None) -> bytes:
    entries = [{"request": {"method": "DELETE", "url": name}} for name in names]
    told = {"meta": {"lastUpdated": at}} if at else {}
    return line({"resourceType": "Bundle", "type": "transaction", **told, "entry": entries})


def screened(
    folder: Path, files: dict[str, list[bytes]], shard_bytes: int = 1 << 20
) -> tuple[dict[str, Any], str]:
    for name, lines in files.items():
        file = folder / "export" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(b"".join(one + b"\n" for one in lines))
    out = folder / "out"
    screen_export([str(folder / "export")], out, RULES, NOW, How(InProcess(), shard_bytes=shard_bytes))
    found = {one.patient.removeprefix("Patient/"): one for one in read_summaries(out)}
    return found, (out / "unreadable.csv").read_text()


def aplastic(updated: str | None = None) -> bytes:
    told = {"meta": {"lastUpdated": updated}} if updated else {}
    return line(of(1, condition(icd("D61.9"))) | {"id": "aa"} | told)


@pytest.mark.parametrize("file", ["deleted/Bundle.000.ndjson", "Bundle.000.ndjson", "later/deleted/B.ndjson"])
@pytest.mark.parametrize("name", [GONE, f"https://ehr.example/fhir/{GONE}"])
@pytest.mark.parametrize("shard_bytes", [1 << 20, 200])
def test_a_diagnosis_that_was_deleted_makes_no_candidate(
    file: str, name: str, shard_bytes: int, tmp_path: Path
) -> None:
    files = {"Patient.ndjson": [line(someone(1)), line(someone(2))], "Condition.ndjson": [aplastic()]}
    assert screened(tmp_path / "1", files)[0]["p1"].status.value == "undetermined"
    found, unusable = screened(tmp_path / "2", files | {file: [deletion("Patient/other", name)]}, shard_bytes)
    assert {who: one.status.value for who, one in found.items()} == dict.fromkeys(
        ("p1", "p2"), "not-a-candidate"
    )
    assert unusable.splitlines() == ["file,line,reason"]


@pytest.mark.parametrize(
    ("written", "deleted", "counts"),
    [
        (LATE, EARLY, True),
        (EARLY, LATE, False),
        (EARLY, EARLY, False),
        (None, EARLY, False),
        (LATE, None, False),
        ("2026", EARLY, False),
    ],
)
def test_what_was_written_again_later_counts(
    written: str | None, deleted: str | None, counts: bool, tmp_path: Path
) -> None:
    lines = [line(someone(1)), aplastic(written), deletion(GONE, at=deleted)]
    found, _ = screened(tmp_path, {"all.ndjson": lines})
    assert (found["p1"].status.value != "not-a-candidate") is counts


def test_a_result_that_was_deleted_decides_nothing(tmp_path: Path) -> None:
    low = line(of(1, observation("718-7", 50, "g/L")) | {"id": "hb"})
    files = {"all.ndjson": [line(someone(1)), aplastic(), low]}
    before, _ = screened(tmp_path / "1", files)
    after, _ = screened(tmp_path / "2", files | {"deleted/x.ndjson": [deletion("Observation/hb")]})
    without, _ = screened(tmp_path / "3", {"all.ndjson": [line(someone(1)), aplastic()]})
    assert before["p1"] != after["p1"] == without["p1"]


@pytest.mark.parametrize("again", [False, True])
def test_a_patient_who_was_deleted_is_no_row_unless_written_again(again: bool, tmp_path: Path) -> None:
    who = someone(1, meta={"lastUpdated": LATE if again else EARLY})
    files = {
        "Patient.ndjson": [line(who), line(someone(2))],
        "deleted/x.ndjson": [deletion("Patient/p1", at=EARLY)],
    }
    found, _ = screened(tmp_path, files)
    assert set(found) == ({"p1", "p2"} if again else {"p2"})
    assert json.loads((tmp_path / "out" / "funnel.json").read_text())["screened"] == len(found)


@pytest.mark.parametrize("other", [b'{"resourceType":"Bundle","entr', aplastic(), deletion()])
def test_what_lies_among_deletions_and_deletes_nothing_is_named_and_no_data(
    other: bytes, tmp_path: Path
) -> None:
    files = {"Patient.ndjson": [line(someone(1))], "deleted/x.ndjson": [deletion("Condition/z"), other]}
    found, unusable = screened(tmp_path, files)
    assert found["p1"].status.value == "not-a-candidate"
    assert "deleted/x.ndjson,2," in unusable


def outcome(severity: str) -> bytes:
    issue = {"severity": severity, "code": "exception", "diagnostics": "p1 could not be exported"}
    return line({"resourceType": "OperationOutcome", "issue": [issue]})


@pytest.mark.parametrize("folder", ["error", "errors", "day/error"])
@pytest.mark.parametrize(
    ("told", "is_missing"),
    [(outcome("information"), False), (outcome("error"), True), (b"{", True), (aplastic(), True)],
)
def test_what_the_server_could_not_export_is_named_and_no_data(
    folder: str, told: bytes, is_missing: bool, tmp_path: Path
) -> None:
    found, unusable = screened(tmp_path, {"a.ndjson": [line(someone(1))], f"{folder}/x.ndjson": [b"", told]})
    assert found["p1"].status.value == "not-a-candidate"
    assert (f"{folder}/x.ndjson,2," in unusable) is is_missing
