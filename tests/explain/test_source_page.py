"""What an evidence link opens: the very resource of this session, never another, without what tells a reader nothing."""

import msgspec
import pytest

from cds_service.audit.sealed_sessions import Ticket
from cds_service.explain.resource_view import fetch_source, link_maker, readable, reference_in
from cds_service.fhir_client.base_url_allow_list import read_base
from cds_service.fhir_client.deadline import deadline_in
from cds_service.fhir_client.fhir_get import NotFetched, WhyNotFetched
from cds_service.signin.signin_errors import SignInRefused, WhyRefused

TICKET = Ticket("n1", "s" * 43)
LINK = link_maker(TICKET, "/explain/s/n1")


@pytest.mark.parametrize(
    "reference", ["Observation/o1", "MedicationRequest/A-1.b", "Patient/" + "x" * 64, "List/..."]
)
def test_a_link_stands_for_a_reference_that_this_session_alone_can_read(reference):
    address = LINK(reference)
    before, _, sealed = address.rpartition("/")
    assert before == "/explain/s/n1/source"
    assert reference.partition("/")[2] not in sealed
    assert reference_in(TICKET, sealed) == reference
    with pytest.raises(SignInRefused) as caught:
        reference_in(Ticket("n1", "t" * 43), sealed)
    assert caught.value.why is WhyRefused.SESSION


@pytest.mark.parametrize(
    "reference",
    [
        *(
            "#contained",
            "",
            "Observation",
            "Observation/",
            "observation/o1",
            "Observation/o/1",
            "Observation/..",
        ),
        *("Observation/.", "Observation/" + "x" * 65, "https://e.example/Observation/o1", "Observation/o1 "),
    ],
)
def test_what_cannot_be_opened_by_itself_has_no_link(reference):
    assert LINK(reference) == ""


class Held:
    def __init__(self, body):
        self.body = body

    def fetch(self, url, kind, token, _):
        assert (url, kind, token) == ("https://e.example/fhir/Observation/o1", "Observation", "t")
        return self.body


def opened(body):
    base = read_base("https://e.example/fhir")
    return fetch_source(Held(body), base, "Observation/o1", "t", deadline_in(1))


def test_the_resource_is_shown_as_it_came():
    one = {"resourceType": "Observation", "id": "o1", "status": "final"}
    assert opened(msgspec.json.encode(one)) == one


@pytest.mark.parametrize(
    "body",
    [
        b"<html>",
        b"[]",
        b"{}",
        b'{"resourceType": "Observation", "id": "o2"}',
        b'{"resourceType": "Patient", "id": "o1"}',
        b'{"resourceType": "OperationOutcome"}',
        b'{"resourceType": "Observation"}',
    ],
)
def test_another_resource_is_never_shown_for_it(body):
    with pytest.raises(NotFetched) as caught:
        opened(body)
    assert caught.value.why is WhyNotFetched.NOT_FHIR


def test_narrative_and_housekeeping_are_left_out():
    whole = {
        "resourceType": "Observation",
        "meta": {"versionId": "1"},
        "text": {"div": "<script>"},
        "id": "o1",
        "note": [],
    }
    assert readable(whole) == {"id": "o1", "note": []}
