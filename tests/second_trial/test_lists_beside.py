"""Each trial has its own list of candidates in one FHIR server, its own mail of changes, and its own rows judged anew."""

import json
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from cds_service.audit.database import open_store
from cds_service.cli.commands import main as command_line
from cds_service.research.candidates import Candidates
from cds_service.research.research_access import Reader
from cds_service.settings.environment import Settings
from cds_service.settings.site_file import read_site
from cds_service.study_list.judge_listed import due_tests
from cds_service.study_list.list_state import read_list_state
from cds_service.wiring import build_installations
from tests.explain.rig import now
from tests.installation import an_installation
from tests.second_trial.two_trials import BOTH, FIRST, PEOPLE, SECOND, Hospital, hospital, resources

Json = dict[str, Any]
DIGEST = '[study_list.digest]\nsmtp = "127.0.0.1:1"\nfrom = "cds@h.example"\nto = ["team@h.example"]\n'
_SOON = timedelta(minutes=1)
CANDIDATES = {FIRST: {"Patient/has-aa", "Patient/has-both"}, SECOND: {"Patient/has-pnh", "Patient/has-both"}}


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Hospital]:
    held = resources(PEOPLE)
    (tmp_path / "export").mkdir()
    for kind in ("Patient", "Condition"):
        rows = (json.dumps(one) for one in held if one["resourceType"] == kind)
        (tmp_path / "export" / f"{kind}.ndjson").write_text("\n".join(rows))
    with hospital(tmp_path, monkeypatch, held, more=DIGEST) as running:
        yield running


def screened(place: Hospital, *named: str) -> int:
    """The run of a night, and its list; a folder for each trial."""
    export, out = place.folder / "export", place.folder / "-".join(("out", *named[1:]))
    return command_line(["screen", str(export), "--out", str(out), "--write-list", *named])


def test_each_has_its_own_list_task_and_subject_of_each_candidate(place: Hospital) -> None:
    for named in ((), ("--trial", SECOND.id)):
        assert screened(place, *named) == 0
    for trial, expected in CANDIDATES.items():
        state = read_list_state(place.list_of(trial))
        assert state.tasks.keys() == state.subjects.keys() == expected
        assert {task["groupIdentifier"]["value"] for task in state.tasks.values()} == {trial.id}
        assert (state.whole or {})["title"] == f"Candidates for {trial.id}"
    of_both = [
        one for one in place.all("ResearchSubject") if one["individual"]["reference"] == "Patient/has-both"
    ]
    assert {one["study"]["identifier"]["value"] for one in of_both} == {FIRST.id, SECOND.id}


def test_a_list_written_twice_changes_nothing_of_either(
    place: Hospital, capsys: pytest.CaptureFixture[str]
) -> None:
    for named in ((), ("--trial", SECOND.id)):
        screened(place, *named)
    before = {kind: place.all(kind) for kind in ("Task", "ResearchSubject")}
    for named in ((), ("--trial", SECOND.id)):
        capsys.readouterr()
        assert screened(place, *named) == 0
        assert "0 new, 0 changed, 0 lost; 2 as before" in capsys.readouterr().out
    assert {kind: place.all(kind) for kind in before} == before


def test_a_run_of_a_trial_that_is_not_served_is_written_to_no_list(
    place: Hospital, capsys: pytest.CaptureFixture[str]
) -> None:
    screened(place, "--trial", SECOND.id)
    alone = place.folder / "alone.toml"
    alone.write_text((place.folder / "site.toml").read_text().replace(f', "{BOTH[1]}"', ""))
    capsys.readouterr()
    run = place.folder / f"out-{SECOND.id}"
    assert command_line(["study-list", str(run), "--site", str(alone)]) == 2
    assert f"{SECOND.id!r} is not served here" in capsys.readouterr().err
    assert read_list_state(place.list_of(FIRST)).tasks == {}


