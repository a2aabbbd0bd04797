"""Writing to the demo's FHIR server: valid or refused, whole or not at all."""

from typing import Any

import pytest
import requests

from cds_service.demo.loopback import RunningServer
from tests.demo.asking import get, ids, outcome

Json = dict[str, Any]


def test_a_created_resource_gets_an_id_and_can_be_read(fresh_fhir: RunningServer) -> None:
    made = requests.post(f"{fresh_fhir.base_url}/Patient", json={"resourceType": "Patient"}, timeout=5)
    assert made.status_code == 201
    location = made.headers["Location"].removesuffix("/_history/1")
    assert requests.get(location, timeout=5).json()["id"] == made.json()["id"]
    assert requests.get(made.headers["Location"], timeout=5).status_code == 200


def test_an_update_counts_versions_and_minds_if_match(fresh_fhir: RunningServer) -> None:
    url, body = f"{fresh_fhir.base_url}/Patient/a", {"resourceType": "Patient", "id": "a", "active": True}
    first = requests.put(url, json=body, headers={"If-Match": 'W/"1"'}, timeout=5)
    assert (first.status_code, first.json()["meta"]["versionId"]) == (200, "2")
    assert requests.put(url, json=body, headers={"If-Match": 'W/"1"'}, timeout=5).status_code == 412
    assert get(fresh_fhir, "Patient/a/_history").json()["total"] == 2


def test_a_deleted_resource_is_gone_and_is_not_found_by_search(fresh_fhir: RunningServer) -> None:
    assert requests.delete(f"{fresh_fhir.base_url}/AdverseEvent/a-e", timeout=5).status_code == 200
    assert get(fresh_fhir, "AdverseEvent/a-e").status_code == 410
    assert ids(get(fresh_fhir, "AdverseEvent?subject=Patient/a")) == set()


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"resourceType": "Observation", "id": "a-o0", "status": "done", "code": {"text": "x"}}, 422),
        ({"resourceType": "Observation", "id": "a-o0", "status": "final"}, 422),
        ({"resourceType": "Observation", "id": "other", "status": "final", "code": {"text": "x"}}, 400),
        ({"resourceType": "Patient", "id": "a-o0"}, 400),
        ([1, 2], 400),
        (None, 400),
    ],
)
def test_what_is_not_valid_is_refused_and_changes_nothing(
    fresh_fhir: RunningServer, body: object, status: int
) -> None:
    url = f"{fresh_fhir.base_url}/Observation/a-o0"
    before = requests.get(url, timeout=5).json()
    reply = requests.put(url, json=body, timeout=5) if body else requests.put(url, data="{", timeout=5)
    if body is None:
        reply = requests.put(url, data="{", headers={"Content-Type": "application/json"}, timeout=5)
    assert reply.status_code == status
    assert outcome(reply)
    assert requests.get(url, timeout=5).json() == before


@pytest.mark.parametrize(
    "text", ["{", "", '{"resourceType": NaN}', "[" * 100_000], ids=["torn", "empty", "NaN", "deep"]
)
def test_a_body_that_is_not_json_is_refused(fresh_fhir: RunningServer, text: str) -> None:
    headers = {"Content-Type": "application/fhir+json"}
    reply = requests.post(f"{fresh_fhir.base_url}/Patient", data=text, headers=headers, timeout=5)
    assert reply.status_code == 400
    assert outcome(reply)


def test_a_body_of_another_kind_is_refused(fresh_fhir: RunningServer) -> None:
    reply = requests.post(f"{fresh_fhir.base_url}/Patient", data={"resourceType": "Patient"}, timeout=5)
    assert reply.status_code == 415


def _transaction(server: RunningServer, kind: str, *entries: tuple[str, str, Json]) -> requests.Response:
    filled = [{"request": {"method": m, "url": u}, "resource": r} for m, u, r in entries]
    body = {"resourceType": "Bundle", "type": kind, "entry": filled}
    return requests.post(server.base_url, json=body, timeout=5)


NEW = ("PUT", "Patient/new", {"resourceType": "Patient", "id": "new"})
WRONG_ID = ("PUT", "Patient/x", {"resourceType": "Patient", "id": "y"})


@pytest.mark.parametrize(
    "fault",
    [
        WRONG_ID,
        ("PUT", "Patient/x", {"resourceType": "Patient", "id": "x", "gender": "unclear"}),
        ("PUT", "Spaceship/x", {"resourceType": "Patient", "id": "x"}),
        ("PUT", "Patient?colour=red", {"resourceType": "Patient"}),
    ],
)
def test_a_transaction_happens_whole_or_not_at_all(
    fresh_fhir: RunningServer, fault: tuple[str, str, Json]
) -> None:
    reply = _transaction(fresh_fhir, "transaction", NEW, fault)
    assert reply.status_code >= 400
    assert outcome(reply)
    assert get(fresh_fhir, "Patient/new").status_code == 404


def test_a_good_transaction_happens(fresh_fhir: RunningServer) -> None:
    order = {"resourceType": "Patient", "id": "a", "active": False}
    assert _transaction(fresh_fhir, "transaction", NEW, ("PUT", "Patient/a", order)).status_code == 200
    assert get(fresh_fhir, "Patient/new").status_code == 200
    assert get(fresh_fhir, "Patient/a").json()["active"] is False


def test_in_a_batch_each_entry_stands_alone_and_searches_are_as_strict(fresh_fhir: RunningServer) -> None:
    search = {"request": {"method": "GET", "url": "ResearchSubject?colour=red"}}
    wrong = {"request": {"method": WRONG_ID[0], "url": WRONG_ID[1]}, "resource": WRONG_ID[2]}
    good = {"request": {"method": "GET", "url": "ResearchSubject?patient=a"}}
    body = {"resourceType": "Bundle", "type": "batch", "entry": [search, wrong, good]}
    entries = requests.post(fresh_fhir.base_url, json=body, timeout=5).json()["entry"]
    assert [entry["response"]["status"][:3] for entry in entries] == ["400", "400", "200"]
    assert entries[2]["resource"]["total"] == 1


def test_only_a_bundle_may_be_posted_to_the_base(fresh_fhir: RunningServer) -> None:
    for body in ({"resourceType": "Patient"}, {"resourceType": "Bundle", "type": "collection"}):
        assert requests.post(fresh_fhir.base_url, json=body, timeout=5).status_code == 400
