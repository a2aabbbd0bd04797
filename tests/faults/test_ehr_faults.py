"""A FHIR server that fails, over real HTTP and a real gunicorn: what the caller gets, how soon, and what next."""

import json
import time

import pytest

from cds_service.fhir_client.fhir_get import FetchLimits, WhyNotFetched
from fhir_mappings.clinical_model.known_unknown import Part
from tests.faults.ehr_faults import EHR_FAULTS, FLOOD, MEGABYTE
from tests.fhir_client.charts import CHART, MEDICATION, TYPES
from tests.fhir_client.stub import running, says, searchset
from tests.live.service import serving
from tests.standard.calls import PATIENT, a_body, authorization

URL = "/cds-services/aa-trial-titration"
FETCH_SECONDS = 2.0
"""A busy machine stalls for a second; a healthy answer must not be late for that."""


@pytest.fixture(scope="module")
def ehr():
    with running() as stub:
        yield stub


@pytest.fixture(scope="module")
def service(ehr, tmp_path_factory):
    folder = tmp_path_factory.mktemp("faults")
    (folder / "site.toml").write_text(f'[[fhir_servers]]\nbase = "{ehr.base}"\n')
    with serving(folder, SITE_FILE="site.toml", FETCH_SECONDS=str(FETCH_SECONDS)) as running_service:
        yield running_service


@pytest.fixture
def healthy(ehr):
    ehr.answers.clear()
    ehr.gives(f"Patient/{PATIENT}", CHART[Part.PATIENT])
    for part, resource in CHART.items():
        if part is not Part.PATIENT:
            ehr.gives(TYPES[part], searchset(resource))
    ehr.gives("Medication/sirolimus", MEDICATION)
    return ehr


def ask_with_headers(service, ehr, **token):
    body = a_body(fhirServer=ehr.base, fhirAuthorization=authorization(**{"scope": "user/*.rs", **token}))
    return service.ask(URL, body)


def ask(service, ehr, **token):
    started = time.monotonic()
    status, headers, answer = ask_with_headers(service, ehr, **token)
    return status, json.loads(answer), headers["x-request-id"], time.monotonic() - started


def unavailable(answer):
    """The parts that a data-quality card names."""
    decisions = [card["extension"]["org.aa-cds.decision"] for card in answer["cards"]]
    return [d["decision"].get("unavailable") for d in decisions if d["kind"] == "data-quality"]


def logged(service, request_id):
    """What the log says failed in this call."""
    lines = [line for line in service.events("fetch_failed") if line["request_id"] == request_id]
    return {name: reason for line in lines for name, reason in line["failures"].items()}


CAME_IN_PART = (WhyNotFetched.INCOMPLETE, WhyNotFetched.TOO_MANY_PAGES, WhyNotFetched.OTHER_BASE)


@pytest.mark.parametrize("fault", EHR_FAULTS, ids=lambda fault: fault.name)
@pytest.mark.parametrize(("part", "expected"), [(Part.RESEARCH_SUBJECTS, 412), (Part.OBSERVATIONS, 200)])
def test_the_caller_hears_what_could_not_be_had_and_in_time(service, healthy, fault, part, expected):
    good = healthy.answers[f"/fhir/{TYPES[part]}"]
    healthy.answers[f"/fhir/{TYPES[part]}"] = fault.answer(CHART[part])
    status, answer, request_id, seconds = ask(service, healthy)
    if fault.reason in CAME_IN_PART:  # an enrolment that came is one, whatever else there is
        expected = 200
    if expected == 412 and fault.put_off is not None:
        expected = 503
    assert status == expected
    assert seconds < FETCH_SECONDS + 2.0
    timed_out = fault.reason is WhyNotFetched.TIMEOUT
    failed = logged(service, request_id)
    assert failed.pop(part.value) == fault.reason.value
    # The tablets that an order points at are asked for last: after a deadline, no more.
    assert failed == ({"Medication": "timeout"} if timed_out and expected == 200 else {})
    if expected == 200:
        named = [part.value, *(["medicationRequests"] if timed_out else [])]
        assert unavailable(answer) == [sorted(named)]
    else:
        assert part.value in answer["issue"][0]["diagnostics"]
    healthy.answers[f"/fhir/{TYPES[part]}"] = good
    status, answer, _, _ = ask(service, healthy)
    assert (status, unavailable(answer)) == (200, [])  # nothing of the fault is kept


@pytest.mark.parametrize("fault", [f for f in EHR_FAULTS if f.put_off is not None], ids=lambda f: f.name)
def test_what_the_server_asks_for_is_handed_on(service, healthy, fault):
    healthy.answers[f"/fhir/Patient/{PATIENT}"] = fault.answer(CHART[Part.PATIENT])
    status, headers, _ = ask_with_headers(service, healthy)
    assert (status, headers["retry-after"]) == (503, str(fault.put_off))


def test_a_server_that_asks_for_a_pause_is_asked_once_more(service, healthy):
    """What it then gives is the whole chart."""
    good, put_off = says(searchset(CHART[Part.OBSERVATIONS])), [says({}, status=429, Retry_After="0")]
    healthy.answers["/fhir/Observation"] = lambda handler: (put_off.pop() if put_off else good)(handler)
    status, answer, request_id, _ = ask(service, healthy)
    assert (status, unavailable(answer)) == (200, [])
    assert not put_off
    assert logged(service, request_id) == {}


def test_no_more_is_read_of_an_endless_page_than_is_allowed(service, healthy):
    healthy.answers["/fhir/Observation"] = FLOOD(CHART[Part.OBSERVATIONS])
    ask(service, healthy)
    time.sleep(0.2)
    in_flight = 10 * MEGABYTE  # what the two sockets hold
    assert FLOOD.sent <= FetchLimits().answer_bytes + in_flight


def test_a_server_that_is_not_there(service, healthy):
    """Another port of the same host is another server, and is not called; the listed one may be down."""
    with running() as other:
        body = a_body(fhirServer=other.base, fhirAuthorization=authorization(scope="user/*.rs"))
        assert service.ask(URL, body)[0] == 412
        assert other.asked == []


@pytest.mark.parametrize(
    ("token", "reason"),
    [
        ({"expires_in": 0}, "token-spent"),
        ({"expires_in": -30}, "token-spent"),
        ({"scope": "patient/Observation.rs"}, "no-scope"),
    ],
)
def test_a_token_that_is_spent_or_too_narrow_is_not_used(service, healthy, token, reason):
    healthy.asked.clear()
    status, _, request_id, _ = ask(service, healthy, **token)
    assert status == 412
    assert set(logged(service, request_id).values()) == {reason}
    assert healthy.asked == []


def test_the_fault_of_one_call_does_not_slow_the_next(service, healthy):
    healthy.answers[f"/fhir/Patient/{PATIENT}"] = EHR_FAULTS[0].answer(CHART[Part.PATIENT])
    assert ask(service, healthy)[0] == 412
    healthy.answers[f"/fhir/Patient/{PATIENT}"] = says(CHART[Part.PATIENT])
    status, _, _, seconds = ask(service, healthy)
    assert status == 200
    assert seconds < FETCH_SECONDS
