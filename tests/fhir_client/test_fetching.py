"""Fetching over real HTTP: bounded in time and size, nothing from the environment, no word of the patient."""

import itertools
import json
import math
import time

import pytest
from msgspec.structs import replace

from cds_service.cds_hooks.authorization import FhirAuthorization, FhirInteraction
from cds_service.cds_hooks.request import read_hook_request
from cds_service.fhir_client.base_url_allow_list import read_base
from cds_service.fhir_client.bounded_http import bounded_session
from cds_service.fhir_client.deadline import deadline_in
from cds_service.fhir_client.fetch_queries import Allowance, Fetcher
from cds_service.fhir_client.fhir_access import Access, access_of
from cds_service.fhir_client.fhir_get import FetchLimits, HttpFhirServer, NotFetched, WhyNotFetched
from cds_service.fhir_client.search_answers import CameInPart, WantedAnswer
from cds_service.fhir_client.server_limits import LineLimits, ServerLine
from tests.fhir_client.stub import drips, running, says, searchset, sleeps
from tests.standard.calls import a_body, authorization

SECRET = "SECRET-PATIENT"
QUERY = f"MedicationRequest?patient={SECRET}"


@pytest.fixture
def stub():
    with running() as server:
        yield server


def a_token(scope="user/*.rs", expires_in=60):
    return FhirAuthorization("secret-token", "Bearer", expires_in, scope, "client")


TOKEN = a_token()


@pytest.fixture
def fetcher(stub):
    def build(seconds=5.0, pages=5, answer_bytes=100_000, token=TOKEN, base=None):
        server = HttpFhirServer(bounded_session(8), FetchLimits(1.0, answer_bytes))
        access = Access(read_base(base or stub.base), authorization=token)
        return Fetcher(server, access, deadline_in(seconds), ServerLine(LineLimits()), pages)

    return build


def order(name):
    return {"resourceType": "MedicationRequest", "id": name}


def why(call):
    with pytest.raises(NotFetched) as caught:
        call()
    assert SECRET not in repr(caught.value)
    assert caught.value.__cause__ is None
    return caught.value.why


def test_a_search_brings_the_caller_s_token_and_asks_for_fhir_json(stub, fetcher):
    stub.gives(QUERY, searchset(order("c1")))
    assert [r.id for r in fetcher().query(QUERY).resources] == ["c1"]
    (path, headers), *others = stub.asked
    assert path == f"/fhir/{QUERY}"
    assert not others
    assert headers["Authorization"] == "Bearer secret-token"
    assert headers["Accept"] == "application/fhir+json"


def test_an_open_server_is_asked_without_a_token(stub, fetcher):
    stub.gives(QUERY, searchset())
    fetcher(token=None).query(QUERY)
    assert "Authorization" not in stub.asked[0][1]


def test_a_netrc_file_and_a_proxy_of_the_environment_change_nothing(stub, fetcher, tmp_path, monkeypatch):
    netrc = tmp_path / ".netrc"
    netrc.write_text("machine 127.0.0.1 login thief password stolen\n")
    netrc.chmod(0o600)
    for name, value in {
        "NETRC": str(netrc),
        "HOME": str(tmp_path),
        "http_proxy": "http://127.0.0.1:1",
    }.items():
        monkeypatch.setenv(name, value)
    stub.gives(QUERY, searchset())
    fetcher().query(QUERY)
    assert stub.asked[0][1]["Authorization"] == "Bearer secret-token"


def test_a_cookie_of_one_answer_is_not_sent_with_the_next(stub, fetcher):
    stub.gives(QUERY, searchset(), Set_Cookie="session=of-another-user; Path=/")
    one = fetcher()
    one.query(QUERY)
    one.query(QUERY)
    assert all("Cookie" not in headers for _, headers in stub.asked)


def test_all_pages_are_followed(stub, fetcher):
    stub.gives(QUERY, searchset(order("c1"), next_link=f"{stub.base}?page=2", total=3))
    stub.answers["/fhir?page=2"] = says(searchset(order("c2"), next_link="MedicationRequest?page=3", total=3))
    stub.gives("MedicationRequest?page=3", searchset(order("c3"), total=3))
    assert [r.id for r in fetcher().query(QUERY).resources] == ["c1", "c2", "c3"]
    assert all(headers["Authorization"] == "Bearer secret-token" for _, headers in stub.asked)


