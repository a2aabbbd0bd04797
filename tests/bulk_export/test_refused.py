"""What is not taken: each refusal by its name, and never with an address's query, a token or an id."""

import gzip

import pytest

from cds_service.bulk_export.failed import ExportFailed, WhyFailed
from cds_service.fhir_client.base_url_allow_list import read_base
from tests.bulk_export.bringing import bring
from tests.bulk_export.scripted import CONDITIONS, PATIENTS, breaks_off, ndjson, says, scripted, serves

KICK_OFF = "GET /fhir/$export"
STATUS = "GET /status/1"
FILE = "GET /files/Patient"
REFUSAL = {
    "resourceType": "OperationOutcome",
    "issue": [{"severity": "error", "code": "forbidden", "diagnostics": "no export for client 4711"}],
}


def failed(server, told, folder, **more):
    with pytest.raises(ExportFailed) as raised:
        bring(server.base, folder, told, **more)
    return raised.value


@pytest.mark.parametrize("status", [200, 400, 401, 403, 404, 500])
def test_a_refused_kick_off_is_told_in_the_servers_words_without_ids_and_not_repeated(
    status, server, told, tmp_path
):
    server.forever[KICK_OFF] = says(REFUSAL, status)
    error = failed(server, told, tmp_path)
    assert error.why is WhyFailed.REFUSED
    assert error.fact == f"status {status}, 'no export for client …'"
    assert server.count("GET", "/fhir/$export") == 1


def test_accepted_without_an_address_for_its_status(server, told, tmp_path):
    server.forever[KICK_OFF] = says(status=202)
    assert failed(server, told, tmp_path).why is WhyFailed.REFUSED


@pytest.mark.parametrize("status", [302, 400, 401, 403])
def test_a_status_that_tells_the_end_of_the_export(status, server, told, tmp_path):
    server.forever[STATUS] = says(status=status)
    assert failed(server, told, tmp_path).why is WhyFailed.BROKEN_OFF
    assert server.count("GET", "/status/1") == 1


def test_a_server_error_with_words_is_the_end_and_is_not_gone_on_with(server, told, tmp_path):
    server.next[STATUS] = [says(REFUSAL, 500)]
    assert failed(server, told, tmp_path).why is WhyFailed.BROKEN_OFF
    assert bring(server.base, tmp_path, told).files
    assert server.exports == 2


@pytest.mark.parametrize(("times", "enough"), [(7, False), (8, True)])
def test_one_without_words_may_be_a_gateways(times, enough, server, told, tmp_path):
    server.next[STATUS] = [says(status=502)] * times
    if enough:
        assert failed(server, told, tmp_path).why is WhyFailed.BROKEN_OFF
    else:
        assert bring(server.base, tmp_path, told).files


STILL = says(status=202)


@pytest.mark.parametrize(
    ("answers", "pauses"),
    [
        ([STILL] * 8, [1, 2, 4, 8, 16, 32, 60, 60]),
        ([STILL] * 12, [1, 2, 4, 8, 16, 32, *[60] * 6]),
        ([says(status=202, Retry_After="0"), says(status=202, Retry_After="1")], [1, 1]),
        ([says(status=202, Retry_After="2"), says(status=429, Retry_After="600")], [2, 600]),
        (
            [STILL, says(status=503), says(status=502), says(status=502), STILL, says(status=502)],
            [1, 2, 1, 2, 16, 1],
        ),
    ],
    ids=[
        "longer and longer",
        "never longer than a minute",
        "at least a second",
        "as it asks",
        "failures apart",
    ],
)
def test_a_server_at_work_is_asked_as_seldom_as_it_wishes(answers, pauses, server, told, tmp_path):
    server.next[STATUS] = list(answers)
    assert bring(server.base, tmp_path, told).files
    assert told.pauses == pauses


@pytest.mark.parametrize("status", [429, 503])
def test_a_kick_off_that_is_put_off_is_asked_for_again(status, server, told, tmp_path):
    server.next[KICK_OFF] = [says(status=status), says(status=status, Retry_After="90"), says(status=status)]
    assert bring(server.base, tmp_path, told).files
    assert told.pauses == [1, 90, 4]


