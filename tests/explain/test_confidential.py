"""A confidential client proves itself at the token endpoint by a secret, or by an assertion it signs."""

import json
import time

import pytest
from flask import Flask, jsonify, request
from joserfc import jwt
from joserfc.jwk import ECKey

from cds_service.demo.loopback import serve_on_loopback
from cds_service.fhir_client.bounded_http import bounded_session
from cds_service.fhir_client.client_proof import ClientKey, ClientSecret
from cds_service.fhir_client.deadline import deadline_in
from cds_service.fhir_client.fhir_get import FetchLimits, HttpFhirServer
from cds_service.signin.client_registration import Registration
from cds_service.signin.oauth_code_flow import CodeFlow
from cds_service.signin.oidc_discovery import Configuration
from cds_service.signin.signin_errors import SignInRefused

KEY = ECKey.generate_key("P-384", {"kid": "ours"})


@pytest.fixture
def seen():
    """A token endpoint that writes down what it was sent."""
    found = {}
    app = Flask(__name__)

    @app.post("/token")
    def token():
        found.update(form=request.form.to_dict(), basic=request.authorization)
        return jsonify(error="invalid_client"), 401

    server = serve_on_loopback(lambda _: app.wsgi_app, 0)
    found["url"] = f"{server.base_url}/token"
    yield found
    server.stop()


def ask(seen, proof):
    documents = HttpFhirServer(bounded_session(2), FetchLimits(), ("application/json",))
    flow = CodeFlow(Registration("aa", (), proof), "https://us.example/callback", documents)
    configuration = Configuration(
        "https://x.example/a", seen["url"], "https://x.example/j", "https://x.example"
    )
    _, pending = flow.leave(configuration, "openid", {}, lambda: "r" * 43)
    with pytest.raises(SignInRefused) as refused:
        flow.come_back(pending, f"code=c&state={pending.state}", deadline_in(5), int(time.time()))
    return str(refused.value)


def test_a_secret_goes_in_the_header_and_nowhere_else(seen):
    assert ask(seen, ClientSecret("s3cret")) == "token-request: invalid_client"
    assert (seen["basic"].username, seen["basic"].password) == ("aa", "s3cret")
    assert "s3cret" not in seen["form"].values()
    assert seen["form"]["code_verifier"] == "r" * 43


def test_an_assertion_is_signed_for_this_endpoint_and_short_lived(seen):
    proof = ClientKey(json.dumps(KEY.as_dict(private=True)), "ES384", "ours")
    ask(seen, proof)
    assert seen["form"]["client_assertion_type"].endswith("jwt-bearer")
    assertion = jwt.decode(seen["form"]["client_assertion"], KEY, algorithms=["ES384"])
    assert assertion.header["kid"] == "ours"
    claims = assertion.claims
    assert (claims["iss"], claims["sub"], claims["aud"]) == ("aa", "aa", seen["url"])
    assert 0 < claims["exp"] - time.time() <= 300
    assert claims["jti"]


def test_a_public_client_sends_its_name_alone(seen):
    ask(seen, None)
    assert seen["basic"] is None
    assert seen["form"]["client_id"] == "aa"