@pytest.mark.parametrize(("cap", "whole"), [(2, False), (3, True)])
def test_an_answer_with_more_pages_than_allowed_is_no_answer(stub, fetcher, cap, whole):
    stub.gives(QUERY, searchset(order("c1"), next_link="MedicationRequest?page=2"))
    stub.gives("MedicationRequest?page=2", searchset(order("c2"), next_link="MedicationRequest?page=3"))
    stub.gives("MedicationRequest?page=3", searchset(order("c3")))
    if whole:
        assert len(fetcher(pages=cap).query(QUERY).resources) == 3
    else:
        assert why(lambda: fetcher(pages=cap).query(QUERY)) is WhyNotFetched.TOO_MANY_PAGES


def test_pages_that_go_round_in_a_circle_end(stub, fetcher):
    stub.gives(QUERY, searchset(order("c1"), next_link=QUERY))
    assert why(lambda: fetcher().query(QUERY)) is WhyNotFetched.TOO_MANY_PAGES


def test_a_next_link_to_another_server_is_not_called(stub, fetcher):
    with running() as other:
        other.gives("MedicationRequest", searchset())
        stub.gives(QUERY, searchset(order("c1"), next_link=f"{other.base}/MedicationRequest"))
        assert why(lambda: fetcher().query(QUERY)) is WhyNotFetched.OTHER_BASE
        assert not other.asked


def test_a_failing_second_page_spoils_the_first(stub, fetcher):
    stub.gives(QUERY, searchset(order("c1"), next_link="MedicationRequest?page=2"))
    stub.gives("MedicationRequest?page=2", {}, status=500)
    assert why(lambda: fetcher().query(QUERY)) is WhyNotFetched.SERVER_ERROR


@pytest.mark.parametrize(("total", "whole"), [(None, True), (1, True), (2, False)])
def test_an_answer_shorter_than_its_own_total_is_no_answer(stub, fetcher, total, whole):
    stub.gives(QUERY, searchset(order("c1"), total=total))
    if whole:
        assert fetcher().query(QUERY).resources
    else:
        assert why(lambda: fetcher().query(QUERY)) is WhyNotFetched.INCOMPLETE


def test_a_redirect_is_refused_and_the_token_goes_nowhere(stub, fetcher):
    with running() as other:
        for status in (301, 302, 303, 307, 308):
            stub.gives(QUERY, b"", status=status, Location=f"{other.base}/{QUERY}")
            assert why(lambda: fetcher().query(QUERY)) is WhyNotFetched.REDIRECT
        assert not other.asked


@pytest.mark.parametrize(
    ("status", "reason"),
    [
        (201, WhyNotFetched.REFUSED),
        (400, WhyNotFetched.REFUSED),
        (401, WhyNotFetched.FORBIDDEN),
        (403, WhyNotFetched.FORBIDDEN),
        (404, WhyNotFetched.NOT_FOUND),
        (410, WhyNotFetched.NOT_FOUND),
        (429, WhyNotFetched.REFUSED),
        (500, WhyNotFetched.SERVER_ERROR),
        (501, WhyNotFetched.REFUSED),
        (503, WhyNotFetched.SERVER_ERROR),
    ],
)
def test_each_refusal_has_its_reason_and_is_not_tried_again(stub, fetcher, status, reason):
    stub.gives(QUERY, searchset(order("c1")), status=status)
    assert why(lambda: fetcher().query(QUERY)) is reason
    assert len(stub.asked) == 1


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (says(searchset(), content_type="text/html"), WhyNotFetched.NOT_FHIR),
        (says(searchset(), content_type="application/fhir+xml"), WhyNotFetched.NOT_FHIR),
        (says(b"<html>login</html>"), WhyNotFetched.NOT_FHIR),
        (says(b'{"resourceType":"Bundle","entry":['), WhyNotFetched.NOT_FHIR),
        (says(b"{}"), WhyNotFetched.NOT_FHIR),
        (says(b"[" * 100_000), WhyNotFetched.TOO_LARGE),
        (says({"resourceType": "Basic", "id": "x"}), WhyNotFetched.OTHER_TYPE),
        (says({"resourceType": "Patient", "id": "x"}), WhyNotFetched.OTHER_TYPE),
        (says({"resourceType": "Searchset", "entry": []}), WhyNotFetched.OTHER_TYPE),
        (
            says({"resourceType": "OperationOutcome", "issue": [{"severity": "error", "code": "x"}]}),
            WhyNotFetched.OUTCOME,
        ),
        (
            says(
                searchset(
                    order("c1"),
                    {"resourceType": "OperationOutcome", "issue": [{"severity": "error", "code": "x"}]},
                )
            ),
            WhyNotFetched.OUTCOME,
        ),
    ],
)
def test_an_answer_that_is_no_data_is_never_taken_for_none(stub, fetcher, answer, reason):
    stub.answers[f"/fhir/{QUERY}"] = answer
    assert why(lambda: fetcher(answer_bytes=99_999).query(QUERY)) is reason


