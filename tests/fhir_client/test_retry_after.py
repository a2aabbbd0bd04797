"""A server that asks to be left alone for a while is asked once more if the deadline allows; else it is said."""

import itertools
import json
import time

import pytest

from cds_service.cds_hooks.errors import DataNotAvailable, DataNotAvailableNow
from cds_service.fhir_client.base_url_allow_list import read_base
from cds_service.fhir_client.bounded_http import bounded_session
from cds_service.fhir_client.compute_turns import Turns
from cds_service.fhir_client.deadline import deadline_in
from cds_service.fhir_client.fetch_queries import Fetcher
from cds_service.fhir_client.fhir_access import Access
from cds_service.fhir_client.fhir_get import FetchLimits, HttpFhirServer, NotFetched, WhyNotFetched
from cds_service.fhir_client.retry_after import retry_after
from cds_service.fhir_client.search_answers import CameInPart, WantedAnswer
from cds_service.fhir_client.server_limits import LineLimits, ServerLine
from fhir_mappings.clinical_model.known_unknown import Part
from fhir_mappings.readers.bundle import decode
from tests.fhir_client.charts import NOW, TYPES, HeldChart, a_gatherer, a_request
from tests.fhir_client.stub import running, says, searchset

QUERY = "MedicationRequest?patient=p"
PAGE_2 = "MedicationRequest?page=2"
DATE = "Mon, 02 Mar 2026 01:00:00 GMT"


@pytest.mark.parametrize(
    ("status", "headers", "seconds"),
    [
        (429, {"Retry-After": "7"}, 7),
        (503, {"Retry-After": "7"}, 7),
        (503, {"Retry-After": " 0 "}, 0),
        (503, {"Retry-After": "86400"}, 86400),
        (503, {"Retry-After": "86401"}, 86400),
        (503, {"Retry-After": "9" * 9}, 86400),
        (503, {"Retry-After": "9" * 10}, None),
        (503, {"Retry-After": "9" * 5000}, None),
        (500, {"Retry-After": "7"}, None),
        (404, {"Retry-After": "7"}, None),
        (429, {}, None),
        (429, {"Retry-After": ""}, None),
        (429, {"Retry-After": "-1"}, None),
        (429, {"Retry-After": "1.5"}, None),
        (429, {"Retry-After": "soon"}, None),
        (429, {"Retry-After": "\u0667"}, None),
        (429, {"Retry-After": "Mon, 02 Mar 2026 01:00:09 GMT", "Date": DATE}, 9),
        (429, {"Retry-After": "Monday, 02-Mar-26 01:00:09 GMT", "Date": DATE}, 9),
        (429, {"Retry-After": "Mon, 02 Mar 2026 00:59:00 GMT", "Date": DATE}, 0),
        (429, {"Retry-After": "Mon, 02 Mar 2126 01:00:09 GMT", "Date": DATE}, 86400),
        (429, {"Retry-After": "Mon, 02 Mar 2026 01:00:09 GMT"}, None),
        (429, {"Retry-After": "Mon, 02 Mar 2026 01:00:09 GMT", "Date": "today"}, None),
        (429, {"Retry-After": "Mon, 02 Mar 2026 01:00:09", "Date": DATE}, None),
        (429, {"Retry-After": "Mon, 99 Mar 99999999999 01:00:09 GMT", "Date": DATE}, None),
    ],
)
def test_how_long_a_server_asks_to_be_left_alone(status, headers, seconds):
    assert retry_after(status, headers) == seconds


# ---------------------------------------------------------------- asked once more, over HTTP


@pytest.fixture
def stub():
    with running() as server:
        yield server


def a_fetcher(stub, seconds=5.0, line=None):
    server = HttpFhirServer(bounded_session(8), FetchLimits(1.0))
    return Fetcher(
        server, Access(read_base(stub.base)), deadline_in(seconds), line or ServerLine(LineLimits()), 5
    )


def order(name):
    return {"resourceType": "MedicationRequest", "id": name}


def in_turn(*answers):
    """The first answer first, and the last one ever after."""
    waiting = itertools.chain(answers, itertools.repeat(answers[-1]))
    return lambda handler: next(waiting)(handler)


def throttles(status=429, **headers):
    return says({}, status=status, Retry_After="0", **headers)


def ids(outcome):
    return [resource.id for resource in outcome.resources]


@pytest.mark.parametrize("status", [429, 503])
def test_a_server_that_asked_for_a_pause_is_asked_once_more(stub, status):
    stub.answers[f"/fhir/{QUERY}"] = in_turn(throttles(status), says(searchset(order("c1"))))
    assert ids(a_fetcher(stub).all({"orders": WantedAnswer(QUERY)})["orders"]) == ["c1"]
    assert len(stub.asked) == 2


def test_the_pause_is_kept(stub):
    pause = says({}, status=429, Retry_After="1")
    stub.answers[f"/fhir/{QUERY}"] = in_turn(pause, says(searchset(order("c1"))))
    started = time.monotonic()
    assert ids(a_fetcher(stub, seconds=20).all({"orders": WantedAnswer(QUERY)})["orders"]) == ["c1"]
    assert time.monotonic() - started >= 1.0


