"""What the fuzzer asks: every way in from outside, in one process, with the errors that each may answer with.

A target takes the mutated bytes of one of its seeds. It raises `Fault` for an answer that is none, and lets
every exception out that is not a refusal of its own.
"""

import io
import itertools
import json
import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from flask.testing import FlaskClient
from msgspec.structs import replace

from cds_service.cards.translations import with_words_of
from cds_service.cds_hooks.errors import HookError
from cds_service.cds_hooks.request import read_hook_request
from cds_service.cds_hooks.trusted_keys import NotAKeySet, read_key_set
from cds_service.chart.gather import Gathered
from cds_service.explain.banner import fetch_banner
from cds_service.explain.page_content import Writing, page_of
from cds_service.explain.resource_view import fetch_source, readable
from cds_service.explain.responses import OWN
from cds_service.explain.snoozed import Quiet
from cds_service.fhir_client.base_url_allow_list import read_base
from cds_service.fhir_client.deadline import deadline_in
from cds_service.fhir_client.fhir_get import NotFetched
from cds_service.figures.statements import Teller
from cds_service.services.chart_file import UnreadableChart, assessment_of, read_chart
from cds_service.services.explanation import ExplainedPatient
from cds_service.settings.client_list import ListedClient
from cds_service.settings.environment import ClientAuthentication, Environment
from cds_service.settings.site_file import Site
from cds_service.signin.client_registration import Registration
from cds_service.signin.oidc_discovery import fetch_configuration
from cds_service.signin.signin_errors import SignInRefused
from cds_service.trials.nct06802055.assess import assess
from cds_service.trials.nct06802055.trial import TRIAL
from cds_service.web.log_redaction import configure_logging
from cds_service.wiring import build_app
from fhir_mappings.readers.read_record import read_record
from tests.builders import NOW
from tests.fuzz.mutations import body_of, mutated
from tests.fuzz.odd_json import Json
from tests.hook_calls import HOOKS, bundle, call_body, order_context, prefetch_of
from tests.installation import an_installation
from tests.scenarios.fhir_charts import clinic_of
from tests.scenarios.visits import PATIENTS
from tests.standard import tokens
from tests.standard.calls import authorization

BASE = "https://fhir.hospital.example/r4"
TITRATION = "aa-trial-titration"


_log = io.StringIO()


def listen() -> None:
    """Keep the service's log, to know where a fault of its own was."""
    configure_logging(_log)


def _last_fault() -> str:
    said = (json.loads(line) for line in _log.getvalue().splitlines()[-3:])
    return next((f"{line['error']} at {line['where']}" for line in said if line["event"] == "fault"), "")


class Fault(Exception):
    """The service answered as it never should."""


@dataclass(frozen=True, slots=True)
class Target:
    """`seeds` by name, each a value that `ask` takes without complaint; `ask` says in a word what came."""

    name: str
    seeds: Mapping[str, Json]
    ask: Callable[[bytes, str], str]

    def input(self, chance: random.Random) -> tuple[bytes, str]:
        """A mutated seed as bytes, and which."""
        name = chance.choice(sorted(self.seeds))
        return body_of(mutated(self.seeds[name], chance), chance), name


# ---------------------------------------------------------------- charts


def _charts() -> dict[str, Json]:
    return {name: bundle(patient.resources) for name, patient in PATIENTS.items()}


def ask_file(body: bytes, _: str) -> str:
    """`cds-service assess`."""
    installation = clinic_of()
    try:
        chart = read_chart(body)
        json.dumps(assessment_of(installation, chart, chart.drafts, NOW))
    except UnreadableChart:
        return "refused"
    return "assessed"


@cache
def _words() -> Teller:
    words = with_words_of(OWN / "words", TRIAL.words)
    return Teller(words["en"], lambda reference: reference)


def ask_page(body: bytes, _: str) -> str:
    """The page that explains, as its template gets it."""
    installation = clinic_of()
    try:
        chart = read_chart(body)
    except UnreadableChart:
        return "refused"
    record = read_record(
        chart.resources,
        chart.patient_id,
        NOW.instant,
        installation.gatherer.reader,
        chart.unavailable,
        chart.gaps,
    )
    explained = ExplainedPatient(Gathered(record, True), NOW, assess(record, NOW, installation.protocol))
    page_of(explained, installation, Quiet(), Writing("word"), _words())
    return "shown"


# ---------------------------------------------------------------- calls


