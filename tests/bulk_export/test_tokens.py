"""SMART Backend Services: the assertion as the specification wants it, and a token that goes where it may."""

import json
from urllib.parse import parse_qs

import pytest
from joserfc import jwt
from joserfc.jwk import ECKey, RSAKey

from cds_service.bulk_export.export_server import Backend
from cds_service.bulk_export.failed import ExportFailed, WhyFailed
from cds_service.fhir_client.base_url_allow_list import read_base
from cds_service.fhir_client.client_proof import ClientKey
from tests.bulk_export.bringing import NOW, TYPES, bring
from tests.bulk_export.scripted import says, scripted

KEY = ECKey.generate_key("P-384", {"kid": "ours"}, private=True)
RSA = RSAKey.generate_key(2048, {"kid": "ours"}, private=True)
CONFIGURATION = "GET /fhir/.well-known/smart-configuration"
TOKEN = "POST /token"


def client(key=KEY, algorithm="ES384", **more):
    return Backend(
        "aa-screening", ClientKey(json.dumps(key.as_dict(private=True)), algorithm, "ours"), **more
    )


@pytest.fixture
def server(server):
    """It asks for a token everywhere but in its CapabilityStatement."""
    server.forms = []

    def token(handler):
        server.forms.append({name: one for name, (one,) in parse_qs(handler.form.decode()).items()})
        grant = {"access_token": f"word-{len(server.forms)}", "token_type": "bearer", "expires_in": 300}
        says({**grant, **server.grant}, Content_Type="application/json")(handler)

    server.grant = {}
    server.forever[TOKEN] = token
    configuration = {"token_endpoint": f"{server.root}/token"}
    server.forever[CONFIGURATION] = says(configuration, Content_Type="application/json")
    server.manifest = {"requiresAccessToken": True}
    return server


def bearers(server, path):
    return [headers.get("Authorization") for headers in server.headers(path)]


@pytest.mark.parametrize(("key", "algorithm"), [(KEY, "ES384"), (RSA, "RS384")], ids=["ES384", "RS384"])
def test_the_assertion(key, algorithm, server, told, tmp_path):
    bring(server.base, tmp_path, told, backend=client(key, algorithm, scopes=("system/*.rs",)))
    (form,) = server.forms
    assertion = jwt.decode(form.pop("client_assertion"), key, algorithms=[algorithm])
    assert form == {
        "grant_type": "client_credentials",
        "scope": "system/*.rs",
        "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
    }
    claims = assertion.claims
    assert claims["iss"] == claims["sub"] == "aa-screening"
    assert claims["aud"] == f"{server.root}/token"
    assert 0 < claims["exp"] - NOW <= 300
    assert len(claims["jti"]) >= 16
    assert assertion.header["kid"] == "ours"


def test_no_two_assertions_are_alike(server, told, tmp_path):
    for n in range(2):
        bring(server.base, tmp_path / str(n), told, backend=client())
    assert len({form["client_assertion"] for form in server.forms}) == 2


@pytest.mark.parametrize("wanted", [True, False])
def test_the_token_goes_to_files_only_where_the_manifest_says_so(wanted, server, told, tmp_path):
    server.manifest = {"requiresAccessToken": wanted}
    bring(server.base, tmp_path, told, backend=client())
    assert bearers(server, "/fhir/$export") == ["Bearer word-1"]
    assert bearers(server, "/status/1") == ["Bearer word-1"] * 2
    assert bearers(server, "/files/Patient") == ["Bearer word-1" if wanted else None]
    assert bearers(server, "/fhir/metadata") == [None]


def test_a_token_that_is_refused_is_asked_for_once_more(server, told, tmp_path):
    server.next["GET /files/Patient"] = [says(status=401)]
    bring(server.base, tmp_path, told, backend=client())
    assert bearers(server, "/files/Patient") == ["Bearer word-1", "Bearer word-2"]


def test_but_not_for_ever(server, told, tmp_path):
    server.forever["GET /fhir/$export"] = says(status=401)
    with pytest.raises(ExportFailed, match="the server refuses the export: status 401"):
        bring(server.base, tmp_path, told, backend=client())
    assert len(server.forms) == 2


