"""The demo's client behaves as a record system does, and never takes a failure for silence."""

from collections.abc import Iterator
from typing import Any

import pytest
from flask import Response

from cds_service.demo.cds_client import Cards, CdsClient, CdsFailure, Service, Unanswered
from cds_service.demo.loopback import RunningServer, serve_on_loopback
from tests.demo.cds_double import PREFETCH, CdsDouble, card

WHO = {"userId": "Practitioner/x", "patientId": "a"}
VIEW = Service("s-patient-view", "patient-view", "title", PREFETCH)


@pytest.fixture
def double() -> CdsDouble:
    return CdsDouble()


@pytest.fixture
def client(double: CdsDouble, fhir: RunningServer) -> Iterator[CdsClient]:
    with double.running() as server:
        client = CdsClient(server.base_url, fhir.base_url)
        yield client
        client.close()


def test_discovery_gives_every_service_with_its_templates(client: CdsClient) -> None:
    services = client.discover()
    assert {s.hook for s in services} >= {"patient-view", "order-sign"}
    assert services[0].prefetch == PREFETCH


def test_a_call_is_a_hook_call_of_the_standard(client: CdsClient, double: CdsDouble) -> None:
    assert isinstance(client.call(VIEW, WHO), Cards)
    (asked,) = double.asked
    assert asked["hook"] == "patient-view"
    assert len(asked["hookInstance"]) == 36
    assert asked["fhirServer"] == client.fhir_base
    assert asked["context"] == WHO


def test_prefetch_holds_every_page_and_leaves_out_what_could_not_be_had(
    client: CdsClient, double: CdsDouble
) -> None:
    client.call(VIEW, WHO)
    prefetch = double.asked[0]["prefetch"]
    assert prefetch["patient"]["id"] == "a"
    assert len({entry["resource"]["id"] for entry in prefetch["observations"]["entry"]}) == 25
    assert set(prefetch) == {"patient", "observations"}


def test_two_calls_have_two_instances(client: CdsClient, double: CdsDouble) -> None:
    client.call(VIEW, WHO)
    client.call(VIEW, WHO)
    assert double.asked[0]["hookInstance"] != double.asked[1]["hookInstance"]


def test_cards_come_loudest_first(client: CdsClient, double: CdsDouble) -> None:
    double.answers[VIEW.id] = {"cards": [card("info"), card("unheard-of"), card("critical"), card("warning")]}
    answer = client.call(VIEW, WHO)
    assert isinstance(answer, Cards)
    assert [c["indicator"] for c in answer.cards] == ["critical", "warning", "info", "unheard-of"]


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (
            Response('{"resourceType":"OperationOutcome","issue":[{"diagnostics":"no chart"}]}', 412),
            "no chart",
        ),
        (Response('{"issue":[{"details":{"text":"in words"}}]}', 400), "in words"),
        (Response("<html>oops</html>", 500), "HTTP 500: <html>oops"),
        (Response('{"issue": 3}', 503), "HTTP 503"),
        (Response("not json", 200), "not JSON"),
        (Response("[]", 200), "not a JSON object"),
        ({"card": []}, "no list of cards"),
        ({"cards": None}, "no list of cards"),
        (Response("", 302, {"Location": "http://127.0.0.1:1/"}), "HTTP 302"),
    ],
)
def test_what_is_no_answer_is_a_failure_and_never_an_empty_list(
    client: CdsClient, double: CdsDouble, answer: Any, reason: str
) -> None:
    double.answers[VIEW.id] = answer
    failure = client.call(VIEW, WHO)
    assert isinstance(failure, CdsFailure)
    assert reason in failure.reason


def test_a_service_that_is_down_is_a_failure(fhir: RunningServer) -> None:
    down = serve_on_loopback(lambda _: CdsDouble().app().wsgi_app, 0)
    down.stop()
    client = CdsClient(down.base_url, fhir.base_url)
    assert isinstance(client.call(VIEW, WHO), CdsFailure)
    with pytest.raises(Unanswered, match="ConnectionError"):
        client.discover()
    client.close()


def _server_with_next_page(address: str) -> RunningServer:
    page = f'{{"entry": [{{"resource": {{}}}}], "link": [{{"relation": "next", "url": "{address}"}}]}}'
    return serve_on_loopback(lambda _: lambda _environ, start: (start("200 OK", []), [page.encode()])[1], 0)


@pytest.mark.parametrize(
    ("address", "reason"), [("http://127.0.0.1:1/x", "another server"), ("?more", "more than 50 pages")]
)
def test_pages_lead_to_no_other_server_and_do_not_go_on_for_ever(address: str, reason: str) -> None:
    server = _server_with_next_page(address)
    client = CdsClient(server.base_url, server.base_url)
    with pytest.raises(Unanswered, match=reason):
        client.resources("Observation?patient=a")
    client.close()
    server.stop()
