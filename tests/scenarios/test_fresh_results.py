"""A result that was posted a moment ago is seen at once, also where a FHIR server reuses its searches for a minute."""

import json
from collections.abc import Callable, Iterator
from contextlib import suppress
from http.server import BaseHTTPRequestHandler
from typing import Any

import pytest
import requests
from flask.testing import FlaskClient

from cds_service.chart.chart_queries import RESOURCE_TYPES
from cds_service.demo.fhir_server import start_fhir_server
from cds_service.demo.json_http import JsonHttp, Unanswered
from cds_service.demo.loopback import RunningServer
from cds_service.demo.record_client import FhirClient
from cds_service.explain.banner import fetch_banner
from cds_service.explain.resource_view import fetch_source
from cds_service.fhir_client.base_url_allow_list import read_base
from cds_service.fhir_client.deadline import deadline_in
from cds_service.fhir_client.fhir_get import FetchLimits, HttpFhirServer, NotFetched
from cds_service.settings.site_file import Site
from cds_service.wiring import build_app
from tests.builders import NOW
from tests.fhir_client.stub import Stub, running, says, searchset
from tests.hook_calls import call_body
from tests.installation import an_installation
from tests.scenarios.dosing_charts import level
from tests.scenarios.visits import PATIENTS

Json = dict[str, Any]
RAISED = PATIENTS["demo-08"]  # 3.3 ng/mL on 2 mg: "Increase"
TITRATION = "aa-trial-titration"
TOKEN = {
    "access_token": "a-token",
    "token_type": "Bearer",
    "expires_in": 300,
    "scope": "patient/*.read",
    "subject": "cds-service",
}


@pytest.fixture
def demo() -> Iterator[RunningServer]:
    server = start_fhir_server(tuple(RAISED.resources))
    yield server
    server.stop()


@pytest.fixture
def reusing(demo: RunningServer) -> Iterator[Stub]:
    """The demo's server behind one that gives what it found before, unless it is told not to."""
    kept: dict[str, bytes] = {}
    with running() as stub, requests.Session() as session:

        def answer(handler: BaseHTTPRequestHandler) -> None:
            stub.asked.append((handler.path, dict(handler.headers)))
            if handler.path not in kept or "no-cache" not in handler.headers.get("Cache-Control", ""):
                found = (
                    kept.get(handler.path) or session.get(f"{_root(demo)}{handler.path}", timeout=10).content
                )
            else:
                found = session.get(f"{_root(demo)}{handler.path}", timeout=10).content
            kept[handler.path] = found
            says(found, Connection="close")(handler)

        stub.answer = answer  # type: ignore[method-assign]
        yield stub


def _root(demo: RunningServer) -> str:
    return demo.base_url.removesuffix("/fhir")


def post_a_toxic_level(demo: RunningServer) -> None:
    """25 ng/mL of an hour ago, posted by the demo's own client."""
    toxic = level("sirolimus", 25, 0) | {"id": "toxic", "subject": {"reference": f"Patient/{RAISED.id}"}}
    toxic["effectiveDateTime"] = "2026-03-02T08:00:00+08:00"
    FhirClient(JsonHttp(), demo.base_url).put(toxic)


def test_advice_changes_with_the_level_that_was_posted_a_moment_ago(
    demo: RunningServer, reusing: Stub
) -> None:
    site = Site(fhir_bases=(read_base(reusing.base),))
    http = build_app(an_installation(site, fetch_seconds=30.0), clock=lambda: NOW.instant).test_client()
    assert "Increase sirolimus" in summaries(http, reusing)
    post_a_toxic_level(demo)
    after = summaries(http, reusing)
    assert "Increase" not in after
    assert "25 ng/mL" in after


def summaries(http: FlaskClient, ehr: Stub) -> str:
    """What the cards of a call without prefetch say first."""
    body = call_body(TITRATION, RAISED.id, None) | {"fhirServer": ehr.base, "fhirAuthorization": TOKEN}
    reply = http.post(f"/cds-services/{TITRATION}", json=body)
    assert reply.status_code == 200, reply.get_data(as_text=True)
    return " / ".join(card["summary"] for card in reply.get_json()["cards"])


def test_the_demo_s_own_client_finds_it_at_once(demo: RunningServer, reusing: Stub) -> None:
    """So the mini-EHR does not prefetch what was true a minute ago."""
    record, query = FhirClient(JsonHttp(), reusing.base), f"Observation?patient={RAISED.id}&_count=1000"
    before = len(record.resources(query))
    post_a_toxic_level(demo)
    assert len(record.resources(query)) == before + 1
    assert record.search(query)["total"] == before + 1
    assert len(record.page(query)["entry"]) == before + 1


