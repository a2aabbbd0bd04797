"""Law: a run that knows what the last one found says what a run says that reads everything anew."""

import csv
import gzip
import json
import re
import shutil
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from cds_service.cli import main
from cds_service.rules.as_of import AsOf, as_of
from cds_service.screening import kept_shards
from cds_service.screening.export_files import How, screen_export
from cds_service.screening.screening_engine import InProcess, engine_on
from cds_service.screening.summary_tables import read_summaries
from tests.builders import NOW
from tests.scenarios.fhir_charts import condition, icd, observation, text
from tests.screening.exports import Arrangement, written
from tests.screening.population import line, mrn, of, population, someone
from tests.screening.test_same_as_assess import RULES, assessments

SMALL = How(InProcess(), shard_bytes=3_000)
PEOPLE = population(36, seed=11, share=0.35)
TOMORROW = as_of(NOW.instant + timedelta(days=1), RULES.reader.zone)
_HEALTHY = next(int(one.id[1:]) for one in PEOPLE if not one.has_evidence and len(one.lines) > 3)
_AA = line(of(_HEALTHY, condition(icd("D61.9"))))


def night(export: Path, out: Path, now: AsOf = NOW, **how: Any) -> dict[str, Any]:
    """All that a run says, in any order."""
    screen_export([str(export)], out, RULES, now, replace(SMALL, **how))
    return {
        "patients": {one.patient: one for one in read_summaries(out)},
        "assessments": assessments(out),
        "unreadable": sorted(csv.reader((out / "unreadable.csv").read_text().splitlines())),
        "funnel": json.loads((out / "funnel.json").read_text()),
        "inputs": json.loads((out / "manifest.json").read_text())["inputs"],
    }


def known(out: Path) -> int:
    found: int = json.loads((out / "manifest.json").read_text())["knownBytes"]
    return found


def beside(*lines: bytes, name: str = "More.000.ndjson") -> Callable[[Path], None]:
    """More lines in a file of their own, as an export of changes brings them."""

    def change(export: Path) -> None:
        file = export / name
        file.parent.mkdir(exist_ok=True)
        file.write_bytes(b"\n".join(lines) + b"\n")

    return change


def rewritten(old: bytes, new: bytes) -> Callable[[Path], None]:
    """The first line of the export that holds something holds something else."""

    def change(export: Path) -> None:
        file = next(one for one in sorted(export.iterdir()) if re.search(old, one.read_bytes()))
        file.write_bytes(re.sub(old, new, file.read_bytes(), count=1))

    return change


def _packed(export: Path) -> None:
    for file in sorted(export.glob("Observation*")):
        file.with_name(f"{file.name}.gz").write_bytes(gzip.compress(file.read_bytes()))
        file.unlink()


def _renamed(export: Path) -> None:
    for file in sorted(export.iterdir()):
        file.rename(file.with_name(f"Z{file.name}"))


_GONE = {"resourceType": "Bundle", "type": "transaction", "meta": {"lastUpdated": "2026-03-01T00:00:00Z"}}
_GONE["entry"] = [{"request": {"method": "DELETE", "url": f"Patient/p{n}"}} for n in range(0, 36, 3)]
_RESULT = line(of(_HEALTHY, observation("718-7", 80, "g/L")))
CHANGES: dict[str, Callable[[Path], None]] = {
    "nothing": lambda _: None,
    "somebody new on the list": beside(_AA),
    "by number": beside(
        line(of(0, condition(icd("D61.9")), identifier={"system": "urn:mrn", "value": mrn(_HEALTHY)}))
    ),
    "a number that now is another's, too": beside(
        line(someone(900, identifier=[{"system": "urn:mrn", "value": mrn(n)} for n in range(36)]))
    ),
    "somebody who was not there": beside(line(someone(901)), line(of(901, condition(text("再障"))))),
    "a result": beside(_RESULT),
    "a torn line of nobody": beside(b'{"resourceType":"Observation","id":"z","val'),
    "a line broken in its middle": rewritten(rb'"status":"final"', b'"status":"final'),
    "one bad line among harmless ones": beside(_RESULT, _RESULT.replace(b"80", b"8,0"), _RESULT),
    "two parts of one line": beside(_AA + b"\r" + _RESULT),
    "a diagnosis taken back": rewritten(rb"D61\.9", b"I10"),
    "deleted": beside(line(_GONE), name="deleted/gone.ndjson"),
    "an error of the server": beside(b'{"resourceType":"OperationOutcome"}', name="error/e.ndjson"),
    "packed": _packed,
    "other names of files": _renamed,
    "a file that is gone": lambda export: next(export.glob("Observation*")).unlink(),
}
UNTOUCHED = ("nothing", "other names of files", "a file that is gone")


