"""What real clients send, as observed: the official sandbox and two EHRs. None of it may be refused or misread."""

import copy
import json
import time
import uuid
from datetime import timedelta
from typing import Any

import pytest

from cds_service.demo.demo_patients import demo_patients
from fhir_mappings.clinical_model.known_unknown import Part
from tests.fhir_client.charts import CHART, SUBJECT
from tests.fhir_client.stub import searchset
from tests.hook_calls import HOOKS, order_context, prefetch_of
from tests.standard.calls import context_of
from tests.standard.over_http.hospital import (
    DISCOVERY,
    SERVICE_OF,
    WHOLE,
    Hospital,
    kinds,
    refusal,
    token_for,
    unavailable,
)
from tests.standard.tokens import BASE, NOW

Json = Any
USER = "Practitioner/COREPRACTITIONER1"
RXNORM = "http://www.nlm.nih.gov/research/umls/rxnorm"
SIROLIMUS_2_MG = {
    "text": "sirolimus 2 MG Oral Tablet",
    "coding": [{"code": "360110", "system": RXNORM, "display": "sirolimus 2 MG Oral Tablet"}],
}
DRAFT: Json = {
    "resourceType": "MedicationRequest",
    "id": "request-123",
    "status": "draft",
    "subject": SUBJECT,
    "authoredOn": "2026-03-02",
    "dosageInstruction": [
        {
            "timing": {"repeat": {"frequency": 1, "period": 1, "periodUnit": "d"}},
            "doseAndRate": [{"doseQuantity": {"value": 3, "code": "{pill}"}}],
        }
    ],
    "dispenseRequest": {"expectedSupplyDuration": {"value": 30, "code": "d"}},
    "intent": "order",
    "category": {"coding": [{"system": "http://example.org", "code": "outpatient"}]},
    "medicationCodeableConcept": SIROLIMUS_2_MG,
}
"""As the sandbox writes it: `category` is an object, which R4 does not allow, and the dose is in tablets."""


def without(resource: Json, *members: str) -> Json:
    return {name: value for name, value in resource.items() if name not in members}


def sandbox_call(hospital: Hospital, hook: str, draft: Json | None = None, **members: Any) -> Json:
    """The body of a call: no encounter, no type on the Bundle, plain http for the server, no authorization."""
    context: Json = {"patientId": "p1", "userId": USER}
    if draft is not None:
        context["draftOrders"] = {"resourceType": "Bundle", "entry": [{"resource": draft}]}
    if hook == "order-select":
        context["selections"] = ["MedicationRequest/request-123"]
    body = {
        "hookInstance": str(uuid.uuid4()),
        "hook": hook,
        "fhirServer": hospital.fhir.base,
        "context": context,
    }
    return {**body, "prefetch": WHOLE, **members}


def cards_of(reply: Any) -> list[Json]:
    assert reply.status_code == 200, reply.text
    return list(reply.json()["cards"])


# ---------------------------------------------------------------- draft orders


@pytest.mark.ch("CH-164", "CH-165", "CH-160", "CH-161")
@pytest.mark.parametrize("hook", ["order-select", "order-sign"])
@pytest.mark.parametrize(
    "draft",
    [
        without(DRAFT, "medicationCodeableConcept", "dosageInstruction", "intent"),
        without(DRAFT, "medicationCodeableConcept"),
        without(DRAFT, "dosageInstruction"),
        without(DRAFT, "intent"),
        without(DRAFT, "status"),
        without(DRAFT, "subject"),
        without(DRAFT, "id"),
        {"resourceType": "MedicationRequest"},
        {**DRAFT, "dosageInstruction": [{}]},
        {**DRAFT, "dosageInstruction": [{"doseAndRate": [{}]}]},
        {**DRAFT, "dosageInstruction": [{"timing": {}, "doseAndRate": [{"doseQuantity": {}}]}]},
        {**DRAFT, "medicationCodeableConcept": {}},
        {**DRAFT, "medicationCodeableConcept": {"coding": []}},
    ],
)
def test_an_order_that_is_still_being_written_is_answered(hospital: Hospital, hook: str, draft: Json) -> None:
    cards_of(hospital.post(sandbox_call(hospital, hook, draft), SERVICE_OF[hook]))


