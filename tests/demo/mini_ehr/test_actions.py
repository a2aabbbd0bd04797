"""Suggestions become transactions, whole or not at all; feedback says what the standard has it say."""

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from cds_service.demo.conformance import faults
from cds_service.demo.json_http import JsonHttp, Unanswered
from cds_service.demo.loopback import RunningServer
from cds_service.demo.mini_ehr.actions import NotDoable, entries
from cds_service.demo.mini_ehr.reactions import accepted, overridden
from cds_service.demo.record_client import FhirClient

NOW = datetime(2026, 3, 2, 9, tzinfo=ZoneInfo("Asia/Shanghai"))
ORDER = {
    "resourceType": "ServiceRequest",
    "status": "draft",
    "intent": "order",
    "subject": {"reference": "Patient/a"},
}
CARD: dict[str, Any] = {
    "uuid": "6c1e4c2e-3a5f-4a0e-9d0e-000000000001",
    "suggestions": [{"label": "x", "uuid": "6c1e4c2e-3a5f-4a0e-9d0e-000000000002"}, {"label": "no uuid"}],
    "overrideReasons": [{"code": "c", "system": "urn:s", "display": "Because"}],
}


def _action(kind: str, **more: Any) -> dict[str, Any]:
    return {"type": kind, "description": "d", **more}


def test_each_kind_of_action_is_the_request_the_standard_means() -> None:
    done = entries(
        {
            "actions": [
                _action("create", resource=ORDER),
                _action("update", resource=ORDER | {"id": "o"}),
                _action("delete", resourceId="ServiceRequest/p"),
            ]
        },
        "a",
    )
    assert [entry["request"] for entry in done] == [
        {"method": "POST", "url": "ServiceRequest"},
        {"method": "PUT", "url": "ServiceRequest/o"},
        {"method": "DELETE", "url": "ServiceRequest/p"},
    ]


@pytest.mark.parametrize(
    ("action", "reason"),
    [
        (_action("create"), "without a resource"),
        (_action("Create", resource=ORDER), "of type 'Create'"),
        (_action("update", resource=ORDER), "without the id"),
        (_action("delete"), "what to delete"),
        (_action("delete", resourceId="p"), "what to delete"),
        (_action("create", resource=ORDER | {"subject": {"reference": "Patient/b"}}), "another patient"),
    ],
)
def test_what_cannot_be_carried_out_is_refused_in_words(action: dict[str, Any], reason: str) -> None:
    with pytest.raises(NotDoable, match=reason):
        entries({"actions": [_action("create", resource=ORDER), action]}, "a")


def test_a_suggestion_of_nothing_is_refused() -> None:
    with pytest.raises(NotDoable):
        entries({"label": "x"}, "a")


def test_on_the_server_all_of_it_happens_or_none(fresh_fhir: RunningServer) -> None:
    fhir = FhirClient(JsonHttp(), fresh_fhir.base_url)
    good = _action("create", resource=ORDER)
    bad = _action("create", resource=ORDER | {"status": "no such status"})
    with pytest.raises(Unanswered, match="HTTP 4"):
        fhir.transact(entries({"actions": [good, bad]}, "a"))
    assert fhir.resources("ServiceRequest?patient=a") == []
    (written, other) = fhir.transact(entries({"actions": [good, good]}, "a"))
    assert written.startswith("ServiceRequest/")
    assert fhir.read(written)["status"] == "draft"
    assert other != written


def test_acceptance_names_the_suggestion() -> None:
    feedback = accepted(CARD, 0, NOW)
    assert feedback
    assert faults(feedback, "feedback") == ()
    (item,) = feedback["feedback"]
    assert item["outcome"] == "accepted"
    assert item["acceptedSuggestions"] == [{"id": CARD["suggestions"][0]["uuid"]}]
    assert item["outcomeTimestamp"] == "2026-03-02T01:00:00Z"


def test_without_a_uuid_there_is_no_feedback() -> None:
    assert accepted(CARD, 1, NOW) is None
    assert overridden({"summary": "x"}, None, "why", NOW) is None


@pytest.mark.parametrize(
    ("number", "comment", "why"),
    [
        (0, "", {"reason": {"code": "c", "system": "urn:s"}}),
        (None, "in words", {"userComment": "in words"}),
        (0, "in words", {"reason": {"code": "c", "system": "urn:s"}, "userComment": "in words"}),
        (None, "", None),
    ],
)
def test_an_override_says_why_as_far_as_it_was_said(number: int | None, comment: str, why: Any) -> None:
    feedback = overridden(CARD, number, comment, NOW)
    assert feedback
    assert faults(feedback, "feedback") == ()
    assert feedback["feedback"][0].get("overrideReason") == why
