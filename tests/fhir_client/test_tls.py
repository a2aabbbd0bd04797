"""Every way out that a token, a secret or a form takes: nothing leaves before the server's certificate is proved."""

import ast
import json
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest
import requests
from joserfc.jwk import ECKey

import cds_service
from cds_service import wiring
from cds_service.bulk_export.backend_token import Tokens
from cds_service.bulk_export.export_server import Backend, BulkServer
from cds_service.bulk_export.failed import ExportFailed
from cds_service.bulk_export.transport import Transport
from cds_service.cds_hooks.client_jwt import KeysUnavailable
from cds_service.cds_hooks.trusted_clients import TrustedClient
from cds_service.demo.elsewhere import Elsewhere
from cds_service.demo.json_http import JsonHttp, Unanswered
from cds_service.demo.record_access import ClientCredentials, OAuthClient, RecordToken
from cds_service.demo.record_client import FhirClient
from cds_service.fhir_client.base_url_allow_list import read_base
from cds_service.fhir_client.bounded_http import bounded_session
from cds_service.fhir_client.client_proof import ClientKey, ClientSecret
from cds_service.fhir_client.create_resource import FhirWriter, WriteRefused
from cds_service.fhir_client.deadline import deadline_in
from cds_service.fhir_client.fhir_get import (
    FetchLimits,
    HttpFhirServer,
    NotFetched,
    WhyNotFetched,
    reason_in,
    refusal_reason,
)
from cds_service.fhir_client.jwks import KeySets, key_server
from cds_service.fhir_client.oauth_session import oauth_session
from cds_service.settings.site_file import Site
from cds_service.signin.client_registration import Registration
from cds_service.signin.oauth_code_flow import CodeFlow
from cds_service.signin.oidc_discovery import Configuration, fetch_configuration
from cds_service.signin.signin_errors import SignInRefused
from cds_service.study_list.registered import StudyList
from cds_service.trials.nct06802055.trial import TRIAL
from tests.certificates import TlsEnd
from tests.faults.tls_faults import HOSPITAL, TLS_FAULTS
from tests.fhir_client.stub import drips, running, says

SECRET = "s3cret-that-must-not-leave"
NOW = datetime(2026, 3, 2, tzinfo=UTC)
KEY = json.dumps(ECKey.generate_key("P-384", {"kid": "ours"}).as_dict(private=True))


@dataclass(frozen=True)
class WayOut:
    """`go` sends something of ours to the server at a root address; `secret` is what must not be heard there."""

    name: str
    go: Callable[[str, str | None], object]
    secret: bytes


def fetch(root, ca_bundle):
    server = HttpFhirServer(bounded_session(1, ca_bundle), FetchLimits())
    return server.fetch(f"{root}/fhir/Patient/p1", "Patient", SECRET, deadline_in(3))


def write(root, ca_bundle):
    base = read_base(f"{root}/fhir")
    FhirWriter(bounded_session(1, ca_bundle)).create(base, "Basic", b"{}", SECRET, deadline_in(3))


def configure(root, ca_bundle):
    server = HttpFhirServer(bounded_session(1, ca_bundle), FetchLimits())
    fetch_configuration(server, f"{root}/smart", Registration("aa", ()), deadline_in(3))


def sign_in(proof):
    def go(root, ca_bundle):
        documents = HttpFhirServer(bounded_session(1, ca_bundle), FetchLimits(), ("application/json",))
        flow = CodeFlow(Registration("aa", (), proof), "https://us.example/callback", documents, ca_bundle)
        where = Configuration(f"{root}/a", f"{root}/token", f"{root}/j", root)
        _, pending = flow.leave(where, "openid", {}, lambda: "r" * 43)
        flow.come_back(pending, f"code={SECRET}&state={pending.state}", deadline_in(3), int(time.time()))

    return go


def record(root, ca_bundle):
    return FhirClient(JsonHttp(ca_bundle), f"{root}/fhir", RecordToken(SECRET)).read("Patient/p1")


def record_as_client(client):
    def go(root, ca_bundle):
        return ClientCredentials(client, lambda: f"{root}/token", ca_bundle=ca_bundle).token()

    return go


def record_by_its_word(root, ca_bundle):
    elsewhere = Elsewhere(f"{root}/fhir", client=OAuthClient("aa", SECRET), ca_bundle=ca_bundle)
    return elsewhere.access.token()


def site(ca_bundle):
    return Site(ca_bundle=Path(ca_bundle) if ca_bundle else None)


def key_set(root, ca_bundle):
    client = TrustedClient("https://ehr.example", f"{root}/jwks")
    sets = KeySets(key_server(bounded_session(1, ca_bundle)), {})
    sets.find(client, "k1", NOW)


def wired(root, ca_bundle):
    server = wiring.build_fhir_server(site(ca_bundle))
    server.fetch(f"{root}/fhir/Patient/p1", "Patient", SECRET, deadline_in(3))


def study_list(build):
    def go(root, ca_bundle):
        kept = StudyList(read_base(f"{root}/fhir"))
        build(kept, site(ca_bundle), TRIAL).search("ResearchSubject", {"study": SECRET})

    return go