def _calls() -> dict[str, Json]:
    seeds = {}
    for name, patient in PATIENTS.items():
        for service, hook in HOOKS.items():
            context: Json = {}
            if hook.startswith("order"):
                drafts = [draft.resource for draft in patient.drafts] or _DRAFT
                context = order_context(service, drafts)
            if hook.startswith("problem"):
                context = {"conditions": bundle(_of_kind(patient.resources, "Condition"))}
            body = call_body(service, patient.id, prefetch_of(patient.resources), **context)
            seeds[f"{service} {name}"] = body | {"fhirServer": BASE, "fhirAuthorization": authorization()}
    return seeds


_DRAFT = [{"resourceType": "MedicationRequest", "id": "draft", "status": "draft", "intent": "order"}]


def _of_kind(resources: Any, kind: str) -> list[Json]:
    return [resource for resource in resources if resource["resourceType"] == kind]


@cache
def _open() -> FlaskClient:
    return build_app(an_installation(), clock=lambda: NOW.instant).test_client()


def _posted(path: str, body: bytes, allowed: tuple[int, ...]) -> str:
    reply = _open().post(path, data=body, content_type="application/json")
    if reply.status_code not in allowed:
        raise Fault(f"{path}: {reply.status_code} {_last_fault()}")
    return str(reply.status_code)


def ask_service(body: bytes, seed: str) -> str:
    """A hook call with everything prefetched."""
    return _posted(f"/cds-services/{seed.partition(' ')[0]}", body, (200, 400, 412))


def ask_feedback(body: bytes, _: str) -> str:
    """Feedback on a card that was given, and on one that was not."""
    return _posted(f"/cds-services/{TITRATION}/feedback", body, (200, 400))


def _feedback() -> dict[str, Json]:
    patient = PATIENTS["demo-08"]
    body = json.dumps(call_body(TITRATION, patient.id, prefetch_of(patient.resources)))
    reply = _open().post(f"/cds-services/{TITRATION}", data=body, content_type="application/json")
    given = reply.get_json()["cards"][0]
    at = NOW.instant.isoformat()
    system = "urn:aa-cds:CodeSystem/override-reason"
    accepted = [{"id": suggestion["uuid"]} for suggestion in given.get("suggestions", ())]
    overridden: Json = {"card": given["uuid"], "outcome": "overridden", "outcomeTimestamp": at}
    overridden["overrideReason"] = {"reason": {"code": "snooze-7", "system": system}, "userComment": "words"}
    taken = {
        "card": given["uuid"],
        "outcome": "accepted",
        "acceptedSuggestions": accepted,
        "outcomeTimestamp": at,
    }
    strange = {**overridden, "card": "d1577c69-dfbe-44ad-ba6d-3e05e953b2ea"}
    return {"feedback": {"feedback": [taken, overridden, strange]}}


# ---------------------------------------------------------------- answers of a FHIR server


def _answers() -> dict[str, Json]:
    return {
        f"{kind} {name}": bundle(found) | {"link": [{"relation": "next", "url": f"{BASE}/{kind}?page=2"}]}
        for name in ("demo-08", "demo-11")
        for kind in ("Observation", "MedicationRequest", "Condition", "Patient", "ResearchSubject")
        if (found := _of_kind(PATIENTS[name].resources, kind))
    }


class _Server:
    """Answers one type with the mutated bytes, once, and the rest from the chart."""

    def __init__(self, resources: Any, kind: str, body: bytes) -> None:
        self.resources, self.kind, self.body = resources, kind, body
        self.answered = False

    def fetch(self, url: str, path: str, token: str | None, deadline: Any) -> bytes:
        """As FhirServer."""
        if path == self.kind and not self.answered:
            self.answered = True
            return self.body
        found = _of_kind(self.resources, path)
        return json.dumps(found[0] if path == "Patient" else bundle(found)).encode()


def ask_fetched(body: bytes, seed: str) -> str:
    """A call without prefetch."""
    kind, _, name = seed.partition(" ")
    installation = clinic_of()
    server = _Server(PATIENTS[name].resources, kind, body)
    gatherer = replace(installation.gatherer, server=server, bases=(read_base(BASE),))
    call = call_body(TITRATION, name, None) | {"fhirServer": BASE, "fhirAuthorization": authorization()}
    try:
        gathered = gatherer.gather(read_hook_request(json.dumps(call).encode()), NOW.instant)
        assess(gathered.record, NOW, installation.protocol)
    except HookError:
        return "refused"
    return "gathered"