def test_that_server_does_reuse_what_it_found(demo: RunningServer, reusing: Stub) -> None:
    """Else the two tests above would prove nothing."""
    address = f"{reusing.base}/Observation?patient={RAISED.id}&_count=1000"
    with requests.Session() as session:
        before = session.get(address, timeout=10).content
        post_a_toxic_level(demo)
        assert session.get(address, timeout=10).content == before
        assert session.get(address, timeout=10, headers={"Cache-Control": "no-cache"}).content != before


# ---------------------------------------------------------------- every read and search of ours says so

SERVER = HttpFhirServer(requests.Session(), FetchLimits())
OUR_READS: list[tuple[str, Callable[[Stub], object]]] = [
    ("a resource behind the page that explains", lambda s: fetch_source(SERVER, read_base(s.base), "Observation/1", "t", deadline_in(5))),
    ("the patient on that page", lambda s: fetch_banner(SERVER, read_base(s.base), "Patient/p1", "t", deadline_in(5))),
    ("a search of the demo", lambda s: FhirClient(JsonHttp(), s.base).search("Observation?patient=p1")),
    ("resources for the demo", lambda s: FhirClient(JsonHttp(), s.base).resources("Observation?patient=p1")),
    ("a page for the demo", lambda s: FhirClient(JsonHttp(), s.base).page("Observation?patient=p1")),
    ("one resource for the demo", lambda s: FhirClient(JsonHttp(), s.base).read("Patient/p1")),
]  # fmt: skip


@pytest.mark.parametrize(("what", "read"), OUR_READS, ids=[row[0] for row in OUR_READS])
def test_each_read_of_ours_asks_for_what_is_true_now(what: str, read: Callable[[Stub], object]) -> None:
    with running() as stub:
        with suppress(NotFetched, Unanswered):  # it was asked for, whatever came
            read(stub)
        assert stub.asked
        assert {headers.get("Cache-Control") for _, headers in stub.asked} == {"no-cache"}


@pytest.mark.parametrize("query", ["Observation?patient=p1", "Patient/p1"])
def test_every_page_of_the_demo_s_searches_says_so(query: str) -> None:
    with running() as stub:
        stub.gives("Observation?patient=p1", searchset(next_link=f"{stub.base}/Observation?page=2"))
        stub.gives("Observation?page=2", searchset())
        stub.gives("Patient/p1", searchset())
        FhirClient(JsonHttp(), stub.base).resources(query)
        assert {headers["Cache-Control"] for _, headers in stub.asked} == {"no-cache"}


def test_every_search_page_and_reference_that_advice_needs_says_so() -> None:
    """One call that searches all parts, turns a page, and follows a study and a medication."""
    with running() as stub:
        fill(stub)
        site = Site(fhir_bases=(read_base(stub.base),))
        http = build_app(an_installation(site, fetch_seconds=30.0), clock=lambda: NOW.instant).test_client()
        summaries(http, stub)
        asked = [path.removeprefix("/fhir/") for path, _ in stub.asked]
        kinds = {path.partition("?")[0].partition("/")[0] for path in asked}
        assert kinds == {*RESOURCE_TYPES.values(), "ResearchStudy", "Medication"}
        assert "Observation?page=2" in asked
        assert {headers["Cache-Control"] for _, headers in stub.asked} == {"no-cache"}


def fill(stub: Stub) -> None:
    """The demo patient's chart; the study stands behind a reference, one medication as well."""
    chart = json.loads(json.dumps(list(RAISED.resources)))
    for kind in RESOURCE_TYPES.values():
        found = [r for r in chart if r["resourceType"] == kind]
        if kind == "MedicationRequest":
            found.append(
                found[0] | {"id": "by-reference", "medicationReference": {"reference": "Medication/m"}}
            )
            del found[-1]["medicationCodeableConcept"]
        stub.gives(kind, searchset(*found))
    person = next(r for r in chart if r["resourceType"] == "Patient")
    stub.gives(f"Patient/{RAISED.id}", person)
    results = [r for r in chart if r["resourceType"] == "Observation"]
    stub.gives("Observation", searchset(*results[:5], next_link=f"{stub.base}/Observation?page=2"))
    stub.gives("Observation?page=2", searchset(*results[5:]))
    for study in (r for r in chart if r["resourceType"] == "ResearchStudy"):
        stub.gives(f"ResearchStudy/{study['id']}", study)