@pytest.mark.ch("CH-164", "CH-165")
@pytest.mark.parametrize("hook", ["order-select", "order-sign"])
@pytest.mark.parametrize("member", ["category", "note", "reasonCode"])
def test_an_object_where_a_list_belongs_costs_nothing_else_of_the_order(
    hospital: Hospital, hook: str, member: str
) -> None:
    """Three tablets of 2 mg are 6 mg, beyond the record's 3 mg, whether or not `category` is a list."""
    odd = {**without(DRAFT, "category"), member: {"text": "x"}}
    told = [
        cards_of(hospital.post(sandbox_call(hospital, hook, draft), SERVICE_OF[hook]))
        for draft in (odd, without(DRAFT, "category"))
    ]
    assert [card["summary"] for card in told[0]] == [card["summary"] for card in told[1]]
    assert "6 mg" in json.dumps(told[0])
    assert "order" in kinds(told[0])


@pytest.mark.ch("CH-101")
def test_what_is_offered_for_such_an_order_is_all_of_it(hospital: Hospital) -> None:
    """The demo's order of too high a dose, with `category` as the sandbox writes it: the correction keeps it."""
    (patient,) = (one for one in demo_patients(NOW.date()) if one.id == "demo-09")
    draft = {**patient.drafts[0].resource, "category": DRAFT["category"]}
    context = {"patientId": patient.id, **order_context("aa-trial-order-sign", [draft])}
    body = sandbox_call(hospital, "order-sign", draft, prefetch=prefetch_of(patient.resources))
    cards = cards_of(hospital.post({**body, "context": body["context"] | context}, "aa-trial-order-sign"))
    suggestions = [suggestion for card in cards for suggestion in card.get("suggestions", ())]
    updates = [action for one in suggestions for action in one["actions"] if action["type"] == "update"]
    assert [action["resource"]["category"] for action in updates] == [DRAFT["category"]]


@pytest.mark.ch("CH-164", "CH-161")
@pytest.mark.parametrize(
    "bundle",
    [
        {"resourceType": "Bundle"},
        {"resourceType": "Bundle", "entry": []},
        {"resourceType": "Bundle", "entry": [{}]},
        {"resourceType": "Bundle", "entry": [None]},
        {"resourceType": "Bundle", "entry": [{"fullUrl": "urn:uuid:1"}]},
        {"resourceType": "Bundle", "entry": [{"resource": {"resourceType": "ServiceRequest"}}]},
        {
            "resourceType": "Bundle",
            "entry": [{"resource": {"resourceType": "NutritionOrder", "patient": SUBJECT}}],
        },
    ],
)
def test_a_bundle_without_an_order_of_ours_is_no_crash(hospital: Hospital, bundle: Json) -> None:
    for hook in ("order-select", "order-sign"):
        context = context_of(hook, draftOrders=bundle)
        cards_of(hospital.call(SERVICE_OF[hook], context=context, prefetch=WHOLE))


@pytest.mark.ch("CH-164")
def test_order_select_fires_on_every_keystroke_and_says_the_same(hospital: Hospital) -> None:
    told = []
    for _ in range(3):
        cards = cards_of(
            hospital.post(sandbox_call(hospital, "order-select", DRAFT), "aa-trial-order-select")
        )
        told.append([card["summary"] for card in cards])
    assert told[0]
    assert told[0] == told[1] == told[2]


# ---------------------------------------------------------------- the call


@pytest.mark.ch("CH-163", "CH-167")
def test_without_an_encounter_all_but_the_visit_is_answered(hospital: Hospital) -> None:
    for hook, service in SERVICE_OF.items():
        context = without(context_of(hook), "encounterId")
        reply = hospital.call(service, context=context, prefetch=WHOLE)
        if hook == "encounter-start":
            assert "context.encounterId" in refusal(reply, 400)
        else:
            assert reply.status_code == 200


@pytest.mark.ch("CH-053", "CH-055")
def test_a_client_that_sorts_the_parameters_sends_the_same(hospital: Hospital) -> None:
    """No template depends on the order of its parameters: sorted by name, each means what it did."""
    for service in hospital.discover().values():
        for template in service["prefetch"].values():
            parameters = [p.partition("=")[0] for p in template.partition("?")[2].split("&") if p]
            assert len(set(parameters)) == len(parameters)


@pytest.mark.ch("CH-047")
def test_a_literal_user_token_reaches_nobody(hospital: Hospital) -> None:
    """Clients that cannot fill a user token send it URL-encoded as it stands; we never give them one."""
    assert "user" not in json.dumps([s["prefetch"] for s in hospital.discover().values()])
    hospital.cards(**hospital.access())
    assert not [path for path in hospital.fhir.paths() if "%7B" in path.upper() or "{" in path]