def test_it_is_asked_once_more_and_not_again(stub):
    stub.answers[f"/fhir/{QUERY}"] = throttles()
    outcome = a_fetcher(stub).all({"orders": WantedAnswer(QUERY)})["orders"]
    assert (outcome.why, outcome.retry_after) == (WhyNotFetched.REFUSED, 0)
    assert len(stub.asked) == 2


@pytest.mark.parametrize("headers", [{}, {"Retry_After": "60"}, {"Retry_After": "soon"}])
def test_without_a_pause_that_the_deadline_allows_it_is_not_asked_again(stub, headers):
    stub.gives(QUERY, {}, status=503, **headers)
    outcome = a_fetcher(stub).all({"orders": WantedAnswer(QUERY)})["orders"]
    assert outcome.why is WhyNotFetched.SERVER_ERROR
    assert outcome.retry_after == (60 if headers.get("Retry_After") == "60" else None)
    assert len(stub.asked) == 1


def test_only_what_the_server_put_off_is_asked_for_again(stub):
    stub.answers["/fhir/A"] = in_turn(throttles(), says(searchset()))
    stub.gives("B", searchset(order("b")))
    stub.gives("C", {}, status=403)
    outcomes = a_fetcher(stub).all({name: WantedAnswer(f"{name}?x=1") for name in "ABC"})
    assert sorted(stub.paths()) == [f"/fhir/{name}?x=1" for name in "AABC"]
    assert not isinstance(outcomes["A"], NotFetched)
    assert ids(outcomes["B"]) == ["b"]
    assert outcomes["C"].why is WhyNotFetched.FORBIDDEN


def test_pages_that_came_before_the_pause_are_not_asked_for_again(stub):
    stub.gives(QUERY, searchset(order("c1"), next_link=PAGE_2))
    stub.answers[f"/fhir/{PAGE_2}"] = in_turn(throttles(), says(searchset(order("c2"))))
    assert ids(a_fetcher(stub).all({"orders": WantedAnswer(QUERY)})["orders"]) == ["c1", "c2"]
    assert stub.paths() == [f"/fhir/{path}" for path in (QUERY, PAGE_2, PAGE_2)]


@pytest.mark.parametrize(
    "first", [None, searchset(order("c1"), next_link=PAGE_2)], ids=["fetched", "brought"]
)
def test_what_came_stays_when_the_server_puts_off_the_rest_for_too_long(stub, first):
    stub.gives(QUERY, searchset(order("c1"), next_link=PAGE_2))
    stub.gives(PAGE_2, {}, status=503, Retry_After="60")
    wanted = WantedAnswer(QUERY, decode(json.dumps(first).encode()) if first else None)
    outcome = a_fetcher(stub).all({"orders": wanted})["orders"]
    assert isinstance(outcome, CameInPart)
    assert ids(outcome.came) == ["c1"]
    assert outcome.retry_after == 60


def test_a_first_page_that_was_brought_is_kept_even_if_nothing_can_be_asked(stub):
    """Also where the line refuses the call before anything is tried."""
    first = decode(json.dumps(searchset(order("c1"), next_link=PAGE_2)).encode())
    full = ServerLine(LineLimits(calls=0, queue=0))
    outcome = a_fetcher(stub, line=full).all({"orders": WantedAnswer(QUERY, first)})["orders"]
    assert outcome.why is WhyNotFetched.BUSY
    assert ids(outcome.came) == ["c1"]


def test_when_as_many_calls_wait_as_may_nobody_waits_for_a_pause(stub):
    stub.gives(QUERY, {}, status=429, Retry_After="0")
    fetcher = a_fetcher(stub)
    with Turns(lambda: None, most_for_one_host=0).mine():
        outcome = fetcher.all({"orders": WantedAnswer(QUERY)})["orders"]
    assert outcome.retry_after == 0
    assert len(stub.asked) == 1


# ---------------------------------------------------------------- else handed on


class Throttling(HeldChart):
    """Puts these types off for so many seconds."""

    def __init__(self, seconds):
        super().__init__()
        self.seconds = seconds

    def fetch(self, url, path, token, deadline):
        if path in self.seconds:
            raise NotFetched(WhyNotFetched.SERVER_ERROR, path, self.seconds[path])
        return super().fetch(url, path, token, deadline)


def gather(seconds, failing=()):
    server = Throttling(seconds)
    server.failing = frozenset(failing)
    return a_gatherer(server).gather(a_request(), NOW)


@pytest.mark.parametrize(
    ("seconds", "told"),
    [
        ({"Patient": 30}, 30),
        ({"Patient": 30, "Condition": 90}, 90),
        ({"Patient": 30, "Condition": 90, "Observation": 900}, 90),
    ],
)
def test_what_can_be_had_later_is_no_412(seconds, told):
    with pytest.raises(DataNotAvailableNow) as caught:
        gather(seconds)
    assert caught.value.retry_after == told


def test_what_waiting_does_not_help_stays_a_412():
    with pytest.raises(DataNotAvailable) as caught:
        gather({"Patient": 30}, failing=["ResearchSubject"])
    assert not isinstance(caught.value, DataNotAvailableNow)


@pytest.mark.parametrize("part", [Part.OBSERVATIONS, Part.CONDITIONS])
def test_where_the_rest_suffices_for_an_answer_there_is_one(part):
    """The enrolment is known, so that the problem list may lack as well."""
    record = gather({TYPES[part]: 30}).record
    assert record.unavailable == {part}
