"""A FHIR server that others wrote: HAPI's gives the same advice, shows a result at once, and takes what the demo writes."""

from typing import Any

import pytest
import requests

from cds_service.demo.elsewhere import Elsewhere
from cds_service.demo.json_http import JsonHttp, Unanswered
from cds_service.demo.prefetch_modes import Prefetch, prefetch
from cds_service.demo.record_client import FhirClient, update_of
from cds_service.demo.start_demo import everything
from cds_service.fhir_client.base_url_allow_list import read_base
from cds_service.settings.site_file import Site
from cds_service.wiring import build_app
from tests.builders import NOW
from tests.demo.stopping import stop_order
from tests.demo.test_elsewhere import ORDER, demo_at
from tests.foreign.hapi_server import hapi, missing
from tests.hook_calls import call_body, order_context, prefetch_of
from tests.installation import an_installation
from tests.scenarios.test_modes import TOKEN, cards
from tests.scenarios.visits import CHART_SERVICES, PATIENTS, lasting

Json = dict[str, Any]
ORDER_SERVICES = ("aa-trial-order-select", "aa-trial-order-sign")
TITRATION = "aa-trial-titration"
INCREASE = "demo-08"  # an enrolled patient whose level is too low
SECONDS = 300  # a busy machine, and a server that has just started


@pytest.fixture(scope="session")
def fhir(tmp_path_factory):
    """HAPI with the demo patients of the fixed day; or a skip that says what to do."""
    if said := missing():
        pytest.skip(said)
    with hapi(tmp_path_factory.mktemp("hapi")) as base:
        for patient in PATIENTS.values():
            load(base, everything((patient,)))
        client = FhirClient(JsonHttp(), base)
        yield client
        client.close()


@pytest.fixture(scope="session")
def http(fhir):
    site = Site(fhir_bases=(read_base(fhir.base),))
    installation = an_installation(site, fetch_seconds=60.0)
    return build_app(installation, clock=lambda: NOW.instant).test_client()


@pytest.fixture(scope="session")
def templates(http):
    """The prefetch templates of each service."""
    return {one["id"]: one["prefetch"] for one in http.get("/cds-services").get_json()["services"]}


def load(base, resources):
    """All of them in one transaction."""
    entries = [
        {"resource": one, "request": {"method": "PUT", "url": f"{one['resourceType']}/{one['id']}"}}
        for one in resources
    ]
    bundle = {"resourceType": "Bundle", "type": "transaction", "entry": entries}
    answer = requests.post(base, json=bundle, timeout=SECONDS)
    assert answer.status_code == 200, answer.text


def calls_of(patient):
    """Each service, and what its call holds beside the patient."""
    yield from ((service, {}) for service in CHART_SERVICES)
    for draft in patient.drafts:
        yield from ((service, order_context(service, [draft.resource])) for service in ORDER_SERVICES)


def ask(http, fhir, service, patient, sent, **context):
    """The cards of a call that brings what was `sent`, and may fetch the rest."""
    body = call_body(service, patient, sent, **context)
    return cards(http, service, body | {"fhirServer": fhir.base, "fhirAuthorization": TOKEN})


def filled(fhir, templates, patient):
    """What the EHR sends along with each service's call: each query asked once."""
    queries = {query: {"key": query} for wanted in templates.values() for query in wanted.values()}
    who = {"patientId": patient}
    had = {
        query: (prefetch(fhir, one, who, Prefetch.ALL, NOW.day) or {}).get("key")
        for query, one in queries.items()
    }
    return {
        service: {key: had[query] for key, query in wanted.items() if had[query] is not None}
        for service, wanted in templates.items()
    }


@pytest.mark.parametrize("patient_id", sorted(PATIENTS))
def test_the_same_advice_prefetched_fetched_and_mixed(patient_id, fhir, http, templates):
    patient = PATIENTS[patient_id]
    sent = filled(fhir, templates, patient_id)
    for service, context in calls_of(patient):
        told = ask(http, fhir, service, patient_id, sent[service], **context)
        some = {key: sent[service][key] for key in sorted(sent[service])[::2]}
        assert ask(http, fhir, service, patient_id, None, **context) == told, service
        assert ask(http, fhir, service, patient_id, some, **context) == told, service
        as_demo = call_body(service, patient_id, prefetch_of(patient.resources), **context)
        assert _unstamped(told) == _unstamped(cards(http, service, as_demo)), service


def _unstamped(told: Any) -> Any:
    """Cards without what this server wrote into an order of which a suggestion sends the whole back."""
    told = lasting(told)
    for card in told:
        for suggestion in card.get("suggestions", ()):
            for action in suggestion["actions"]:
                for stamp in ("versionId", "lastUpdated", "source"):
                    action.get("resource", {}).get("meta", {}).pop(stamp, None)
    return told


