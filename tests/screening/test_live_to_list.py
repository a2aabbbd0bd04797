"""From a FHIR server to the study team's list in one command: exported, screened, written; the second night nothing."""

import json
import re
import time
from datetime import date

import pytest

from cds_service.cli.commands import main
from cds_service.demo.demo_patients import demo_patients
from cds_service.demo.fhir_server import start_fhir_server
from cds_service.demo.start_demo import everything
from cds_service.fhir_client.base_url_allow_list import read_base
from cds_service.fhir_client.bounded_http import bounded_session
from cds_service.screening.summary_tables import read_summaries
from cds_service.study_list.list_server import ListServer
from cds_service.study_list.list_state import read_list_state
from cds_service.trials.nct06802055.registration import RECORD

TODAY = date(2026, 3, 2)


@pytest.fixture
def record():
    """The demo's FHIR server with the demo's patients."""
    server = start_fhir_server(everything(demo_patients(TODAY)))
    yield server
    server.stop()


def test_a_night_and_the_next(record, tmp_path, capsys):
    out = tmp_path / "out"
    command = ["screen", "--fhir-server", record.base_url, "--out", str(out), "--write-list", record.base_url]
    command += ["--as-of", "2026-03-02T09:00:00+08:00"]
    assert main(command) == 0
    first = capsys.readouterr()
    funnel, written = first.out.splitlines()
    on_the_list = {s.patient for s in read_summaries(out) if s.is_on_the_list}
    assert len(on_the_list) == int(written.split(" new")[0]) > 0
    assert json.loads(funnel)
    state = read_list_state(ListServer(read_base(record.base_url), bounded_session(4), RECORD))
    assert set(state.tasks) == on_the_list

    assert main(command) == 0
    again = capsys.readouterr()
    assert again.out.splitlines()[1].startswith("0 new, 0 changed, 0 lost; ")
    assert "0 new, 0 lost" in again.err
    assert len(list((tmp_path / "out.exports").iterdir())) >= 2


def test_without_as_of_the_moment_is_that_of_the_export(record, tmp_path, capsys):
    out = tmp_path / "out"
    assert main(["screen", "--fhir-server", record.base_url, "--out", str(out)]) == 0
    funnel = json.loads(capsys.readouterr().out)
    (export,) = [p for p in (tmp_path / "out.exports").iterdir() if p.is_dir()]
    kept = json.loads((export / "export.json").read_text())
    assert funnel["asOf"][:19] == kept["transactionTime"][:19]


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ([], "give files or folders to screen, or --fhir-server"),
        (["x", "--fhir-server", "http://127.0.0.1:9"], "not both"),
        (["--fhir-server", "http://ehr.hospital.example"], "must be https"),
        (["--fhir-server", "http://127.0.0.1:9"], "unreachable|refused|answers"),
        (["x", "--tls-key", "k"], "belong to --scheduler"),
    ],
)
def test_what_cannot_be_meant_is_said(tmp_path, capsys, monkeypatch, more, said):
    monkeypatch.setattr(time, "sleep", lambda _: None)  # between the questions to a server that is not there
    (tmp_path / "x").mkdir()
    (tmp_path / "x" / "Patient.ndjson").write_text('{"resourceType": "Patient", "id": "p1"}\n')
    asked = [str(tmp_path / "x") if one == "x" else one for one in more]
    assert main(["screen", *asked, "--out", str(tmp_path / "out")]) == 2
    assert re.search(said, capsys.readouterr().err)


def test_a_list_that_cannot_be_written_is_said_and_the_run_stays(record, tmp_path, capsys):
    out = tmp_path / "out"
    asked = ["screen", "--fhir-server", record.base_url, "--out", str(out), "--write-list"]
    assert main(asked) == 2
    assert "no FHIR server" in capsys.readouterr().err
    assert (out / "patients.parquet").is_file()
