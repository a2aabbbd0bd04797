"""Undo restores the record to the letter, all of it or nothing, and never over what somebody else has written."""

import copy
from typing import Any

import pytest

from cds_service.demo.json_http import Json, JsonHttp
from cds_service.demo.loopback import RunningServer
from cds_service.demo.mini_ehr.ehr_memory import EhrMemory
from cds_service.demo.mini_ehr.undoing import ChangedSince, carry_out, take_back
from cds_service.demo.record_client import FhirClient, update_of

ORDER: Json = {
    "resourceType": "ServiceRequest",
    "status": "draft",
    "intent": "order",
    "subject": {"reference": "Patient/a"},
}
EVERYTHING = "ServiceRequest?patient=a"


@pytest.fixture
def fhir(fresh_fhir: RunningServer) -> FhirClient:
    return FhirClient(JsonHttp(), fresh_fhir.base_url)


def _new(text: str) -> Json:
    resource = ORDER | {"note": [{"text": text}]}
    return {"resource": resource, "request": {"method": "POST", "url": "ServiceRequest"}}


def _gone(reference: str) -> Json:
    return {"request": {"method": "DELETE", "url": reference}}


def _content(fhir: FhirClient) -> list[Json]:
    """What the server holds, but for the count of its versions."""
    found = [{k: v for k, v in one.items() if k != "meta"} for one in fhir.resources(EVERYTHING)]
    return sorted(found, key=lambda one: str(one["id"]))


@pytest.fixture
def standing(fhir: FhirClient) -> list[Json]:
    """Two requests that an action finds."""
    fhir.transact([_new("kept"), _new("to be deleted")])
    return fhir.resources(EVERYTHING)


def _mixed(standing: list[Json]) -> list[Json]:
    """A transaction that does one of each."""
    changed, deleted = sorted(standing, key=lambda one: str(one["note"]))
    return [_new("new"), update_of(changed | {"status": "active"}), _gone(f"ServiceRequest/{deleted['id']}")]


def test_what_was_made_changed_and_deleted_is_as_it_was(fhir: FhirClient, standing: list[Json]) -> None:
    memory, before = EhrMemory(), _content(fhir)
    key = carry_out(fhir, memory, "a", _mixed(standing))
    assert _content(fhir) != before
    undoable = memory.undo(key)
    assert undoable is not None
    take_back(fhir, undoable.touched)
    assert _content(fhir) == before


@pytest.mark.parametrize("which", range(3))
def test_nothing_is_touched_where_one_of_them_has_changed(
    fhir: FhirClient, standing: list[Json], which: int
) -> None:
    memory = EhrMemory()
    undoable: Any = memory.undo(carry_out(fhir, memory, "a", _mixed(standing)))
    touched = undoable.touched[which]
    somebody_elses = copy.deepcopy(touched.after or touched.before) | {"note": [{"text": "by another"}]}
    somebody_elses.pop("meta", None)
    fhir.put(somebody_elses)
    before = _content(fhir)
    with pytest.raises(ChangedSince, match=touched.reference):
        take_back(fhir, undoable.touched)
    assert _content(fhir) == before


def test_an_action_is_taken_back_once(fhir: FhirClient) -> None:
    memory = EhrMemory()
    undoable: Any = memory.undo(carry_out(fhir, memory, "a", [_new("x")]))
    take_back(fhir, undoable.touched)
    with pytest.raises(ChangedSince):
        take_back(fhir, undoable.touched)


def test_where_the_server_does_not_tell_what_it_made_nothing_is_offered(
    fhir: FhirClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fhir, "transact", lambda entries: [""])
    assert carry_out(fhir, EhrMemory(), "a", [_new("x")]) == ""