@pytest.mark.parametrize(("seconds", "is_worth_it"), [(3590, True), (3700, False)])
def test_a_pause_beyond_the_time_for_everything_is_not_begun(seconds, is_worth_it, server, told, tmp_path):
    server.next[STATUS] = [says(status=202, Retry_After=str(seconds))]
    if is_worth_it:
        assert bring(server.base, tmp_path, told, hours=1).files
    else:
        assert failed(server, told, tmp_path, hours=1).why is WhyFailed.TIME_OVER
    assert told.pauses == ([seconds] if is_worth_it else [])


@pytest.mark.parametrize("word", ["", "half of it", "x" * 300, "a\tb"])
def test_what_a_server_says_of_its_progress_is_told_shortened(word, server, told, tmp_path):
    server.next[STATUS] = [says(status=202, X_Progress=word)]
    bring(server.base, tmp_path, told)
    shown = word.replace("\t", "")[:100]
    assert f"the server is at work{f': {shown}' if shown else ''}" in told.lines


def test_a_server_that_is_not_there(told, tmp_path):
    with scripted() as gone:
        pass
    error = failed(gone, told, tmp_path)
    assert (error.why, error.fact) == (WhyFailed.NO_ANSWER, "unreachable")
    assert told.pauses == [1, 2, 4, 8, 16, 32, 60]


@pytest.mark.parametrize(
    ("manifest", "fact"),
    [
        (b"<html>", "is no JSON"),
        ({"output": []}, "transactionTime"),
        (
            {"transactionTime": "2026-03-02T08:00:00", "requiresAccessToken": False, "output": []},
            "no instant",
        ),
        ({"transactionTime": "yesterday", "requiresAccessToken": False, "output": []}, "no instant"),
    ],
    ids=["a page", "without a time", "without a zone", "no time"],
)
def test_a_manifest_that_cannot_be_used(manifest, fact, server, told, tmp_path):
    server.next[STATUS] = [says(manifest)]
    error = failed(server, told, tmp_path)
    assert error.why is WhyFailed.MANIFEST
    assert fact in error.fact
    assert bring(server.base, tmp_path, told).files
    assert server.exports == 2  # the same export would have the same manifest


@pytest.mark.parametrize(
    ("more", "fact"),
    [
        ({"output": [{"type": "../Patient", "url": "/files/Patient"}]}, "1 entries have no resource type"),
        ({"link": [{"relation": "next", "url": "/status/1?page=2"}]}, "one part of several"),
    ],
)
def test_a_manifest_that_would_lead_astray(more, fact, server, told, tmp_path):
    server.manifest = more
    assert fact in failed(server, told, tmp_path).fact


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1:1/x?sig=SECRET",
        "https://elsewhere.example/x?sig=SECRET",
        "file:///etc/passwd",
        "//x/y",
    ],
)
def test_an_address_elsewhere_is_not_called_and_its_query_not_told(url, server, told, tmp_path):
    server.manifest = {
        "output": [{"type": "Condition", "url": "/files/Condition"}, {"type": "Patient", "url": url}]
    }
    error = failed(server, told, tmp_path)
    assert error.why is WhyFailed.ELSEWHERE
    assert "SECRET" not in f"{error} {told.text}"
    assert server.count("GET", "/files") == 0, "no file is fetched before all addresses are known to be good"


def test_nor_a_status_address_elsewhere(server, told, tmp_path):
    server.forever[KICK_OFF] = says(status=202, Content_Location="https://elsewhere.example/status")
    error = failed(server, told, tmp_path)
    assert (error.why, error.fact) == (
        WhyFailed.ELSEWHERE,
        "the status address is at https://elsewhere.example",
    )


def test_files_may_lie_where_the_site_file_says(server, told, tmp_path):
    with scripted() as storage:
        output = [{"type": kind, "url": f"{storage.root}/files/{kind}"} for kind in ("Patient", "Condition")]
        server.manifest = {"output": output}
        assert failed(server, told, tmp_path).why is WhyFailed.ELSEWHERE
        export = bring(server.base, tmp_path, told, download_hosts=(read_base(storage.root),))
        assert len(export.files) == 2


def test_a_redirect_is_not_followed(server, told, tmp_path):
    with scripted() as other:
        server.forever[FILE] = says(status=302, Location=f"{other.root}/files/Patient")
        assert failed(server, told, tmp_path).why is WhyFailed.REDIRECT
        assert other.asked == []