# ---------------------------------------------------------------- who calls


_fresh = itertools.count(1)


@cache
def _guarded() -> FlaskClient:
    listed = [
        ListedClient(client, tokens.published_keys().get(client.issuer))
        for client in tokens.CLIENTS.values()
        if client.issuer in tokens.published_keys()
    ]
    site = Site(trusted_clients=tuple(listed))
    settings = an_installation(
        site, Environment.PRODUCTION, tokens.BASE, client_authentication=ClientAuthentication.JWT
    )
    return build_app(settings, clock=lambda: tokens.NOW).test_client()


def _tokens() -> dict[str, Json]:
    claims = tokens.claims_of(aud=f"{tokens.BASE}/cds-services", tenant="ward-1", nbf=0)
    return {"token": {"header": tokens.header_members("ehr-1", {"jku": tokens.JKU}), "claims": claims}}


def ask_door(body: bytes, _: str) -> str:
    """Discovery with a token whose mutated header and claims are signed by the client's own key.

    The body is the two of them in one JSON text, cut where the claims begin.
    """
    body = body.replace(b"token-1", b"token-%d" % next(_fresh))  # a token is let in once
    head, _, tail = body.partition(b',"claims":')
    text = b".".join(tokens._b64(part).encode() for part in (head.removeprefix(b'{"header":'), tail[:-1]))
    signature = tokens._method("ES384", "ehr-1")(text)
    sent = f"Bearer {text.decode()}.{tokens._b64(signature)}"
    reply = _guarded().get("/cds-services", headers={"Authorization": sent})
    if reply.status_code not in (200, 401):
        raise Fault(f"discovery: {reply.status_code} {_last_fault()}")
    return str(reply.status_code)


def ask_key_set(body: bytes, _: str) -> str:
    """What a client's key set address answers."""
    try:
        read_key_set(body)
    except NotAKeySet:
        return "refused"
    return "read"


def _key_sets() -> dict[str, Json]:
    return {"keys": {"keys": [tokens.jwk("ehr-1"), tokens.jwk("ehr-rsa"), tokens.jwk("other-p256")]}}


# ---------------------------------------------------------------- documents of a sign-in


class _Document:
    """Answers everything with the same bytes."""

    def __init__(self, body: bytes) -> None:
        self.body = body

    def fetch(self, url: str, path: str, token: str | None, deadline: Any) -> bytes:
        """As FhirServer."""
        return self.body


def ask_document(body: bytes, seed: str) -> str:
    """What a launch, a source link and the banner are answered by the EHR."""
    server, base, soon = _Document(body), read_base(BASE), deadline_in(60)
    try:
        if seed == "configuration":
            fetch_configuration(server, f"{BASE}/x", Registration("aa", (base,)), soon)
        elif seed == "source":
            json.dumps(readable(fetch_source(server, base, "Observation/o1", "token", soon)))
        else:
            banner = fetch_banner(server, base, "Patient/p1", "token", soon)
            return "refused" if banner is None else f"read{banner.said[:0]}"
    except (SignInRefused, NotFetched):
        return "refused"
    return "read"


def _documents() -> dict[str, Json]:
    endpoints = {
        f"{name}_endpoint": f"{BASE}/auth/{name}" for name in ("authorization", "token", "introspection")
    }
    observation = _of_kind(PATIENTS["demo-08"].resources, "Observation")[-1]
    return {
        "configuration": {
            "issuer": BASE,
            "jwks_uri": f"{BASE}/auth/jwks",
            "code_challenge_methods_supported": ["S256"],
            **endpoints,
        },
        "source": observation | {"id": "o1"},
        "banner": {
            "resourceType": "Patient",
            "id": "p1",
            "name": [{"text": "陈秀兰"}, {"family": "Chen", "given": ["Xiulan"]}],
            "birthDate": "1980-01-01",
            "gender": "female",
        },
    }


@cache
def targets() -> tuple[Target, ...]:
    """All of them."""
    return (
        Target("file", _charts(), ask_file),
        Target("service", _calls(), ask_service),
        Target("page", _charts(), ask_page),
        Target("fetched", _answers(), ask_fetched),
        Target("feedback", _feedback(), ask_feedback),
        Target("door", _tokens(), ask_door),
        Target("keys", _key_sets(), ask_key_set),
        Target("documents", _documents(), ask_document),
    )
