"""A whole export: what is asked, in which order, what lies in the folder, and what is said of what is missing."""

import gzip
import json
from urllib.parse import parse_qs, urlsplit

import pytest

from cds_service.bulk_export.failed import ExportFailed, WhyFailed
from cds_service.fhir_client.base_url_allow_list import read_base
from tests.bulk_export.bringing import NOW, TYPES, bring
from tests.bulk_export.scripted import CONDITIONS, PATIENTS, WHEN, ndjson, says, serves

KICK_OFF = "/fhir/$export"


def kick_off(server):
    return next(where for method, where, _ in server.asked if "$export" in where)


def query(server):
    return parse_qs(urlsplit(kick_off(server)).query)


def test_every_file_byte_for_byte_and_the_export_deleted_at_the_server(server, told, tmp_path):
    export = bring(server.base, tmp_path, told)
    assert {one.name: one.read_bytes() for one in export.files} == {
        "Patient.001.ndjson": PATIENTS,
        "Condition.001.ndjson": CONDITIONS,
    }
    assert server.count("DELETE", "/status/1") == 1
    assert export.done.transaction_time == export.done.whole_since == WHEN
    assert not (tmp_path / "export.state.json").exists()


def test_the_kick_off_asks_for_types_in_ndjson_and_not_to_be_made_to_wait(server, told, tmp_path):
    bring(server.base, tmp_path, told)
    assert query(server) == {
        "_type": ["Condition,Observation,Patient"],
        "_outputFormat": ["application/fhir+ndjson"],
    }
    (headers,) = server.headers(KICK_OFF)
    assert (headers["Prefer"], headers["Accept"]) == ("respond-async", "application/fhir+json")
    assert "Authorization" not in headers


@pytest.mark.parametrize(
    ("level", "path"),
    [("", "/fhir/$export"), ("Patient", "/fhir/Patient/$export"), ("Group/17", "/fhir/Group/17/$export")],
)
def test_level_and_filters_are_asked_for(level, path, server, told, tmp_path):
    filters = ("Observation?category=laboratory", "Condition?clinical-status=active")
    bring(server.base, tmp_path, told, level=level, type_filters=filters)
    assert kick_off(server).partition("?")[0] == path
    assert query(server)["_typeFilter"] == list(filters)


def test_it_is_asked_as_seldom_as_the_server_wishes(server, told, tmp_path):
    server.next["GET /status/1"] = [
        says(status=202, Retry_After="7", X_Progress="10%"),
        says(status=202, Retry_After="Mon, 02 Mar 2026 08:02:00 GMT"),
        says(status=429, Retry_After="0"),
        says(status=202),
        says(status=202),
    ]
    bring(server.base, tmp_path, told)
    assert told.pauses == [7.0, 120.0, 1.0, 8.0, 16.0]
    assert "the server is at work, 10%" not in told.text
    assert "the server is at work: 10%" in told.text


def test_a_busy_server_is_asked_for_an_export_later(server, told, tmp_path):
    server.next[f"GET {KICK_OFF}"] = [says(status=503, Retry_After="30"), says(status=429)]
    bring(server.base, tmp_path, told)
    assert told.pauses == [30.0, 2.0]
    assert server.exports == 1


def test_many_files_of_a_type_gzip_as_it_came_and_other_types_left(server, told, tmp_path):
    packed = gzip.compress(CONDITIONS)
    server.forever["GET /files/c2"] = serves(packed, Content_Encoding="gzip")
    server.forever["GET /files/c3"] = serves(packed)
    server.manifest = {
        "output": [
            {"type": "Condition", "url": f"{server.root}/files/c3", "count": 300},
            {"type": "Practitioner", "url": f"{server.root}/files/none"},
            {"type": "Condition", "url": f"{server.root}/files/c2"},
            {"type": "Patient", "url": "/files/Patient"},
        ]
    }
    export = bring(server.base, tmp_path, told)
    names = ["Condition.001.ndjson.gz", "Condition.002.ndjson.gz", "Patient.001.ndjson"]
    assert [one.name for one in export.files] == names
    assert export.files[0].read_bytes() == export.files[1].read_bytes() == packed
    assert told.bytes["Condition.001"] == len(packed)


