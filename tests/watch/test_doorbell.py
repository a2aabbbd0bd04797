"""The Subscription's endpoint: who knows the secret wakes the watch; nothing that is sent is read or believed."""

import json
import socket
from urllib.parse import urlsplit

import pytest
import requests

from cds_service.fhir_client.fhir_get import FetchLimits, HttpFhirServer
from cds_service.watch.doorbell import HEADER, PATH, Bell, serve_bell
from cds_service.watch.subscribing import SubscriptionOffer, offer_in, subscribe, subscriptions
from tests.watch.rig import PATIENT, potassium, running, until

SECRET = "s" * 40


@pytest.fixture
def bell():
    made = Bell(SECRET)
    server = serve_bell(made, "127.0.0.1", 0)
    yield made, f"http://127.0.0.1:{server.server_address[1]}{PATH}"
    server.shutdown()
    server.server_close()


@pytest.mark.parametrize(
    ("secret", "path", "status"),
    [(SECRET, "", 200), ("", "", 403), ("s" * 39, "", 403), ("x" * 40, "", 403), (SECRET, "/else", 404)],
)
def test_only_the_secret_rings(bell, secret, path, status):
    made, url = bell
    answer = requests.post(url + path, headers={HEADER: secret} if secret else {}, data=b"{}", timeout=5)
    assert answer.status_code == status
    assert made.rung.is_set() == (status == 200)


def test_a_body_too_large_is_refused(bell):
    made, url = bell
    headers = {HEADER: SECRET, "Content-Length": "1000001"}
    answer = requests.post(url, headers=headers, data=b"", timeout=5)
    assert answer.status_code == 413
    assert not made.rung.is_set()


@pytest.mark.parametrize(
    ("length", "status"),
    [("1000000", None), ("1000001", 413), ("-1", 413), ("x", 413), ("²", 413), ("1.5", 413), ("0", 200)],
)
def test_only_a_plain_length_up_to_a_megabyte_is_read(bell, length, status):
    """One within it is waited for, and let go when nothing comes."""
    made, url = bell
    place = urlsplit(url)
    with socket.create_connection((place.hostname, place.port), timeout=1) as line:
        head = f"POST {place.path} HTTP/1.0\r\n{HEADER}: {SECRET}\r\nContent-Length: {length}\r\n\r\n"
        line.sendall(head.encode("latin-1"))
        if status is None:
            with pytest.raises(TimeoutError):
                line.recv(100)
        else:
            assert line.recv(100).startswith(f"HTTP/1.0 {status} ".encode())
        assert made.rung.is_set() is (status == 200)


def test_who_says_nothing_is_let_go_after_five_seconds():
    server = serve_bell(Bell(SECRET), "127.0.0.1", 0)
    assert server.RequestHandlerClass.timeout == 5
    server.shutdown()
    server.server_close()


def test_the_round_with_counts(bell):
    """Delivered, doubled, lost, forged: each as often as it is written, and one alarm a finding."""
    made, url = bell
    with running() as rig:
        documents = HttpFhirServer(rig.watch.server.session, FetchLimits())
        for _ in range(2):  # a restarted watch subscribes again, and is not notified twice
            assert subscribe(rig.watch.server, documents, url, SECRET, "") is SubscriptionOffer.REST_HOOK
        assert len(rig.all("Subscription")) == 2
        rig.write(potassium(6.1, minutes=50))
        assert until(lambda: made.rings[200] == 1)
        assert rig.round().told == 1  # delivered
        payload = json.dumps(potassium(9.9, patient=PATIENT)).encode()
        for _ in range(5):
            requests.post(url, headers={HEADER: SECRET}, data=payload, timeout=5)
        assert rig.round().told == 0  # doubled, with a payload that nobody believes
        for _ in range(5):
            requests.post(url, headers={HEADER: "forged"}, data=payload, timeout=5)
        assert rig.round().told == 0  # forged
        made.secret = "another secret, so that what the server sends is lost to us"
        rig.write(potassium(6.2, minutes=20))
        assert until(lambda: made.rings[403] == 6)
        assert rig.round().told == 1  # lost, and found by the clock's round
        assert (made.rings[200], made.rings[403]) == (6, 6)
        assert len(rig.all("Task")) == 2


def _statement(**resource):
    return {"rest": [{"resource": [resource]}]}


BACKPORT = "http://hl7.org/fhir/uv/subscriptions-backport/StructureDefinition/backport-subscription"


@pytest.mark.parametrize(
    ("statement", "offer"),
    [
        ({}, SubscriptionOffer.NOTHING),
        (_statement(type="Patient"), SubscriptionOffer.NOTHING),
        (_statement(type="Subscription"), SubscriptionOffer.REST_HOOK),
        (_statement(type="Subscription", supportedProfile=[f"{BACKPORT}|1.1.0"]), SubscriptionOffer.TOPICS),
        (_statement(type="Subscription", profile=BACKPORT), SubscriptionOffer.TOPICS),
    ],
)
def test_what_a_server_offers(statement, offer):
    assert offer_in(statement) is offer


def test_subscriptions_carry_the_secret_and_ask_for_no_content():
    plain = subscriptions(SubscriptionOffer.REST_HOOK, "https://x.example/watch/notify", SECRET, "")
    assert [one["criteria"] for one in plain] == ["Observation?", "MedicationRequest?"]
    assert all(one["channel"]["header"] == [f"{HEADER}: {SECRET}"] for one in plain)
    assert all("payload" not in one["channel"] for one in plain)
    (topic,) = subscriptions(
        SubscriptionOffer.TOPICS, "https://x.example/watch/notify", SECRET, "http://t.example/results"
    )
    assert topic["criteria"] == "http://t.example/results"
    assert topic["channel"]["_payload"]["extension"][0]["valueCode"] == "id-only"
    assert len(subscriptions(SubscriptionOffer.TOPICS, "https://x.example/watch/notify", SECRET, "")) == 2
    assert subscriptions(SubscriptionOffer.NOTHING, "https://x.example/watch/notify", SECRET, "") == []
