"""By what we prove ourselves to an authorization server: an assertion of four minutes, a secret, or nothing."""

import json

import pytest
from joserfc import jwt
from joserfc.jwk import ECKey, RSAKey

from cds_service.fhir_client.client_proof import ClientKey, ClientSecret
from cds_service.fhir_client.deadline import deadline_in
from cds_service.fhir_client.oauth_session import NoToken, fetch_token, oauth_session
from tests.fhir_client.stub import running, says

TOKEN = {"access_token": "t", "token_type": "bearer"}
NOW = 1_772_413_200
KEYS = {
    "ES384": ECKey.generate_key("P-384", {"kid": "ours"}),
    "RS384": RSAKey.generate_key(2048, {"kid": "ours"}),
}


@pytest.mark.parametrize("algorithm", KEYS)
def test_an_assertion_is_good_for_four_minutes(algorithm):
    """SMART allows five (Backend Services, section 4.1.5)."""
    jwk = json.dumps(KEYS[algorithm].as_dict(private=True))
    session = oauth_session("aa", ClientKey(jwk, algorithm, "ours"), None, NOW)
    method = session.token_endpoint_auth_method
    session.metadata["token_endpoint"] = "https://login.example/token"
    text = method.sign(session, "https://login.example/token")
    token = jwt.decode(text, KEYS[algorithm], algorithms=[algorithm])
    assert (token.header["alg"], token.header["kid"]) == (algorithm, "ours")
    assert token.claims["exp"] == NOW + 240
    assert token.claims["iss"] == token.claims["sub"] == "aa"
    assert token.claims["aud"] == "https://login.example/token"
    assert len(token.claims["jti"]) > 20


@pytest.mark.parametrize("proof", [ClientSecret("s3cret"), None])
def test_a_secret_stands_in_the_header_and_a_public_client_has_none(proof):
    with running() as stub, oauth_session("aa", proof, None, NOW) as session:
        stub.answers["/token"] = says(TOKEN, content_type="application/json")
        fetch_token(session, f"{stub.root}/token", deadline_in(5), grant_type="client_credentials")
    assert ("Authorization" in stub.asked[0][1]) is (proof is not None)


@pytest.mark.parametrize(
    ("status", "body", "detail"),
    [
        (400, {"error": "invalid_client"}, "invalid_client"),
        (401, {"error": "invalid_client", "error_description": "patient 4711"}, "invalid_client"),
        (400, {"error": "x" * 39}, "x" * 39),
        (400, {"error": "x" * 40}, "OAuthError"),
        (400, {"error": "patient 4711"}, "OAuthError"),
        (500, {}, "HTTPError"),
    ],
)
def test_a_refusal_is_told_by_its_word_and_never_by_its_text(status, body, detail):
    with running() as stub, oauth_session("aa", ClientSecret("x"), None, NOW) as session:
        stub.answers["/token"] = says(body, status=status, content_type="application/json")
        with pytest.raises(NoToken) as caught:
            fetch_token(session, f"{stub.root}/token", deadline_in(5), grant_type="client_credentials")
    assert caught.value.detail == detail