def test_a_token_is_asked_for_anew_before_it_ends(server, told, tmp_path, monkeypatch):
    server.grant = {"expires_in": 0}
    bring(server.base, tmp_path, told, backend=client())
    assert len(server.forms) > 3


@pytest.mark.parametrize(
    ("scope", "problem"),
    [
        ("system/*.rs", ()),
        ("system/*.read", ()),
        ("system/Patient.rs system/Condition.rs", ("the token does not allow reading Observation",)),
    ],
)
def test_types_that_the_token_does_not_cover_are_missing_and_said(scope, problem, server, told, tmp_path):
    server.grant = {"scope": scope}
    assert bring(server.base, tmp_path, told, backend=client()).done.problems == problem


def test_without_patients_there_is_no_use_in_it(server, told, tmp_path):
    server.grant = {"scope": "system/Observation.rs system/Condition.rs"}
    with pytest.raises(ExportFailed, match="does not allow reading Patient") as raised:
        bring(server.base, tmp_path, told, backend=client(), types=TYPES)
    assert raised.value.why is WhyFailed.NO_TOKEN
    assert server.exports == 0


@pytest.mark.parametrize(
    ("answer", "fact"),
    [
        (says({"error": "invalid_client", "error_description": "key of 4711"}, 400), "says invalid_client"),
        (says(b"<html>", 500), "the token endpoint says"),
        (says({"access_token": "a", "token_type": "mac"}), "no bearer token"),
        (says(status=302, Location="http://127.0.0.1:1/"), "TooManyRedirects"),
    ],
    ids=["refused", "broken", "no bearer", "a redirect"],
)
def test_no_token_is_named_without_values(answer, fact, server, told, tmp_path):
    server.forever[TOKEN] = answer
    with pytest.raises(ExportFailed) as raised:
        bring(server.base, tmp_path, told, backend=client())
    assert raised.value.why is WhyFailed.NO_TOKEN
    assert fact in raised.value.fact
    assert "4711" not in str(raised.value)


@pytest.mark.parametrize(
    ("answer", "fact"),
    [
        (says(status=404), "not-found"),
        (says({"no": "endpoint"}, Content_Type="application/json"), "names no token endpoint"),
        (says(b"<html>", Content_Type="application/json"), "names no token endpoint"),
    ],
)
def test_without_a_configuration_there_is_no_token(answer, fact, server, told, tmp_path):
    server.forever[CONFIGURATION] = answer
    with pytest.raises(ExportFailed, match=fact):
        bring(server.base, tmp_path, told, backend=client())


def test_a_token_endpoint_elsewhere_is_asked_only_where_the_site_file_names_it(server, told, tmp_path):
    with scripted() as login:
        login.forever[TOKEN] = server.forever[TOKEN]
        configuration = {"token_endpoint": f"{login.root}/token"}
        server.forever[CONFIGURATION] = says(configuration, Content_Type="application/json")
        with pytest.raises(ExportFailed) as raised:
            bring(server.base, tmp_path, told, backend=client())
        assert raised.value.why is WhyFailed.ELSEWHERE
        assert login.asked == []
        assert bring(server.base, tmp_path, told, backend=client(endpoints=(read_base(login.root),))).files


def test_a_key_that_the_server_does_not_take_is_said(server, told, tmp_path):
    configuration = {
        "token_endpoint": f"{server.root}/token",
        "token_endpoint_auth_signing_alg_values_supported": ["RS384"],
    }
    server.forever[CONFIGURATION] = says(configuration, Content_Type="application/json")
    with pytest.raises(ExportFailed, match="the server takes RS384, our key signs ES384"):
        bring(server.base, tmp_path, told, backend=client())


def test_neither_key_nor_token_is_told_or_kept(server, told, tmp_path):
    bring(server.base, tmp_path, told, backend=client())
    kept = b"".join(one.read_bytes() for one in tmp_path.rglob("*") if one.is_file()).decode()
    for secret in ("word-1", KEY.as_dict(private=True)["d"]):
        assert secret not in kept + told.text
