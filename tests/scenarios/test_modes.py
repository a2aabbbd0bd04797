"""The same advice however the chart arrives: all of it prefetched, all of it fetched, or some of each."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from flask.testing import FlaskClient

from cds_service.chart.chart_queries import RESOURCE_TYPES
from cds_service.demo.fhir_server import start_fhir_server
from cds_service.demo.loopback import RunningServer
from cds_service.fhir_client.base_url_allow_list import read_base
from cds_service.settings.site_file import Site
from cds_service.wiring import build_app
from tests.builders import NOW
from tests.hook_calls import call_body, order_context, prefetch_of
from tests.installation import an_installation
from tests.scenarios.visits import CHART_SERVICES, PATIENTS

Json = dict[str, Any]
KEYS = [part.value for part in RESOURCE_TYPES]
TOKEN = {
    "access_token": "a-token",
    "token_type": "Bearer",
    "expires_in": 300,
    "scope": "patient/*.read",
    "subject": "cds-service",
}


@pytest.fixture(scope="module")
def ehr() -> Iterator[RunningServer]:
    resources = {(r["resourceType"], r["id"]): r for p in PATIENTS.values() for r in p.resources}
    server = start_fhir_server(tuple(resources.values()))
    yield server
    server.stop()


def without(kind: str) -> tuple[Json, ...]:
    """The chart of an enrolled patient whose study, or whose medications, nobody can bring."""
    chart = []
    for resource in PATIENTS["demo-08"].resources:
        if kind == "ResearchStudy" and resource["resourceType"] == "ResearchSubject":
            resource = resource | {"study": {"reference": "ResearchStudy/nowhere"}}
        if kind == "Medication" and "medicationCodeableConcept" in resource:
            resource = resource | {"medicationReference": {"reference": "Medication/nowhere"}}
            del resource["medicationCodeableConcept"]
        chart.append(resource)
    return tuple(r for r in chart if r["resourceType"] != kind)


@pytest.mark.parametrize("kind", ["ResearchStudy", "Medication"])
def test_what_only_one_way_could_follow_changes_no_hash_and_no_card_id(kind: str) -> None:
    chart = without(kind)
    server = start_fhir_server(chart)
    try:
        site = Site(fhir_bases=(read_base(server.base_url),))
        http = build_app(an_installation(site, fetch_seconds=30.0), clock=lambda: NOW.instant).test_client()
        everything = prefetch_of(chart)
        some = {key: everything[key] for key in KEYS[::2]}
        access = {"fhirServer": server.base_url, "fhirAuthorization": TOKEN}
        for service in CHART_SERVICES:
            told = ids(cards(http, service, call_body(service, "demo-08", everything)))
            assert told or service == "aa-trial-eligibility"
            for prefetch in (None, some):
                assert ids(cards(http, service, call_body(service, "demo-08", prefetch) | access)) == told
    finally:
        server.stop()


def ids(cards: list[Json]) -> list[tuple[str, str, str]]:
    """Which cards these are, and what they were made of."""
    return [(c["uuid"], c["summary"], c["extension"]["org.aa-cds.decision"]["inputHash"]) for c in cards]


@pytest.fixture(scope="module")
def http(ehr: RunningServer) -> FlaskClient:
    site = Site(fhir_bases=(read_base(ehr.base_url),))
    return build_app(an_installation(site, fetch_seconds=30.0), clock=lambda: NOW.instant).test_client()


def cards(http: FlaskClient, service: str, body: Json) -> list[Json]:
    reply = http.post(f"/cds-services/{service}", json=body)
    assert reply.status_code == 200, reply.get_data(as_text=True)
    found: list[Json] = reply.get_json()["cards"]
    return found


def as_written(told: list[Json]) -> list[Json]:
    """Without the versions that a server adds to an order which a suggestion gives back as it came."""
    plain: list[Json] = json.loads(json.dumps(told))
    for card in plain:
        for action in (a for one in card.get("suggestions", []) for a in one.get("actions", [])):
            for name in ("versionId", "lastUpdated"):
                action["resource"].get("meta", {}).pop(name, None)
            if not action["resource"].get("meta", True):
                del action["resource"]["meta"]
    return plain


@pytest.mark.parametrize("patient_id", sorted(PATIENTS))
def test_prefetched_fetched_and_mixed_charts_give_the_same_cards(
    patient_id: str, http: FlaskClient, ehr: RunningServer
) -> None:
    patient = PATIENTS[patient_id]
    everything = prefetch_of(patient.resources)
    some = {key: everything[key] for key in KEYS[::2]}
    access = {"fhirServer": ehr.base_url, "fhirAuthorization": TOKEN}
    contexts: list[tuple[str, Json]] = [(service, {}) for service in CHART_SERVICES]
    contexts += [
        ("aa-trial-order-sign", order_context("aa-trial-order-sign", [draft.resource]))
        for draft in patient.drafts
    ]
    for service, context in contexts:
        told = cards(http, service, call_body(service, patient.id, everything, **context))
        for prefetch in (None, some):
            body = call_body(service, patient.id, prefetch, **context) | access
            assert as_written(cards(http, service, body)) == as_written(told)
