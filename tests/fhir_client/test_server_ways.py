"""Servers that are not as usual: that demand parameters, that know themselves by another name, that lack a type."""

import json

import pytest

from cds_service.cds_hooks.errors import DataNotAvailable
from cds_service.chart.input_hash import input_hash
from cds_service.fhir_client.base_url_allow_list import NotAnAddress, read_base
from cds_service.fhir_client.bounded_http import bounded_session
from cds_service.fhir_client.deadline import deadline_in
from cds_service.fhir_client.fetch_queries import Fetcher
from cds_service.fhir_client.fhir_access import Access
from cds_service.fhir_client.fhir_get import FetchLimits, HttpFhirServer, NotFetched, WhyNotFetched
from cds_service.fhir_client.search_answers import CameInPart, WantedAnswer, together
from cds_service.fhir_client.server_limits import LineLimits, ServerLine
from cds_service.fhir_client.server_settings import ServerWays
from fhir_mappings.clinical_model.known_unknown import Part
from fhir_mappings.readers.bundle import Decoded, decode
from tests.builders import TODAY
from tests.fhir_client.charts import (
    CHART,
    MEDICATION,
    NOW,
    TYPES,
    HeldChart,
    a_gatherer,
    a_request,
    prefetched,
)
from tests.fhir_client.stub import running, says, searchset

Why = WhyNotFetched
QUERY = "Observation?patient=p"
BY_CATEGORY = ServerWays(searches={"Observation": ("category=laboratory", "category=vital-signs")})
LABORATORY, VITALS = (f"{QUERY}&{one}" for one in BY_CATEGORY.searches["Observation"])


@pytest.fixture
def stub():
    with running() as server:
        yield server


def a_fetcher(stub, ways, seconds=5.0):
    server = HttpFhirServer(bounded_session(8), FetchLimits(1.0))
    access = Access(read_base(stub.base))
    return Fetcher(server, access, deadline_in(seconds), ServerLine(LineLimits()), 5, ways=ways)


def result(name, **more):
    return {"resourceType": "Observation", "id": name, **more}


def fetched(stub, ways=BY_CATEGORY, wanted=None):
    return a_fetcher(stub, ways).all({Part.OBSERVATIONS: wanted or WantedAnswer(QUERY)})[Part.OBSERVATIONS]


def ids(answer):
    return [resource.id for resource in answer.resources]


# ---------------------------------------------------------------- queries that a server demands


def test_a_search_is_one_query_for_each_set_of_parameters_and_a_read_is_a_read():
    assert BY_CATEGORY.queries(QUERY) == (LABORATORY, VITALS)
    assert BY_CATEGORY.queries("Observation/1") == ("Observation/1",)
    assert BY_CATEGORY.queries("Condition?patient=p") == ("Condition?patient=p",)


def test_what_the_queries_find_is_one_answer(stub):
    stub.gives(LABORATORY, searchset(result("l1"), next_link="Observation?page=2"))
    stub.gives("Observation?page=2", searchset(result("l2")))
    stub.gives(VITALS, searchset(result("v1"), total=1))
    assert ids(fetched(stub)) == ["l1", "l2", "v1"]
    assert sorted(stub.paths()) == sorted(f"/fhir/{q}" for q in (LABORATORY, VITALS, "Observation?page=2"))


@pytest.mark.parametrize(
    ("one", "other", "kept"),
    [
        (result("x"), result("x"), 1),
        (result("x", meta={"versionId": "1"}), result("x", meta={"versionId": "1"}), 1),
        (result("x", meta={"versionId": "1"}), result("x", meta={"versionId": "2"}), 2),
        (result("x", status="final"), result("x", status="amended"), 2),
        (result("x"), result("y"), 2),
        ({"resourceType": "Observation"}, {"resourceType": "Observation"}, 2),
        (result("x"), {"resourceType": "Medication", "id": "x"}, 2),
    ],
    ids=["equal", "one version", "two versions", "one version told in two ways", "two", "no id", "two types"],
)
def test_what_several_queries_found_stands_in_the_answer_once(stub, one, other, kept):
    stub.gives(LABORATORY, searchset(one))
    stub.gives(VITALS, searchset(other))
    assert len(fetched(stub).resources) == kept


def test_what_is_odd_about_an_entry_is_told_once(stub):
    both = searchset(result("x", meta={"versionId": 5}))
    stub.gives(LABORATORY, both)
    stub.gives(VITALS, both)
    assert len(fetched(stub).gaps) == len(decode(json.dumps(both).encode()).gaps)


