"""Client trust over HTTP: every attack of the corpus as it would be sent, and the kinds of token that real clients send."""

import http.client
import json
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
import requests
from msgspec.structs import replace

from cds_service.fhir_client.base_url_allow_list import read_base
from cds_service.settings.client_list import ListedClient
from cds_service.settings.environment import BadSettings, ClientAuthentication, read_settings
from cds_service.settings.site_file import Site
from tests.fhir_client.stub import says
from tests.hook_calls import HOOKS
from tests.standard.calls import a_body
from tests.standard.over_http.hospital import (
    DISCOVERY,
    NOBODY,
    TITRATION,
    Hospital,
    open_hospital,
    refusal,
    token_for,
)
from tests.standard.tokens import (
    BASE,
    CLIENTS,
    DARK_EHR,
    EHR,
    SERVICE_URL,
    corpus,
    header_before,
    header_of,
    jwk,
    jwk_set,
    published_keys,
)

Json = Any
URL = f"{DISCOVERY}/{TITRATION}"
BODY = a_body(prefetch=NOBODY)
ATTACKS = corpus()


@pytest.fixture(scope="module")
def house() -> Any:
    """A hospital that trusts every client of the corpus; one of them publishes no keys at present."""
    listed = [
        ListedClient(client, published_keys().get(client.issuer))
        for client in CLIENTS.values()
        if client.issuer != DARK_EHR
    ]
    listed.append(ListedClient(replace(CLIENTS[DARK_EHR], jku="http://127.0.0.1:9/jwks.json")))
    with open_hospital(
        site=Site(trusted_clients=tuple(listed), fhir_bases=(read_base("http://127.0.0.1:9/fhir"),))
    ) as one:
        yield one


def raw(hospital: Hospital, header: str | None, path: str = URL) -> tuple[int, bytes, dict[str, str]]:
    """Sent as it is, without the niceties of a client library; a server that hangs up on it counts as 431."""
    with closing(
        http.client.HTTPConnection(hospital.address.removeprefix("http://"), timeout=10)
    ) as connection:
        connection.putrequest("POST", path)
        connection.putheader("Content-Type", "application/json")
        connection.putheader("Content-Length", str(len(BODY)))
        if header is not None:
            connection.putheader("Authorization", header.encode("utf-8"))
        try:
            connection.endheaders(BODY)
            reply = connection.getresponse()
            headers = {k: v for k, v in reply.getheaders() if k not in ("Date", "X-Request-ID")}
            return reply.status, reply.read(), headers
        except (BrokenPipeError, ConnectionResetError):
            return 431, b"", {}


@pytest.mark.ch("CH-135", "CH-136", "CH-137", "CH-139", "CH-144", "CH-145", "CH-147", "CH-149")
@pytest.mark.parametrize("attack", ATTACKS, ids=lambda attack: attack["name"])
def test_each_attack_gets_the_same_401_as_no_token_at_all(house: Hospital, log: Any, attack: Json) -> None:
    header = header_of(attack)
    if attack.get("sent_before"):
        assert raw(house, header)[0] == 200
    refused = raw(house, header)
    if refused[0] == 431:  # longer than the server in front reads at all
        assert attack["name"] == "huge-token"
        return
    assert refused[0] == 401
    assert refused == raw(house, None)
    assert attack["reason"] in [line.get("reason") for line in log()]


@pytest.mark.ch("CH-149", "CH-071", "CH-072")
def test_the_refusal_is_bare(hospital: Hospital) -> None:
    reply = hospital.send("POST", URL, data=BODY, headers={"Authorization": None})
    assert refusal(reply, 401) == "Unauthorized"
    assert reply.headers["WWW-Authenticate"] == "Bearer"


