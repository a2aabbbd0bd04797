"""A hospital on loopback: its FHIR server and key set, and our service in production settings, over real HTTP."""

import itertools
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import requests

from cds_service.cds_hooks.trusted_clients import TrustedClient
from cds_service.demo.loopback import serve_on_loopback
from cds_service.fhir_client.base_url_allow_list import read_base
from cds_service.settings.client_list import ListedClient
from cds_service.settings.environment import ClientAuthentication, Environment, Settings
from cds_service.settings.site_file import Site
from cds_service.wiring import build_app
from fhir_mappings.clinical_model.known_unknown import Part
from tests.answer_validator import check
from tests.fhir_client.charts import CHART, MEDICATION, TYPES, prefetched
from tests.fhir_client.stub import Stub, running, says, searchset
from tests.hook_calls import HOOKS
from tests.installation import an_installation
from tests.standard.calls import PATIENT, a_call, authorization
from tests.standard.tokens import BASE, EHR, NOW, a_token, bearer, jwk, jwk_set

Json = Any
TITRATION = "aa-trial-titration"
DISCOVERY = "/cds-services"
SERVICE_OF = {hook: service for service, hook in HOOKS.items()}
WHOLE = {
    **prefetched(Part),
    "medicationRequests": searchset(CHART[Part.MEDICATION_REQUESTS], MEDICATION),
}
"""The participant of tests/fhir_client/charts.py, every key prefetched."""
CANDIDATE = {**WHOLE, "researchSubjects": None}
"""The same patient before entering any study."""
NOBODY = {**{part.value: None for part in Part}, "patient": CHART[Part.PATIENT]}
"""A patient whom the trial cannot concern."""
_numbers = itertools.count(1)


@dataclass(frozen=True, slots=True)
class Hospital:
    """What an EHR of this hospital needs to call the service; `fhir` is its FHIR server and key server.

    `database` is the URL of the service's own.
    """

    fhir: Stub
    address: str
    database: str

    def send(self, method: str, path: str, aud: str | None = None, **more: Any) -> requests.Response:
        """One request with a fresh token for this path (or `aud`); the answer has passed the judge."""
        headers = {"Authorization": token_for(aud or f"{BASE}{path}"), **more.pop("headers", {})}
        sent = {name: value for name, value in headers.items() if value is not None}
        with requests.Session() as session:
            session.trust_env = False
            reply = session.request(method, f"{self.address}{path}", headers=sent, timeout=20, **more)
        kind = reply.headers.get("Content-Type", "")
        assert check(method, path.partition("?")[0], reply.status_code, kind, reply.content) == []
        return reply

    def discover(self, **more: Any) -> Json:
        """The services by id."""
        reply = self.send("GET", DISCOVERY, **more)
        assert reply.status_code == 200
        return {service["id"]: service for service in reply.json()["services"]}

    def post(self, body: Json, service: str = TITRATION, **more: Any) -> requests.Response:
        """Call a service with a body as it is: bytes, or a value to encode."""
        raw = body if isinstance(body, bytes) else json.dumps(body).encode()
        headers = {"Content-Type": "application/json", **more.pop("headers", {})}
        return self.send("POST", f"{DISCOVERY}/{service}", data=raw, headers=headers, **more)

    def call(self, service: str = TITRATION, **members: Any) -> requests.Response:
        """Call a service by its hook's smallest request, and `members`."""
        return self.post(a_call(HOOKS[service], **members), service)

    def cards(self, service: str = TITRATION, **members: Any) -> list[Json]:
        """The cards of a call that must succeed."""
        reply = self.call(service, **members)
        assert reply.status_code == 200, reply.text
        return list(reply.json()["cards"])

    def feedback(self, *items: Json, service: str = TITRATION, **more: Any) -> requests.Response:
        """Tell a service what was done with its cards."""
        return self.post({"feedback": list(items)}, f"{service}/feedback", **more)

    def access(self, **members: Any) -> Json:
        """`fhirServer` and a token for all of it."""
        return {
            "fhirServer": self.fhir.base,
            "fhirAuthorization": authorization(**{"scope": "user/*.rs", **members}),
        }


def token_for(aud: str, **claims: Any) -> str:
    """A header that has not been sent before."""
    header = claims.pop("header", None)
    return bearer(a_token(header, aud=aud, **{"jti": f"http-{next(_numbers)}", **claims}))


def refusal(reply: requests.Response, status: int) -> str:
    """What a refusal says."""
    assert reply.status_code == status, reply.text
    (issue,) = reply.json()["issue"]
    return str(issue["diagnostics"])


def kinds(cards: list[Json]) -> list[str]:
    """Which cards these are."""
    return [card["extension"]["org.aa-cds.decision"]["kind"] for card in cards]


def unavailable(cards: list[Json]) -> list[str]:
    """The parts of the chart that a data-quality card names."""
    decisions = [card["extension"]["org.aa-cds.decision"] for card in cards]
    return [key for d in decisions if d["kind"] == "data-quality" for key in d["decision"]["unavailable"]]


def beside(cards: list[Json]) -> list[str]:
    """The parts of the chart that every other card says it could not look at."""
    decisions = [card["extension"]["org.aa-cds.decision"] for card in cards]
    said = [d.get("unavailable", []) for d in decisions if d["kind"] != "data-quality"]
    assert len({tuple(parts) for parts in said}) <= 1
    return list(said[0]) if said else []


def fill(stub: Stub) -> Stub:
    """The participant's chart and the hospital's key set, and nothing asked yet."""
    stub.answers.clear()
    stub.asked.clear()
    keys = json.loads(jwk_set(jwk("ehr-1"), jwk("ehr-rsa")))
    stub.answers["/jwks.json"] = says(keys, content_type="application/json", Connection="close")
    once = {"Connection": "close"}  # no idle connection outlives the tests
    stub.gives(f"Patient/{PATIENT}", CHART[Part.PATIENT], **once)
    for part, resource in CHART.items():
        if part is not Part.PATIENT:
            stub.gives(TYPES[part], searchset(resource), **once)
    stub.gives(f"Medication/{MEDICATION['id']}", MEDICATION, **once)
    return stub


def settings_for(stub: Stub, **changes: Any) -> Settings:
    """Production, with this hospital's EHR as the only trusted client."""
    client = TrustedClient(EHR, jku=f"{stub.root}/jwks.json", **changes.pop("client", {}))
    site = Site(
        trusted_clients=(ListedClient(client, **changes.pop("listed", {})),),
        fhir_bases=(read_base(stub.base),),
        thresholds={"restraint.trial_card_days": 0},  # the trial card at every call
    )
    given: dict[str, Any] = {
        "site": site,
        "client_authentication": ClientAuthentication.JWT,
        "fetch_seconds": 2.0,
        "visit_seconds": 0,  # what is asked of the server at a call is not answered from the call before
    }
    return an_installation(environment=Environment.PRODUCTION, url=BASE, **{**given, **changes})


@contextmanager
def open_hospital(**changes: Any) -> Iterator[Hospital]:
    """The hospital and our service, until the block ends."""
    with running() as stub:
        settings = settings_for(fill(stub), **changes)
        app = build_app(settings, lambda: NOW)
        server = serve_on_loopback(lambda _: app.wsgi_app, 0)
        try:
            yield Hospital(stub, server.base_url, settings.database_url.reveal())
        finally:
            server.stop()
