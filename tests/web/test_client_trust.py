"""Client trust over HTTP: discovery and every call; one refusal, the same for every cause (CH-135..149)."""

import io
import json
import os
import subprocess
import sys
import time
import urllib.error
import urllib.request
from datetime import timedelta

import pytest
from msgspec.structs import replace

from cds_service.fhir_client.base_url_allow_list import read_base
from cds_service.settings.client_list import ListedClient
from cds_service.settings.environment import ClientAuthentication, Environment
from cds_service.settings.site_file import Site
from cds_service.web.log_redaction import configure_logging
from cds_service.wiring import build_app
from fhir_mappings.clinical_model.known_unknown import Part
from tests.cli.test_serve import a_free_port
from tests.fhir_client.charts import CHART, MEDICATION, TYPES, prefetched
from tests.fhir_client.stub import running, says, searchset
from tests.hook_calls import HOOKS
from tests.installation import A_KEY, an_installation
from tests.standard.calls import PATIENT, a_body, a_call, authorization
from tests.standard.tokens import (
    BASE,
    CLIENTS,
    EHR,
    NOW,
    OTHER_EHR,
    SERVICE,
    a_token,
    bearer,
    corpus,
    header_before,
    header_of,
    jwk,
    jwk_set,
    published_keys,
)

DISCOVERY = "/cds-services"
URL = f"{DISCOVERY}/{SERVICE}"
ATTACKS = corpus()
WHOLE = {
    **prefetched(Part),
    "medicationRequests": searchset(CHART[Part.MEDICATION_REQUESTS], MEDICATION),
}
BODY = a_body(prefetch=WHOLE)


def settings_for(*listed, how=ClientAuthentication.JWT, **site):
    clients = listed or [ListedClient(c, published_keys().get(c.issuer)) for c in CLIENTS.values()]
    return an_installation(
        Site(trusted_clients=tuple(clients), **site), Environment.PRODUCTION, BASE, client_authentication=how
    )


def client_for(settings):
    return build_app(settings, lambda: NOW).test_client()


@pytest.fixture(scope="module")
def client():
    """One service for all attacks. The one client without keys here is asked for at a port where nobody is."""
    dark = "https://dark.hospital.example"
    nowhere = replace(CLIENTS[dark], jku="http://127.0.0.1:9/jwks.json")
    listed = [ListedClient(c, published_keys().get(c.issuer)) for c in CLIENTS.values() if c.issuer != dark]
    return client_for(settings_for(*listed, ListedClient(nowhere)))


@pytest.fixture
def log():
    stream = io.StringIO()
    configure_logging(stream)
    return stream


def call(client, header, url=URL, body=BODY, **more):
    headers = {} if header is None else {"Authorization": header}
    return client.post(url, data=body, content_type="application/json", headers=headers, **more)


def once(**claims):
    """A header that no other test has sent."""
    once.number += 1
    return bearer(a_token(**{"jti": f"once-{once.number}", **claims}))


once.number = 0


def lines_of(log):
    return [json.loads(line) for line in log.getvalue().splitlines()]


def refusal(response):
    headers = {k: v for k, v in response.headers if k not in ("Date", "X-Request-ID")}
    return response.status_code, response.data, headers


def test_a_trusted_client_gets_its_cards(client):
    response = call(client, once())
    assert response.status_code == 200
    assert response.get_json()["cards"]


@pytest.mark.parametrize("attack", ATTACKS, ids=lambda attack: attack["name"])
def test_each_attack_gets_the_same_401_as_no_token_at_all(client, log, attack):
    header = header_of(attack)
    if attack.get("sent_before"):
        assert call(client, header).status_code == 200
    response = call(client, None if header is None else header.encode("utf-8").decode("latin-1"))
    assert response.status_code == 401
    assert refusal(response) == refusal(call(client, None))
    line = lines_of(log)[-2]
    assert (line["event"], line["reason"]) == ("client_refused", attack["reason"])


def test_the_refusal_says_nothing_but_that_it_is_one(client):
    response = call(client, None)
    (issue,) = response.get_json()["issue"]
    assert issue == {"severity": "error", "code": "login", "diagnostics": "Unauthorized"}
    assert response.headers["WWW-Authenticate"] == "Bearer"


