"""What the mini-EHR sends: every manner of prefetch, its token, its grant, launches of apps, and judgement."""

import base64
import json
import re
from datetime import UTC, date, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import requests

from cds_service.demo.conformance import faults, faults_in_answer
from cds_service.demo.demo_client_key import DemoClientKey
from cds_service.demo.fhir_grant import Spec, grant
from cds_service.demo.json_http import JsonExchange, JsonHttp
from cds_service.demo.launches import MOST_KEPT, Launch, Launches, launch_address
from cds_service.demo.loopback import RunningServer, serve_on_loopback
from cds_service.demo.prefetch_modes import Prefetch, fill_prefetch, prefetch
from cds_service.demo.record_client import FhirClient
from tests.demo.cds_double import CdsDouble, card
from tests.demo.running import Demo

WHO = {"userId": "Practitioner/x", "patientId": "a"}
TEMPLATES = {
    "patient": "Patient/{{context.patientId}}",
    "observations": "Observation?patient={{context.patientId}}&_count=100",
    "conditions": "Condition?patient={{context.patientId}}",
    "visit": "Encounter/{{context.encounterId}}",
}


def _prefetch(fhir: RunningServer, how: Prefetch) -> dict[str, Any] | None:
    return prefetch(FhirClient(JsonHttp(), fhir.base_url), TEMPLATES, WHO, how)


def _entries(bundle: dict[str, Any]) -> int:
    return len(bundle["entry"])


def test_all_of_it(fhir: RunningServer) -> None:
    sent = _prefetch(fhir, Prefetch.ALL)
    assert sent
    assert set(sent) == {"patient", "observations", "conditions"}
    assert (_entries(sent["observations"]), _entries(sent["conditions"])) == (25, 0)


def test_none_of_it(fhir: RunningServer) -> None:
    assert _prefetch(fhir, Prefetch.NONE) is None


def test_every_other_key(fhir: RunningServer) -> None:
    sent = _prefetch(fhir, Prefetch.MIXED)
    assert sent
    assert set(sent) == {"patient", "conditions"}


def test_null_where_nothing_is_found(fhir: RunningServer) -> None:
    sent = _prefetch(fhir, Prefetch.NULL)
    assert sent
    assert sent["conditions"] is None
    assert _entries(sent["observations"]) == 25


def test_an_outcome_in_place_of_a_search(fhir: RunningServer) -> None:
    sent = _prefetch(fhir, Prefetch.OUTCOME)
    assert sent
    assert sent["observations"]["resourceType"] == "OperationOutcome"
    assert sent["patient"]["id"] == "a"


def test_the_first_page_with_a_link_to_the_next(fhir: RunningServer) -> None:
    sent = _prefetch(fhir, Prefetch.PAGED)
    assert sent
    assert _entries(sent["observations"]) == 10
    assert "next" in {link["relation"] for link in sent["observations"]["link"]}


@pytest.mark.parametrize(
    ("template", "query"),
    [
        ("Patient/{{context.patientId}}", "Patient/a"),
        ("Patient/{{ context.patientId }}", "Patient/a"),
        ("Practitioner/{{userPractitionerId}}", "Practitioner/x"),
        ("Observation?date=gt{{today()}}", "Observation?date=gt2024-09-13"),
        ("Observation?date=gt{{today() - 90 days}}", "Observation?date=gt2024-06-15"),
        ("Observation?date=lt{{today() + 1 day}}", "Observation?date=lt2024-09-14"),
        ("Encounter/{{context.encounterId}}", None),
        ("Patient/{{userPatientId}}", None),
        ("x?{{context.draftOrders.entry.resource.id}}", None),
        ("x?{{%patient.id}}", None),
    ],
)
def test_tokens_are_replaced_or_the_template_is_left_out(template: str, query: str | None) -> None:
    assert fill_prefetch(template, WHO, date(2024, 9, 13)) == query


def test_without_a_day_a_template_that_asks_for_one_is_left_out() -> None:
    assert fill_prefetch("Observation?date=gt{{today()}}", WHO) is None


