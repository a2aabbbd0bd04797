"""A suggestion's actions as one FHIR transaction: all of them happen or none (CH-096, CH-098 to CH-103)."""

import uuid

from cds_service.demo.json_http import Json
from cds_service.demo.record_client import update_of


class NotDoable(Exception):
    """The suggestion cannot be carried out; `reason` says which action and why."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def entries(suggestion: Json, patient_id: str) -> list[Json]:
    """The entries of the transaction. Raises NotDoable, also for a resource of another patient."""
    actions = suggestion.get("actions") or []
    if not actions:
        raise NotDoable("the suggestion holds no action")
    return [_entry(action, patient_id) for action in actions]


def _entry(action: Json, patient_id: str) -> Json:
    kind = action.get("type")
    if kind == "delete":
        return _delete(action)
    resource = action.get("resource")
    if kind not in ("create", "update") or not isinstance(resource, dict):
        raise NotDoable(f"an action of type {kind!r} without a resource")
    _check_owner(resource, patient_id)
    name = resource.get("resourceType")
    if kind == "create":
        request = {"method": "POST", "url": name}
        return {"fullUrl": f"urn:uuid:{uuid.uuid4()}", "resource": resource, "request": request}
    if not resource.get("id"):
        raise NotDoable("an update without the id of what it updates")
    return update_of(resource)


def _delete(action: Json) -> Json:
    reference = action.get("resourceId")
    if not isinstance(reference, str) or reference.count("/") != 1:
        raise NotDoable("a deletion that does not say what to delete")
    return {"request": {"method": "DELETE", "url": reference}}


def _check_owner(resource: Json, patient_id: str) -> None:
    """A card about one patient must not write to another's record."""
    for name in ("subject", "patient", "for"):
        reference = (resource.get(name) or {}).get("reference")
        if reference is not None and reference != f"Patient/{patient_id}":
            raise NotDoable("the resource belongs to another patient")