def study_list_token(proof):
    """Its server has said already where tokens are to be had."""

    def go(root, ca_bundle):
        ours = Registration("aa", (read_base(root),), proof)
        kept = StudyList(read_base(f"{root}/fhir"), ours)
        token = wiring.build_list_server(kept, site(ca_bundle), TRIAL).token
        token.documents = Configured(f"{root}/token")
        token()

    return go


def study_list_by_its_word(root, ca_bundle):
    kept = StudyList(read_base(f"{root}/fhir"), Registration("aa", (read_base(root),), ClientSecret("x")))
    wiring.build_list_server(kept, site(ca_bundle), TRIAL).token()


def export(root, ca_bundle):
    server, outside = BulkServer(read_base(f"{root}/fhir")), wiring.build_bulk_export(site(ca_bundle))
    transport = Transport(outside.session, server, None, outside.sleep)
    with transport.ask("GET", f"{root}/fhir/$export?{SECRET}", deadline_in(3), {}) as answer:
        raise NotFetched(refusal_reason(answer.status_code), "$export")


def export_token(root, ca_bundle):
    backend, outside = (
        Backend("aa", ClientKey(KEY, "ES384", "ours")),
        wiring.build_bulk_export(site(ca_bundle)),
    )
    server = BulkServer(read_base(f"{root}/fhir"), backend)
    Tokens(server, backend, Configured(f"{root}/token"), outside.clock, outside.ca_bundle).bearer()


@dataclass(frozen=True)
class Configured:
    """What says where tokens are to be had, without asking the server."""

    endpoint: str

    def fetch(self, *_):
        return json.dumps({"token_endpoint": self.endpoint}).encode()


GO = (
    WayOut("a part of the chart", fetch, SECRET.encode()),
    WayOut("a part of the chart, as the service is wired", wired, SECRET.encode()),
    WayOut("a client's key set", key_set, b"GET /jwks"),
    WayOut("the study list", study_list(wiring.build_list_server), SECRET.encode()),
    WayOut("the watch", study_list(wiring.build_watch_server), SECRET.encode()),
    WayOut("the study list, asking where its tokens are", study_list_by_its_word, b"GET /fhir/.well-known"),
    WayOut("the study list's token", study_list_token(ClientSecret("x")), b"Authorization: Basic"),
    WayOut(
        "the same with an assertion", study_list_token(ClientKey(KEY, "ES384", "ours")), b"client_assertion="
    ),
    WayOut("an export", export, SECRET.encode()),
    WayOut("an export's token", export_token, b"client_assertion="),
    WayOut("the attestation form", write, SECRET.encode()),
    WayOut("the sign-in's configuration", configure, b"GET /smart"),
    WayOut("a code for a token", sign_in(None), SECRET.encode()),
    WayOut("a code for a token, with a secret", sign_in(ClientSecret("x")), b"Authorization: Basic"),
    WayOut(
        "a code for a token, with an assertion",
        sign_in(ClientKey(KEY, "ES384", "ours")),
        b"client_assertion=",
    ),
    WayOut("the demo's record", record, SECRET.encode()),
    WayOut(
        "the demo's record, for a token", record_as_client(OAuthClient("aa", SECRET)), b"Authorization: Basic"
    ),
    WayOut(
        "the demo's token with an assertion",
        record_as_client(OAuthClient("aa", jwk=KEY)),
        b"client_assertion=",
    ),
    WayOut("the demo, asking the record where", record_by_its_word, b"GET /fhir/.well-known"),
)
ASKED = (
    *(
        "/fhir/Patient/p1",
        "/fhir/Basic",
        "/smart",
        "/token",
        "/fhir/.well-known/smart-configuration",
        "/jwks",
    ),
    *("/fhir/ResearchSubject/_search", "/fhir/$export"),
)
REFUSALS = (NotFetched, WriteRefused, SignInRefused, Unanswered, KeysUnavailable, ExportFailed)
WAYS = pytest.mark.parametrize("way", GO, ids=lambda way: way.name)
# what costs two seconds and more is tried where the calls are (tests/faults)
QUICK = [fault for fault in TLS_FAULTS if fault.reason is not WhyNotFetched.TIMEOUT]


@pytest.fixture(scope="module")
def bundle(tmp_path_factory) -> str:
    file = tmp_path_factory.mktemp("authority") / "hospital.pem"
    file.write_bytes(HOSPITAL.pem)
    return str(file)


@WAYS
@pytest.mark.parametrize("fault", QUICK, ids=lambda fault: fault.name)
def test_nothing_is_said_to_a_server_that_proves_nothing(way, fault, bundle, tmp_path):
    end = fault.end(tmp_path)
    with running(secured=end) as stub:
        with pytest.raises(REFUSALS):
            way.go(stub.root, bundle)
        assert bytes(getattr(end, "heard", b"")) == b""
        assert stub.asked == []


