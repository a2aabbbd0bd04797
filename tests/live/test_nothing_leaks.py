"""After a whole run of calls of every kind, good and bad, nothing planted stands in any log, error, metric or row.

A real gunicorn with JWT and audit on, on both databases; its FHIR server is a real one, too.
"""

import json
import re
from itertools import count
from pathlib import Path

import jwt
import pytest

from cds_service.audit.database import connect
from fhir_mappings.clinical_model.known_unknown import Part
from tests.audit.conftest import pg, pg_url
from tests.audit.rows import everything
from tests.fhir_client.charts import CHART, MEDICATION, TYPES
from tests.fhir_client.stub import drips, running, says, searchset
from tests.hook_calls import HOOKS
from tests.installation import A_KEY
from tests.live.service import a_free_port, serving
from tests.live.test_metrics import page
from tests.load.hospital import BASE, ehrs, write_site
from tests.standard.calls import PATIENT, a_call, authorization, context_of

__all__ = ["pg", "pg_url"]

MRN, NAME, USER = "PLANTED-MRN-7", "PLANTED-NAME", "PLANTED-USER"
ACCESS, COMMENT, KEY = "PLANTED-ACCESS-TOKEN", "PLANTED-COMMENT", f"PLANTED-KEY-{A_KEY}"
VALUE = "3.1737"
PLANTED = ("PLANTED", VALUE)
TITRATION = "aa-trial-titration"
_numbers = count()


def chart():
    """The usual chart with everything in it that must not get out."""
    text = json.dumps({part.value: resource for part, resource in CHART.items()})
    text = text.replace(f'"{PATIENT}"', f'"{MRN}"').replace(f"Patient/{PATIENT}", f"Patient/{MRN}")
    found = json.loads(text.replace("3.1", VALUE))
    found["patient"]["name"] = [{"text": NAME, "family": NAME}]
    found["observations"]["id"] = f"lab-{MRN}"
    assert VALUE in json.dumps(found)
    return found


def prefetch_of(found):
    bundles = {key: searchset(resource) for key, resource in found.items()}
    bundles["medicationRequests"] = searchset(found["medicationRequests"], MEDICATION)
    return bundles | {"patient": found["patient"]}


class Run:
    """Calls of one EHR; `errors` are the bodies and headers of everything but cards."""

    def __init__(self, service, ehr, fhir):
        self.service, self.ehr, self.fhir = service, ehr, fhir
        self.tokens, self.errors, self.statuses, self.cards = [], "", set(), []

    def token(self, service=TITRATION):
        self.tokens.append(self.ehr.token(service))
        return self.tokens[-1]

    def post(self, body, path=TITRATION, **headers):
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        sent = {"Authorization": self.token(path.partition("/")[0]), **headers}
        return self.keep(*self.service.ask(f"/cds-services/{path}", content, **sent))

    def keep(self, status, headers, body):
        self.statuses.add(status)
        self.errors += json.dumps(dict(headers))
        if status == 200 and b'"cards"' in body:
            self.cards += json.loads(body)["cards"]
        else:
            self.errors += body.decode()
        return status

    def call(self, service=TITRATION, **members):
        instance = f"d1577c69-dfbe-44ad-ba6d-{next(_numbers):012d}"
        context = {**context_of(HOOKS[service]), "patientId": MRN, "userId": f"Practitioner/{USER}"}
        return a_call(HOOKS[service], **{"context": context, "hookInstance": instance, **members})

    def access(self):
        return {
            "fhirServer": self.fhir.base,
            "fhirAuthorization": authorization(scope="user/*.rs", access_token=ACCESS, patient=MRN),
        }


def good_calls(run, prefetch):
    for service in HOOKS:
        assert run.post(run.call(service, prefetch=prefetch), service) == 200
    assert run.post(run.call(**run.access())) == 200
    assert run.service.ask("/health/ready")[0] == 200
    card = run.cards[0]["uuid"]
    for reaction in (
        {"card": card, "outcome": "overridden", "overrideReason": {"userComment": COMMENT}},
        {"card": NAME, "outcome": "overridden", "overrideReason": {"userComment": COMMENT}},
        {"card": card, "outcome": "overridden", "overrideReason": {"reason": {"code": NAME, "system": NAME}}},
    ):
        batch = {"feedback": [{**reaction, "outcomeTimestamp": "2026-03-02T01:00:00Z"}]}
        assert run.post(batch, f"{TITRATION}/feedback") in (200, 400)


def bad_calls(run, prefetch):
    whole = run.call(prefetch=prefetch, **run.access())
    assert run.post(run.call(prefetch={})) == 412
    assert run.post(json.dumps(whole).encode()[:-5]) == 400
    assert run.post({**whole, "hook": NAME}) == 400
    assert run.post({**whole, "context": {**whole["context"], "patientId": f"{NAME} {MRN}"}}) == 400
    assert run.post({**whole, "fhirAuthorization": {**whole["fhirAuthorization"], "patient": NAME}}) == 400
    assert run.post({**whole, "fhirAuthorization": {"access_token": f"{ACCESS} two words"}}) == 400
    assert run.post({"feedback": [{"card": MRN, "outcome": NAME}]}, f"{TITRATION}/feedback") == 400
    assert run.post(whole, NAME) == 404
    assert run.post(whole, Content_Type=f"text/{NAME}") == 415
    assert run.post(b" " * 300_000) == 413
    assert run.post(b'{"x":' * 50_000) == 400
    for header in (
        f"Bearer {NAME}",
        f"Basic {ACCESS}",
        run.token("other"),
        f"{run.token()}x",
        "Bearer a.b.c",
    ):
        assert run.post(whole, Authorization=header) == 401
    assert run.post(whole, Authorization=run.tokens[0]) == 401  # used before
    named = {"X-Request-ID": f"{NAME} {MRN}", "X-Forwarded-For": MRN, "Origin": f"https://{NAME}.example"}
    run.post(whole, **named)
    for path in (f"/Patient/{MRN}", f"/cds-services?patient={MRN}", f"/{NAME}/../x"):
        run.keep(*run.service.ask(path, Authorization=f"Bearer {ACCESS}"))