@pytest.mark.parametrize(
    "kind", ["application/json", "application/fhir+json; charset=utf-8", "application/json+fhir"]
)
def test_old_names_of_json_are_understood(stub, fetcher, kind):
    stub.gives(QUERY, searchset(order("c1")), content_type=kind)
    assert fetcher().query(QUERY).resources


@pytest.mark.parametrize(
    "answer",
    [
        drips(b"{" + b" " * 2000, 0.02),
        drips(b"{" + b" " * 2000, 0.02, in_headers=True),
        sleeps(3, says(searchset())),
        sleeps(3, lambda handler: None),
    ],
    ids=["dripping body", "dripping headers", "slow", "silent"],
)
def test_the_deadline_holds_against_a_server_that_wastes_time(stub, fetcher, answer):
    stub.answers[f"/fhir/{QUERY}"] = answer
    started = time.monotonic()
    assert why(lambda: fetcher(seconds=0.4).query(QUERY)) is WhyNotFetched.TIMEOUT
    assert time.monotonic() - started < 1.0


def test_the_deadline_is_one_for_all_pages(stub, fetcher):
    pages = itertools.pairwise([QUERY, *(f"MedicationRequest?page={n}" for n in range(20))])
    for here, there in pages:
        stub.answers[f"/fhir/{here}"] = sleeps(0.15, says(searchset(next_link=there)))
    started = time.monotonic()
    assert why(lambda: fetcher(seconds=0.4, pages=50).query(QUERY)) is WhyNotFetched.TIMEOUT
    assert time.monotonic() - started < 1.0


def test_an_answer_may_take_as_long_as_the_deadline_allows(stub, fetcher):
    stub.answers[f"/fhir/{QUERY}"] = drips(b'{"resourceType":"Bundle"}', 0.005)
    assert fetcher().query(QUERY).resources == ()


def test_an_answer_without_a_time_limit_is_never_read(stub):
    stub.gives(QUERY, searchset())
    with pytest.raises(ValueError, match="time limit"):
        bounded_session(1).get(f"{stub.base}/{QUERY}")


def test_nothing_is_asked_after_the_deadline(stub, fetcher):
    assert why(lambda: fetcher(seconds=0.0).query(QUERY)) is WhyNotFetched.TIMEOUT
    assert not stub.asked


def test_a_server_that_is_not_there_is_unreachable(fetcher):
    assert why(lambda: fetcher(base="http://127.0.0.1:1/fhir").query(QUERY)) is WhyNotFetched.UNREACHABLE


