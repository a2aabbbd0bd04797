"""Interruptions: a file goes on where it broke off, a run where it ended, and an expired export is made anew."""

import gzip
import itertools
import random

import pytest

from cds_service.bulk_export.failed import ExportFailed, WhyFailed
from tests.bulk_export.bringing import bring
from tests.bulk_export.scripted import CONDITIONS, HTTP_DATE, PATIENTS, breaks_off, ndjson, says, serves

HALF = len(PATIENTS) // 2
FILE = "GET /files/Patient"


def ranges(server, path="/files/Patient"):
    return [headers.get("Range") for headers in server.headers(path)]


def same(export, body=PATIENTS):
    return (export.folder / "Patient.001.ndjson").read_bytes() == body


def test_the_rest_alone_is_asked_for_by_the_tag_of_the_same_file(server, told, tmp_path):
    server.next[FILE] = [breaks_off(PATIENTS, HALF, ETag='"1"')]
    assert same(bring(server.base, tmp_path, told))
    assert ranges(server) == [None, f"bytes={HALF}-"]
    assert server.headers("/files/Patient")[1]["If-Range"] == '"1"'
    assert "Patient.001: broke off" in told.text


def test_or_by_its_date(server, told, tmp_path):
    server.next[FILE] = [breaks_off(PATIENTS, HALF, Last_Modified=HTTP_DATE)]
    server.forever[FILE] = serves(PATIENTS, HTTP_DATE)
    assert same(bring(server.base, tmp_path, told))
    assert server.headers("/files/Patient")[1]["If-Range"] == HTTP_DATE


@pytest.mark.parametrize("tag", [None, 'W/"1"'], ids=["no tag", "a weak tag"])
def test_without_proof_of_the_same_file_it_begins_anew(tag, server, told, tmp_path):
    server.next[FILE] = [breaks_off(PATIENTS, HALF, **({"ETag": tag} if tag else {}))]
    assert same(bring(server.base, tmp_path, told))
    assert ranges(server) == [None, None]


def test_a_file_that_changed_meanwhile_is_not_mixed_with_the_old_one(server, told, tmp_path):
    new = ndjson(*({"resourceType": "Patient", "id": f"new{n}"} for n in range(400)))
    server.next[FILE] = [breaks_off(PATIENTS, HALF, ETag='"1"')]
    server.forever[FILE] = serves(new, '"2"')
    assert same(bring(server.base, tmp_path, told), new)


@pytest.mark.parametrize(
    "answer",
    [
        says(PATIENTS[HALF + 5 :], 206, Content_Range=f"bytes {HALF + 5}-9/10", ETag='"1"'),
        says(PATIENTS[HALF:], 206, ETag='"1"'),
        says(b"", 206, Content_Range=f"bytes {HALF}-9/10", ETag='"1"', Content_Encoding="gzip"),
        says(b"", 416),
    ],
    ids=["another part", "no place", "another encoding", "not satisfiable"],
)
def test_another_part_than_was_asked_for_is_not_put_behind(answer, server, told, tmp_path):
    server.next[FILE] = [breaks_off(PATIENTS, HALF, ETag='"1"'), answer]
    assert same(bring(server.base, tmp_path, told))
    assert ranges(server) == [None, f"bytes={HALF}-", None]


def test_gzip_that_breaks_off_is_gone_on_with_as_gzip(server, told, tmp_path):
    chance = random.Random(1)
    body = ndjson(*({"resourceType": "Patient", "id": f"{chance.random()}"} for _ in range(3000)))
    packed = gzip.compress(body)
    half = len(packed) // 2
    server.next[FILE] = [breaks_off(packed, half, ETag='"z"', Content_Encoding="gzip")]
    server.forever[FILE] = serves(packed, '"z"', Content_Encoding="gzip")
    bring(server.base, tmp_path, told)
    assert gzip.decompress((tmp_path / "Patient.001.ndjson.gz").read_bytes()) == body
    assert ranges(server) == [None, f"bytes={half}-"]


