"""A FHIR server that others wrote: HAPI's gives the same advice, shows a result at once, and takes what the demo writes."""

import copy
import json
import uuid
from datetime import timedelta
from typing import Any

import pytest
import requests

from cds_service.ehr.bases import read_base
from cds_service.sandbox.demo import everything
from cds_service.sandbox.fhir_client import FhirClient
from cds_service.sandbox.json_http import JsonHttp
from cds_service.sandbox.prefetch import Prefetch, prefetch
from cds_service.settings.site_file import Site
from cds_service.wiring import build_app
from tests.builders import NOW
from tests.foreign.hapi_server import hapi, missing
from tests.hook_calls import call_body, order_context, prefetch_of
from tests.installation import an_installation
from tests.journeys.test_modes import TOKEN, cards
from tests.journeys.visits import CHART_SERVICES, PATIENTS, _lasting

Json = dict[str, Any]
ORDER_SERVICES = ("aa-trial-order-select", "aa-trial-order-sign")
SECONDS = 300  # a busy machine, and a server whose code is not yet compiled


@pytest.fixture(scope="session")
def fhir(tmp_path_factory):
    """HAPI with the demo patients of the fixed day; or a skip that says what to do."""
    if said := missing():
        pytest.skip(said)
    with hapi(tmp_path_factory.mktemp("hapi")) as base:
        client = FhirClient(JsonHttp(), base)
        for patient in PATIENTS.values():
            load(base, everything((patient,)))
        yield client
        client.close()


@pytest.fixture(scope="session")
def http(fhir):
    site = Site(fhir_bases=(read_base(fhir.base),))
    installation = an_installation(site, fetch_seconds=60.0)
    return build_app(installation, clock=lambda: NOW.instant).test_client()


@pytest.fixture(scope="session")
def templates(http):
    return {one["id"]: one["prefetch"] for one in http.get("/cds-services").get_json()["services"]}


def load(base, resources):
    """All of them in one transaction; a server that has just started takes its time."""
    entries = [
        {"resource": one, "request": {"method": "PUT", "url": f"{one['resourceType']}/{one['id']}"}}
        for one in resources
    ]
    bundle = {"resourceType": "Bundle", "type": "transaction", "entry": entries}
    answer = requests.post(base, json=bundle, timeout=SECONDS)
    assert answer.status_code == 200, answer.text


def contexts_of(patient):
    """Each service, and what its call holds beside the patient."""
    found = [(service, {}) for service in CHART_SERVICES]
    found += [
        (service, order_context(service, [draft.resource])) for draft in patient.drafts for service in ORDER_SERVICES
    ]
    return found


def ask(http, fhir, service, patient, sent, **context):
    """The cards of a call that brings what was `sent`, and may fetch the rest."""
    body = call_body(service, patient, sent, **context)
    return cards(http, service, body | {"fhirServer": fhir.base, "fhirAuthorization": TOKEN})


@pytest.mark.parametrize("patient_id", sorted(PATIENTS))
def test_the_same_advice_prefetched_fetched_and_mixed(patient_id, fhir, http, templates):
    patient = PATIENTS[patient_id]
    for service, context in contexts_of(patient):
        local = cards(http, service, call_body(service, patient.id, prefetch_of(patient.resources), **context))
        told = {
            how: ask(
                http,
                fhir,
                service,
                patient.id,
                prefetch(fhir, templates[service], {"patientId": patient.id}, how, NOW.day),
                **context,
            )
            for how in (Prefetch.ALL, Prefetch.NONE, Prefetch.MIXED, Prefetch.PAGED)
        }
        assert told[Prefetch.NONE] == told[Prefetch.ALL], service
        assert told[Prefetch.MIXED] == told[Prefetch.ALL], service
        assert told[Prefetch.PAGED] == told[Prefetch.ALL], service
        assert _lasting(told[Prefetch.ALL]) == _lasting(local), service
