"""How large an answer may be that we ask for: the last byte that is taken and the first that is not, at every way in."""

import json
import time

import pytest

from cds_service.fhir_client.bounded_http import bounded_session
from cds_service.fhir_client.client_proof import ClientSecret
from cds_service.fhir_client.deadline import deadline_in
from cds_service.fhir_client.fhir_get import FetchLimits, HttpFhirServer, NotFetched, WhyNotFetched
from cds_service.fhir_client.jwks import key_server
from cds_service.fhir_client.oauth_session import NoToken, fetch_token, oauth_session
from tests.fhir_client.stub import running, says

TOKEN = {"access_token": "t", "token_type": "bearer"}
REFUSAL = {"resourceType": "OperationOutcome", "issue": [{"severity": "error", "diagnostics": "why not"}]}


@pytest.fixture
def stub():
    with running() as server:
        yield server


def filled(content, size):
    body = json.dumps(content).encode()
    return body + b" " * (size - len(body))


@pytest.mark.parametrize(("size", "is_taken"), [(200_000, True), (200_001, False)])
def test_a_key_set(stub, size, is_taken):
    stub.answers["/jwks"] = says(filled({"keys": []}, size), content_type="application/jwk-set+json")
    fetch(key_server(bounded_session(1)), f"{stub.root}/jwks", size, is_taken)


@pytest.mark.parametrize("limit", [1_000, 20_000_000])
@pytest.mark.parametrize("more", [0, 1])
def test_a_part_of_a_chart(stub, limit, more):
    limits = FetchLimits(answer_bytes=limit) if limit == 1_000 else FetchLimits()
    stub.answers["/fhir/Patient/p"] = says(filled({"resourceType": "Patient"}, limit + more))
    fetch(HttpFhirServer(bounded_session(1), limits), f"{stub.base}/Patient/p", limit + more, not more)


def fetch(server, address, size, is_taken):
    if is_taken:
        assert len(server.fetch(address, "x", None, deadline_in(20))) == size
    else:
        with pytest.raises(NotFetched) as caught:
            server.fetch(address, "x", None, deadline_in(20))
        assert caught.value.why is WhyNotFetched.TOO_LARGE


@pytest.mark.parametrize(("size", "is_taken"), [(200_000, True), (200_001, False)])
def test_a_token(stub, size, is_taken):
    stub.answers["/token"] = says(filled(TOKEN, size), content_type="application/json")
    with oauth_session("aa", ClientSecret("x"), None, int(time.time())) as session:

        def ask():
            return fetch_token(
                session, f"{stub.root}/token", deadline_in(20), grant_type="client_credentials"
            )

        if is_taken:
            assert ask()["access_token"] == "t"
        else:
            with pytest.raises(NoToken, match="ContentDecodingError"):
                ask()


@pytest.mark.parametrize(("size", "words"), [(65_536, "why not"), (65_537, "")])
def test_the_words_of_a_refusal(stub, size, words):
    """What is cut off is no JSON any more, and says nothing."""
    body = json.dumps(REFUSAL)
    padded = body.replace("{", "{" + " " * (size - len(body)), 1)
    stub.answers["/fhir/Patient"] = says(padded.encode(), status=400)
    with pytest.raises(NotFetched) as caught:
        HttpFhirServer(bounded_session(1), FetchLimits()).fetch(
            f"{stub.base}/Patient?_count=1", "Patient", None, deadline_in(20)
        )
    assert (caught.value.why, caught.value.said) == (WhyNotFetched.REFUSED, words)
