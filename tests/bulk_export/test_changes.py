"""Only what changed since an earlier export: put together it is a whole one again, and whole where that is not safe."""

import gzip
import json
from datetime import UTC, datetime
from urllib.parse import parse_qs, urlsplit

import pytest

from cds_service.bulk_export.failed import ExportFailed, WhyFailed
from tests.bulk_export.bringing import NOW, bring
from tests.bulk_export.scripted import CONDITIONS, WHEN, ndjson, says, serves

LATER = "2026-03-03T08:00:00Z"
DAY = 24 * 3600


def patient(one, **more):
    return {"resourceType": "Patient", "id": one, **more}


def condition(one, **more):
    return {"resourceType": "Condition", "id": one, **more}


def deletion(*names):
    entries = [{"request": {"method": "DELETE", "url": name}} for name in names]
    return {"resourceType": "Bundle", "type": "transaction", "entry": entries}


def since(server):
    asked = [where for _, where, _ in server.asked if "$export" in where]
    return parse_qs(urlsplit(asked[-1]).query).get("_since")


def held(export, kind):
    lines = []
    for file in export.files:
        if file.name.startswith(f"{kind}."):
            text = gzip.decompress(file.read_bytes()) if file.suffix == ".gz" else file.read_bytes()
            lines += [json.loads(line) for line in text.splitlines()]
    return lines


@pytest.fixture
def before(server, told, tmp_path):
    """Monday's export; on Tuesday p1 is new, p2 and c2 changed, c3 is deleted."""
    server.files = {
        "Patient": ndjson(patient("p2"), patient("p3")),
        "Condition": ndjson(condition("c2"), condition("c3"), condition("c4")),
    }
    monday = bring(server.base, tmp_path / "monday", told)
    server.files = {
        "Patient": ndjson(patient("p1"), patient("p2", gender="female")),
        "Condition": ndjson(condition("c2", recordedDate="2026-03-03")),
    }
    server.manifest = {"transactionTime": LATER, "deleted": [{"type": "Bundle", "url": "/files/gone"}]}
    server.forever["GET /files/gone"] = says(ndjson(deletion("Condition/c3", f"{server.base}/Patient/none")))
    return monday


def tuesday(server, told, tmp_path, before, now=NOW + DAY, **more):
    return bring(server.base, tmp_path / "tuesday", told, previous=before.folder, now=now, **more)


def test_new_changed_and_deleted_together_are_the_whole_again(before, server, told, tmp_path):
    export = tuesday(server, told, tmp_path, before)
    assert since(server) == [WHEN]
    assert held(export, "Patient") == [patient("p3"), patient("p1"), patient("p2", gender="female")]
    assert held(export, "Condition") == [condition("c4"), condition("c2", recordedDate="2026-03-03")]
    assert (export.done.transaction_time, export.done.whole_since) == (LATER, WHEN)
    assert not (export.folder / ".changes").exists()


def test_the_earlier_export_stays_as_it_is(before, server, told, tmp_path):
    was = {one.name: one.read_bytes() for one in before.files}
    tuesday(server, told, tmp_path, before)
    assert {one.name: one.read_bytes() for one in before.files} == was


def test_the_day_after_goes_on_from_there(before, server, told, tmp_path):
    second = tuesday(server, told, tmp_path, before)
    server.files, server.manifest = (
        {"Patient": ndjson(patient("p9"))},
        {"transactionTime": "2026-03-04T08:00:00Z"},
    )
    third = bring(server.base, tmp_path / "w", told, previous=second.folder, now=NOW + 2 * DAY)
    assert since(server) == [LATER]
    assert [one["id"] for one in held(third, "Patient")] == ["p3", "p1", "p2", "p9"]
    assert third.done.whole_since == WHEN


def test_nothing_changed(before, server, told, tmp_path):
    server.files, server.manifest = {}, {"transactionTime": LATER}
    export = tuesday(server, told, tmp_path, before)
    assert held(export, "Patient") == [patient("p2"), patient("p3")]


def test_gzip_is_put_together_with_plain(server, told, tmp_path):
    packed = gzip.compress(ndjson(patient("p2"), patient("p3")))
    server.files = {"Patient": packed, "Condition": CONDITIONS}
    monday = bring(server.base, tmp_path / "monday", told)
    server.files = {"Patient": ndjson(patient("p3", gender="male"))}
    server.manifest = {"transactionTime": LATER}
    assert held(tuesday(server, told, tmp_path, monday), "Patient") == [
        patient("p2"),
        patient("p3", gender="male"),
    ]