@pytest.mark.ch("CH-135", "CH-133", "CH-140")
@pytest.mark.parametrize("service", HOOKS)
def test_each_service_wants_a_token_made_out_to_its_own_address(hospital: Hospital, service: str) -> None:
    path = f"{DISCOVERY}/{service}"
    body = a_body(HOOKS[service], prefetch=NOBODY)

    def status(aud: Any) -> int:
        headers = {"Authorization": aud and token_for(aud), "Content-Type": "application/json"}
        return hospital.send("POST", path, data=body, headers=headers).status_code

    assert status(f"{BASE}{path}") == status([f"{BASE}{path}"]) == 200
    wrong = [None, BASE, f"{BASE}{path}/", f"{BASE}{DISCOVERY}", f"{BASE}{path}?x=1", f"{BASE}{path}".upper()]
    other = next(name for name in HOOKS if name != service)
    assert {status(aud) for aud in (*wrong, f"{BASE}{DISCOVERY}/{other}", "http://127.0.0.1")} == {401}


@pytest.mark.ch("CH-140", "CH-129")
@pytest.mark.parametrize("header", ["Host", "X-Forwarded-Host", "X-Forwarded-Proto", "Forwarded"])
def test_no_header_moves_the_address_that_tokens_must_name(hospital: Hospital, header: str) -> None:
    value = {"X-Forwarded-Proto": "http", "Forwarded": "host=elsewhere.example;proto=http"}
    sent = {header: value.get(header, "elsewhere.example"), "Content-Type": "application/json"}
    assert hospital.send("POST", URL, data=BODY, headers=sent).status_code == 200
    there = hospital.send("POST", URL, aud=f"http://elsewhere.example{URL}", data=BODY, headers=sent)
    assert there.status_code == 401


@pytest.mark.ch("CH-150")
@pytest.mark.parametrize(
    ("times", "status"),
    [
        ({"iat": 0.5, "exp": 300.5}, 200),
        ({"iat": 1, "exp": 301}, 200),
        ({"iat": 59.9, "exp": 300}, 200),
        ({"iat": 61, "exp": 300}, 401),
        ({"iat": 0, "exp": 900, "nbf": -300}, 200),
        ({"iat": 0, "exp": 300, "nbf": 61}, 401),
        ({"iat": -300, "exp": -59}, 200),
        ({"iat": -300, "exp": -61}, 401),
        ({"iat": 0, "exp": 1200}, 200),
        ({"iat": 0, "exp": 1201}, 401),
    ],
)
def test_clocks_may_differ_by_a_minute(hospital: Hospital, times: Json, status: int) -> None:
    headers = {"Authorization": token_for(SERVICE_URL, **times), "Content-Type": "application/json"}
    assert hospital.send("POST", URL, data=BODY, headers=headers).status_code == status


@pytest.mark.ch("CH-146", "CH-143", "CH-136")
@pytest.mark.parametrize("signer", ["ehr-1", "ehr-rsa"])
def test_es384_and_rs384_are_accepted(hospital: Hospital, signer: str) -> None:
    headers = {"Authorization": token_for(SERVICE_URL, signer=signer), "Content-Type": "application/json"}
    assert hospital.send("POST", URL, data=BODY, headers=headers).status_code == 200


@pytest.mark.ch("CH-138", "CH-142", "CH-143")
def test_keys_come_from_the_listed_address_and_from_no_other(hospital: Hospital) -> None:
    def status(jku: str) -> int:
        headers = {
            "Authorization": token_for(SERVICE_URL, header={"jku": jku}),
            "Content-Type": "application/json",
        }
        return hospital.send("POST", URL, data=BODY, headers=headers).status_code

    hospital.fhir.answers["/evil.json"] = says(
        json.loads(jwk_set(jwk("ehr-1"))), content_type="application/json"
    )
    assert status(f"{hospital.fhir.root}/jwks.json") == 200
    assert status(f"{hospital.fhir.root}/evil.json") == status("https://attacker.example/jwks.json") == 401
    assert "/evil.json" not in hospital.fhir.paths()


@pytest.mark.ch("CH-142", "CH-147")
def test_nothing_is_fetched_for_a_stranger(hospital: Hospital) -> None:
    claims = {"iss": "https://attacker.example"}
    header = token_for(SERVICE_URL, header={"jku": f"{hospital.fhir.root}/jwks.json", "kid": "new"}, **claims)
    reply = hospital.send("POST", URL, data=BODY, headers={"Authorization": header})
    assert reply.status_code == 401
    assert hospital.fhir.asked == []