def test_the_same_advice_where_only_first_pages_are_sent(fhir, http, templates):
    paged = prefetch(fhir, templates[TITRATION], {"patientId": INCREASE}, Prefetch.PAGED, NOW.day)
    assert any(link["relation"] == "next" for link in paged["observations"]["link"])
    told = ask(http, fhir, TITRATION, INCREASE, paged)
    assert told == ask(http, fhir, TITRATION, INCREASE, None)
    assert "Increase sirolimus" in told[0]["summary"]


@pytest.fixture
def level(fhir):
    """A trough of 25 ng/mL as the laboratory reports it, not yet at the server; taken back afterwards."""
    levels = [one for one in fhir.resources(f"Observation?patient={INCREASE}") if is_sirolimus(one)]
    new = max(levels, key=lambda one: one["effectiveDateTime"])
    for name in ("id", "meta", "interpretation"):
        new.pop(name, None)
    new["effectiveDateTime"] = new["issued"] = NOW.instant.isoformat()
    new["valueQuantity"]["value"] = 25.4
    posted: list[str] = []

    def post() -> None:
        answer = requests.post(f"{fhir.base}/Observation", json=new, timeout=SECONDS)
        assert answer.status_code == 201, answer.text
        posted.append(answer.json()["id"])

    yield post
    for one in posted:
        requests.delete(f"{fhir.base}/Observation/{one}", timeout=SECONDS)


def is_sirolimus(observation):
    return any(coding.get("code") == "72676-0" for coding in observation["code"].get("coding", ()))


def test_a_level_that_was_posted_a_moment_ago_is_seen(fhir, http, templates, level):
    """HAPI answers a search for 60 s from the last like it, unless it is told not to; this one does, as the control shows."""
    listed = f"{fhir.base}/Observation?patient={INCREASE}&_count=500"
    before = [len(requests.get(listed, timeout=SECONDS).json()["entry"]) for _ in range(2)]
    assert "Increase" in ask(http, fhir, TITRATION, INCREASE, None)[0]["summary"]
    level()
    reused = len(requests.get(listed, timeout=SECONDS).json()["entry"])
    assert before == [reused, reused]
    fetched = ask(http, fhir, TITRATION, INCREASE, None)
    sent = prefetch(fhir, templates[TITRATION], {"patientId": INCREASE}, Prefetch.ALL, NOW.day)
    assert fetched[0]["indicator"] == "critical"
    assert "25.4" in str(fetched)
    assert ask(http, fhir, TITRATION, INCREASE, sent) == fetched


def test_a_write_by_an_old_version_is_refused(fhir):
    """Of two people who change one thing, the second is told; both ways of writing, and both sides."""
    (first, *_) = fhir.resources(f"Observation?patient={INCREASE}")
    assert fhir.put(first)["id"] == first["id"]
    latest = fhir.read(f"Observation/{first['id']}")
    changed = latest | {"note": [{"text": "seen by the laboratory"}]}
    assert fhir.transact([update_of(changed)]) == [f"Observation/{first['id']}"]
    for write in (fhir.put, lambda one: fhir.transact([update_of(one)])):
        with pytest.raises(Unanswered, match=r"HTTP 4(09|12)"):
            write(latest | {"note": [{"text": "an older note"}]})
    assert fhir.read(f"Observation/{first['id']}")["note"] == changed["note"]


def test_the_demo_works_with_it(fhir, tmp_path):
    """Its page shows the chart and the advice, signs an order by somebody whom the server has, and stops it."""
    load(fhir.base, [{"resourceType": "Patient", "id": "new", "name": [{"family": "Li", "given": ["An"]}]}])

    def orders():
        return [
            (one["status"], "reference" in one["requester"])
            for one in fhir.resources("MedicationRequest?patient=new")
        ]

    def check(visit):
        page = f"{visit.page}/patients/new"
        signed = requests.post(f"{page}/orders", data=ORDER, timeout=SECONDS).json()
        assert signed["ok"], signed
        assert orders() == [("active", True)]
        (order,) = fhir.resources("MedicationRequest?patient=new")
        assert stop_order(visit.page, "new", order["id"]).ok
        assert orders() == [("stopped", True)]
        came = visit.advice()
        assert came["ok"], came
        assert "not here: this FHIR server offers no SMART launch" in visit.said
        assert "Signing as:     Practitioner/" in visit.said
        assert "not on file there" not in visit.said

    demo_at(Elsewhere(fhir.base, allow_writes=True), tmp_path, check)
