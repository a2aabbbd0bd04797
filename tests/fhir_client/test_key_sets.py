"""CH-138, CH-142: a client's keys come from the site file or from its one listed address, and from nowhere else."""

import io
import json
import time
from datetime import timedelta
from threading import Event, Thread

import pytest
from msgspec.structs import replace

from cds_service.cds_hooks.client_jwt import KeysUnavailable
from cds_service.cds_hooks.errors import UntrustedClient
from cds_service.cds_hooks.trusted_clients import TrustedClient
from cds_service.cds_hooks.trusted_keys import read_key_set
from cds_service.fhir_client.base_url_allow_list import NotAnAddress, check_key_address
from cds_service.fhir_client.bounded_http import bounded_session
from cds_service.fhir_client.compute_turns import Turns
from cds_service.fhir_client.jwks import KeySetLimits, KeySets, key_server
from cds_service.web.log_redaction import configure_logging
from tests.fhir_client.stub import drips, running, says, sleeps
from tests.standard.tokens import EHR, NOW, a_token, bearer, check, corpus, header_of, jwk, jwk_set

PATH = "/jwks.json"
TYPE = "application/jwk-set+json"


@pytest.fixture
def stub():
    with running() as server:
        yield server


@pytest.fixture
def client(stub):
    return TrustedClient(EHR, jku=f"{stub.root}{PATH}")


def publishes(stub, *names, **how):
    stub.answers[PATH] = says(json.loads(jwk_set(*map(jwk, names))), **{"content_type": TYPE, **how})


def key_sets(listed=None, seconds=2.0):
    return KeySets(key_server(bounded_session(2)), listed or {}, KeySetLimits(seconds=seconds))


def after(**span):
    return NOW + timedelta(**span)


def ids(keys):
    return [key.key_id for key in keys]


def test_keys_are_fetched_once_and_then_kept(stub, client):
    publishes(stub, "ehr-1")
    keys = key_sets()
    assert ids(keys.find(client, "ehr-1", NOW)) == ["ehr-1"]
    assert ids(keys.find(client, "ehr-1", after(minutes=9, seconds=59))) == ["ehr-1"]
    ((path, headers),) = stub.asked
    assert path == PATH
    assert headers["Accept"] == "application/jwk-set+json, application/json"
    assert "Authorization" not in headers


@pytest.mark.parametrize("content_type", [TYPE, "application/json", "application/json; charset=utf-8"])
def test_a_key_set_may_be_called_either_thing(stub, client, content_type):
    publishes(stub, "ehr-1", content_type=content_type)
    assert key_sets().find(client, "ehr-1", NOW)


def test_the_site_s_own_key_set_is_never_fetched(stub, client):
    publishes(stub, "ehr-2")
    keys = key_sets({EHR: read_key_set(jwk_set(jwk("ehr-1")))})
    assert ids(keys.find(client, "ehr-1", NOW)) == ["ehr-1"]
    assert keys.find(client, "ehr-2", after(days=30)) == ()
    assert stub.asked == []


def test_a_new_key_is_found_as_soon_as_it_signs(stub, client):
    publishes(stub, "old")
    keys = key_sets()
    assert keys.find(client, "old", NOW)
    publishes(stub, "old", "new")
    assert keys.find(client, "new", after(seconds=60))
    assert keys.find(client, "old", after(seconds=61))
    assert len(stub.asked) == 2


def test_guessing_key_ids_makes_us_ask_once_a_minute_and_no_more(stub, client):
    publishes(stub, "ehr-1")
    keys = key_sets()
    for second in range(121):
        assert keys.find(client, f"guess-{second}", after(seconds=second)) == ()
    assert len(stub.asked) == 3


def test_a_key_that_was_withdrawn_is_trusted_for_ten_minutes_at_most(stub, client):
    publishes(stub, "leaked", "ehr-1")
    keys = key_sets()
    assert keys.find(client, "leaked", NOW)
    publishes(stub, "ehr-1")
    assert keys.find(client, "leaked", after(minutes=9, seconds=59))
    assert keys.find(client, "leaked", after(minutes=10)) == ()


def test_a_set_that_became_empty_withdraws_every_key(stub, client):
    publishes(stub, "ehr-1")
    keys = key_sets()
    assert keys.find(client, "ehr-1", NOW)
    publishes(stub)
    assert keys.find(client, "ehr-1", after(minutes=10)) == ()


FAILURES = {
    "500": says({}, status=500),
    "404": says({}, status=404),
    "moved": says({}, status=302, Location="/elsewhere.json"),
    "a page": says(b"<html>", content_type="text/html"),
    "no JSON": says(b"{", content_type=TYPE),
    "another object": says({"resourceType": "OperationOutcome"}, content_type=TYPE),
    "too large": says(b'{"keys": []' + b" " * 200_000 + b"}", content_type=TYPE),
}