def test_no_token_is_ever_logged(client, log, caplog, capsys):
    sent = [header for attack in ATTACKS if (header := header_of(attack))] + [once(), header_before({})]
    for header in sent:
        call(client, header.encode("utf-8").decode("latin-1"))
    said = log.getvalue() + caplog.text + "".join(capsys.readouterr())
    assert "client_refused" in said
    for header in sent:
        parts = [part for part in header.removeprefix("Bearer ").split(".") if len(part) > 20]
        assert not [part for part in parts if part in said]


def test_a_refused_call_is_not_even_read(client, log):
    assert call(client, None, body=b"not JSON").status_code == 401
    assert call(client, None, url=f"{DISCOVERY}/no-such-service").status_code == 401
    assert call(client, once(aud=f"{BASE}{DISCOVERY}/no"), url=f"{DISCOVERY}/no").status_code == 404


@pytest.mark.parametrize("service", HOOKS)
def test_every_service_wants_a_token_of_its_own(client, service):
    url = f"{DISCOVERY}/{service}"
    assert call(client, None, url=url).status_code == 401
    if service != SERVICE:
        assert call(client, once(), url=url).status_code == 401
    assert call(client, once(aud=f"{BASE}{url}"), url=url, body=b"{}").status_code == 400


def test_discovery_wants_a_token_for_discovery(client):
    assert client.get(DISCOVERY).status_code == 401
    assert client.get(DISCOVERY, headers={"Authorization": once()}).status_code == 401
    header = once(aud=f"{BASE}{DISCOVERY}")
    response = client.get(DISCOVERY, headers={"Authorization": header})
    assert [service["id"] for service in response.get_json()["services"]] == list(HOOKS)
    assert client.head(DISCOVERY).status_code == 401


def test_the_host_header_means_nothing(client):
    there = "http://elsewhere.example"
    assert call(client, once(aud=f"{there}{URL}"), base_url=there).status_code == 401
    assert call(client, once(), base_url=there).status_code == 200


def test_health_is_told_to_everybody(client):
    assert client.get("/health/live").status_code == client.get("/health/ready").status_code == 200


def test_the_refused_client_is_named_in_the_log_only_if_it_is_one_of_ours(client, log):
    call(client, once(exp=-100, iat=-200))
    call(client, once(iss="https://attacker.example"))
    assert [line["issuer"] for line in lines_of(log)] == [EHR, ""]


@pytest.mark.parametrize("how", [ClientAuthentication.PROXY, ClientAuthentication.NONE])
def test_where_others_make_sure_who_calls_no_token_is_wanted(how):
    open_client = client_for(settings_for(how=how))
    assert call(open_client, None).status_code == 200
    assert open_client.get(DISCOVERY).status_code == 200


def test_keys_are_fetched_from_the_listed_address_over_http():
    with running() as ehr:
        ehr.answers["/jwks.json"] = says(json.loads(jwk_set(jwk("ehr-1"))), content_type="application/json")
        trusted = replace(CLIENTS[EHR], jku=f"{ehr.root}/jwks.json")
        client = client_for(settings_for(ListedClient(trusted)))
        for jti in ("a", "b"):
            header = bearer(a_token({"jku": trusted.jku}, jti=jti))
            assert call(client, header).status_code == 200
        assert ehr.paths() == ["/jwks.json"]


# ---------------------------------------------------------------- what a client brings with it


def listed(issuer, **more):
    return ListedClient(CLIENTS[issuer], published_keys()[issuer], **more)


def test_a_client_reads_its_own_language_and_others_the_site_s():
    client = client_for(settings_for(listed(EHR, language="zh"), listed(OTHER_EHR)))
    ours = call(client, once()).get_json()["cards"]
    theirs = call(client, bearer(a_token(signer="other-1", iss=OTHER_EHR))).get_json()["cards"]
    assert len(ours) == len(theirs) > 0
    for own, other in zip(ours, theirs, strict=True):
        assert not own["summary"].isascii()
        assert own["summary"] != other["summary"]


