"""The web floor over real HTTP semantics: every refusal has its status and is an OperationOutcome."""

import io
import json
import logging
from datetime import UTC, datetime
from decimal import Decimal

import msgspec
import pytest
import structlog
from werkzeug.exceptions import TooManyRequests, default_exceptions

from cds_service.cds_hooks import errors
from cds_service.cds_hooks.card import Card, CardSource, Indicator
from cds_service.cds_hooks.discovery import Catalogue
from cds_service.cds_hooks.request import Hook
from cds_service.cds_hooks.service import HookAnswer, HookService
from cds_service.web.error_statuses import REFUSALS
from cds_service.web.log_redaction import JsonLines, configure_logging
from cds_service.web.wsgi_app import create_app
from tests.standard.calls import a_body, a_call, context_of
from tests.web.doors import OPEN

NOW = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)
LIMIT = 20_000
URL = "/cds-services/echo"


class Echo:
    """A service that keeps what it was called with, and answers or raises what it is told to."""

    def __init__(self):
        self.calls = []
        card = Card("Trough 3.1 ng/mL on 2026-03-01", Indicator.WARNING, CardSource("Trial record"))
        self.answer = HookAnswer((card,))

    def __call__(self, call):
        self.calls.append(call)
        if isinstance(self.answer, BaseException):
            raise self.answer
        return self.answer


@pytest.fixture
def echo():
    return Echo()


@pytest.fixture
def client(echo):
    service = HookService(
        "echo", Hook.PATIENT_VIEW, "Echo", "Echoes", {"patient": "Patient/{{context.patientId}}"}, echo
    )
    return create_app(Catalogue([service]), OPEN, lambda: NOW, LIMIT, {"software": "1"}).test_client()


def post(client, body, content_type="application/json", url=URL, **more):
    return client.post(url, data=body, content_type=content_type, **more)


def outcome(response, status):
    assert response.status_code == status, response.data
    assert response.mimetype == "application/json"
    body = response.get_json()
    assert body["resourceType"] == "OperationOutcome"
    (issue,) = body["issue"]
    assert issue["severity"] == "error"
    assert issue["code"]
    assert "Traceback" not in issue["diagnostics"]
    return issue


def test_a_good_call_is_answered_with_its_cards(client, echo):
    response = post(client, a_body())
    assert response.status_code == 200
    assert response.mimetype == "application/json"
    assert response.headers["Cache-Control"] == "no-store"
    assert [card["summary"] for card in response.get_json()["cards"]] == ["Trough 3.1 ng/mL on 2026-03-01"]
    assert echo.calls[0].now == NOW


def test_no_advice_is_an_empty_list_of_cards(client, echo):
    echo.answer = HookAnswer()
    assert post(client, a_body()).get_json() == {"cards": []}


@pytest.mark.parametrize(
    "content_type", ["application/json", "application/json; charset=utf-8", "application/fhir+json"]
)
def test_json_by_any_of_its_names_is_accepted(client, content_type):
    assert post(client, a_body(), content_type).status_code == 200


@pytest.mark.parametrize("content_type", ["text/plain", "", "application/xml", "multipart/form-data"])
def test_anything_but_json_is_415(client, content_type):
    outcome(post(client, a_body(), content_type), 415)


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"", "is not JSON"),
        (a_body()[:-9], "is not JSON"),
        (b"[1]", "must be a JSON object"),
        (a_body(context=...), "context"),
        (a_body(hook="order-sign", context=context_of("patient-view")), "context.draftOrders"),
        (a_body(hook="order-dispatch"), "hook"),
        (a_body(x=float("nan")), "is not JSON"),
        (a_body().replace(b"p1", b"\xff"), "is not UTF-8"),
        (b'{"a":' * 3000, "is nested too deeply"),
        (a_body().replace(b'"hook":', b'"hook":"patient-view","hook":'), "is written more than once: hook"),
    ],
)
def test_a_bad_body_is_400_and_says_what_is_wrong(client, echo, body, said):
    assert said in outcome(post(client, body), 400)["diagnostics"]
    assert not echo.calls


def test_a_hook_that_is_not_the_service_s_own_is_400(client, echo):
    assert "hook" in outcome(post(client, a_body("encounter-start")), 400)["diagnostics"]
    assert not echo.calls