@pytest.mark.ch("CH-138", "CH-141", "CH-147")
@pytest.mark.parametrize(("tenant", "status"), [("ward-1", 200), ("ward-9", 401), (..., 401)])
def test_keys_may_be_listed_and_tenants_too(house: Hospital, tenant: Json, status: int) -> None:
    claims = {"iss": "https://wards.hospital.example", "signer": "wards-1", "tenant": tenant}
    headers = {"Authorization": token_for(SERVICE_URL, **claims), "Content-Type": "application/json"}
    assert house.send("POST", URL, data=BODY, headers=headers).status_code == status
    assert house.fhir.asked == []


@pytest.mark.ch("CH-141")
def test_any_tenant_is_taken_where_none_is_listed(hospital: Hospital) -> None:
    headers = {"Authorization": token_for(SERVICE_URL, tenant="x" * 255), "Content-Type": "application/json"}
    assert hospital.send("POST", URL, data=BODY, headers=headers).status_code == 200


@pytest.mark.ch("CH-147")
@pytest.mark.parametrize("first", [BODY, b"not JSON"])
def test_a_token_counts_once_even_if_its_call_was_refused(hospital: Hospital, first: bytes) -> None:
    headers = {"Authorization": token_for(SERVICE_URL), "Content-Type": "application/json"}
    assert hospital.send("POST", URL, data=first, headers=headers).status_code in (200, 400)
    assert hospital.send("POST", URL, data=BODY, headers=headers).status_code == 401


@pytest.mark.ch("CH-148", "CH-132")
def test_no_token_is_logged_or_told(house: Hospital, log: Any, capfd: Any) -> None:
    sent = [header for attack in ATTACKS if (header := header_of(attack))] + [header_before({})]
    told = "".join(str(raw(house, header)) for header in sent)
    everywhere = told + str(log()) + "".join(capfd.readouterr())
    assert "client_refused" in everywhere
    for header in sent:
        parts = [part for part in header.removeprefix("Bearer ").split(".") if len(part) > 20]
        assert not [part for part in parts if part in everywhere]


# ---------------------------------------------------------------- what production insists on


def faults(tmp_path: Path, site: str, **environ: str) -> str:
    (tmp_path / "site.toml").write_text(site)
    (tmp_path / "ehr.json").write_bytes(jwk_set(jwk("ehr-1")))
    given = {"CDS_PUBLIC_BASE_URL": BASE, "CDS_SITE_FILE": str(tmp_path / "site.toml"), **environ}
    with pytest.raises(BadSettings) as caught:
        read_settings(given)
    return "; ".join(caught.value.faults)


TRUSTED = f"[[trusted_clients]]\niss = '{EHR}'\njwks_file = 'ehr.json'\n"


@pytest.mark.ch("CH-129", "CH-001", "CH-026", "CH-133", "CH-155")
@pytest.mark.parametrize(
    ("site", "environ", "said"),
    [
        (TRUSTED, {"CDS_PUBLIC_BASE_URL": "http://cds.example"}, "CDS_PUBLIC_BASE_URL: must be https"),
        (TRUSTED + "[[fhir_servers]]\nbase = 'http://ehr.example/fhir'\n", {}, "must be https"),
        (TRUSTED + "fhir_bases = ['http://ehr.example/fhir']\n", {}, "must be https"),
        (
            f"[[trusted_clients]]\niss = '{EHR}'\njku = 'http://ehr.example/jwks.json'\n",
            {},
            "jku must be https",
        ),
        (TRUSTED.replace(EHR, "https://sandbox.cds-hooks.org"), {}, "a key that everybody knows"),
        ("", {}, "nobody could call"),
        (TRUSTED, {"CDS_CLIENT_AUTHENTICATION": "none"}, "nobody makes sure who calls"),
    ],
)
def test_production_does_not_start_on_what_is_insecure(
    tmp_path: Path, site: str, environ: dict[str, str], said: str
) -> None:
    assert said in faults(tmp_path, site, **environ)


@pytest.mark.ch("CH-134")
def test_a_proxy_in_front_may_make_sure_who_calls() -> None:
    with open_hospital(client_authentication=ClientAuthentication.PROXY) as behind_proxy:
        reply = requests.post(f"{behind_proxy.address}{URL}", json=json.loads(BODY), timeout=5)
        assert reply.status_code == 200