def test_a_query_that_fails_leaves_the_others_and_the_answer_is_not_whole(stub):
    stub.gives(LABORATORY, searchset(result("l1")))
    stub.gives(VITALS, {}, status=403)
    outcome = fetched(stub)
    assert isinstance(outcome, CameInPart)
    assert outcome.why is Why.FORBIDDEN
    assert ids(outcome.came) == ["l1"]


@pytest.mark.parametrize("short", [LABORATORY, VITALS])
def test_each_query_is_held_to_its_own_total(stub, short):
    for query in (LABORATORY, VITALS):
        stub.gives(query, searchset(result(query[-5:]), total=2 if query == short else 1))
    outcome = fetched(stub)
    assert outcome.why is Why.INCOMPLETE
    assert len(outcome.came.resources) == 2


def test_only_the_query_that_was_put_off_is_asked_again(stub):
    put_off = [says({}, status=429, Retry_After="0")]
    stub.gives(LABORATORY, searchset(result("l1")))
    good = says(searchset(result("v1")))
    stub.answers[f"/fhir/{VITALS}"] = lambda handler: (put_off.pop() if put_off else good)(handler)
    assert ids(fetched(stub)) == ["l1", "v1"]
    assert sorted(stub.paths()) == sorted(f"/fhir/{query}" for query in (LABORATORY, VITALS, VITALS))


def test_the_pages_of_a_client_s_own_search_go_on_as_they_began(stub):
    first = decode(json.dumps(searchset(result("o1"), next_link="Observation?page=2")).encode())
    stub.gives("Observation?page=2", searchset(result("o2")))
    assert ids(fetched(stub, wanted=WantedAnswer(QUERY, first))) == ["o1", "o2"]
    assert stub.paths() == ["/fhir/Observation?page=2"]


def failed(why, retry_after=None):
    return NotFetched(why, "Observation", retry_after)


@pytest.mark.parametrize(
    ("outcomes", "why", "retry_after"),
    [
        ([failed(Why.FORBIDDEN)], Why.FORBIDDEN, None),
        ([failed(Why.REFUSED, 5), failed(Why.SERVER_ERROR, 7)], Why.SERVER_ERROR, 7),
        ([failed(Why.REFUSED, 0), failed(Why.SERVER_ERROR, 0)], Why.REFUSED, 0),
        ([failed(Why.REFUSED, 5), failed(Why.TIMEOUT)], Why.TIMEOUT, None),
        ([failed(Why.TIMEOUT), failed(Why.FORBIDDEN)], Why.TIMEOUT, None),
        ([Decoded(), failed(Why.REFUSED, 5)], Why.REFUSED, 5),
    ],
)
def test_of_several_failures_the_one_that_waiting_does_not_mend_is_told(outcomes, why, retry_after):
    told = together(outcomes)
    assert (told.why, told.retry_after) == (why, retry_after)


def test_a_chart_by_category_is_the_same_chart():
    class ByCategory(HeldChart):
        def fetch(self, url, path, token, deadline):
            plain, _, category = url.partition("&category=")
            if path == "Observation" and not category:
                raise NotFetched(WhyNotFetched.REFUSED, path)
            return super().fetch(plain, path, token, deadline)

    usual = a_gatherer(HeldChart()).gather(a_request(), NOW).record
    gatherer = a_gatherer(ByCategory(), ways=BY_CATEGORY)
    assert gatherer.gather(a_request(), NOW).record == usual
    assert a_gatherer(ByCategory()).gather(a_request(), NOW).record.unavailable == {Part.OBSERVATIONS}


# ---------------------------------------------------------------- links under another name

OURS = read_base("https://ehr.example/api/r4")
INSIDE = (read_base("http://fhir.internal:8080/r4"), read_base("http://fhir.internal:8080/r4/tenant"))


@pytest.mark.parametrize(
    ("link", "called"),
    [
        (
            "http://fhir.internal:8080/r4?_getpages=1&_bundletype=searchset",
            "?_getpages=1&_bundletype=searchset",
        ),
        ("http://fhir.internal:8080/r4/Observation?page=2", "/Observation?page=2"),
        ("http://fhir.internal:8080/r4/tenant/Observation?page=2", "/Observation?page=2"),
        ("http://fhir.internal:8080/r4/tenants/Observation?page=2", "/tenants/Observation?page=2"),
        ("https://ehr.example/api/r4/Observation?page=2", "/Observation?page=2"),
        ("Observation?page=2", "/Observation?page=2"),
    ],
)
def test_a_link_under_another_name_of_the_server_is_asked_for_at_our_own_base(link, called):
    assert OURS.link(link, INSIDE) == OURS.url + called


