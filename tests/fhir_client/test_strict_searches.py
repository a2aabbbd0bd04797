"""A server is to refuse a search that it understands in part only; what it says then is told, impersonally."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cds_service import wiring
from cds_service.fhir_client.base_url_allow_list import read_base
from cds_service.fhir_client.bounded_http import bounded_session
from cds_service.fhir_client.deadline import deadline_in
from cds_service.fhir_client.fhir_get import FetchLimits, HttpFhirServer, NotFetched, WhyNotFetched
from cds_service.fhir_client.outcome_text import impersonal, words_for_people
from cds_service.settings.site_file import Site
from fhir_mappings.clinical_model.known_unknown import Part
from tests.fhir_client.charts import NOW, HeldChart, a_gatherer, a_request
from tests.fhir_client.stub import running, searchset

QUERY = "Consent?patient=p&_count=1000"
HAPI = 'HAPI-0524: Unknown search parameter "patient" for resource type "Consent". Valid: [_id, _lastUpdated]'


@pytest.fixture
def stub():
    with running() as server:
        yield server


def a_server(strict=True):
    return HttpFhirServer(bounded_session(2), FetchLimits(1.0), strict_searches=strict)


def ask(server, stub, relative):
    kind = relative.partition("?")[0].partition("/")[0] or "Consent"
    return server.fetch(read_base(stub.base).address(relative), kind, None, deadline_in(5))


@pytest.mark.parametrize(
    ("relative", "wish"),
    [
        (QUERY, "handling=strict"),
        ("Consent?page=2", "handling=strict"),
        ("?_getpages=of-its-own", None),
        ("Consent/1", None),
    ],
)
def test_a_search_by_type_is_to_be_understood_as_a_whole(stub, relative, wish):
    stub.gives(relative.partition("?")[0], searchset())
    ask(a_server(), stub, relative)
    assert stub.asked[0][1].get("Prefer") == wish


def test_a_site_may_leave_the_wish_out(stub):
    stub.gives(QUERY, searchset())
    ask(a_server(strict=False), stub, QUERY)
    assert "Prefer" not in stub.asked[0][1]


def test_nobody_wishes_it_unasked(stub):
    """A key set's or a token's server need not know FHIR's searches."""
    stub.gives(QUERY, searchset())
    ask(HttpFhirServer(bounded_session(2), FetchLimits(1.0)), stub, QUERY)
    assert "Prefer" not in stub.asked[0][1]


def test_the_service_wishes_it_as_a_rule(stub):
    stub.gives(QUERY, searchset())
    ask(wiring.build_fhir_server(Site()), stub, QUERY)
    assert stub.asked[0][1]["Prefer"] == "handling=strict"


def outcome(text):
    return {"resourceType": "OperationOutcome", "issue": [{"severity": "error", "diagnostics": text}]}


@pytest.mark.parametrize(
    ("status", "said"),
    [
        (400, '… Unknown search parameter "patient" for resource type "Consent". Valid: [_id, _lastUpdated]'),
        (405, '… Unknown search parameter "patient" for resource type "Consent". Valid: [_id, _lastUpdated]'),
        (403, ""),
        (404, ""),
        (500, ""),
    ],
)
def test_what_a_server_says_when_it_refuses_is_kept(stub, status, said):
    stub.gives("Consent", outcome(HAPI), status=status)
    with pytest.raises(NotFetched) as caught:
        ask(a_server(), stub, "Consent?patient=P1-x&_count=1000")
    assert caught.value.said == said


@pytest.mark.parametrize(
    ("said", "url", "shown"),
    [
        ("no such patient abc", "https://e/Consent?patient=abc", "no such patient …"),
        ("(Patient/ABC) unknown", "https://e/Consent?subject=Patient/abc", "… unknown"),
        ("(Patient/abc) unknown", "https://e/Consent?member=Patient%2Fabc", "… unknown"),
        ("Medication/abc gone", "https://e/Medication/abc", "… gone"),
        ("category laboratory only", "https://e/x?category=laboratory", "category laboratory only"),
        ("trace 7f3a, born 1982-05-17", "https://e/x?patient=abc", "trace … born …"),
        ("患者 abc 不存在", "https://e/x?patient=abc", "患者 … 不存在"),
        ("", "https://e/x?patient=abc", ""),
    ],
)
def test_words_tell_neither_who_nor_which_request_is_meant(said, url, shown):
    assert impersonal(said, url) == shown


@given(said=st.text(), name=st.from_regex(r"[A-Za-z0-9\-.]{1,64}", fullmatch=True))
def test_no_id_that_was_asked_for_is_ever_repeated(said, name):
    told = impersonal(f"{said} {name} {said}{name}", f"https://e/Consent?patient={name}&_count=1000")
    assert name.lower() not in told.lower().replace("…", " ").split()
    assert not any(character.isdigit() for character in told)


@pytest.mark.parametrize(
    "body", [b"", b"<html>", b"[]", b"null", b'{"issue": 5}', b'{"issue": [{}]}', b"\xff", b"[" * 9999]
)
def test_what_is_no_outcome_says_nothing(body):
    assert words_for_people(body) == ""


def test_what_it_says_is_bounded_and_printable():
    said = words_for_people(json.dumps(outcome("a\u0000b\u202e" + "c" * 1000)).encode())
    assert said == "ab" + "c" * 298


def test_the_words_stand_in_the_gap():
    class Refusing(HeldChart):
        def fetch(self, url, path, token, deadline):
            if path == "Consent":
                raise NotFetched(WhyNotFetched.REFUSED, path, said="Unknown search parameter")
            return super().fetch(url, path, token, deadline)

    record = a_gatherer(Refusing()).gather(a_request(), NOW).record
    assert record.unavailable == {Part.CONSENTS}
    (gap,) = (gap for gap in record.gaps if gap.problem == "PART_UNAVAILABLE")
    assert gap.detail == "consents: refused: Unknown search parameter"