def test_an_unknown_service_is_404_whatever_the_body(client):
    outcome(post(client, b"not even JSON", url="/cds-services/other"), 404)
    outcome(client.get("/elsewhere"), 404)


@pytest.mark.parametrize(("method", "url"), [("GET", URL), ("PUT", URL), ("POST", "/cds-services")])
def test_another_method_is_405_and_says_which_are_allowed(client, method, url):
    response = client.open(url, method=method)
    outcome(response, 405)
    assert response.headers["Allow"]


@pytest.mark.parametrize(("size", "status"), [(LIMIT, 200), (LIMIT + 1, 413)])
def test_a_body_over_the_limit_is_413(client, size, status):
    body = a_body()
    response = post(client, body + b" " * (size - len(body)))
    assert response.status_code == status
    if status == 413:
        outcome(response, 413)


@pytest.mark.parametrize(("size", "status"), [(LIMIT, 200), (LIMIT + 1, 413), (3 * LIMIT, 413)])
def test_a_body_of_unstated_length_is_held_to_the_same_limit(client, size, status):
    body = a_body()
    response = client.post(
        URL,
        input_stream=io.BytesIO(body + b" " * (size - len(body))),
        content_type="application/json",
        environ_overrides={"wsgi.input_terminated": True, "HTTP_TRANSFER_ENCODING": "chunked"},
    )
    assert response.status_code == status


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (errors.BadHookRequest("is required", "hook"), 400),
        (errors.PatientMismatch("prefetch.patient"), 400),
        (errors.NoSuchService("x"), 404),
        (errors.DataNotAvailable(("patient", "conditions")), 412),
        (errors.DataNotAvailableNow(("patient", "conditions"), 7), 503),
        (RecursionError("SECRET-PATIENT"), 400),
        (ValueError("SECRET-PATIENT"), 500),
        (KeyError("SECRET-PATIENT"), 500),
    ],
)
def test_what_a_service_raises_becomes_a_status_and_never_an_empty_list(client, echo, error, status):
    echo.answer = error
    issue = outcome(post(client, a_body()), status)
    assert "SECRET-PATIENT" not in json.dumps(issue)
    if status in (412, 503):
        assert "patient, conditions" in issue["diagnostics"]


ISSUES = {
    errors.UntrustedClient: (401, "login"),
    errors.BadHookRequest: (400, "invalid"),
    errors.PatientMismatch: (400, "conflict"),
    errors.NoSuchService: (404, "not-found"),
    errors.DataNotAvailable: (412, "incomplete"),
    errors.DataNotAvailableNow: (503, "transient"),
}
"""Each fault of a call: the standard's status, and the issue type of FHIR (valueset-issue-type)."""


def test_each_fault_of_a_call_has_its_status_and_its_issue_type():
    assert {kind: (refusal.status, refusal.issue) for kind, refusal in REFUSALS.items()} == ISSUES


@pytest.mark.parametrize(
    ("error", "code"), [(errors.PatientMismatch("x"), "conflict"), (ValueError(), "exception")]
)
def test_the_issue_type_is_on_the_wire(client, echo, error, code):
    echo.answer = error
    assert outcome(post(client, a_body()), ISSUES.get(type(error), (500,))[0])["code"] == code


OF_HTTP = {
    400: "invalid",
    404: "not-found",
    405: "not-supported",
    408: "timeout",
    413: "too-long",
    415: "not-supported",
    429: "throttled",
}


@pytest.mark.parametrize("status", sorted(default_exceptions))
def test_every_status_of_http_is_an_outcome_with_its_issue_type(client, echo, status):
    echo.answer = default_exceptions[status]()
    response = post(client, a_body())
    assert outcome(response, status)["code"] == OF_HTTP.get(status, "processing")
    assert len(response.headers.getlist("Content-Type")) == 1


def test_what_http_asks_to_be_said_with_a_status_is_said(client, echo):
    echo.answer = TooManyRequests(retry_after=10)
    assert post(client, a_body()).headers["Retry-After"] == "10"


def test_what_the_fhir_server_asks_for_is_handed_on_to_the_caller(client, echo):
    echo.answer = errors.DataNotAvailableNow(("patient",), 7)
    response = post(client, a_body())
    assert response.headers["Retry-After"] == "7"
    assert outcome(response, 503)["code"] == "transient"


