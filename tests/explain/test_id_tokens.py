"""Id tokens: every algorithm that is taken or not, the seconds of its times, and each claim that must be the right one."""

import hashlib
from base64 import urlsafe_b64encode
from functools import cache

import msgspec
import pytest
from joserfc import jwt
from joserfc.jwk import ECKey, OctKey, OKPKey, RSAKey
from joserfc.jws import JWSRegistry

from cds_service.fhir_client.base_url_allow_list import read_base
from cds_service.fhir_client.deadline import deadline_in
from cds_service.fhir_client.fhir_get import NotFetched, WhyNotFetched
from cds_service.signin.client_registration import Registration
from cds_service.signin.id_token import verified_claims
from cds_service.signin.oauth_code_flow import Pending
from cds_service.signin.oidc_discovery import Configuration, fetch_configuration
from cds_service.signin.signin_errors import SignInRefused, WhyRefused

NOW = 1_772_413_200
LOGIN = "https://login.example"
WHERE = Configuration(f"{LOGIN}/a", f"{LOGIN}/t", f"{LOGIN}/j", LOGIN)
PENDING = Pending("state", "nonce", "verifier", WHERE, {})
OURS = Registration("aa", (read_base(LOGIN),))
GOOD = {"iss": LOGIN, "aud": "aa", "sub": "u1", "iat": NOW, "exp": NOW + 300, "nonce": "nonce"}
TAKEN = {
    "ES256": ("EC", "P-256"),
    "ES384": ("EC", "P-384"),
    "ES512": ("EC", "P-521"),
    **dict.fromkeys(("RS256", "RS384", "RS512", "PS256", "PS384", "PS512"), ("RSA", 2048)),
}
REFUSED = {
    **dict.fromkeys(("HS256", "HS384", "HS512"), ("oct", 512)),
    "EdDSA": ("OKP", "Ed25519"),
    "ES256K": ("EC", "secp256k1"),
}
_KINDS = {"EC": ECKey, "RSA": RSAKey, "oct": OctKey, "OKP": OKPKey}


@cache
def a_key(kind, size):
    return _KINDS[kind].generate_key(size, {"kid": "k"})


def signed(claims, algorithm="ES384"):
    key = a_key(*(TAKEN | REFUSED)[algorithm])
    registry = JWSRegistry(algorithms=[algorithm])
    token = jwt.encode({"alg": algorithm, "kid": "k"}, claims, key, registry=registry)
    public = key.as_dict(private=key.key_type == "oct")
    return token, msgspec.json.encode({"keys": [public]})


def read(algorithm="ES384", access_token=None, **changes):
    claims = {name: value for name, value in {**GOOD, **changes}.items() if value is not ...}
    text, keys = signed(claims, algorithm)
    token = {"id_token": text, **({"access_token": access_token} if access_token else {})}
    return verified_claims(token, keys, PENDING, OURS, NOW)


def refused(**changes):
    with pytest.raises(SignInRefused) as caught:
        read(**changes)
    assert caught.value.why is WhyRefused.ID_TOKEN
    return caught.value.detail


@pytest.mark.parametrize("algorithm", TAKEN)
def test_each_signature_with_a_private_key_is_taken(algorithm):
    assert read(algorithm)["sub"] == "u1"


@pytest.mark.filterwarnings("ignore:EdDSA is deprecated")
@pytest.mark.parametrize("algorithm", REFUSED)
def test_no_shared_secret_and_no_other_curve_is(algorithm):
    assert refused(algorithm=algorithm)


@pytest.mark.parametrize(
    ("changes", "is_good"),
    [
        ({"exp": NOW - 59}, True),
        ({"exp": NOW - 61}, False),
        ({"iat": NOW + 59}, True),
        ({"iat": NOW + 61}, False),
        ({"nbf": NOW + 59}, True),
        ({"nbf": NOW + 61}, False),
    ],
)
def test_clocks_may_differ_by_a_minute(changes, is_good):
    if is_good:
        assert read(**changes)
    else:
        assert refused(**changes)


@pytest.mark.parametrize("name", ["iss", "aud", "sub", "iat", "exp", "nonce"])
def test_each_claim_must_be_there(name):
    assert refused(**{name: ...})


