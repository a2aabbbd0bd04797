"""Hook requests, built in a line and sent as bytes."""

import json
from typing import Any

PATIENT = "p1"
INSTANCE = "d1577c69-dfbe-44ad-ba6d-3e05e953b2ea"
USER = "Practitioner/example"

CONTEXTS: dict[str, dict[str, Any]] = {
    "patient-view": {},
    "order-select": {
        "selections": ["MedicationRequest/draft"],
        "draftOrders": {"resourceType": "Bundle", "entry": []},
    },
    "order-sign": {"draftOrders": {"resourceType": "Bundle", "entry": []}},
    "encounter-start": {"encounterId": "e1"},
    "problem-list-item-create": {"conditions": {"resourceType": "Bundle", "entry": []}},
}


def context_of(hook: str, **more: Any) -> dict[str, Any]:
    """The smallest context the hook allows, and `more`."""
    return {"userId": USER, "patientId": PATIENT, **CONTEXTS.get(hook, {}), **more}


def a_call(hook: str = "patient-view", **members: Any) -> dict[str, Any]:
    """The smallest request the hook allows; a member given as `...` is left out."""
    call = {"hook": hook, "hookInstance": INSTANCE, "context": context_of(hook), **members}
    return {name: value for name, value in call.items() if value is not ...}


def a_body(hook: str = "patient-view", **members: Any) -> bytes:
    """The same as bytes."""
    return json.dumps(a_call(hook, **members)).encode()


def authorization(**members: Any) -> dict[str, Any]:
    """A complete fhirAuthorization; a member given as `...` is left out."""
    given = {
        "access_token": "opaque-token",
        "token_type": "Bearer",
        "expires_in": 300,
        "scope": "patient/*.rs",
        "subject": "cds-service",
        **members,
    }
    return {name: value for name, value in given.items() if value is not ...}
