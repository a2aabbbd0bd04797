"""The demo opened to a listed origin: pages there may read, others may not, and nobody from there may write."""

import json
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
import requests

from cds_service import wiring
from cds_service.cli.demo_site import NotVisiting, demo_settings
from cds_service.demo.demo_client_key import DemoClientKey
from cds_service.demo.fhir_server import start_fhir_server
from cds_service.demo.known_client import KnownClient
from cds_service.demo.loopback import guarded, origins, serve_on_loopback
from cds_service.demo.visitors import Visitor, Visitors
from tests.demo.running import now

LISTED, OTHER = "https://sandbox.example", "https://evil.example"
ISSUER = "https://sandbox.example/issuer"
PATIENT = {"resourceType": "Patient", "id": "p1", "name": [{"given": ["A"]}]}


class Place:
    """The demo's CDS service and FHIR server, opened to one origin and one client."""

    def __init__(self, cds: str, fhir: str, key: DemoClientKey) -> None:
        self.cds, self.fhir, self.key = cds, fhir, key

    def call(self, key: DemoClientKey, issuer: str = ISSUER) -> requests.Response:
        """A hook call with a token, as a page of the listed origin makes it."""
        url = f"{self.cds}/cds-services/aa-trial-eligibility"
        token = key.token(issuer, url, now(), f"{ISSUER}/.well-known/jwks.json")
        headers = {"Authorization": f"Bearer {token}", "Origin": LISTED}
        body = {
            "hook": "patient-view",
            "hookInstance": "d1577c69-dfbe-44ad-ba6d-3e05e953b2ea",
            "fhirServer": self.fhir,
            "context": {"userId": "Practitioner/x", "patientId": "p1"},
        }
        return requests.post(url, json=body, headers=headers, timeout=10)


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    folder = tmp_path_factory.mktemp("visitors")
    key, own = DemoClientKey(), DemoClientKey()
    visitors = Visitors(frozenset({LISTED}), (Visitor(ISSUER, json.dumps(key.key_set()).encode()),))
    with ExitStack() as up:
        fhir = start_fhir_server((PATIENT,), reading_origins=visitors.origins)
        up.callback(fhir.stop)
        known = KnownClient({"http://ehr": "en"}, "http://ehr/jwks", own.key_set())

        def build(port: int) -> Any:
            settings = demo_settings(fhir.base_url, port, folder, known, visitors=visitors)
            app = wiring.build_app(settings, unsigned=True)
            return guarded(app.wsgi_app, origins(port) | visitors.origins)

        cds = serve_on_loopback(build, 0)
        up.callback(cds.stop)
        yield Place(cds.base_url, fhir.base_url, key)


ADDRESSES = pytest.mark.parametrize("address", ["{cds}/cds-services", "{fhir}/Patient/p1", "{fhir}/metadata"])


@ADDRESSES
def test_a_page_of_the_listed_origin_may_read(place: Place, address: str) -> None:
    url = address.format(cds=place.cds, fhir=place.fhir)
    answer = requests.get(url, headers={"Origin": LISTED}, timeout=10)
    assert (answer.status_code, answer.headers["Access-Control-Allow-Origin"]) == (200, LISTED)
    asked = {
        "Origin": LISTED,
        "Access-Control-Request-Method": "GET",
        "Access-Control-Request-Headers": "authorization",
        "Access-Control-Request-Private-Network": "true",
    }
    before = requests.options(url, headers=asked, timeout=10)
    assert before.ok
    assert before.headers["Access-Control-Allow-Origin"] == LISTED
    assert "authorization" in before.headers["Access-Control-Allow-Headers"].lower()
    assert before.headers["Access-Control-Allow-Private-Network"] == "true"


@ADDRESSES
@pytest.mark.parametrize("origin", [OTHER, "null", f"{LISTED}.evil.example", LISTED.replace("https", "http")])
def test_a_page_of_any_other_origin_may_not(place: Place, address: str, origin: str) -> None:
    answer = requests.get(
        address.format(cds=place.cds, fhir=place.fhir), headers={"Origin": origin}, timeout=10
    )
    assert answer.status_code == 403
    assert "Access-Control-Allow-Origin" not in answer.headers


def test_a_page_of_the_listed_origin_may_search_by_post_and_not_write(place: Place) -> None:
    headers = {"Origin": LISTED}
    found = requests.post(f"{place.fhir}/Patient/_search", data={"_id": "p1"}, headers=headers, timeout=10)
    assert (found.status_code, found.json()["total"]) == (200, 1)
    changed = PATIENT | {"gender": "female"}
    for method, url, body in (
        ("PUT", f"{place.fhir}/Patient/p1", changed),
        ("POST", f"{place.fhir}/Patient", PATIENT),
        ("POST", place.fhir, {"resourceType": "Bundle", "type": "transaction"}),
        ("DELETE", f"{place.fhir}/Patient/p1", None),
    ):
        refused = requests.request(method, url, json=body, headers=headers, timeout=10)
        assert refused.status_code == 403
    assert "gender" not in requests.get(f"{place.fhir}/Patient/p1", timeout=10).json()


def test_a_trusted_client_s_token_is_good_and_nobody_else_s(place: Place) -> None:
    assert place.call(place.key).status_code == 200
    assert place.call(DemoClientKey()).status_code == 401
    assert place.call(place.key, "https://evil.example").status_code == 401


@pytest.mark.parametrize(
    ("visitors", "why"),
    [
        (Visitors(frozenset({"https://a.example/"})), "no origin as browsers send it"),
        (Visitors(frozenset({"*"})), "no origin"),
        (Visitors(clients=(Visitor("no issuer"),)), "--trust-client no issuer"),
        (Visitors(clients=(Visitor("https://a.example", b"{}"),)), "its key set"),
    ],
)
def test_what_is_no_origin_and_no_client_is_refused(visitors: Visitors, why: str, tmp_path: Path) -> None:
    known = KnownClient({"http://ehr": "en"}, "http://ehr/jwks", DemoClientKey().key_set())
    with pytest.raises(NotVisiting, match=why):
        demo_settings("http://127.0.0.1:1/fhir", 1, tmp_path, known, visitors=visitors)


def test_a_client_without_a_key_file_publishes_its_keys_where_most_do(tmp_path: Path) -> None:
    known = KnownClient({"http://ehr": "en"}, "http://ehr/jwks", DemoClientKey().key_set())
    visitors = Visitors(clients=(Visitor("https://a.example"),))
    site = demo_settings("http://127.0.0.1:1/fhir", 1, tmp_path, known, visitors=visitors).site
    listed = site.trusted_clients[-1]
    assert (listed.client.jku, listed.key_set) == ("https://a.example/.well-known/jwks.json", None)
