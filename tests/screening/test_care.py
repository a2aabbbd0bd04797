"""A run and its accidents: lines that cannot be read, crashes, two runs at once, a full disk, a worker killed."""

import csv
import json
import os
import resource
import signal
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest

from cds_service.bulk_export.folder_lock import InUse, locked
from cds_service.cli import main
from cds_service.screening.export_files import How, screen_export, unfinished
from cds_service.screening.screening_engine import InProcess, WorkerLost, engine_on
from cds_service.screening.summary_tables import read_summaries
from cds_service.settings.extras import MODULES
from tests.builders import NOW
from tests.scenarios.fhir_charts import condition, icd
from tests.screening.exports import Arrangement, written
from tests.screening.population import Person, line, of, population, someone
from tests.screening.test_same_as_assess import RULES

AS_OF = "2026-03-02T09:00:00+08:00"
SMALL = population(60, seed=3, share=0.5)


def aplastic(number: int) -> Person:
    lines = (line(someone(number)), line(of(number, condition(icd("D61.9")))))
    return Person(f"p{number}", lines, has_evidence=True)


def run(export: Path, out: Path, *more: str) -> int:
    return main(["screen", str(export), "--out", str(out), "--as-of", AS_OF, "--cores", "1", *more])


def test_the_outputs_are_all_there_and_nothing_else(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    export = written([aplastic(1)], tmp_path / "export")
    assert run(export, tmp_path / "out") == 0
    assert json.loads(capsys.readouterr().out)["screened"] == 1
    assert {file.name for file in (tmp_path / "out").iterdir()} == {
        ".kept",
        ".lock",
        "assessments.ndjson.gz",
        "funnel.json",
        "manifest.json",
        "patients.csv",
        "patients.parquet",
        "report.html",
        "unreadable.csv",
    }
    assert (tmp_path / "out").stat().st_mode & 0o077 == 0


_OF_THE_SERVICE = {"flask", "sqlalchemy", "requests", "structlog"}


def test_it_needs_no_other_extra_than_its_own_and_nothing_of_the_web_service(tmp_path: Path) -> None:
    """As after `pip install 'cds-service[screening]'`: of what other extras bring, nothing can be imported.

    Nor is what only the service needs: a short run would take twice as long.
    """
    others = {m for extra, names in MODULES.items() if extra != "screening" for m in names}
    absent = sorted(others - set(MODULES["screening"]) | {"orjson", "pytest", "dask"})
    export = written([aplastic(1)], tmp_path / "export")
    program = (
        f"import sys; sys.modules |= dict.fromkeys({absent!r}); from cds_service.cli import main; "
        f"code = main(sys.argv[1:]); assert not {_OF_THE_SERVICE!r} & {{*sys.modules}}; sys.exit(code)"
    )
    command = [sys.executable, "-c", program, "screen", str(export), "--out", str(tmp_path / "out")]
    done = subprocess.run([*command, "--as-of", AS_OF], capture_output=True, text=True, check=False)
    assert (done.returncode, json.loads(done.stdout)["screened"]) == (0, 1), done.stderr


@pytest.mark.parametrize("cut", [b'{"resourceType":"Observation","id":"z","subj', b"\xff\xfe", b"[]", b"{}"])
@pytest.mark.parametrize("packed", [False, True])
def test_an_unreadable_line_is_named_by_file_and_line_and_costs_nobody_else(
    cut: bytes, packed: bool, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    people = [
        aplastic(1),
        Person("", (line(of(1, condition(icd("I10")))), cut), has_evidence=False),
        aplastic(2),
    ]
    export = written(people, tmp_path / "export", Arrangement(by_type=False, packed=packed))
    assert run(export, tmp_path / "out") == 3
    name = "all.000.ndjson" + (".gz" if packed else "")
    assert f"{name}:4: " in capsys.readouterr().err
    with (tmp_path / "out" / "unreadable.csv").open() as table:
        assert [(row["file"], row["line"]) for row in csv.DictReader(table)] == [(name, "4")]
    assert json.loads((tmp_path / "out" / "funnel.json").read_text())["unreadable"] == 1
    assert len(list(read_summaries(tmp_path / "out"))) == 2


_RESULT = b'{"resourceType":"Observation","id":"z","subject":{"reference":"Patient/p7"},"valueInteger":5}'
DAMAGE = {
    "two lines glued where one was cut": _RESULT[:50] + _RESULT,
    "two on one line": _RESULT * 2,
    "a bracket more": _RESULT.replace(b"5}", b"5]}"),
    "a brace less": _RESULT.replace(b'p7"}', b'p7"'),
    "a comma more": _RESULT.replace(b',"value', b',,"value'),
    "a quote less": _RESULT.replace(b'"z"', b'"z'),
    "half a word": _RESULT.replace(b"5}", b"tru}"),
    "zeros of a disk": _RESULT.replace(b"p7", b"\0\0"),
    "another encoding": _RESULT.replace(b'"z"', '"é"'.encode("latin-1")),
}


@pytest.mark.parametrize("kind", ["Observation", "Encounter", "Coverage"])
@pytest.mark.parametrize("damage", DAMAGE)
@pytest.mark.parametrize("ending", [b"\n", b"\r\n"])
def test_a_line_broken_in_its_middle_is_named_though_it_decides_nothing_and_is_of_no_candidate(
    kind: str, damage: str, ending: bytes, tmp_path: Path
) -> None:
    whole, broken = (one.replace(b"Observation", kind.encode()) for one in (_RESULT, DAMAGE[damage]))
    people = [aplastic(1), Person("p7", (line(someone(7)), whole, broken, whole), has_evidence=False)]
    export = written(people, tmp_path / "export", Arrangement(ending=ending))
    assert run(export, tmp_path / "out") == 3
    with (tmp_path / "out" / "unreadable.csv").open() as table:
        assert [(row["file"], row["line"]) for row in csv.DictReader(table)] == [(f"{kind}.000.ndjson", "2")]
    assert len(list(read_summaries(tmp_path / "out"))) == 2


def test_a_line_that_may_be_anybodys_leaves_open_what_it_could_decide(tmp_path: Path) -> None:
    """DECISIONS 49: demo-01 is settled; with a torn result of nobody it is not, and who is no candidate stays so."""
    settled = next(p for p in population(400, seed=1, share=1.0) if b'"p' in p.lines[0] and _is_settled(p))
    healthy = Person("p9999", (line(someone(9999)),), has_evidence=False)
    whole = written([settled, healthy], tmp_path / "whole")
    torn = written(
        [settled, healthy, Person("", (b'{"resourceType":"Observation","id":"z","val',), has_evidence=False)],
        tmp_path / "torn",
        Arrangement(by_type=False),
    )
    assert _statuses(whole, tmp_path / "1")[settled.id] == "eligible-pending-investigator"
    assert _statuses(torn, tmp_path / "2") == {settled.id: "undetermined", "p9999": "not-a-candidate"}


def _is_settled(person: Person) -> bool:
    from tests.screening.test_same_as_assess import _assessed

    return _assessed(person)["eligibility"]["status"] == "eligible-pending-investigator"


def _statuses(export: Path, out: Path, how: How | None = None) -> dict[str, str]:
    screen_export([str(export)], out, RULES, NOW, how or How(InProcess()))
    return {one.patient.removeprefix("Patient/"): one.status.value for one in read_summaries(out)}


@pytest.mark.parametrize("named", ["somebody", "number"])
def test_a_diagnosis_of_nobody_here_is_said(named: str, tmp_path: Path) -> None:
    who = {"display": "somebody"} if named == "somebody" else {"identifier": {"system": "u", "value": "gone"}}
    lost = Person("", (line(of(1, condition(icd("D61.9")), **who)),), has_evidence=False)
    export = written([aplastic(2), lost], tmp_path / "export")
    assert run(export, tmp_path / "out") == 3
    assert (
        "no patient" in (said := (tmp_path / "out" / "unreadable.csv").read_text()) or "not in this" in said
    )


def test_an_export_without_patients_is_said(tmp_path: Path) -> None:
    someone_else = aplastic(1)
    export = written([Person("p1", someone_else.lines[1:], has_evidence=True)], tmp_path / "export")
    assert run(export, tmp_path / "out") == 3
    assert "no Patient" in (tmp_path / "out" / "unreadable.csv").read_text()
    assert [one.status.value for one in read_summaries(tmp_path / "out")] == ["undetermined"]


def test_a_gzip_file_that_ends_too_early_is_said_and_read_so_far(tmp_path: Path) -> None:
    export = written([aplastic(1), aplastic(2)], tmp_path / "export", Arrangement(packed=True))
    file = next(export.glob("Condition*"))
    file.write_bytes(file.read_bytes()[:-12])
    assert run(export, tmp_path / "out") == 3
    assert "gzip" in (tmp_path / "out" / "unreadable.csv").read_text()


class Breaking:
    """An engine that dies after some pieces of work, and tells how many it did."""

    def __init__(self, after: int) -> None:
        self.after, self.done = after, 0

    def run(self, shards: Iterable[Any], decide: Callable[[Any], Any]) -> Iterator[Any]:
        for shard in shards:
            if self.done == self.after:
                raise KeyboardInterrupt
            self.done += 1
            yield decide(shard)


def test_a_run_that_was_broken_off_anywhere_goes_on_and_does_nothing_twice(tmp_path: Path) -> None:
    export = written(SMALL, tmp_path / "export", Arrangement(files=2, by_type=False))
    whole = Breaking(10_000)
    expected = _statuses(export, tmp_path / "whole", How(whole))
    for after in range(whole.done):
        out, first = tmp_path / str(after), Breaking(after)
        with pytest.raises(KeyboardInterrupt):
            _statuses(export, out, How(first))
        assert unfinished(out) == NOW.text
        second = Breaking(10_000)
        assert _statuses(export, out, How(second)) == expected
        assert first.done + second.done == whole.done
    assert unfinished(tmp_path / "whole") is None


@pytest.mark.parametrize("other", ["site", "content"])
def test_another_site_or_another_file_of_that_name_and_size_begins_anew(other: str, tmp_path: Path) -> None:
    export = written(SMALL, tmp_path / "export", Arrangement(by_type=False))
    whole, first, second = Breaking(10_000), Breaking(2), Breaking(10_000)
    _statuses(export, tmp_path / "whole", How(whole))
    with pytest.raises(KeyboardInterrupt):
        _statuses(export, tmp_path / "out", How(first))
    if other == "content":
        os.utime(export / "all.000.ndjson", (1, 1))
    _statuses(export, tmp_path / "out", How(second, site="b" if other == "site" else ""))
    assert second.done == whole.done


def test_another_question_begins_anew(tmp_path: Path) -> None:
    export = written(SMALL, tmp_path / "export", Arrangement(by_type=False))
    with pytest.raises(KeyboardInterrupt):
        _statuses(export, tmp_path / "out", How(Breaking(1)))
    (export / "more.ndjson").write_bytes(b"\n".join(aplastic(777).lines))
    assert _statuses(export, tmp_path / "out")["p777"] == "undetermined"


class Twice:
    """An engine that delivers every piece of work twice, and the last first."""

    def run(self, shards: Iterable[Any], decide: Callable[[Any], Any]) -> Iterator[Any]:
        for shard in reversed(list(shards)):
            yield from (decide(shard), decide(shard))


def test_work_delivered_twice_and_in_any_order_changes_nothing(tmp_path: Path) -> None:
    export = written(SMALL, tmp_path / "export", Arrangement(files=2))
    assert _statuses(export, tmp_path / "1", How(Twice())) == _statuses(export, tmp_path / "2")
    unreadable = [(tmp_path / out / "unreadable.csv").read_text() for out in ("1", "2")]
    assert unreadable[0] == unreadable[1]


def test_two_runs_do_not_write_into_one_folder(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    export = written([aplastic(1)], tmp_path / "export")
    with locked(tmp_path / "out"):
        assert run(export, tmp_path / "out") == 2
        assert "another run" in capsys.readouterr().err
        with pytest.raises(InUse), locked(tmp_path / "out"):
            pass
    assert run(export, tmp_path / "out") == 0


@pytest.mark.parametrize("missing", ["nothing", "empty"])
def test_nothing_to_read_is_said(missing: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "empty").mkdir()
    assert run(tmp_path / missing, tmp_path / "out") == 2
    assert missing in capsys.readouterr().err


def test_a_full_disk_ends_the_run_with_a_word_and_the_next_goes_on(tmp_path: Path) -> None:
    assert run(written([aplastic(1)], tmp_path / "first"), tmp_path / "out") == 0
    before = {file.name: file.read_bytes() for file in (tmp_path / "out").iterdir() if file.is_file()}
    export = written([aplastic(number) for number in range(300)], tmp_path / "export")
    command = [sys.executable, "-m", "cds_service", "screen", str(export), "--out", str(tmp_path / "out")]
    command += ["--as-of", AS_OF, "--cores", "1"]

    def small_disk() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (40_000, 40_000))

    failed = subprocess.run(command, capture_output=True, text=True, preexec_fn=small_disk)
    assert failed.returncode == 2, failed.stderr
    assert "Traceback" not in failed.stderr
    after = {file.name: file.read_bytes() for file in (tmp_path / "out").iterdir() if file.is_file()}
    assert after == before
    assert run(export, tmp_path / "out") == 0


def _killed(shard: int) -> int:
    os.kill(os.getpid(), signal.SIGKILL)
    return shard


def test_a_worker_that_is_killed_is_said() -> None:
    with engine_on(2) as engine, pytest.raises(WorkerLost):
        list(engine.run([1, 2, 3], _killed))