@pytest.fixture(autouse=True)
def whatever_its_share(monkeypatch: pytest.MonkeyPatch) -> None:
    """In a small export of many candidates most of a piece is theirs, and would not be worth keeping."""
    monkeypatch.setattr(kept_shards, "_SHARE", 0)


@pytest.fixture(scope="module")
def first(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with an export, and the output of its first night."""
    folder = tmp_path_factory.mktemp("kept")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(kept_shards, "_SHARE", 0)
        _first_night(folder)
    return folder


def _first_night(folder: Path) -> None:
    export = written(PEOPLE, folder / "export", Arrangement(files=2))
    night(export, folder / "out", keeps=True)
    assert known(folder / "out") == 0


@pytest.mark.parametrize("change", CHANGES)
def test_what_was_kept_changes_nothing_that_is_said(change: str, first: Path, tmp_path: Path) -> None:
    export, out = tmp_path / "export", tmp_path / "out"
    shutil.copytree(first / "export", export)
    shutil.copytree(first / "out", out)
    CHANGES[change](export)
    said = night(export, out, TOMORROW, keeps=True)
    assert said == night(export, tmp_path / "anew", TOMORROW)
    known_share = known(out) / sum(one["bytes"] for one in said["inputs"])
    assert known_share == 1 if change in UNTOUCHED else 0 <= known_share < 1


def test_bytes_that_stay_are_not_read_through_again(
    first: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "out"
    shutil.copytree(first / "out", out)
    for folder in ("cds_service.screening.scan.one_after_another", "cds_service.screening.scan.sort_lines"):
        monkeypatch.setattr(folder, None)
    night(first / "export", out, TOMORROW, keeps=True)
    with pytest.raises(TypeError):
        night(first / "export", out, keeps=False)


@pytest.mark.parametrize("other", ["site", "software", "texts"])
def test_another_version_takes_nothing_over_and_leaves_nothing(
    other: str, first: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "out"
    shutil.copytree(first / "out", out)
    before = {folder.name for folder in (out / ".kept").iterdir()}
    if other == "software":
        monkeypatch.setattr("cds_service.screening.export_files.installed_software", lambda: "another")
    rules = replace_texts() if other == "texts" else RULES
    how = replace(SMALL, keeps=True, site="another" if other == "site" else "")
    screen_export([str(first / "export")], out, rules, NOW, how)
    assert known(out) == 0
    assert before.isdisjoint(folder.name for folder in (out / ".kept").iterdir())


def replace_texts() -> Any:
    from msgspec.structs import replace

    return replace(RULES, texts_version="another")


def test_what_is_damaged_is_read_anew(first: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    shutil.copytree(first / "out", out)
    for number, file in enumerate(sorted((out / ".kept").rglob("*.*"))):
        file.write_bytes((b"", b"\xff", file.read_bytes()[:-3])[number % 3])
    assert night(first / "export", out, keeps=True) == night(first / "export", tmp_path / "anew")
    assert known(out) == 0


def test_the_same_on_two_processes(first: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    shutil.copytree(first / "out", out)
    with engine_on(2) as engine:
        said = night(first / "export", out, TOMORROW, keeps=True, engine=engine, shard_bytes=50_000)
        again = night(first / "export", out, TOMORROW, keeps=True, engine=engine, shard_bytes=50_000)
    assert said == again == night(first / "export", tmp_path / "anew", TOMORROW, shard_bytes=50_000)
    assert known(out)


def test_the_command_keeps_unless_told_to_read_anew(first: Path, tmp_path: Path) -> None:
    command = ["screen", str(first / "export"), "--out", str(tmp_path / "out"), "--cores", "1"]
    reused = []
    for more in ([], [], ["--anew"]):
        assert main([*command, *more, "--as-of", "2026-03-02"]) == 0
        reused.append(known(tmp_path / "out") > 0)
    assert reused == [False, True, False]
