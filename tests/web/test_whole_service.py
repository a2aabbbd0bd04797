"""The whole service, from a real FHIR server to cards: 200, 412 and 400 exactly as the contract says."""

import pytest
from msgspec.structs import replace

from cds_service.fhir_client.base_url_allow_list import read_base
from cds_service.settings.site_file import Site
from cds_service.wiring import build_app
from fhir_mappings.clinical_model.known_unknown import Part
from tests.answer_validator import schema
from tests.fhir_client.charts import CHART, MEDICATION, NOW, TYPES, prefetched
from tests.fhir_client.stub import drips, running, searchset
from tests.installation import an_installation
from tests.standard.calls import CONTEXTS, PATIENT, a_call, authorization, context_of

SERVICES = {
    "aa-trial-eligibility": "patient-view",
    "aa-trial-diagnosis": "problem-list-item-create",
    "aa-trial-titration": "patient-view",
    "aa-trial-visit": "encounter-start",
    "aa-trial-order-select": "order-select",
    "aa-trial-order-sign": "order-sign",
}
DECISIVE = ("patient", "researchSubjects")
"""For an enrolled patient; for others the problem list decides as well."""
TITRATION = "aa-trial-titration"
WHOLE = {
    **prefetched(Part),
    "medicationRequests": searchset(CHART[Part.MEDICATION_REQUESTS], MEDICATION),
}
NOBODY = {**{part.value: None for part in Part}, "patient": CHART[Part.PATIENT]}


def settings_for(base=None, **more):
    site = Site(fhir_bases=(read_base(base),) if base else ())
    return an_installation(site, **more)


@pytest.fixture(scope="module")
def client():
    return build_app(settings_for(), lambda: NOW).test_client()


@pytest.fixture
def stub():
    with running() as server:
        server.gives(f"Patient/{PATIENT}", CHART[Part.PATIENT])
        for part, resource in CHART.items():
            if part is not Part.PATIENT:
                server.gives(TYPES[part], searchset(resource))
        server.gives("Medication/sirolimus", MEDICATION)
        yield server


@pytest.fixture
def over_http(stub):
    return build_app(settings_for(stub.base, fetch_seconds=1.0), lambda: NOW).test_client()


def ask(client, service=TITRATION, **members):
    return client.post(f"/cds-services/{service}", json=a_call(SERVICES[service], **members))


def cards_of(response):
    assert response.status_code == 200, response.data
    schema("response").validate(response.get_json())
    return response.get_json()["cards"]


def kinds(cards):
    return [card["extension"]["org.aa-cds.decision"]["kind"] for card in cards]


def at(stub, **more):
    return {"fhirServer": stub.base, "fhirAuthorization": authorization(scope="user/*.rs", **more)}


def test_discovery_lists_the_six_services_of_the_contract(client):
    answer = client.get("/cds-services").get_json()
    schema("discovery").validate(answer)
    assert {service["id"]: service["hook"] for service in answer["services"]} == SERVICES
    for service in answer["services"]:
        assert set(service["prefetch"]) == {part.value for part in Part} | {"serviceRequests"}


@pytest.mark.parametrize("service", SERVICES)
def test_everything_that_discovery_lists_can_be_called(client, service):
    cards_of(ask(client, service, prefetch=WHOLE))
    assert cards_of(ask(client, service, prefetch=NOBODY)) == []


@pytest.mark.parametrize("service", SERVICES)
@pytest.mark.parametrize("field", ["userId", "patientId", "own"])
def test_a_missing_context_field_is_400_and_named(client, service, field):
    hook = SERVICES[service]
    own = list(CONTEXTS[hook])
    name = field if field != "own" else (own[0] if own else "userId")
    context = context_of(hook)
    del context[name]
    response = ask(client, service, context=context, prefetch=WHOLE)
    assert response.status_code == 400
    assert f"context.{name}" in response.get_json()["issue"][0]["diagnostics"]


def test_a_participant_gets_a_dosing_card(client):
    cards = cards_of(ask(client, prefetch=WHOLE))
    assert kinds(cards)[0] in ("titration", "safety", "renal")
    assert cards[0]["extension"]["org.aa-cds.decision"]["schema"] == "assessment/1"


def test_the_same_call_gives_the_same_cards(client):
    answers = [ask(client, prefetch=WHOLE).data for _ in range(2)]
    assert answers[0] == answers[1]


@pytest.mark.parametrize("key", DECISIVE)
def test_without_a_decisive_key_it_is_412_and_named(client, key):
    response = ask(client, prefetch={k: v for k, v in WHOLE.items() if k != key})
    assert response.status_code == 412
    assert response.get_json()["resourceType"] == "OperationOutcome"
    assert key in response.get_json()["issue"][0]["diagnostics"]


def test_without_any_prefetch_and_any_server_it_is_412(client):
    assert ask(client).status_code == 412
    assert ask(client, prefetch=None).status_code == 412