@pytest.mark.parametrize(
    ("body", "count", "fact"),
    [
        (CONDITIONS, None, "not Patient, but Condition"),
        (b"<html>please sign in</html>", None, "no NDJSON, or cut short"),
        (PATIENTS[:-5], None, "no NDJSON, or cut short"),
        (PATIENTS, 201, "200 of the 201 resources"),
        (gzip.compress(PATIENTS)[:-9], None, "damaged, or cut short"),
        (b'{"id": "1"}\n', None, "not Patient, but something without a type"),
    ],
    ids=["another type", "a page", "a torn last line", "too few", "torn gzip", "no type"],
)
def test_a_file_with_something_else_in_it_is_fetched_once_more_and_then_refused(
    body, count, fact, server, told, tmp_path
):
    server.forever[FILE] = serves(body)
    server.manifest = {
        "output": [
            {"type": "Condition", "url": "/files/Condition"},
            {"type": "Patient", "url": "/files/Patient", **({"count": count} if count else {})},
        ]
    }
    error = failed(server, told, tmp_path)
    assert error.why is WhyFailed.CONTENT
    assert fact in error.fact
    assert server.count("GET", "/files/Patient") == 2
    del server.forever[FILE]
    server.manifest["output"][1].pop("count", None)
    server.next[STATUS] = []
    assert not (tmp_path / "Patient.001.ndjson").exists()


def test_a_file_that_was_sent_too_early_is_taken_the_second_time(server, told, tmp_path):
    server.next[FILE] = [serves(PATIENTS[:-5])]
    assert bring(server.base, tmp_path, told).files
    assert "fetching it once more" in told.text


def test_more_resources_than_announced_are_taken_and_said(server, told, tmp_path):
    output = [{"type": kind, "url": f"/files/{kind}", "count": 200} for kind in ("Patient", "Condition")]
    server.manifest = {"output": output}
    assert bring(server.base, tmp_path, told).files
    assert "Condition.001: 300 resources, 200 were announced" in told.text


@pytest.mark.parametrize("status", [400, 403])
def test_a_refused_file(status, server, told, tmp_path):
    server.forever[FILE] = says(REFUSAL, status)
    error = failed(server, told, tmp_path)
    assert error.why is WhyFailed.REFUSED
    assert error.fact.startswith(f"Patient.001: status {status}")


@pytest.mark.parametrize("status", [408, 425, 429, 500, 503])
def test_a_file_that_is_not_ready_is_asked_for_again(status, server, told, tmp_path):
    server.next[FILE] = [says(status=status, Retry_After="9")]
    assert bring(server.base, tmp_path, told).files
    assert told.pauses == [9.0]


def test_the_time_for_the_whole_export_is_kept(server, told, tmp_path):
    server.forever[STATUS] = says(status=202, Retry_After="3600")
    error = failed(server, told, tmp_path, hours=1.0)
    assert error.why is WhyFailed.TIME_OVER
    assert server.exports == 1
    del server.forever[STATUS]
    assert bring(server.base, tmp_path, told).files
    assert server.exports == 1, "the server went on meanwhile, and so do we"


def test_a_manifest_that_breaks_off_is_asked_for_again(server, told, tmp_path):
    server.next[STATUS] = [breaks_off(b"{" * 1000, 10)]
    assert bring(server.base, tmp_path, told).files


def test_a_manifest_without_end_is_refused(server, told, tmp_path, monkeypatch):
    monkeypatch.setattr("cds_service.bulk_export.polling._MOST_BYTES", 1000)
    server.forever[STATUS] = says(b"{" + b" " * 1000)
    assert failed(server, told, tmp_path).why is WhyFailed.MANIFEST


def test_errors_of_the_disk_are_named_by_file(server, told, tmp_path):
    (tmp_path / "Patient.001.part").mkdir()
    error = failed(server, told, tmp_path)
    assert error.why is WhyFailed.FOLDER
    assert error.fact.startswith("Patient.001.part: ")


def test_lines_that_are_blank_are_no_resources(server, told, tmp_path):
    server.files["Patient"] = b"\n" + ndjson({"resourceType": "Patient", "id": "1"}) + b"\n\n"
    assert bring(server.base, tmp_path, told).files