@pytest.mark.ch("CH-038", "CH-039")
@pytest.mark.parametrize("failed", ["observations", "allergies", "researchSubjects"])
def test_a_prefetch_that_failed_is_left_out_and_fetched_openly(hospital: Hospital, failed: str) -> None:
    body = sandbox_call(hospital, "patient-view", prefetch=without(WHOLE, failed))
    assert unavailable(cards_of(hospital.post(body))) == []
    assert {headers.get("Authorization") for path, headers in hospital.fhir.asked if "/fhir" in path} == {
        None
    }


@pytest.mark.ch("CH-029")
def test_when_nothing_was_fetched_the_member_is_missing(hospital: Hospital) -> None:
    body = without(sandbox_call(hospital, "patient-view"), "prefetch")
    assert unavailable(cards_of(hospital.post(body))) == []


@pytest.mark.ch("CH-001")
@pytest.mark.parametrize("accept", ["application/json+fhir", "*/*", "application/json", "text/html", ""])
def test_whatever_the_client_accepts_it_gets_json(hospital: Hospital, accept: str) -> None:
    reply = hospital.call(prefetch=WHOLE)
    other = hospital.post(sandbox_call(hospital, "patient-view"), headers={"Accept": accept})
    assert reply.headers["Content-Type"] == other.headers["Content-Type"] == "application/json"


@pytest.mark.ch("CH-084", "CH-087")
def test_failure_is_never_told_as_all_clear(hospital: Hospital) -> None:
    """The sandbox shows "all clear" for an empty list and for an error alike: what is missing is said on a card."""
    broken = {key: {"resourceType": "OperationOutcome"} for key in WHOLE}
    for key in ("patient", "conditions", "researchSubjects"):
        broken[key] = WHOLE[key]
    cards = hospital.cards(prefetch=broken)
    assert "data-quality" in kinds(cards)
    assert cards[0]["summary"]


@pytest.mark.ch("CH-020")
def test_no_service_hides_another_from_a_client_that_keys_them_by_address(hospital: Hospital) -> None:
    listed = hospital.send("GET", DISCOVERY).json()["services"]
    assert len({f"{DISCOVERY}/{service['id']}" for service in listed}) == len(listed) == len(HOOKS)


# ---------------------------------------------------------------- tokens


@pytest.mark.ch("CH-150")
@pytest.mark.parametrize("fraction", [0.5, 0.501, 0.75, 0.999])
def test_a_token_whose_iat_was_rounded_up_is_taken(hospital: Hospital, fraction: float) -> None:
    ahead = round(NOW.timestamp() + fraction) - NOW.timestamp()
    headers = {"Authorization": token_for(f"{BASE}{DISCOVERY}", iat=ahead, exp=ahead + 300)}
    assert hospital.send("GET", DISCOVERY, headers=headers).status_code == 200


@pytest.mark.ch("CH-150", "CH-139", "CH-141")
@pytest.mark.parametrize(
    "claims",
    [
        {"iat": 0, "nbf": -300, "exp": 900, "sub": "client-id-of-the-ehr"},
        {"iat": 0, "exp": 300},
        {"iat": 0, "exp": 300, "tenant": "d8b1c2", "unknown": {"a": [1]}},
        {"iat": 0, "exp": 300, "jti": str(uuid.UUID(int=7))},
    ],
)
def test_the_claims_of_known_clients_are_taken(hospital: Hospital, claims: Json) -> None:
    headers = {"Authorization": token_for(f"{BASE}{DISCOVERY}", **claims)}
    assert hospital.send("GET", DISCOVERY, headers=headers).status_code == 200


@pytest.mark.ch("CH-128")
def test_feedback_comes_with_the_feedback_address_and_without_a_display(hospital: Hospital) -> None:
    card = hospital.cards(prefetch=WHOLE)[0]
    reason = without(card["overrideReasons"][0], "display")
    item = {"card": card["uuid"], "outcome": "overridden", "overrideReason": {"reason": reason}}
    reply = hospital.feedback(
        {**item, "outcomeTimestamp": f"{NOW + timedelta(seconds=1.5):%Y-%m-%dT%H:%M:%S.%f}"[:-3] + "Z"}
    )
    assert (reply.status_code, reply.content) == (200, b"")


# ---------------------------------------------------------------- size


@pytest.mark.ch("CH-031", "CH-037")
def test_a_long_chart_is_answered_in_time_with_every_key_prefetched(hospital: Hospital) -> None:
    extra = [
        {
            **copy.deepcopy(CHART[Part.OBSERVATIONS]),
            "id": f"o{n}",
            "effectiveDateTime": f"2025-{n % 12 + 1:02}-01",
        }
        for n in range(1000)
    ]
    began = time.perf_counter()
    cards_of(hospital.call(prefetch={**WHOLE, "observations": searchset(*extra)}))
    assert time.perf_counter() - began < 1.0
