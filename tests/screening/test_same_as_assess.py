"""Law: the screen says of everybody what `assess` says of that chart alone, however the export lies in files."""

import gzip
import json
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from cds_service.screening.export_files import How, screen_export
from cds_service.screening.screening_engine import InProcess, engine_on
from cds_service.screening.summary import PatientSummary, summary_of
from cds_service.screening.summary_tables import read_summaries
from cds_service.services.chart_file import assessment_of, read_chart, rulebook_of
from tests.builders import NOW
from tests.scenarios.fhir_charts import clinic_of
from tests.screening.exports import Arrangement, written
from tests.screening.population import Person, population

_LINE = re.compile(r"line \d+: ")
RULES = rulebook_of(clinic_of())


@cache
def people() -> tuple[Person, ...]:
    return tuple(population(140, seed=7, share=0.4))


@cache
def alone() -> dict[str, dict[str, Any]]:
    """What `assess` says of each chart, a file of its own."""
    return {person.id: _assessed(person) for person in people()}


def _assessed(person: Person) -> dict[str, Any]:
    installation = clinic_of()
    chart = read_chart(b"\n".join(person.lines))
    return assessment_of(installation, chart, chart.drafts, NOW)


def screened(export: Path, out: Path, how: How | None = None) -> dict[str, PatientSummary]:
    """Everybody's summary by id."""
    screen_export([str(export)], out, RULES, NOW, how or How(InProcess()))
    return {one.patient.removeprefix("Patient/"): one for one in read_summaries(out)}


def assessments(out: Path) -> dict[str, dict[str, Any]]:
    with gzip.open(out / "assessments.ndjson.gz") as lines:
        return {told["patient"].removeprefix("Patient/"): told for told in map(json.loads, lines)}


def without_lines(told: Any) -> Any:
    """Without the numbers of lines, which are those of other files."""
    return json.loads(_LINE.sub("line: ", json.dumps(told)))


ARRANGEMENTS = {
    "as an export": Arrangement(),
    "in any order": Arrangement(shuffled=True),
    "many files": Arrangement(files=4, shuffled=True),
    "gzip": Arrangement(files=2, packed=True),
    "one file of everything": Arrangement(by_type=False),
    "all mixed": Arrangement(by_type=False, files=3, shuffled=True),
    "Windows": Arrangement(ending=b"\r\n"),
    "empty lines between": Arrangement(ending=b"\n\n"),
    "the last line without end": Arrangement(shuffled=True, last_ends=False),
}
WAYS: dict[str, How] = {
    "one process": How(InProcess()),
    "small shards": How(InProcess(), shard_bytes=3_000),
    "one partition": How(InProcess(), partitions=1),
    "seven partitions": How(InProcess(), partitions=7),
    "every line decoded": How(InProcess(), every_line=True),
}


def combinations() -> Iterator[Any]:
    for name, arrangement in ARRANGEMENTS.items():
        yield pytest.param(arrangement, WAYS["one process"], id=name)
    for name, how in WAYS.items():
        yield pytest.param(ARRANGEMENTS["all mixed"], how, id=f"mixed, {name}")


@pytest.mark.parametrize(("arrangement", "how"), list(combinations()))
def test_everybody_has_the_status_and_candidates_the_assessment(
    arrangement: Arrangement, how: How, tmp_path: Path
) -> None:
    export = written(people(), tmp_path / "export", arrangement)
    found = screened(export, tmp_path / "out", how)
    assert {name: one.status.value for name, one in found.items()} == {
        name: told["eligibility"]["status"] for name, told in alone().items()
    }
    told = assessments(tmp_path / "out")
    assert told.keys() == {name for name, one in found.items() if one.criteria}
    assert without_lines(told) == without_lines({name: alone()[name] for name in told})


def test_who_has_no_sign_of_the_disease_or_the_trial_has_no_criteria(tmp_path: Path) -> None:
    found = screened(written(people(), tmp_path / "export"), tmp_path / "out")
    with_criteria = {name for name, one in found.items() if one.criteria}
    assert with_criteria == {person.id for person in people() if person.has_evidence}


def test_a_summary_is_that_of_the_assessment(tmp_path: Path) -> None:
    found = screened(written(people(), tmp_path / "export"), tmp_path / "out")
    for name, told in assessments(tmp_path / "out").items():
        assert found[name] == summary_of(told, found[name].last_stay)
    assert any(one.last_stay and one.last_stay.department == "血液科" for one in found.values())


@pytest.mark.parametrize("cores", [1, 2])
def test_every_engine_says_the_same(cores: int, tmp_path: Path) -> None:
    export = written(people(), tmp_path / "export", Arrangement(files=2))
    with engine_on(cores) as engine:
        found = screened(export, tmp_path / "out", How(engine, shard_bytes=50_000))
    assert {name: one.status.value for name, one in found.items()} == {
        name: told["eligibility"]["status"] for name, told in alone().items()
    }