@pytest.mark.parametrize("more", [[], ["--since", "out"]], ids=["the folder", "since"])
def test_a_run_is_neither_compared_with_nor_written_over_one_of_the_other_trial(
    place: Hospital, capsys: pytest.CaptureFixture[str], more: list[str]
) -> None:
    export, out = str(place.folder / "export"), place.folder / "out"
    assert screened(place) == 0
    before = {file.name: file.read_bytes() for file in out.iterdir() if file.is_file()}
    into = place.folder / "own" if more else out
    since = [str(place.folder / one) if one == "out" else one for one in more]
    capsys.readouterr()
    assert command_line(["screen", export, "--out", str(into), "--trial", SECOND.id, *since]) == 2
    assert f"the run there is of {FIRST.id}, not of {SECOND.id}" in capsys.readouterr().err
    assert {file.name: file.read_bytes() for file in out.iterdir() if file.is_file()} == before


def test_each_trials_changes_are_told_by_a_mail_of_its_own(
    place: Hospital, capsys: pytest.CaptureFixture[str]
) -> None:
    screened(place, "--trial", SECOND.id)
    capsys.readouterr()
    assert command_line(["digest", "--print"]) == 0
    told = capsys.readouterr()
    assert f"Subject: {SECOND.id} candidates: 2 new" in told.out
    assert f"/research/{SECOND.id}/candidates" in told.out
    assert FIRST.id not in told.out
    assert "nothing new: no mail" in told.err
    screened(place)
    capsys.readouterr()
    assert command_line(["digest", "--print"]) == 0
    subjects = [line for line in capsys.readouterr().out.splitlines() if line.startswith("Subject: ")]
    assert subjects == [f"Subject: {one.id} candidates: 2 new, 0 changed, 0 lost" for one in (FIRST, SECOND)]


def test_an_attestation_has_the_row_of_its_own_trial_judged_anew_and_no_other(place: Hospital) -> None:
    for named in ((), ("--trial", SECOND.id)):
        screened(place, *named)
    settings = an_installation(read_site(place.folder / "site.toml"))
    lists = {
        trial: _candidates(place, settings, trial, number) for number, trial in enumerate((FIRST, SECOND))
    }
    moment = now() + _SOON / 2
    place.list_of(SECOND).transact([_created(_attested_to(SECOND.id, moment))])
    for trial, due in ((FIRST, []), (SECOND, ["Patient/has-both"])):
        server, form = place.list_of(trial), lists[trial].installation.gatherer.reader.form
        assert due_tests(read_list_state(server), server, form, moment) == due
    rows = {trial: _open_and_against(one, moment) for trial, one in lists.items()}
    assert rows[SECOND]["has-both"][1] == ("E1",)
    assert rows[SECOND]["has-pnh"][1] == rows[FIRST]["has-both"][1] == ()


def _candidates(place: Hospital, settings: Settings, trial: Any, number: int) -> Candidates:
    engine = open_store(settings.database_url.reveal())
    return Candidates(
        place.list_of(trial), build_installations(settings)[number], engine, lambda: now() + _SOON
    )


def _open_and_against(
    found: Candidates, moment: datetime
) -> dict[str, tuple[tuple[str, ...], tuple[str, ...]]]:
    reader = Reader(moment, "word", "account", "Name")
    return {
        seen.row.patient.removeprefix("Patient/"): (
            seen.row.judgement.open_criteria,
            seen.row.judgement.excluded_by,
        )
        for seen in found.look(reader).rows
    }


def _attested_to(trial: str, moment: datetime) -> Json:
    """Earlier danazol, said of the candidate of both trials on the second trial's form."""
    form = {FIRST.id: "urn:aa-cds:Questionnaire/eligibility-attestation"}
    return {
        "resourceType": "QuestionnaireResponse",
        "questionnaire": form.get(trial, "urn:example:Questionnaire/pnh-attestation") + "|1.0.0",
        "status": "completed",
        "subject": {"reference": "Patient/has-both"},
        "author": {"reference": "Practitioner/dr1"},
        "authored": moment.isoformat(timespec="milliseconds"),
        "item": [{"linkId": "pnh", "item": [{"linkId": "E1", "answer": [{"valueBoolean": True}]}]}],
    }


def _created(resource: Json) -> Json:
    return {"resource": resource, "request": {"method": "POST", "url": resource["resourceType"]}}