def _headings(demo: Demo, patient: str, **cookies: str) -> list[str]:
    chosen = {f"ehr_{name}": value for name, value in cookies.items()}
    reply = requests.post(f"{demo.page}/patients/{patient}/hooks/patient-view", cookies=chosen, timeout=20)
    return re.findall("<h3[^>]*>(.*?)</h3>", reply.json()["html"])


@pytest.mark.parametrize("spec", Spec)
@pytest.mark.parametrize("how", Prefetch)
@pytest.mark.parametrize("patient", ["demo-08", "demo-14"])
def test_the_advice_is_the_same_in_every_manner(demo: Demo, patient: str, how: Prefetch, spec: Spec) -> None:
    usual = _headings(demo, patient)
    assert usual
    assert not any("No answer" in heading for heading in usual)
    assert _headings(demo, patient, prefetch=how.value, spec=spec.value) == usual


@pytest.mark.parametrize("signing", ["on", "off"])
def test_the_demo_s_service_answers_with_and_without_a_token(demo: Demo, signing: str) -> None:
    assert any("Increase" in heading for heading in _headings(demo, "demo-08", signing=signing))


def test_a_token_of_somebody_else_s_key_is_refused_and_said_to_be(demo: Demo) -> None:
    stranger = demo.servers.identity.__class__(DemoClientKey(), demo.servers.identity.client)
    page = demo.open_another(identity=stranger)
    reply = requests.post(f"{page}/patients/demo-08/hooks/patient-view", timeout=20).json()
    assert reply["ok"] is False
    assert "HTTP 401" in reply["html"]
    assert "This is not an all-clear" in reply["html"]


def test_the_head_of_a_token_names_its_key_and_where_the_keys_are() -> None:
    key, now = DemoClientKey(), datetime(2026, 3, 2, tzinfo=UTC)
    head = json.loads(
        base64.urlsafe_b64decode(key.token("i", "a", now, "http://ehr/jwks").split(".")[0] + "==")
    )
    assert head == {"alg": "ES384", "typ": "JWT", "kid": key.id, "jku": "http://ehr/jwks"}
    assert key.id != DemoClientKey().id


def test_no_private_part_of_the_key_is_published(demo: Demo) -> None:
    (key,) = requests.get(f"{demo.page}/.well-known/jwks.json", timeout=5).json()["keys"]
    assert set(key) == {"kty", "crv", "x", "y", "kid", "alg", "use", "key_ops"}


@pytest.mark.parametrize(
    ("spec", "scope"), [(Spec.STU2, "patient/Observation.read"), (Spec.BALLOT3, "patient/Observation.rs")]
)
def test_the_grant_is_short_for_one_patient_and_in_the_words_of_the_release(spec: Spec, scope: str) -> None:
    given = grant(TEMPLATES, WHO, spec)
    assert scope in given["scope"].split()
    assert given["patient"] == "a"
    assert given["expires_in"] <= 300
    assert given["access_token"] != grant(TEMPLATES, WHO, spec)["access_token"]


@pytest.mark.parametrize("is_own", [True, False])
def test_access_to_another_s_fhir_server_is_not_granted(demo: Demo, is_own: bool) -> None:
    double = CdsDouble()
    server = serve_on_loopback(lambda _: double.app().wsgi_app, 0)
    demo.up.callback(server.stop)
    page = demo.open_another(cds_base=server.base_url, **({} if is_own else {"reset": None}))
    requests.post(f"{page}/patients/demo-08/hooks/patient-view", timeout=20)
    (asked,) = double.asked
    assert ("fhirAuthorization" in asked) == is_own
    assert faults(asked, "request") == ()


def test_the_developer_panel_shows_the_request_but_not_the_token(demo: Demo) -> None:
    reply = requests.post(f"{demo.page}/patients/demo-08/hooks/patient-view", timeout=20).json()
    numbers = re.findall(r'data-exchange="(\d+)"', reply["exchanges"])
    shown = [requests.get(f"{demo.page}/exchanges/{number}", timeout=5).json() for number in numbers]
    assert len(shown) == 3
    assert json.loads(shown[1]["request"].split("\n\n", 1)[1])["fhirAuthorization"]["access_token"] == "…"
    assert '"cards"' in shown[1]["response"]
    assert "Bearer ey" not in json.dumps(shown)
    assert reply["exchanges"].count("conforms") == 3
    assert '<span class="tag info">speaks 2.0.1</span>' in reply["exchanges"]
    other = {"ehr_spec": "3.0-ballot"}
    reply = requests.post(
        f"{demo.page}/patients/demo-08/hooks/patient-view", cookies=other, timeout=20
    ).json()
    assert '<span class="tag unknown">speaks 2.0.1</span>' in reply["exchanges"]