def malformed(run):
    """What is not even a request."""
    for request in (
        f"GET /{MRN} HTTP/{NAME}\r\n\r\n",
        f"{NAME} {MRN}\r\n\r\n",
        f"GET / HTTP/1.1\r\n{NAME} {MRN}: x\r\n\r\n",
        f"GET / HTTP/1.1\r\nAuthorization: Bearer {ACCESS}\x00\r\n\r\n",
        f"POST / HTTP/1.1\r\nTransfer-Encoding: {NAME}\r\n\r\n",
        f"GET /{MRN * 700} HTTP/1.1\r\n\r\n",
        f"GET / HTTP/1.1\r\nX: {NAME * 2000}\r\n\r\n",
        f"POST /cds-services/{TITRATION} HTTP/1.1\r\nContent-Length: 9999\r\n\r\n{NAME}",
    ):
        run.errors += run.service.raw(request.encode()).decode()


def faults_of_the_ehr(run, found):
    good = dict(run.fhir.answers)
    for path in ("Observation", "Condition"):
        for answer in (
            says({"resourceType": "OperationOutcome", "issue": [{"diagnostics": NAME}]}, status=500),
            says(f'{{"{NAME}": {VALUE}'.encode()),
            says(f"<html>{NAME}</html>".encode(), content_type="text/html"),
            drips(f'{{"{NAME}"'.encode() + b" " * 500, 0.05),
            says(b"", status=302, Location=f"http://127.0.0.2:9/{MRN}"),
            says(searchset(found["observations"], next_link=f"http://127.0.0.2:9/Patient/{MRN}")),
        ):
            run.fhir.answers[f"/fhir/{path}"] = answer
            assert run.post(run.call(**run.access())) in (200, 412)
        run.fhir.answers.update(good)


@pytest.fixture
def fhir():
    found = chart()
    with running() as stub:
        stub.gives(f"Patient/{MRN}", found["patient"])
        for part in CHART:
            if part is not Part.PATIENT:
                stub.gives(TYPES[part], searchset(found[part.value]))
        stub.gives("Medication/sirolimus", MEDICATION)
        yield stub


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request, tmp_path):
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'store.sqlite3'}"
    return request.getfixturevalue("pg_url")


def test_nothing_planted_gets_out(url, fhir, tmp_path, request):
    (ehr,) = ehrs(1)
    site = write_site(tmp_path, [ehr])
    with site.open("a") as file:
        file.write(f'\n[[fhir_servers]]\nbase = "{fhir.base}"\n')
    metrics = a_free_port()
    settings = {
        "CLIENT_AUTHENTICATION": "jwt",
        "DATABASE_URL": url,
        "FETCH_SECONDS": "0.5",
        "MAX_BODY_BYTES": "290000",
        "METRICS_PORT": str(metrics),
        "PSEUDONYM_KEY": KEY,
        "PUBLIC_BASE_URL": BASE,
        "REQUEST_SECONDS": "1",
        "SITE_FILE": str(site),
    }
    found = chart()
    with serving(tmp_path, **settings) as service:
        run = Run(service, ehr, fhir)
        good_calls(run, prefetch_of(found))
        bad_calls(run, prefetch_of(found))
        malformed(run)
        faults_of_the_ehr(run, found)
        counted = str(page(metrics))
        remembered = _everything_in(url)
        raw = _bytes_of(tmp_path)
    log = service.log.read_text()

    assert {200, 400, 401, 404, 412, 413, 415} <= run.statuses
    assert VALUE in json.dumps(run.cards)  # the clinician sees it: the run was no empty one
    assert {f"Bearer {ACCESS}"} == {headers["Authorization"] for _, headers in fhir.asked}
    for place, text in {
        "log": log,
        "errors": run.errors,
        "metrics": counted,
        "rows": remembered,
        "files": raw,
        "log of PostgreSQL": _log_of_postgres(request),
    }.items():
        assert not [planted for planted in PLANTED if planted in text], place
        assert not [part for token in run.tokens for part in _secrets_in(token) if part in text], place
    assert len(remembered) > 10_000
    assert log.count("request_id") > 40
    assert "hmac-" in remembered  # the laboratory's own id had the patient's in it


def _secrets_in(token):
    """Payload and signature of a token, and its id; its header is the same for all and no secret."""
    text = token.removeprefix("Bearer ")
    claims = jwt.decode(text, options={"verify_signature": False})
    return (*text.split(".")[1:], claims["jti"])


def _everything_in(url):
    engine = connect(url)
    try:
        return everything(engine)
    finally:
        engine.dispose()


def _bytes_of(folder: Path) -> str:
    """The files of SQLite as they lie on the disk, the write-ahead log as well."""
    return "".join(path.read_bytes().decode("latin-1") for path in folder.glob("store.sqlite3*"))


def _log_of_postgres(request):
    if "pg" not in request.fixturenames and "postgresql" not in request.node.name:
        return ""
    return (request.getfixturevalue("pg").folder / "log").read_text(errors="replace")


def test_the_search_finds_what_is_there():
    text = json.dumps(chart())
    assert all(planted in text for planted in PLANTED)
    (ehr,) = ehrs(1)
    token = ehr.token(TITRATION)
    assert all(part in token for part in _secrets_in(token)[:2])
    assert re.fullmatch(r"[0-9a-f-]{36}", _secrets_in(token)[2])