@pytest.mark.parametrize(
    "link",
    [
        "http://fhir.internal:8080/r5/Observation",
        "http://fhir.internal:8080/r4x/Observation",
        "http://fhir.internal/r4/Observation",
        "https://fhir.internal:8080/r4/Observation",
        "http://fhir.internal.evil.example:8080/r4/Observation",
        "http://fhir.internal:8080@evil.example/r4/Observation",
        "http://user@fhir.internal:8080/r4/Observation",
        "http://fhir.internal:8080/r4/../../admin",
        "http://fhir.internal:8080/r4/%2e%2e/admin",
        "http://fhir.internal:8080/r4/..;/admin",
        "//evil.example/r4/Observation",
        "ftp://fhir.internal:8080/r4/Observation",
    ],
)
def test_a_link_to_anywhere_else_stays_refused(link):
    with pytest.raises(NotAnAddress):
        OURS.link(link, INSIDE)


def test_the_token_goes_to_our_own_base_and_nowhere_else(stub):
    with running() as inside:
        stub.gives(QUERY, searchset(result("o1"), next_link=f"{inside.base}/Observation?page=2"))
        stub.gives("Observation?page=2", searchset(result("o2")))
        assert fetched(stub, ServerWays()).why is Why.OTHER_BASE
        assert ids(fetched(stub, ServerWays(other_names=(read_base(inside.base),)))) == ["o1", "o2"]
        assert inside.asked == []


# ---------------------------------------------------------------- types that are not kept here

KEPT_ELSEWHERE = [part for part in Part if part not in (Part.PATIENT, Part.CONDITIONS)]


@pytest.mark.parametrize("part", KEPT_ELSEWHERE)
def test_a_type_that_the_hospital_does_not_keep_is_not_asked_for_and_nothing_lacks(part):
    server = HeldChart(failing=[TYPES[part]])
    gatherer = a_gatherer(server, ways=ServerWays(not_kept=frozenset([TYPES[part]])))
    record = gatherer.gather(a_request(), NOW).record
    assert TYPES[part] not in server.asked_types()
    assert not record.unavailable
    as_null = a_request(prefetch={**prefetched(Part), part.value: None})
    same = a_gatherer(HeldChart()).gather(as_null, NOW).record
    assert input_hash(record, TODAY, (), "v1") == input_hash(same, TODAY, (), "v1")


NO_CONSENTS = ServerWays(not_kept=frozenset(["Consent"]))


@pytest.mark.parametrize("with_server", [True, False])
def test_it_needs_no_server_to_say_that_there_is_nothing(with_server):
    orders = {Part.MEDICATION_REQUESTS.value: searchset(CHART[Part.MEDICATION_REQUESTS], MEDICATION)}
    prefetch = prefetched(part for part in Part if part is not Part.CONSENTS) | orders
    request = a_request(prefetch=prefetch, with_server=with_server)
    assert not a_gatherer(HeldChart(), ways=NO_CONSENTS).gather(request, NOW).record.unavailable


@pytest.mark.parametrize(
    ("value", "is_lost"),
    [
        (searchset(CHART[Part.CONSENTS]), False),
        (searchset(CHART[Part.CONSENTS], next_link="Consent?page=2"), True),
        (searchset(CHART[Part.CONSENTS], total=2), True),
    ],
    ids=["whole", "more to come", "short"],
)
def test_what_a_client_brings_of_it_nevertheless_counts(value, is_lost):
    request = a_request(prefetch={**prefetched(Part), Part.CONSENTS.value: value})
    record = a_gatherer(HeldChart(), ways=NO_CONSENTS).gather(request, NOW).record
    assert (Part.CONSENTS in record.unavailable) is is_lost
    assert len(record.consents) == 1


def test_only_the_types_named_are_passed_over():
    server = HeldChart(failing=["ResearchSubject", "Condition"])
    with pytest.raises(DataNotAvailable):
        a_gatherer(server, ways=ServerWays(not_kept=frozenset(["AdverseEvent"]))).gather(a_request(), NOW)