def test_every_error_of_a_hook_call_has_its_status():
    kinds = set(errors.HookError.__subclasses__())
    assert set(REFUSALS) == kinds | {more for kind in kinds for more in kind.__subclasses__()}


def test_a_number_of_a_card_is_a_number_on_the_wire(client, echo):
    card = Card("x", Indicator.INFO, CardSource("y"), extension={"org.example.x": {"mg": Decimal("2.50")}})
    echo.answer = HookAnswer((card,))
    assert b'"mg":2.50' in post(client, a_body()).data


def test_discovery_is_always_there(client):
    response = client.get("/cds-services", headers={"Accept": "application/json"})
    assert response.status_code == 200
    assert [service["id"] for service in response.get_json()["services"]] == ["echo"]


@pytest.mark.parametrize("kind", ["live", "ready"])
def test_health_is_told(client, kind):
    assert client.get(f"/health/{kind}").get_json()["status"] == kind


def test_logs_never_name_the_patient_nor_the_token(client, echo, capsys, caplog):
    stream = io.StringIO()
    configure_logging(stream)
    caplog.set_level(logging.DEBUG)
    call = a_call(
        context={"userId": "Practitioner/SECRET-USER", "patientId": "SECRET-PATIENT"},
        prefetch={"patient": {"resourceType": "Patient", "name": [{"text": "SECRET-NAME"}]}},
    )
    body = json.dumps(call).encode()
    answers = [echo.answer, ValueError("SECRET-PATIENT"), errors.DataNotAvailable(("patient",))]
    for answer in answers:
        echo.answer = answer
        post(client, body)
    post(client, body[:-3])
    lines = [json.loads(line) for line in stream.getvalue().splitlines()]
    events = [line["event"] for line in lines]
    assert events == ["hook_answered", "fault", "hook_refused", "hook_refused"]
    said = stream.getvalue() + caplog.text + "".join(capsys.readouterr())
    assert "SECRET" not in said


def test_an_attribute_that_is_not_on_the_list_is_dropped():
    stream = io.StringIO()
    configure_logging(stream)
    structlog.get_logger().info("hook_answered", patient="SECRET-PATIENT", status=200)
    (line,) = stream.getvalue().splitlines()
    assert set(msgspec.json.decode(line)) == {"event", "level", "timestamp", "status"}


LIBRARIES = ("authlib", "urllib3", "urllib3.connectionpool", "requests", "werkzeug")


@pytest.mark.parametrize("library", LIBRARIES)
def test_what_libraries_tell_of_addresses_is_not_written(library):
    configure_logging(io.StringIO())
    levels = (logging.DEBUG, logging.INFO, logging.WARNING, logging.ERROR)
    assert [logging.getLogger(library).isEnabledFor(level) for level in levels] == [False, False, False, True]


def a_record(level, *, exc_info=None):
    return logging.LogRecord("gunicorn", level, "x.py", 1, "Worker %d", (7,), exc_info)


def test_a_line_of_a_library_says_what_when_and_of_an_exception_its_type_alone():
    try:
        raise ValueError("SECRET-PATIENT")
    except ValueError as error:
        failed = (type(error), error, error.__traceback__)
    plain = msgspec.json.decode(JsonLines().format(a_record(logging.WARNING)))
    assert plain["timestamp"].endswith("Z")
    assert datetime.fromisoformat(plain.pop("timestamp")).tzinfo
    assert plain == {"event": "server", "said": "Worker 7", "level": "warning"}
    for nothing in (None, (None, None, None)):
        assert "error" not in msgspec.json.decode(
            JsonLines().format(a_record(logging.INFO, exc_info=nothing))
        )
    line = JsonLines().format(a_record(logging.ERROR, exc_info=failed))
    assert msgspec.json.decode(line)["error"] == "ValueError"
    assert "SECRET" not in line


@pytest.mark.parametrize("level", [logging.INFO, logging.WARNING])
def test_the_log_begins_at_the_level_that_is_named(level):
    configure_logging(stream := io.StringIO(), level)
    structlog.get_logger().info("hook_answered")
    structlog.get_logger().warning("hook_refused")
    said = [json.loads(line)["event"] for line in stream.getvalue().splitlines()]
    assert said == (["hook_answered", "hook_refused"] if level == logging.INFO else ["hook_refused"])