@pytest.mark.parametrize("failure", FAILURES.values(), ids=FAILURES)
def test_while_the_ehr_fails_the_last_set_counts_for_a_day_and_new_keys_do_not(stub, client, failure):
    publishes(stub, "ehr-1")
    keys = key_sets()
    assert keys.find(client, "ehr-1", NOW)
    stub.answers[PATH] = failure
    assert keys.find(client, "ehr-1", after(minutes=10))
    assert keys.find(client, "ehr-2", after(minutes=20)) == ()
    assert keys.find(client, "ehr-1", after(hours=23, minutes=59))
    with pytest.raises(KeysUnavailable):
        keys.find(client, "ehr-1", after(hours=24))
    publishes(stub, "ehr-1")
    assert keys.find(client, "ehr-1", after(hours=24, minutes=1))
    assert {path for path, _ in stub.asked} == {PATH}  # a redirect is not followed


@pytest.mark.parametrize("failure", FAILURES.values(), ids=FAILURES)
def test_without_any_set_nobody_is_let_in_and_the_ehr_is_asked_once_a_minute(stub, client, failure):
    stub.answers[PATH] = failure
    keys = key_sets()
    for second in (0, 1, 59, 60):
        with pytest.raises(KeysUnavailable):
            keys.find(client, "ehr-1", after(seconds=second))
    assert len(stub.asked) == 2


@pytest.mark.parametrize(
    "slow",
    [
        sleeps(5, says({"keys": []})),
        drips(b'{"keys": []}' + b" " * 200, 0.05),
        drips(b'{"keys": []}', 0.05, in_headers=True),
    ],
)
def test_a_slow_ehr_holds_a_call_no_longer_than_the_limit(stub, client, slow):
    stub.answers[PATH] = slow
    started = time.monotonic()
    with pytest.raises(KeysUnavailable):
        key_sets(seconds=0.3).find(client, "ehr-1", NOW)
    assert time.monotonic() - started < 1.5


def test_an_ehr_that_is_not_there_is_no_error_of_ours(client):
    nowhere = TrustedClient(EHR, jku="http://127.0.0.1:9/jwks.json")
    with pytest.raises(KeysUnavailable):
        key_sets().find(nowhere, "ehr-1", NOW)


def test_a_client_with_neither_address_nor_keys_has_none():
    with pytest.raises(KeysUnavailable):
        key_sets().find(TrustedClient(EHR), "ehr-1", NOW)


def test_two_clients_keys_are_never_mixed(stub, client):
    publishes(stub, "ehr-1")
    stub.answers["/other.json"] = says(json.loads(jwk_set(jwk("other-1"))), content_type=TYPE)
    other = TrustedClient("https://other.example", jku=f"{stub.root}/other.json")
    keys = key_sets()
    assert ids(keys.find(client, "ehr-1", NOW)) == ["ehr-1"]
    assert ids(keys.find(other, "other-1", NOW)) == ["other-1"]
    assert keys.find(client, "other-1", NOW) == keys.find(other, "ehr-1", NOW) == ()


@pytest.fixture
def two_sets(stub, client):
    """A client that lists two addresses, each with keys of its own."""
    publishes(stub, "ehr-1")
    stub.answers["/second.json"] = says(json.loads(jwk_set(jwk("ehr-2"))), content_type=TYPE)
    return replace(client, further_jkus=(f"{stub.root}/second.json",))


def test_of_several_addresses_a_token_is_judged_by_the_one_it_names(stub, two_sets):
    first, second = two_sets.addresses
    keys = key_sets()
    assert ids(keys.find(two_sets, "ehr-2", NOW, second)) == ["ehr-2"]
    assert keys.find(two_sets, "ehr-2", NOW, first) == ()
    assert check(bearer(a_token({"jku": second}, signer="ehr-2")), keys=keys, clients={EHR: two_sets})
    with pytest.raises(UntrustedClient):
        check(bearer(a_token({"jku": first}, signer="ehr-2", jti="2")), keys=keys, clients={EHR: two_sets})


def test_a_token_that_names_no_address_is_judged_by_all(two_sets):
    for signer in ("ehr-1", "ehr-2"):
        assert check(bearer(a_token(signer=signer, jti=signer)), keys=key_sets(), clients={EHR: two_sets})


def test_an_address_that_nobody_listed_is_not_asked(stub, two_sets):
    header = bearer(a_token({"jku": f"{stub.root}/third.json"}))
    with pytest.raises(UntrustedClient):
        check(header, keys=key_sets(), clients={EHR: two_sets})
    assert stub.asked == []


def test_one_address_that_does_not_answer_costs_only_its_own_keys(stub, two_sets):
    stub.answers["/second.json"] = FAILURES["500"]
    keys = key_sets()
    assert ids(keys.find(two_sets, "ehr-1", NOW)) == ["ehr-1"]
    with pytest.raises(KeysUnavailable):
        keys.find(two_sets, "ehr-2", NOW)


def test_a_key_published_at_both_addresses_is_one_and_two_keys_of_one_id_are_two(stub, two_sets):
    stub.answers["/second.json"] = stub.answers[PATH]
    assert ids(key_sets().find(two_sets, "ehr-1", NOW)) == ["ehr-1"]
    stub.answers["/second.json"] = says(json.loads(jwk_set(jwk("ehr-2", kid="ehr-1"))), content_type=TYPE)
    assert ids(key_sets().find(two_sets, "ehr-1", NOW)) == ["ehr-1", "ehr-1"]