@pytest.mark.parametrize(
    "changes",
    [
        {"iss": f"{LOGIN}/"},
        {"iss": "https://other.example"},
        {"aud": "bb"},
        {"aud": ["bb"]},
        {"aud": []},
        {"aud": "bb", "azp": "aa"},
        {"aud": ["bb", "cc"], "azp": "aa"},
        {"nonce": "other"},
        {"nonce": ""},
        {"exp": "soon"},
    ],
)
def test_another_claim_is_another_token(changes):
    assert refused(**changes)


def test_one_of_several_audiences_is_enough_where_it_was_meant_for_us():
    assert read(aud=["aa", "bb"], azp="aa")
    assert refused(aud=["aa", "bb"], azp="bb")


def test_a_hash_of_the_access_token_binds_it():
    half = hashlib.sha384(b"t1").digest()[:24]
    at_hash = urlsafe_b64encode(half).rstrip(b"=").decode()
    assert read(access_token="t1", at_hash=at_hash)
    assert refused(access_token="t2", at_hash=at_hash)


@pytest.mark.parametrize("text", [None, 5, "", "x", "a.b.c"])
def test_what_is_no_token_is_refused(text):
    _, keys = signed(GOOD)
    with pytest.raises(SignInRefused) as caught:
        verified_claims({"id_token": text}, keys, PENDING, OURS, NOW)
    assert caught.value.why is WhyRefused.ID_TOKEN
    assert (caught.value.detail == "missing") is not isinstance(text, str)


@pytest.mark.parametrize("keys", [b"", b"[]", b"{}", b'{"keys": []}', b'{"keys": [{"kty": "EC"}]}'])
def test_without_the_issuers_keys_nobody_is_signed_in(keys):
    text, _ = signed(GOOD)
    with pytest.raises(SignInRefused):
        verified_claims({"id_token": text}, keys, PENDING, OURS, NOW)


# ---------------------------------------------------------------- the configuration

DOCUMENT = {
    "authorization_endpoint": f"{LOGIN}/a",
    "token_endpoint": f"{LOGIN}/t",
    "jwks_uri": f"{LOGIN}/j",
    "issuer": LOGIN,
    "code_challenge_methods_supported": ["S256"],
}


class Held:
    """Answers with a document, or refuses."""

    def __init__(self, document):
        self.document = document

    def fetch(self, *_):
        if isinstance(self.document, Exception):
            raise self.document
        return self.document if isinstance(self.document, bytes) else msgspec.json.encode(self.document)


def configured(document, registration=OURS):
    return fetch_configuration(Held(document), "address", registration, deadline_in(1))


def test_a_configuration_is_what_it_says():
    assert configured(DOCUMENT) == WHERE


@pytest.mark.parametrize("endpoint", ["authorization_endpoint", "token_endpoint", "jwks_uri"])
@pytest.mark.parametrize(
    "place", ["https://other.example/x", f"{LOGIN}.evil.example/x", "http://login.example/x", "x", ""]
)
def test_each_endpoint_lies_where_the_site_file_allows(endpoint, place):
    with pytest.raises(SignInRefused) as caught:
        configured({**DOCUMENT, endpoint: place})
    assert caught.value.why is WhyRefused.ENDPOINT_ELSEWHERE


@pytest.mark.parametrize(
    ("document", "why", "detail"),
    [
        (NotFetched(WhyNotFetched.TIMEOUT, "x", 7), WhyRefused.CONFIGURATION, "timeout"),
        (b"<html>", WhyRefused.CONFIGURATION, "not-a-configuration"),
        (b"{}", WhyRefused.CONFIGURATION, "not-a-configuration"),
        ({**DOCUMENT, "code_challenge_methods_supported": []}, WhyRefused.NO_PKCE, ""),
        ({**DOCUMENT, "code_challenge_methods_supported": ["plain"]}, WhyRefused.NO_PKCE, ""),
    ],
)
def test_what_is_no_configuration_or_a_weak_one_is_refused(document, why, detail):
    with pytest.raises(SignInRefused) as caught:
        configured(document)
    assert (caught.value.why, caught.value.detail or "") == (why, detail)
    assert caught.value.retry_after == (7 if isinstance(document, NotFetched) else None)


@pytest.mark.parametrize(("issuer", "is_ours"), [(None, True), (LOGIN, True), (f"{LOGIN}/", False)])
def test_an_issuer_that_the_site_names_must_be_the_one(issuer, is_ours):
    registration = msgspec.structs.replace(OURS, issuer=issuer)
    if is_ours:
        assert configured(DOCUMENT, registration).issuer == LOGIN
    else:
        with pytest.raises(SignInRefused):
            configured(DOCUMENT, registration)