@pytest.mark.parametrize("key", sorted({part.value for part in Part} - {*DECISIVE}))
def test_any_other_missing_key_is_200_with_a_card_that_names_it(client, key):
    cards = cards_of(ask(client, prefetch={k: v for k, v in WHOLE.items() if k != key}))
    told = [card for card in cards if kinds([card]) == ["data-quality"]]
    assert [card["extension"]["org.aa-cds.decision"]["decision"]["unavailable"] for card in told] == [[key]]


def test_a_patient_whom_the_trial_cannot_concern_gets_no_card_whatever_failed(client):
    broken = {**NOBODY, "observations": {"resourceType": "OperationOutcome"}}
    assert cards_of(ask(client, prefetch=broken)) == []


def test_fetched_and_prefetched_give_the_same_cards(client, over_http, stub):
    by_prefetch = cards_of(ask(client, prefetch=WHOLE))
    by_fetch = cards_of(ask(over_http, **at(stub)))
    half = {key: value for n, (key, value) in enumerate(prefetched(Part).items()) if n % 2}
    mixed = cards_of(ask(over_http, prefetch=half, **at(stub)))
    assert by_prefetch == by_fetch == mixed
    assert by_prefetch


def test_each_request_to_the_server_carries_the_caller_s_token(over_http, stub):
    ask(over_http, **at(stub))
    assert {headers["Authorization"] for _, headers in stub.asked} == {"Bearer opaque-token"}


def test_no_server_may_answer_from_a_search_that_it_made_before(over_http, stub):
    ask(over_http, **at(stub))
    assert {headers["Cache-Control"] for _, headers in stub.asked} == {"no-cache"}


@pytest.mark.parametrize("status", [401, 403, 404, 500, 503])
@pytest.mark.parametrize(
    ("part", "answered"), [(Part.RESEARCH_SUBJECTS, 412), (Part.CONDITIONS, 200), (Part.OBSERVATIONS, 200)]
)
def test_a_server_that_refuses_is_412_for_a_decisive_part_and_a_named_gap_for_another(
    over_http, stub, status, part, answered
):
    stub.gives(TYPES[part], {"resourceType": "OperationOutcome"}, status=status)
    response = ask(over_http, **at(stub))
    assert response.status_code == answered
    assert part.value in response.get_data(as_text=True)


def test_a_dripping_server_costs_no_more_than_the_deadline(over_http, stub):
    stub.answers["/fhir/Observation"] = drips(b"{" + b" " * 5000, 0.01)
    cards = cards_of(ask(over_http, **at(stub)))
    assert "data-quality" in kinds(cards)


def test_another_server_is_never_called(over_http, stub):
    with running() as other:
        assert ask(over_http, fhirServer=other.base).status_code == 412
        assert other.asked == []


def test_a_draft_order_for_another_patient_is_400(client):
    draft = {"resourceType": "MedicationRequest", "id": "d", "subject": {"reference": "Patient/p2"}}
    bundle = {"resourceType": "Bundle", "entry": [{"resource": draft}]}
    response = ask(
        client,
        "aa-trial-order-sign",
        prefetch=WHOLE,
        context=context_of("order-sign", draftOrders=bundle),
    )
    assert response.status_code == 400
    assert "context.draftOrders" in response.get_json()["issue"][0]["diagnostics"]


def test_the_sandbox_s_empty_draft_is_answered(client):
    """Before a drug is chosen the official sandbox sends an order without medication, dose or intent."""
    draft = {
        "resourceType": "MedicationRequest",
        "id": "request-123",
        "status": "draft",
        "category": {"coding": [{"code": "outpatient"}]},
        "subject": {"reference": f"Patient/{PATIENT}"},
    }
    bundle = {"resourceType": "Bundle", "entry": [{"resource": draft}]}
    context = context_of("order-select", draftOrders=bundle, selections=["MedicationRequest/request-123"])
    cards_of(ask(client, "aa-trial-order-select", prefetch=WHOLE, context=context))


def test_a_new_problem_other_than_aplastic_anaemia_is_no_occasion_to_speak(client):
    candidate = {**NOBODY, "conditions": WHOLE["conditions"]}
    problems = {
        "aplastic": CHART[Part.CONDITIONS],
        "other": {**CHART[Part.CONDITIONS], "id": "c9", "code": {"text": "ankle sprain"}},
    }
    spoken = {
        name: ask(
            client,
            "aa-trial-diagnosis",
            prefetch=candidate,
            context=context_of(
                "problem-list-item-create",
                conditions={"resourceType": "Bundle", "entry": [{"resource": problem}]},
            ),
        )
        for name, problem in problems.items()
    }
    assert cards_of(spoken["other"]) == []
    assert kinds(cards_of(spoken["aplastic"])) == ["eligibility"]


def test_cards_speak_the_language_of_the_site():
    settings = settings_for()
    chinese = replace(settings, site=replace(settings.site, language="zh"))
    answers = [
        cards_of(ask(build_app(one, lambda: NOW).test_client(), prefetch=WHOLE))
        for one in (settings, chinese)
    ]
    assert answers[0] != answers[1]
    assert kinds(answers[0]) == kinds(answers[1])
