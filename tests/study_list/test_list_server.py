"""The FHIR server that keeps the list, over real HTTP: every status, what is no search answer, pages, remarks and errors."""

import json

import pytest

from cds_service.fhir_client.base_url_allow_list import read_base
from cds_service.fhir_client.bounded_http import bounded_session
from cds_service.fhir_client.create_resource import WriteRefused
from cds_service.fhir_client.fhir_get import NotFetched, WhyNotFetched
from cds_service.study_list import list_server
from cds_service.study_list.list_server import ListServer, parts_of, update_entry
from cds_service.trials.nct06802055.registration import RECORD
from tests.fhir_client.stub import running, says, searchset, sleeps

SUBJECT = {"resourceType": "ResearchSubject", "id": "s1"}
OTHER = {"resourceType": "ResearchSubject", "id": "s2"}
DONE = {"resourceType": "Bundle", "type": "transaction-response", "entry": [{"response": {"status": "200"}}]}
SEARCH = "/fhir/ResearchSubject/_search"


@pytest.fixture
def stub():
    with running() as server:
        yield server


def the_list(stub, **more):
    return ListServer(read_base(stub.base), bounded_session(2), RECORD, **more)


def search(stub, **more):
    return the_list(stub, **more).search("ResearchSubject", {"study": "x"})


def why_not(stub, act):
    with pytest.raises(NotFetched) as caught:
        act(stub)
    return caught.value.why


def transact(stub):
    return the_list(stub).transact([update_entry(SUBJECT)])


STATUSES = {
    **dict.fromkeys((301, 302, 303, 307, 308, 399), WhyNotFetched.REDIRECT),
    **dict.fromkeys((401, 403), WhyNotFetched.FORBIDDEN),
    **dict.fromkeys((404, 410), WhyNotFetched.NOT_FOUND),
    **dict.fromkeys((202, 204, 299, 400, 405, 409, 412, 422, 429, 499, 501), WhyNotFetched.REFUSED),
    **dict.fromkeys((500, 502, 503, 504), WhyNotFetched.SERVER_ERROR),
}
NOT_WRITTEN = (400, 404, 409, 412, 422)
"""A transaction that the server refuses as a whole: nothing of it was written (FHIR R4, http.html#trules)."""


@pytest.mark.parametrize(("status", "why"), STATUSES.items())
def test_a_search_that_is_not_answered_says_why(stub, status, why):
    stub.answers[SEARCH] = says(searchset(SUBJECT), status=status)
    assert why_not(stub, search) is why


@pytest.mark.parametrize("status", [200, 201])
def test_what_is_answered_is_found(stub, status):
    stub.answers[SEARCH] = says(searchset(SUBJECT), status=status)
    assert search(stub) == [SUBJECT]
    stub.answers["/fhir"] = says(DONE, status=status)
    assert transact(stub) == DONE["entry"]


@pytest.mark.parametrize(("status", "why"), STATUSES.items())
def test_only_a_refusal_says_that_nothing_was_written(stub, status, why):
    stub.answers["/fhir"] = says(DONE, status=status)
    with pytest.raises(WriteRefused if status in NOT_WRITTEN else NotFetched) as caught:
        transact(stub)
    if status in NOT_WRITTEN:
        assert (caught.value.status, caught.value.reason) == (status, "")
    else:
        assert caught.value.why is why


@pytest.mark.parametrize(
    ("body", "why"),
    [
        (b"", WhyNotFetched.NOT_FHIR),
        (b"<html>", WhyNotFetched.NOT_FHIR),
        (b"[]", WhyNotFetched.NOT_FHIR),
        (b"null", WhyNotFetched.NOT_FHIR),
        (b"\xff", WhyNotFetched.NOT_FHIR),
        (b"[" * 9999, WhyNotFetched.NOT_FHIR),
        (b"{}", WhyNotFetched.OTHER_TYPE),
        (json.dumps(SUBJECT).encode(), WhyNotFetched.OTHER_TYPE),
        (b'{"resourceType": "OperationOutcome"}', WhyNotFetched.OTHER_TYPE),
    ],
)
def test_what_is_no_bundle_is_no_answer(stub, body, why):
    stub.answers[SEARCH] = stub.answers["/fhir"] = says(body)
    assert why_not(stub, search) is why
    assert why_not(stub, transact) is why


def test_an_answer_may_be_so_large_and_no_byte_larger(stub, monkeypatch):
    body = json.dumps(searchset(SUBJECT)).encode()
    stub.answers[SEARCH] = says(body)
    monkeypatch.setattr(list_server, "_MOST_BYTES", len(body))
    assert search(stub) == [SUBJECT]
    monkeypatch.setattr(list_server, "_MOST_BYTES", len(body) - 1)
    assert why_not(stub, search) is WhyNotFetched.TOO_LARGE


def test_a_server_that_says_nothing_is_given_up(stub):
    stub.answers[SEARCH] = sleeps(2.0, says(searchset()))
    assert why_not(stub, lambda stub: search(stub, seconds=0.3)) is WhyNotFetched.TIMEOUT


def an_outcome(*severities):
    lines = [({"severity": one} if one else {}) | {"code": "processing"} for one in severities]
    return {"resourceType": "OperationOutcome", "issue": lines}