def test_a_server_that_hangs_up_is_unreachable(stub, fetcher):
    def hang_up(handler):
        handler.wfile.write(
            b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 99\r\n\r\n{"
        )
        handler.close_connection = True

    stub.answers[f"/fhir/{QUERY}"] = hang_up
    assert why(lambda: fetcher().query(QUERY)) is WhyNotFetched.UNREACHABLE


def test_a_connection_is_used_again_after_an_answer_read_to_its_end(stub, fetcher):
    stub.gives(QUERY, searchset(order("c1")))
    one = fetcher()
    assert all(one.query(QUERY).resources for _ in range(3))


def test_queries_run_side_by_side_and_a_slow_one_costs_only_itself(stub, fetcher):
    for name in ("A", "B", "C", "D"):
        stub.answers[f"/fhir/{name}"] = sleeps(0.3, says(searchset(order(name))))
    stub.answers["/fhir/E"] = sleeps(3, says(searchset()))
    one = fetcher(seconds=0.8)
    started = time.monotonic()
    outcomes = one.all({name: WantedAnswer(f"{name}?x=1") for name in "ABCDE"})
    assert time.monotonic() - started < 1.2
    assert [outcomes[name].resources[0].id for name in "ABCD"] == ["A", "B", "C", "D"]
    assert outcomes["E"].why is WhyNotFetched.TIMEOUT


ERROR = {"resourceType": "OperationOutcome", "issue": [{"severity": "error", "code": "x"}]}
MORE = "MedicationRequest?page=2"


@pytest.mark.parametrize(
    ("first", "second", "reason", "kept"),
    [
        (searchset(order("c1"), ERROR), None, WhyNotFetched.OUTCOME, ["c1"]),
        (
            searchset(order("c1"), next_link=MORE),
            says(searchset(order("c2"), ERROR)),
            WhyNotFetched.OUTCOME,
            ["c1", "c2"],
        ),
        (searchset(order("c1"), next_link=MORE), sleeps(3, says(searchset())), WhyNotFetched.TIMEOUT, ["c1"]),
        (searchset(order("c1"), total=2), None, WhyNotFetched.INCOMPLETE, ["c1"]),
    ],
    ids=["error beside it", "error on the second page", "time over on the second page", "short"],
)
def test_what_came_before_an_answer_failed_is_kept(stub, fetcher, first, second, reason, kept):
    stub.gives(QUERY, first)
    if second is not None:
        stub.answers[f"/fhir/{MORE}"] = second
    one = fetcher(seconds=0.8)
    outcome = one.all({"orders": WantedAnswer(QUERY)})["orders"]
    assert isinstance(outcome, CameInPart)
    assert outcome.why is reason
    assert [resource.id for resource in outcome.came.resources] == kept


def test_a_job_still_waiting_for_its_turn_at_the_deadline_has_timed_out(stub, fetcher):
    stub.answers["/fhir/A"] = sleeps(0.4, says(searchset()))
    slow = fetcher(seconds=0.3)
    narrow = Fetcher(slow.server, slow.access, slow.deadline, ServerLine(LineLimits(fetches=1)), 5)
    outcomes = narrow.all({name: WantedAnswer("A?x=1") for name in "ABC"})
    assert {outcome.why for outcome in outcomes.values()} == {WhyNotFetched.TIMEOUT}


@pytest.mark.parametrize(
    ("token", "reason"),
    [
        (a_token(expires_in=0), WhyNotFetched.TOKEN_SPENT),
        (a_token(expires_in=-5), WhyNotFetched.TOKEN_SPENT),
        (a_token(scope="patient/Observation.rs"), WhyNotFetched.NO_SCOPE),
        (a_token(scope="patient/MedicationRequest.r"), WhyNotFetched.NO_SCOPE),
        (a_token(scope="patient/MedicationRequest.rs?category=x"), WhyNotFetched.NO_SCOPE),
    ],
)
def test_what_the_token_does_not_cover_is_not_even_attempted(stub, fetcher, token, reason):
    assert why(lambda: fetcher(token=token).query(QUERY)) is reason
    assert not stub.asked


@pytest.mark.parametrize(("ours", "used"), [(None, True), ("client", True), ("another", False)])
def test_a_token_for_another_client_is_not_used(stub, fetcher, ours, used):
    stub.gives(QUERY, searchset(order("c1")))
    one = fetcher()
    named = replace(one, access=replace(one.access, client_id=ours))
    if used:
        assert named.query(QUERY).resources
    else:
        assert why(lambda: named.query(QUERY)) is WhyNotFetched.OTHER_CLIENT
    assert bool(stub.asked) is used


@pytest.mark.parametrize(("expires_in", "seconds"), [(-1, math.inf), (0, math.inf), (1, 1), (300, 300)])
def test_a_token_gives_no_longer_than_it_lives(expires_in, seconds):
    assert Access(None, authorization=a_token(expires_in=expires_in)).seconds == seconds
    assert Access(None).seconds == math.inf


@pytest.mark.parametrize(("total", "whole"), [(0, True), (-1, False)])
def test_all_answers_of_a_call_together_have_their_limit(stub, fetcher, total, whole):
    pages = [searchset(order("c1"), next_link="MedicationRequest?page=2"), searchset(order("c2"))]
    stub.gives(QUERY, pages[0])
    stub.gives("MedicationRequest?page=2", pages[1])
    size = sum(len(json.dumps(page)) for page in pages)
    one = replace(fetcher(), allowance=Allowance(size + total))
    if whole:
        assert len(one.query(QUERY).resources) == 2
    else:
        assert why(lambda: one.query(QUERY)) is WhyNotFetched.TOO_LARGE


@pytest.mark.parametrize(
    ("server", "reason"),
    [(None, WhyNotFetched.NO_SERVER), ("http://169.254.169.254/fhir", WhyNotFetched.SERVER_NOT_ALLOWED)],
)
def test_a_server_that_the_site_does_not_name_is_not_called(server, reason):
    request = read_hook_request(a_body(fhirServer=server))
    access = access_of(request, [read_base("https://ehr.example/fhir")])
    assert why(lambda: access.base_for("Patient", FhirInteraction.READ)) is reason
    assert access.token is None


def test_the_token_of_the_call_goes_to_the_server_of_the_call():
    request = read_hook_request(
        a_body(fhirServer="https://ehr.example:443/fhir/", fhirAuthorization=authorization())
    )
    access = access_of(request, [read_base("https://ehr.example/fhir")])
    assert (access.base.url, access.token) == ("https://ehr.example/fhir", "opaque-token")