def test_a_clock_that_was_set_back_makes_us_ask_again(stub, client):
    publishes(stub, "ehr-1")
    keys = key_sets()
    assert keys.find(client, "ehr-1", NOW)
    assert keys.find(client, "ehr-1", after(days=-2))
    assert len(stub.asked) == 2


def test_many_calls_at_once_ask_once(stub, client):
    stub.answers[PATH] = sleeps(0.1, says(json.loads(jwk_set(jwk("ehr-1"))), content_type=TYPE))
    keys, found = key_sets(), []
    threads = [Thread(target=lambda: found.extend(keys.find(client, "ehr-1", NOW))) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 6
    assert len(stub.asked) == 1


def test_while_one_call_asks_a_key_that_is_known_counts_at_once(stub, client):
    publishes(stub, "ehr-1")
    keys = key_sets()
    assert keys.find(client, "ehr-1", NOW)
    end, answer = Event(), stub.answers[PATH]

    def slow(handler):
        end.wait(5)
        answer(handler)

    stub.answers[PATH] = slow
    asker = Thread(target=lambda: keys.find(client, "ehr-2", after(minutes=2)))
    asker.start()
    while len(stub.asked) < 2:
        time.sleep(0.001)
    assert ids(keys.find(client, "ehr-1", after(minutes=2))) == ["ehr-1"]
    assert asker.is_alive()
    end.set()
    asker.join(5)


def test_no_more_calls_wait_for_an_ehr_s_keys_than_may(stub, client):
    end = Event()

    def hangs(handler):
        end.wait(5)
        says(json.loads(jwk_set(jwk("ehr-1"))), content_type=TYPE)(handler)

    stub.answers[PATH] = hangs
    keys, turns, found = key_sets(), Turns(lambda: None, most_for_one_host=2), []

    def call():
        with turns.mine():
            try:
                found.append(ids(keys.find(client, "ehr-1", NOW)))
            except KeysUnavailable:
                found.append("refused")

    threads = [Thread(target=call) for _ in range(4)]
    for thread in threads:
        thread.start()
    while len(found) < 2:
        time.sleep(0.001)
    assert found == ["refused", "refused"]
    end.set()
    for thread in threads:
        thread.join(5)
    assert found == ["refused", "refused", ["ehr-1"], ["ehr-1"]]


def test_the_log_says_which_client_s_keys_failed_and_why(stub, client):
    stream = io.StringIO()
    configure_logging(stream)
    stub.answers[PATH] = FAILURES["500"]
    with pytest.raises(KeysUnavailable):
        key_sets().find(client, "ehr-1", NOW)
    (line,) = map(json.loads, stream.getvalue().splitlines())
    assert (line["event"], line["issuer"], line["reason"]) == ("key_set_not_fetched", EHR, "server-error")


# ---------------------------------------------------------------- with tokens


def test_a_token_is_verified_by_what_the_client_publishes(stub, client):
    publishes(stub, "ehr-1")
    header = bearer(a_token({"jku": client.jku}))
    assert check(header, keys=key_sets(), clients={EHR: client}).issuer == EHR


@pytest.mark.parametrize(
    "attack", [a for a in corpus() if a["requirement"] == "CH-142"], ids=lambda attack: attack["name"]
)
def test_nothing_at_all_is_asked_for_a_token_that_names_its_own_keys_or_no_client(stub, client, attack):
    publishes(stub, "ehr-1")
    others = {EHR: client, "https://wards.hospital.example": TrustedClient("https://wards.hospital.example")}
    with pytest.raises(UntrustedClient):
        check(header_of(attack), keys=key_sets(), clients=others)
    assert stub.asked == []


def test_a_jku_that_leads_to_a_server_of_ours_is_not_asked_either(stub, client):
    publishes(stub, "stranger")
    stub.answers["/attacker.json"] = stub.answers[PATH]
    header = bearer(a_token({"jku": f"{stub.root}/attacker.json"}, signer="stranger"))
    with pytest.raises(UntrustedClient):
        check(header, keys=key_sets(), clients={EHR: client})
    assert stub.asked == []


# ---------------------------------------------------------------- addresses


@pytest.mark.parametrize(
    "address",
    [
        "https://ehr.example/jwks.json",
        "https://ehr.example/keys/",
        "https://ehr.example/keys?policy=a&v=1",
        "http://127.0.0.1:8443/x",
    ],
)
def test_an_address_is_kept_to_the_letter(address):
    assert check_key_address(address) == address


@pytest.mark.parametrize(
    "address",
    [
        "",
        "ehr.example/jwks.json",
        "file:///etc/passwd",
        "https://user@ehr.example/jwks.json",
        "https://ehr.example/a/../b",
        "https://ehr.example/jwks.json#x",
        "https://ehr.example/jwks.json?a=b#c",
        "https://ehr.example/jwks.json?a b",
        "https://ehr.example/jwks.json?\u00e9",
        "https://ehr.example\\@attacker.example/",
    ],
)
def test_an_address_with_two_readings_is_none(address):
    with pytest.raises(NotAnAddress):
        check_key_address(address)