def test_a_line_that_cannot_be_read_stays_to_be_counted_by_whoever_reads_it(server, told, tmp_path):
    server.files["Patient"] = (
        ndjson(patient("p2")) + b'{"resourceType": "Patient", "id": \n' + ndjson(patient("p3"))
    )
    monday = bring(server.base, tmp_path / "monday", told)
    server.files, server.manifest = {"Patient": ndjson(patient("p2"))}, {"transactionTime": LATER}
    export = tuesday(server, told, tmp_path, monday)
    assert b'"id": \n' in (export.folder / "Patient.001.ndjson").read_bytes()


def test_a_change_that_cannot_be_read_is_no_change_to_go_on_with(before, server, told, tmp_path):
    server.files["Patient"] = ndjson(patient("p1")) + b'{"id": \n' + ndjson(patient("p2"))
    with pytest.raises(ExportFailed, match="a change cannot be read") as raised:
        tuesday(server, told, tmp_path, before)
    assert raised.value.why is WhyFailed.CONTENT


def test_nor_a_deletion(before, server, told, tmp_path):
    one = ndjson({"resourceType": "Bundle", "id": "a"})
    server.forever["GET /files/gone"] = serves(one + b'{"entry": 1}\n' + one)
    with pytest.raises(ExportFailed, match="a deletion cannot be read"):
        tuesday(server, told, tmp_path, before)


@pytest.mark.parametrize(
    ("more", "why"),
    [
        ({"level": "Group/17"}, "of another server, level or filter"),
        ({"type_filters": ("Condition?code=x",)}, "of another server, level or filter"),
        ({"types": frozenset({"Patient", "Condition"})}, "of other types"),
        ({"whole_every_days": 0.9}, "the last whole one is of"),
    ],
)
def test_where_changes_are_not_enough_a_whole_export_is_made_and_it_is_said_why(
    more, why, before, server, told, tmp_path
):
    server.manifest = {"transactionTime": LATER}
    export = tuesday(server, told, tmp_path, before, **more)
    assert since(server) is None
    assert why in told.text
    assert export.done.whole_since == LATER


@pytest.mark.parametrize(
    ("more", "why"),
    [
        ({"level": "Group/17"}, "what is older"),
        ({"type_filters": ("Condition?code=x",)}, "what no longer fits a filter would stay"),
    ],
)
def test_groups_and_filters_never_build_on_an_earlier_one(more, why, server, told, tmp_path):
    monday = bring(server.base, tmp_path / "monday", told, **more)
    tuesday(server, told, tmp_path, monday, **more)
    assert since(server) is None
    assert why in told.text


@pytest.mark.parametrize(("seconds", "whole"), [(0, False), (1, True)])
def test_a_whole_one_every_week(seconds, whole, before, server, told, tmp_path):
    server.manifest = {"transactionTime": LATER}
    a_week_later = int(datetime.fromisoformat(WHEN).astimezone(UTC).timestamp()) + 7 * DAY + seconds
    tuesday(server, told, tmp_path, before, now=a_week_later)
    assert (since(server) is None) is whole


def test_an_earlier_export_with_gaps_is_not_built_on(server, told, tmp_path):
    outcome = {"resourceType": "OperationOutcome", "issue": [{"severity": "error", "code": "exception"}]}
    server.forever["GET /files/errors"] = says(ndjson(outcome))
    server.manifest = {"error": [{"type": "OperationOutcome", "url": "/files/errors"}]}
    monday = bring(server.base, tmp_path / "monday", told)
    assert monday.done.problems == ("the server says 1 x: an issue without words",)
    server.manifest = {}
    tuesday(server, told, tmp_path, monday)
    assert since(server) is None
    assert "the earlier one has gaps" in told.text


def test_nor_an_empty_folder(server, told, tmp_path):
    (tmp_path / "monday").mkdir()
    bring(server.base, tmp_path / "tuesday", told, previous=tmp_path / "monday")
    assert since(server) is None
    assert "the earlier folder holds no finished one" in told.text


def test_an_interrupted_fetch_of_changes_is_gone_on_with(before, server, told, tmp_path):
    server.next["GET /files/Condition"] = [says(status=403)]
    with pytest.raises(ExportFailed):
        tuesday(server, told, tmp_path, before)
    assert held(tuesday(server, told, tmp_path, before), "Condition") == [
        condition("c4"),
        condition("c2", recordedDate="2026-03-03"),
    ]
    assert server.exports == 2