@WAYS
def test_what_is_kept_back_is_what_a_proven_server_gets(way, bundle, tmp_path):
    """The other side: the same call to the same server, and it hears the secret (and answers 404 or 501)."""
    end = TlsEnd(HOSPITAL.issue(), tmp_path)
    with running(secured=end) as stub, pytest.raises(REFUSALS):
        way.go(stub.root, bundle)
    assert way.secret in bytes(end.heard)


@WAYS
def test_the_hospital_s_authority_is_believed_only_where_the_site_names_it(way, tmp_path):
    end = TlsEnd(HOSPITAL.issue(), tmp_path)
    with running(secured=end) as stub, pytest.raises(REFUSALS):
        way.go(stub.root, None)
    assert bytes(end.heard) == b""


@WAYS
def test_a_bundle_that_is_gone_under_the_running_service_proves_nothing(way, tmp_path):
    end = TlsEnd(HOSPITAL.issue(), tmp_path)
    with running(secured=end) as stub, pytest.raises(REFUSALS):
        way.go(stub.root, str(tmp_path / "gone.pem"))
    assert bytes(end.heard) == b""


@WAYS
def test_no_variable_of_the_environment_adds_an_authority(way, bundle, tmp_path, monkeypatch):
    for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE"):
        monkeypatch.setenv(name, bundle)
    end = TlsEnd(HOSPITAL.issue(), tmp_path)
    with running(secured=end) as stub, pytest.raises(REFUSALS):
        way.go(stub.root, None)
    assert bytes(end.heard) == b""


@pytest.mark.parametrize("in_headers", [False, True])
def test_the_time_for_an_answer_holds_under_tls(in_headers, bundle, tmp_path):
    server = HttpFhirServer(bounded_session(1, bundle), FetchLimits())
    with running(secured=TlsEnd(HOSPITAL.issue(), tmp_path)) as stub:
        stub.answers["/fhir/Patient/p1"] = drips(b"{" + b" " * 500, 0.05, in_headers)
        started = time.monotonic()
        with pytest.raises(NotFetched) as caught:
            server.fetch(f"{stub.base}/Patient/p1", "Patient", SECRET, deadline_in(1))
    assert caught.value.why is WhyNotFetched.TIMEOUT
    assert time.monotonic() - started < 5


@pytest.mark.parametrize(
    "error",
    [
        requests.exceptions.SSLError(),
        requests.exceptions.SSLError(OSError("handshake")),
    ],
)
def test_tls_that_fails_without_a_word_on_a_certificate_is_told_as_such(error):
    assert reason_in(error, deadline_in(1)) is WhyNotFetched.TLS_FAILED


@WAYS
def test_a_redirect_from_https_to_http_is_not_followed(way, bundle, tmp_path):
    with running() as open_one, running(secured=TlsEnd(HOSPITAL.issue(), tmp_path)) as stub:
        for path in ASKED:
            stub.answers[path] = says(b"", status=307, Location=f"{open_one.root}{path}")
        with pytest.raises(REFUSALS):
            way.go(stub.root, bundle)
        assert len(stub.asked) == 1
        assert open_one.asked == []


# ---------------------------------------------------------------- by reading the code

PRODUCT = Path(cds_service.__file__).parent
OPENS = {
    "fhir_client/bounded_http.py": {"requests.Session"},
    "fhir_client/oauth_session.py": {"OAuth2Session"},
    "demo/json_http.py": {"requests.Session"},
    "demo/record_access.py": {"OAuth2Session"},
    "demo/subscriptions.py": {"requests.post"},
    "study_list/mailing.py": {"smtplib.SMTP", "smtplib.SMTP_SSL"},
}
"""Who opens a connection of its own. The demo's doorbell rings at loopback addresses only; mail: tests/study_list."""
_OPENERS = {"Session", "OAuth2Session", "SMTP", "SMTP_SSL", "urlopen", "HTTPConnection", "HTTPSConnection"}
_VERBS = {"get", "post", "put", "patch", "delete", "head", "request"}


def opened_in(module: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(module.read_text("utf-8"))):
        if isinstance(node, ast.Call):
            name = ast.unparse(node.func)
            if name.rpartition(".")[2] in _OPENERS or (
                name.startswith("requests.") and name.removeprefix("requests.") in _VERBS
            ):
                yield name
        elif isinstance(node, ast.ClassDef):
            yield from (
                base for base in map(ast.unparse, node.bases) if base.rpartition(".")[2] in {*_OPENERS}
            )


def test_the_table_above_has_everybody_who_opens_a_connection() -> None:
    found = {str(path.relative_to(PRODUCT)): set(opened_in(path)) for path in PRODUCT.rglob("*.py")}
    assert {module: names for module, names in found.items() if names} == OPENS


@pytest.mark.parametrize("ca_bundle", [None, "/etc/hospital.pem"])
def test_no_session_is_made_that_does_not_verify(ca_bundle) -> None:
    made = (
        bounded_session(1, ca_bundle),
        oauth_session("aa", None, ca_bundle),
        wiring.build_bulk_export(site(ca_bundle)).session,
    )
    assert [session.verify for session in made] == [ca_bundle or True] * len(made)
    assert not any(session.trust_env for session in made)