def test_what_the_server_does_not_have_is_said_and_not_asked_for(server, told, tmp_path):
    export = bring(server.base, tmp_path, told, types=TYPES | {"AdverseEvent"})
    assert "AdverseEvent" not in kick_off(server)
    assert export.done.remarks == ("the server has no AdverseEvent", "the export holds no Observation")
    assert export.done.problems == ()


def test_what_a_site_does_not_keep_is_not_asked_for(server, told, tmp_path):
    bring(server.base, tmp_path, told, not_kept=frozenset({"Observation"}))
    assert query(server)["_type"] == ["Condition,Patient"]


def test_without_a_statement_everything_is_asked_for(server, told, tmp_path):
    server.forever["GET /fhir/metadata"] = says(status=500)
    export = bring(server.base, tmp_path, told)
    assert "its CapabilityStatement could not be had (server-error)" in export.done.remarks
    assert query(server)["_type"] == ["Condition,Observation,Patient"]


def test_what_the_server_says_went_wrong_is_a_problem_of_the_export(server, told, tmp_path):
    def outcome(severity, words):
        issue = {"severity": severity, "code": "processing", "diagnostics": words}
        return {"resourceType": "OperationOutcome", "issue": [issue]}

    lines = ndjson(
        outcome("error", "could not export Observation 12345"),
        outcome("error", "could not export Observation 67890"),
        outcome("information", "took long"),
    )
    server.forever["GET /files/errors"] = says(lines)
    server.manifest = {"error": [{"type": "OperationOutcome", "url": f"{server.root}/files/errors"}]}
    export = bring(server.base, tmp_path, told)
    assert export.done.problems == ("the server says 2 x: could not export Observation …",)
    assert "the server says 1 x: took long" in export.done.remarks


@pytest.mark.parametrize("kind", ["Patient", "Condition"])
def test_without_patients_or_diagnoses_there_is_no_export(kind, server, told, tmp_path):
    server.files[kind] = b"\n"
    with pytest.raises(ExportFailed, match=f"no {kind} came") as raised:
        bring(server.base, tmp_path, told)
    assert raised.value.why is WhyFailed.INCOMPLETE
    assert not (tmp_path / "export.json").exists()


def test_an_export_that_is_here_is_not_made_again_for_a_day(server, told, tmp_path):
    first = bring(server.base, tmp_path, told)
    again = bring(server.base, tmp_path, told, now=NOW + 24 * 3600)
    assert (server.exports, again) == (1, first)
    assert "the export is here already" in told.text
    with pytest.raises(ExportFailed, match="name another"):
        bring(server.base, tmp_path, told, now=NOW + 24 * 3600 + 1)


@pytest.mark.parametrize(
    "other",
    [
        {"types": frozenset({"Patient", "Condition"})},
        {"level": "Group/17"},
        {"type_filters": ("Observation?category=laboratory",)},
    ],
    ids=["types", "level", "filters"],
)
def test_an_export_of_something_else_is_not_taken_for_this_one(other, server, told, tmp_path):
    bring(server.base, tmp_path, told)
    with pytest.raises(ExportFailed, match="name another") as raised:
        bring(server.base, tmp_path, told, **other)
    assert raised.value.why is WhyFailed.FOLDER


def test_a_server_that_keeps_its_export_does_no_harm(server, told, tmp_path):
    server.forever["DELETE /status/1"] = says(status=405)
    assert bring(server.base, tmp_path, told).files
    assert "does not delete its export (status 405)" in told.text


def test_a_folder_that_cannot_be_written_is_named(server, told, tmp_path):
    (tmp_path / "here").write_text("a file")
    with pytest.raises(ExportFailed, match="the folder cannot be used: here: File exists"):
        bring(server.base, tmp_path / "here", told)


def test_what_is_remembered_is_for_nobody_else_to_read(server, told, tmp_path):
    bring(server.base, tmp_path, told)
    assert {one.stat().st_mode & 0o077 for one in tmp_path.glob("*.json")} == {0}
    done = json.loads((tmp_path / "export.json").read_bytes())
    assert read_base(done["base"]) == read_base(server.base)