def test_every_answer_of_the_service_is_judged_and_found_good(demo: Demo) -> None:
    for number in range(1, 21):
        reply = requests.post(f"{demo.page}/patients/demo-{number:02}/hooks/patient-view", timeout=20).json()
        assert "tag critical" not in reply["exchanges"], reply["exchanges"]
        assert reply["exchanges"].count("conforms") == 3


def test_a_bad_answer_is_found_bad() -> None:
    good = {"cards": [card("info")]}
    bad = {"cards": [card("hard-stop", suggestions=[])]}
    assert faults(good, "response") == ()
    assert any("indicator" in fault for fault in faults(bad, "response"))
    assert faults_in_answer(JsonExchange("GET", "u", None, 200, "", 1, None), "discovery") != ()
    assert faults_in_answer(JsonExchange("GET", "u", None, 500, "", 1, None), "discovery") == ()


def test_a_smart_link_is_launched_from_the_record(demo: Demo) -> None:
    double = CdsDouble()
    link = {"label": "Explain", "url": "https://app.example/launch?x=1", "type": "smart", "appContext": "c"}
    double.answers["s-patient-view"] = {"cards": [card("info", uuid="u-smart", links=[link])]}
    server = serve_on_loopback(lambda _: double.app().wsgi_app, 0)
    demo.up.callback(server.stop)
    page = demo.open_another(cds_base=server.base_url)
    html = requests.post(f"{page}/patients/demo-08/hooks/patient-view", timeout=20).json()["html"]
    assert 'href="/cards/u-smart/links/0"' in html
    reply = requests.get(f"{page}/cards/u-smart/links/0", timeout=5, allow_redirects=False)
    query = parse_qs(urlsplit(reply.headers["Location"]).query)
    assert query["iss"] == [demo.fhir.base_url]
    assert query["x"] == ["1"]
    assert "demo-08" not in query["launch"][0]
    opened = demo.servers.identity.client.launches.redeem(query["launch"][0])
    assert opened == Launch("demo-08", "Practitioner/demo-investigator", "c")
    assert requests.get(f"{page}/cards/u-smart/links/1", timeout=5).status_code == 404


def test_a_launch_is_redeemed_once_for_what_it_was_opened_for() -> None:
    launches = Launches()
    key = launches.launch_id("p", "Practitioner/x", "context")
    opened = launches.redeem(key)
    assert opened
    assert (opened.patient, opened.user, opened.app_context) == ("p", "Practitioner/x", "context")
    assert launches.redeem(key) is None
    assert launches.redeem("guessed") is None


def test_launches_that_nobody_redeems_are_forgotten() -> None:
    launches = Launches()
    keys = [launches.launch_id("p", "u", None) for _ in range(MOST_KEPT + 1)]
    assert launches.redeem(keys[0]) is None
    assert launches.redeem(keys[1]) is not None


@pytest.mark.parametrize(
    ("app", "address"),
    [
        ("https://a.example/l", "https://a.example/l?iss=http%3A%2F%2Ff%2Ffhir&launch=k"),
        ("https://a.example/l?x=#f", "https://a.example/l?x=&iss=http%3A%2F%2Ff%2Ffhir&launch=k#f"),
    ],
)
def test_a_launch_address_keeps_what_the_app_s_own_address_holds(app: str, address: str) -> None:
    assert launch_address(app, "http://f/fhir", "k") == address


def test_a_token_is_valid_for_minutes_only() -> None:
    now = datetime(2026, 3, 2, tzinfo=UTC)
    claims = json.loads(
        base64.urlsafe_b64decode(DemoClientKey().token("i", "a", now, "j").split(".")[1] + "==")
    )
    assert claims["exp"] - claims["iat"] <= timedelta(minutes=5).total_seconds()
    assert claims["aud"] == "a"
