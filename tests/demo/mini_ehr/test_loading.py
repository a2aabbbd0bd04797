"""A patient from a file: what is kept is all put on the server, or nothing is."""

import json
from typing import Any

import pytest

from cds_service.demo.mini_ehr.loading import FileFault, read_file

KEPT = frozenset({"Patient", "Observation"})
PATIENT = {"resourceType": "Patient", "id": "p"}
RESULT = {"resourceType": "Observation", "id": "o", "subject": {"reference": "Patient/p"}}
CLAIM = {"resourceType": "Claim", "id": "c"}


def _bundle(*entries: Any) -> bytes:
    return json.dumps({"resourceType": "Bundle", "type": "collection", "entry": list(entries)}).encode()


def test_a_bundle_by_id_is_written_under_its_ids() -> None:
    load = read_file(_bundle({"resource": PATIENT}, {"resource": RESULT}), KEPT)
    assert [entry["request"] for entry in load.entries] == [
        {"method": "PUT", "url": "Patient/p"},
        {"method": "PUT", "url": "Observation/o"},
    ]


def test_a_bundle_by_urn_is_written_anew_with_its_urns() -> None:
    load = read_file(_bundle({"fullUrl": "urn:uuid:1", "resource": PATIENT}), KEPT)
    (entry,) = load.entries
    assert (entry["fullUrl"], entry["request"]) == ("urn:uuid:1", {"method": "POST", "url": "Patient"})


def test_ndjson_and_a_single_resource_are_read() -> None:
    lines = f"{json.dumps(PATIENT)}\n\n{json.dumps(RESULT)}\n".encode()
    assert len(read_file(lines, KEPT).entries) == 2
    assert len(read_file(json.dumps(PATIENT).encode(), KEPT).entries) == 1


def test_what_the_server_does_not_keep_is_counted() -> None:
    load = read_file(_bundle({"resource": PATIENT}, {"resource": CLAIM}, {"resource": CLAIM}), KEPT)
    assert len(load.entries) == 1
    assert load.left_out == {"Claim": 2}


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "neither JSON nor NDJSON|no Patient"),
        (b"<xml/>", "neither JSON nor NDJSON"),
        (b"\xff\xfe\x00", "neither JSON nor NDJSON"),
        (b"[1]", "no FHIR resource"),
        (b'{"a": 1}', "no FHIR resource"),
        (_bundle({"resource": RESULT}), "no Patient"),
        (_bundle(), "no Patient"),
        (_bundle({"resource": {"id": "x"}}, 3), "no Patient"),
    ],
)
def test_a_file_without_a_patient_is_refused_in_words(content: bytes, reason: str) -> None:
    with pytest.raises(FileFault, match=reason):
        read_file(content, KEPT)