def test_it_goes_on_as_long_as_each_time_brings_more(server, told, tmp_path):
    """Ten interruptions, more than would be borne without anything new."""
    steps = [len(PATIENTS) * n // 11 for n in range(1, 11)]
    server.next[FILE] = [breaks_off(PATIENTS, steps[0], ETag='"1"')]
    server.next[FILE] += [
        lambda handler, start=start, end=end: partly(handler, start, end)
        for start, end in itertools.pairwise(steps)
    ]
    assert same(bring(server.base, tmp_path, told))
    assert len(ranges(server)) == 11


def partly(handler, start, end):
    more = {"Content_Range": f"bytes {start}-{len(PATIENTS) - 1}/{len(PATIENTS)}", "ETag": '"1"'}
    says(PATIENTS[start:end], 206, Content_Length=str(len(PATIENTS) - start), **more)(handler)
    handler.close_connection = True


def test_one_that_never_brings_more_is_given_up(server, told, tmp_path):
    server.forever[FILE] = breaks_off(PATIENTS, HALF)
    with pytest.raises(ExportFailed, match=r"no answer: Patient\.001: broke off") as raised:
        bring(server.base, tmp_path, told)
    assert raised.value.why is WhyFailed.NO_ANSWER
    assert server.count("GET", "/files/Patient") == 7


def test_a_silent_server_is_given_up_long_before_the_time_for_everything(server, told, tmp_path):
    def silent(handler):
        says(PATIENTS[:HALF], Content_Length=str(len(PATIENTS)), ETag='"1"')(handler)
        handler.wfile.flush()
        pause(handler)

    def pause(handler):
        handler.connection.settimeout(30)
        handler.connection.recv(1)  # until the client hangs up
        handler.close_connection = True

    server.next[FILE] = [silent]
    assert same(bring(server.base, tmp_path, told, silence=0.3))
    assert "broke off (timeout)" in told.text


def test_an_interrupted_run_goes_on_with_the_same_export(server, told, tmp_path):
    server.next["GET /files/Condition"] = [says(status=403)]
    with pytest.raises(ExportFailed, match="status 403"):
        bring(server.base, tmp_path, told)
    assert bring(server.base, tmp_path, told).files
    assert (server.exports, server.count("GET", "/files/Patient")) == (1, 1)
    assert "an interrupted export is gone on with" in told.text


def test_also_in_the_middle_of_a_file(server, told, tmp_path):
    class PowerCut(BaseException):
        pass

    def cut(seconds):
        raise PowerCut

    server.next[FILE] = [breaks_off(PATIENTS, HALF, ETag='"1"')]
    with pytest.raises(PowerCut):
        bring(server.base, tmp_path, told, sleep=cut)
    assert same(bring(server.base, tmp_path, told))
    assert ranges(server) == [None, f"bytes={HALF}-"]


def test_an_interrupted_run_that_asked_for_something_else_is_not_gone_on_with(server, told, tmp_path):
    server.next["GET /files/Condition"] = [says(status=403)]
    with pytest.raises(ExportFailed):
        bring(server.base, tmp_path, told)
    bring(server.base, tmp_path, told, types=frozenset({"Patient", "Condition"}))
    assert server.exports == 2
    assert server.count("GET", "/files/Patient") == 2


@pytest.mark.parametrize("gone", ["GET /status/1", "GET /files/Condition"])
@pytest.mark.parametrize("status", [404, 410])
def test_an_export_that_the_server_forgot_is_made_anew_and_nothing_of_the_old_one_stays(
    gone, status, server, told, tmp_path
):
    server.next[gone] = [says(status=status)]
    assert len(bring(server.base, tmp_path, told).files) == 2
    assert server.exports == 2
    assert "kicked off anew" in told.text


def test_once_only(server, told, tmp_path):
    server.forever["GET /files/Condition"] = says(status=404)
    with pytest.raises(ExportFailed) as raised:
        bring(server.base, tmp_path, told)
    assert (raised.value.why, server.exports) == (WhyFailed.EXPIRED, 2)


def test_given_up_while_the_server_is_at_work_it_is_told_to_cancel(server, told, tmp_path):
    def control_c(seconds):
        raise KeyboardInterrupt

    server.forever["GET /status/1"] = says(status=202, Retry_After="120")
    with pytest.raises(KeyboardInterrupt):
        bring(server.base, tmp_path, told, sleep=control_c)
    assert server.count("DELETE", "/status/1") == 1
    bring(server.base, tmp_path, told)
    assert server.exports == 2


def test_given_up_while_files_come_it_is_kept_for_the_next_run(server, told, tmp_path):
    def interrupt(seconds):
        raise KeyboardInterrupt

    server.next["GET /files/Condition"] = [breaks_off(CONDITIONS, 10)]
    with pytest.raises(KeyboardInterrupt):
        bring(server.base, tmp_path, told, sleep=interrupt)
    assert server.count("DELETE", "/status/1") == 0
    bring(server.base, tmp_path, told)
    assert server.exports == 1
