"""A screening run's files read back, and `cds-service study-list` over them, twice."""

import gzip
import json

import pytest

from cds_service.cli.commands import main
from cds_service.study_list.list_state import read_list_state
from cds_service.study_list.run_output import ASSESSMENTS, NoRun, judged_for, summaries_in
from cds_service.wiring import build_offline_installation, now_in
from tests.explain.rig import PATIENTS

SOME = ("demo-01", "demo-02", "demo-05", "demo-11")


@pytest.fixture(scope="module")
def assessments():
    from cds_service.services.chart_file import assessment_of, read_chart

    installation = build_offline_installation()
    now = now_in(installation.zone)
    found = []
    for patient in PATIENTS:
        if patient.id in SOME:
            bundle = {"resourceType": "Bundle", "type": "collection"}
            bundle["entry"] = [{"resource": r} for r in patient.resources]
            chart = read_chart(json.dumps(bundle).encode())
            found.append(assessment_of(installation, chart, chart.drafts, now))
    return found


def a_run(folder, assessments):
    with gzip.open(folder / ASSESSMENTS, "wt") as out:
        out.writelines(json.dumps(one) + "\n" for one in assessments)
    return folder


def patients_file(folder, rows):
    import duckdb

    with duckdb.connect() as database:
        database.execute("CREATE TABLE t (patient VARCHAR, status VARCHAR)")
        database.executemany("INSERT INTO t VALUES (?, ?)", rows)
        database.execute(f"COPY t TO '{folder}/patients.parquet' (FORMAT parquet)")


def test_summaries_are_those_of_the_assessments(tmp_path, assessments):
    found = list(summaries_in(a_run(tmp_path, assessments)))
    assert [one.patient for one in found] == [f"Patient/{p}" for p in SOME]
    assert {one.patient for one in found if one.is_on_the_list} == {"Patient/demo-01", "Patient/demo-02"}
    judged = judged_for(tmp_path, build_offline_installation().zone)
    assert judged.moment.tzinfo
    assert judged.trial == "NCT06802055"


def test_who_has_no_assessment_is_told_by_status(tmp_path, assessments):
    run = a_run(tmp_path, assessments)
    patients_file(run, [("Patient/demo-01", "undetermined"), ("Patient/x", "not-a-candidate")])
    assert [(s.patient, s.status) for s in summaries_in(run)][-1] == ("Patient/x", "not-a-candidate")
    assert len(list(summaries_in(run))) == len(SOME) + 1


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (None, "No such file"),
        (b"", "holds no assessment"),
        (b"no gzip", "Not a gzipped file|damaged"),
        (gzip.compress(b'{"trial": "NCT1", "asOf": "2026-03-02"}\n' * 500)[:-9], "damaged"),
        (gzip.compress(b"{} x\n"), "line 1"),
        (gzip.compress(b"[]\n"), "line 1"),
        (gzip.compress(b"{}\n"), "no assessment/1"),
        (
            gzip.compress(
                b"".join(b'{"trial": "%s", "asOf": "2026-03-02"}\n' % n for n in (b"NCT1", b"NCT2"))
            ),
            "of several trials: NCT1, NCT2",
        ),
    ],
    ids=["none", "empty", "no-gzip", "cut-short", "no-json", "no-object", "no-moment", "two-trials"],
)
def test_what_is_no_whole_run_is_refused_with_the_file(tmp_path, content, said):
    if content is not None:
        (tmp_path / ASSESSMENTS).write_bytes(content)
    with pytest.raises(NoRun, match=said) as caught:
        judged_for(tmp_path, build_offline_installation().zone)
    assert ASSESSMENTS in str(caught.value)


def test_the_command_writes_the_list_and_the_second_time_nothing(tmp_path, assessments, server, capsys):
    a_run(tmp_path, assessments)
    assert main(["study-list", str(tmp_path), "--fhir-server", server.base.url]) == 0
    assert capsys.readouterr().out == "2 new, 0 changed, 0 lost; 0 as before\n"
    assert main(["study-list", str(tmp_path), "--fhir-server", server.base.url]) == 0
    assert capsys.readouterr().out == "0 new, 0 changed, 0 lost; 2 as before\n"
    assert set(read_list_state(server).tasks) == {"Patient/demo-01", "Patient/demo-02"}


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("http://ehr.hospital.example/fhir", "must be https"),
        ("ftp://x", "must be http or https"),
        ("http://127.0.0.1:9/fhir", "unreachable"),
        (None, "no FHIR server"),
    ],
)
def test_a_server_that_cannot_be_used_is_said(tmp_path, assessments, capsys, url, said):
    a_run(tmp_path, assessments)
    assert main(["study-list", str(tmp_path), *(["--fhir-server", url] if url else [])]) == 2
    assert said in capsys.readouterr().err


def test_a_folder_without_a_run_is_said(tmp_path, server, capsys):
    assert main(["study-list", str(tmp_path), "--fhir-server", server.base.url]) == 2
    assert ASSESSMENTS in capsys.readouterr().err