@pytest.mark.parametrize(
    ("severities", "is_error"),
    [
        ((), False),
        (("information",), False),
        (("warning",), False),
        (("warning", "information"), False),
        (("error",), True),
        (("fatal",), True),
        (("warning", "error"), True),
        (("fatal", "information"), True),
    ],
)
def test_an_error_among_the_entries_means_that_not_everything_came(stub, severities, is_error):
    stub.answers[SEARCH] = says(searchset(SUBJECT, an_outcome(*severities)))
    if is_error:
        assert why_not(stub, search) is WhyNotFetched.OUTCOME
    else:
        assert search(stub) == [SUBJECT]


def test_what_is_of_another_type_or_has_no_id_is_not_found(stub):
    odd = [{"resourceType": "Patient", "id": "p"}, {"resourceType": "ResearchSubject"}, {}]
    stub.answers[SEARCH] = says(searchset(*odd, SUBJECT) | {"entry": [{}, {"resource": SUBJECT}]})
    assert search(stub) == [SUBJECT]
    stub.answers[SEARCH] = says(searchset(*odd, SUBJECT))
    assert search(stub) == [SUBJECT]


# ---------------------------------------------------------------- pages


def page(stub, number, of):
    """Page `number`, with a link to the next, written as some servers write it."""
    links = [{"relation": "self", "url": f"{stub.base}?page={number}"}]
    if number < of:
        links.append({"relation": "next", "url": f"{stub.base}?page={number + 1}"})
    one = {"resourceType": "ResearchSubject", "id": f"s{number}"}
    return says({**searchset(one), "link": links})


def in_pages(stub, of):
    stub.answers[SEARCH] = page(stub, 1, of)
    for number in range(2, of + 1):
        stub.answers[f"/fhir?page={number}"] = page(stub, number, of)


@pytest.mark.parametrize("most", [3, 4])
def test_every_page_is_read_up_to_the_most(stub, monkeypatch, most):
    in_pages(stub, 4)
    monkeypatch.setattr(list_server, "_MOST_PAGES", most)
    if most == 4:
        assert [one["id"] for one in search(stub)] == ["s1", "s2", "s3", "s4"]
    else:
        assert why_not(stub, search) is WhyNotFetched.TOO_MANY_PAGES


@pytest.mark.parametrize("link", ["https://evil.example/fhir?page=2", "http://127.0.0.1:1/fhir", "nonsense:"])
def test_a_page_elsewhere_is_not_asked_for(stub, link):
    stub.answers[SEARCH] = says(searchset(SUBJECT, next_link=link))
    assert why_not(stub, search) is WhyNotFetched.OTHER_BASE
    assert len(stub.asked) == 1


def test_a_page_under_another_name_of_the_server_is_read_here(stub):
    named = "https://fhir.hospital.example/r4"
    stub.answers[SEARCH] = says(searchset(SUBJECT, next_link=f"{named}?page=2"))
    stub.answers["/fhir?page=2"] = says(searchset(OTHER))
    assert search(stub, other_names=(read_base(named),)) == [SUBJECT, OTHER]
    assert why_not(stub, search) is WhyNotFetched.OTHER_BASE


# ---------------------------------------------------------------- ids, tokens, headers


def test_ids_are_asked_for_so_many_at_once_and_no_other_is_kept(stub, monkeypatch):
    monkeypatch.setattr(list_server, "parts_of", lambda ids: parts_of(ids, 1))
    stub.answers[SEARCH] = says(searchset(SUBJECT, OTHER, {"resourceType": "ResearchSubject", "id": "s9"}))
    assert the_list(stub).by_id("ResearchSubject", ["s2", "s1", "s2"]) == {"s1": SUBJECT, "s2": OTHER}
    assert len(stub.asked) == 2


@pytest.mark.parametrize(("many", "parts"), [(0, []), (1, [1]), (200, [200]), (201, [200, 1])])
def test_two_hundred_ids_are_one_question(many, parts):
    assert [len(part) for part in parts_of(range(many))] == parts


@pytest.mark.parametrize("word", ["t1", None])
def test_each_request_carries_the_token_of_that_moment(stub, word):
    in_pages(stub, 2)
    stub.answers["/fhir"] = says(DONE)
    the_list(stub, token=lambda: word).search("ResearchSubject", {})
    the_list(stub, token=lambda: word).transact([])
    assert [headers.get("Authorization") for _, headers in stub.asked] == [
        word and f"Bearer {word}" for _ in range(3)
    ]
    assert {headers["Accept"] for _, headers in stub.asked} == {"application/fhir+json"}
    assert {headers["Cache-Control"] for _, headers in stub.asked} == {"no-cache"}
    assert stub.asked[-1][1]["Content-Type"] == "application/fhir+json"


@pytest.mark.parametrize(
    ("meta", "match"), [({}, None), ({"meta": {}}, None), ({"meta": {"versionId": "7"}}, 'W/"7"')]
)
def test_a_change_is_for_the_version_that_was_read(meta, match):
    written = update_entry({**SUBJECT, **meta})
    assert written["request"]["url"] == "ResearchSubject/s1"
    assert written["request"].get("ifMatch") == match
