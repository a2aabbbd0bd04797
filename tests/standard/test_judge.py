"""The judge over every answer bites: negative controls through both doors, and what it must let pass."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.answer_validator import JUDGE, check
from tests.standard.calls import a_call
from tests.standard.malformed_answers import BAD, GOOD, app_saying

ROOT = Path(__file__).parents[2]
REFUSAL = (
    b'{"resourceType":"OperationOutcome","issue":[{"severity":"error","code":"login","diagnostics":"no"}]}'
)


def judged(path, body, status=200, method="POST", content_type="application/json"):
    return check(method, path, status, content_type, body)


def test_a_test_that_asserts_nothing_fails_when_it_received_a_malformed_answer():
    command = [sys.executable, "-m", "pytest", "-q", "-n", "0", "-p", "no:cacheprovider", "--no-header"]
    case = "tests/standard/malformed_answers.py"
    done = subprocess.run([*command, case], cwd=ROOT, capture_output=True, text=True, timeout=120)
    assert done.returncode == 1
    assert re.search(rf"{2 * len(BAD) + 1} failed, 3 passed", done.stdout), done.stdout


def test_what_was_wrong_is_said_once_and_in_words():
    with JUDGE.overheard() as faults:
        app_saying(BAD["indicator-unknown"]).test_client().post("/cds-services/echo", json=a_call())
    (fault,) = faults
    assert fault.startswith("POST /cds-services/echo 200: response: $.cards[0].indicator 'hard-stop'")


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b'{"cards": [],}', "strict JSON"),
        (b'{"cards": [], "cards": []}', "written twice"),
        (b'{"cards": [], "extension": {"x": NaN}}', "NaN"),
        (b'{"cards": null}', "None is not of type"),
        (b'{"cards": [], "systemActions": []}', "systemActions"),
        (b"[]", "response"),
        (b"{}", "'cards' is a required property"),
    ],
)
def test_what_is_no_good_answer_is_heard(body, said):
    assert said in "; ".join(judged("/cds-services/x", body))


@pytest.mark.parametrize(
    ("path", "status", "body"),
    [
        ("/cds-services/x", 400, b'{"error": "no"}'),
        ("/cds-services/x", 500, b'{"cards": []}'),
        ("/cds-services", 401, b'{"resourceType": "OperationOutcome", "issue": []}'),
        ("/cds-services/x/feedback", 400, b"{}"),
        ("/cds-services/x/feedback", 200, b"{}"),
        ("/elsewhere", 404, b'{"resourceType": "OperationOutcome", "issue": [{"severity": "bad"}]}'),
        ("/cds-services", 200, b'{"services": [{"id": "x", "hook": "y"}]}'),
    ],
)
def test_what_is_no_good_refusal_or_discovery_is_heard(path, status, body):
    assert judged(path, body, status)


def test_an_answer_that_is_not_declared_as_json_is_heard():
    assert judged("/cds-services/x", b'{"cards": []}', content_type="text/html")


@pytest.mark.parametrize(
    ("method", "path", "status", "body"),
    [
        ("POST", "/cds-services/x", 200, b'{"cards": []}'),
        ("GET", "/cds-services", 200, b'{"services": []}'),
        ("POST", "/cds-services/x/feedback", 200, b""),
        ("POST", "/cds-services/x", 401, REFUSAL),
        ("OPTIONS", "/cds-services/x", 204, b""),
        ("HEAD", "/cds-services", 200, b""),
        ("GET", "/health/live", 200, b'{"status": "live"}'),
        ("GET", "/docs", 200, b"<p>An OperationOutcome is ...</p>"),
    ],
)
def test_what_is_good_passes(method, path, status, body):
    assert judged(path, body, status, method) == []


def test_a_good_card_passes_whole():
    with JUDGE.overheard() as faults:
        app_saying(GOOD).test_client().post("/cds-services/echo", json=a_call())
    assert faults == []


def test_a_null_within_an_array_of_fhir_stays():
    action = b'{"type":"create","description":"x","resource":{"resourceType":"Task","x":[null,"y"]}}'
    card = b'{"summary":"s","indicator":"info","source":{"label":"l"},"selectionBehavior":"any"'
    body = b'{"cards":[' + card + b',"suggestions":[{"label":"l","actions":[' + action + b"]}]}]}"
    assert judged("/cds-services/x", body) == []
    assert judged("/cds-services/x", body.replace(b"null", b'""'))