@pytest.mark.parametrize(
    ("own_bases", "site_bases", "fetched"),
    [(None, True, True), (True, False, True), ((), True, False), (None, False, False)],
)
def test_a_client_s_own_fhir_bases_are_the_only_ones_called_for_it(own_bases, site_bases, fetched):
    with running() as fhir:
        fhir.gives(f"Patient/{PATIENT}", CHART[Part.PATIENT])
        for part in Part:
            if part is not Part.PATIENT:
                fhir.gives(TYPES[part], searchset(CHART[part]))
        here = (read_base(fhir.base),)
        own = here if own_bases is True else own_bases
        site = {"fhir_bases": here if site_bases else ()}
        client = client_for(settings_for(listed(EHR, fhir_bases=own), **site))
        asked = a_call(fhirServer=fhir.base, fhirAuthorization=authorization(scope="user/*.rs"))
        response = call(client, once(), body=json.dumps(asked).encode())
        assert response.status_code == (200 if fetched else 412)
        assert bool(fhir.asked) == fetched


@pytest.mark.parametrize(("subject", "answered"), [("cds-service", 200), ("somebody-else", 412)])
def test_a_token_of_the_ehr_s_that_is_not_for_us_is_not_used(subject, answered):
    with running() as fhir:
        fhir.gives(f"Patient/{PATIENT}", CHART[Part.PATIENT])
        for part in Part:
            if part is not Part.PATIENT:
                fhir.gives(TYPES[part], searchset(CHART[part]))
        client = client_for(
            settings_for(listed(EHR, fhir_bases=(read_base(fhir.base),), fhir_client_id="cds-service"))
        )
        token = authorization(scope="user/*.rs", subject=subject)
        asked = a_call(fhirServer=fhir.base, fhirAuthorization=token)
        assert call(client, once(), body=json.dumps(asked).encode()).status_code == answered
        assert bool(fhir.asked) == (answered == 200)


# ---------------------------------------------------------------- as a process


def answer(url, header=None, patience=15.0):
    """The status of a GET, once the server is there."""
    until = time.monotonic() + patience
    while True:
        try:
            headers = {"Authorization": header} if header else {}
            with urllib.request.urlopen(urllib.request.Request(url, headers=headers), timeout=5) as response:
                return response.status
        except urllib.error.HTTPError as error:
            with error:
                return error.code
        except OSError:
            if time.monotonic() > until:
                raise
            time.sleep(0.05)


def test_a_production_server_lets_in_its_listed_client_and_nobody_else(tmp_path):
    (tmp_path / "ehr.json").write_bytes(jwk_set(jwk("ehr-1")))
    (tmp_path / "site.toml").write_text(f"[[trusted_clients]]\niss = '{EHR}'\njwks_file = 'ehr.json'\n")
    port = a_free_port()
    environ = {name: value for name, value in os.environ.items() if not name.startswith("CDS_")}
    process = subprocess.Popen(
        [sys.executable, "-m", "cds_service", "serve", "--port", str(port)],
        env=environ
        | {
            "CDS_PUBLIC_BASE_URL": BASE,
            "CDS_SITE_FILE": str(tmp_path / "site.toml"),
            "CDS_PSEUDONYM_KEY": A_KEY,
            "CDS_WORKERS": "2",
        },
        cwd=tmp_path,
        stderr=subprocess.PIPE,
    )
    try:
        url = f"http://127.0.0.1:{port}{DISCOVERY}"
        assert answer(url) == 401
        header = bearer(a_token(aud=f"{BASE}{DISCOVERY}", **seconds_from_now(iat=0.5, exp=300)))
        assert answer(url, header) == 200
        assert {answer(url, header) for _ in range(6)} == {401}  # the same token again, in either worker
    finally:
        process.terminate()
        _, said = process.communicate(timeout=20)
    assert b"INSECURE" not in said
    assert [json.loads(line)["reason"] for line in said.splitlines() if b"client_refused" in line] == [
        "no-token",
        *["replayed"] * 6,
    ]


def seconds_from_now(**seconds):
    """Times of a token for a server whose clock is the real one."""
    shift = timedelta(seconds=time.time()) - timedelta(seconds=NOW.timestamp())
    return {name: shift.total_seconds() + value for name, value in seconds.items()}
