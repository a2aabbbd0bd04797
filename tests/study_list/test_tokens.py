"""SMART Backend Services over real HTTP: a signed assertion, a token kept while it is good, and refusals."""

import json
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from flask import Flask, jsonify, request
from joserfc import jwt
from joserfc.jwk import ECKey

from cds_service.demo.loopback import serve_on_loopback
from cds_service.fhir_client.base_url_allow_list import FhirBase, read_base
from cds_service.fhir_client.bounded_http import bounded_session
from cds_service.fhir_client.deadline import deadline_in
from cds_service.fhir_client.fhir_get import FetchLimits, HttpFhirServer, NotFetched, WhyNotFetched
from cds_service.signin.client_registration import ClientKey, ClientSecret, Registration
from cds_service.study_list import list_token
from cds_service.study_list.list_token import BackendToken

KEY = ECKey.generate_key("P-384", {"kid": "list", "use": "sig"})


class Endpoint:
    """An authorization server that keeps what it was asked; `answer` and `status` are what it says."""

    def __init__(self):
        self.asked, self.status, self.elsewhere, self.takes = [], 200, "", 0.0
        self.answer = {"access_token": "t1", "token_type": "bearer", "expires_in": 300}

    def app(self, port):
        app, here = Flask(__name__), f"http://127.0.0.1:{port}/fhir"

        @app.get("/fhir/.well-known/smart-configuration")
        def configuration():
            return jsonify({"token_endpoint": self.elsewhere or f"{here}/token"})

        @app.post("/fhir/token")
        def token():
            self.asked.append((dict(request.form), request.authorization))
            time.sleep(self.takes)
            return jsonify(self.answer), self.status

        return app.wsgi_app


@pytest.fixture
def endpoint():
    made = Endpoint()
    running = serve_on_loopback(made.app, 0, "/fhir")
    made.base = read_base(running.base_url)
    yield made
    running.stop()


def token_of(endpoint, proof):
    base = endpoint.base
    below = (FhirBase(base.scheme, base.host, base.port, ""),)
    documents = HttpFhirServer(bounded_session(2), FetchLimits(), ("application/json",))
    return BackendToken(base, Registration("aa-cds-list", below, proof), documents, lambda: int(time.time()))


def a_key():
    return ClientKey(json.dumps(KEY.as_dict(private=True)), "ES384", "list")


def test_a_signed_assertion_gets_a_token_that_is_kept(endpoint):
    token = token_of(endpoint, a_key())
    assert [token(), token()] == ["t1", "t1"]
    ((form, _),) = endpoint.asked
    assert form["grant_type"] == "client_credentials"
    assert "system/Task.cruds" in form["scope"]
    claims = jwt.decode(form["client_assertion"], KEY, algorithms=["ES384"]).claims
    assert claims["iss"] == claims["sub"] == "aa-cds-list"
    assert claims["aud"] == f"{endpoint.base.url}/token"
    assert 0 < claims["exp"] - time.time() <= 300  # SMART allows five minutes


def test_a_secret_goes_in_the_header(endpoint):
    assert token_of(endpoint, ClientSecret("s3cret"))() == "t1"
    ((form, authorization),) = endpoint.asked
    assert (authorization.username, authorization.password) == ("aa-cds-list", "s3cret")
    assert "s3cret" not in str(form)


def test_one_whose_life_is_over_is_asked_for_anew(endpoint):
    endpoint.answer = {**endpoint.answer, "expires_in": 0}
    token = token_of(endpoint, a_key())
    token()
    endpoint.answer = {**endpoint.answer, "access_token": "t2"}
    assert token() == "t2"


LIVES = {301: 301, 300: 300, "600": 600, 600.5: 600.5, None: 300, "": 300}
"""What servers write for `expires_in`, and the seconds that it counts for: five minutes where it is no number."""


@pytest.mark.parametrize(("written", "seconds"), LIVES.items())
def test_three_quarters_of_a_token_s_life_are_used(endpoint, monkeypatch, written, seconds):
    ends = []
    monkeypatch.setattr(list_token, "deadline_in", lambda left: ends.append(left) or deadline_in(left))
    endpoint.answer = {**endpoint.answer, "expires_in": written}
    token_of(endpoint, a_key())()
    assert ends[-1] == seconds * 0.75


def test_a_server_that_does_not_say_how_long_gives_it_for_five_minutes(endpoint, monkeypatch):
    ends = []
    monkeypatch.setattr(list_token, "deadline_in", lambda left: ends.append(left) or deadline_in(left))
    del endpoint.answer["expires_in"]
    token_of(endpoint, a_key())()
    assert ends[-1] == 300 * 0.75


def test_threads_that_need_a_token_at_once_ask_for_one(endpoint):
    """An export and the list write at the same time: a server may end the older of two tokens."""
    endpoint.takes = 0.2
    token = token_of(endpoint, a_key())
    with ThreadPoolExecutor(8) as threads:
        assert set(threads.map(lambda _: token(), range(8))) == {"t1"}
    assert len(endpoint.asked) == 1


@pytest.mark.parametrize(
    ("status", "answer"), [(400, {"error": "invalid_client"}), (200, {"token_type": "bearer"}), (500, {})]
)
def test_no_token_is_said(endpoint, status, answer):
    endpoint.status, endpoint.answer = status, answer
    with pytest.raises(NotFetched) as caught:
        token_of(endpoint, a_key())()
    assert caught.value.why is WhyNotFetched.FORBIDDEN


def test_an_endpoint_that_the_site_file_does_not_allow_is_never_asked(endpoint):
    endpoint.elsewhere = "https://evil.example/token"
    with pytest.raises(NotFetched) as caught:
        token_of(endpoint, a_key())()
    assert caught.value.why is WhyNotFetched.OTHER_BASE
    assert endpoint.asked == []
