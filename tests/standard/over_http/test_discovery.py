"""Discovery over HTTP: what is offered, how it may be asked for, and templates that any client can run."""

import re

import pytest
import requests

from cds_service.cds_hooks.discovery import Catalogue
from cds_service.cds_hooks.prefetch import BadTemplate, check_template
from cds_service.cds_hooks.service import STANDARD_VERSION
from cds_service.chart.chart_queries import SERVICE_REQUESTS
from cds_service.demo.loopback import serve_on_loopback
from cds_service.web.wsgi_app import create_app
from fhir_mappings.clinical_model.known_unknown import Part
from tests.hook_calls import HOOKS
from tests.standard.over_http.hospital import DISCOVERY, NOBODY, Hospital, refusal, token_for
from tests.standard.tokens import BASE, NOW
from tests.web.doors import OPEN

PUBLISHED = {"patient-view": "1.0", "order-select": "1.0", "order-sign": "1.0"}
PUBLISHED |= {"encounter-start": "1.0", "problem-list-item-create": "0.1.0"}
NOUN_VERB = re.compile(r"[a-z]+(-[a-z]+)+")


@pytest.mark.ch("CH-009", "CH-010", "CH-021", "CH-001")
@pytest.mark.parametrize("accept", [None, "application/json", "*/*"])
def test_discovery_is_there_without_a_redirect(hospital: Hospital, accept: str | None) -> None:
    reply = hospital.send("GET", DISCOVERY, headers={"Accept": accept}, allow_redirects=False)
    assert reply.status_code == 200
    assert reply.headers["Content-Type"].startswith("application/json")
    assert isinstance(reply.json()["services"], list)


@pytest.mark.ch("CH-012", "CH-013", "CH-014", "CH-015", "CH-016", "CH-017", "CH-159")
def test_each_service_says_all_that_a_client_needs(hospital: Hospital) -> None:
    services = hospital.discover()
    assert {name: service["hook"] for name, service in services.items()} == HOOKS
    for service in services.values():
        assert NOUN_VERB.fullmatch(service["hook"])
        assert len(service["title"]) > 10
        assert len(service["description"]) > 20
        needs = service["usageRequirements"]
        assert "412" in needs
        assert ("context.draftOrders" in needs) is service["hook"].startswith("order-")
        assert ("context.conditions" in needs) is (service["hook"] == "problem-list-item-create")
        assert set(service["prefetch"]) == {part.value for part in Part} | {SERVICE_REQUESTS}


@pytest.mark.ch("CH-018", "CH-019")
def test_the_version_is_that_of_the_standard_and_no_hook_is_of_another_version(hospital: Hospital) -> None:
    for service in hospital.discover().values():
        assert service["version"] == STANDARD_VERSION == "2.0.1"
        assert service.get("hookVersion", PUBLISHED[service["hook"]]) == PUBLISHED[service["hook"]]


@pytest.mark.ch("CH-014", "CH-021", "CH-068")
@pytest.mark.parametrize("service", HOOKS)
def test_each_id_that_is_listed_is_routed(hospital: Hospital, service: str) -> None:
    assert service in hospital.discover()
    assert hospital.call(service, prefetch=NOBODY).status_code == 200


@pytest.mark.ch("CH-020")
def test_no_two_services_have_one_id(hospital: Hospital) -> None:
    listed = [service["id"] for service in hospital.send("GET", DISCOVERY).json()["services"]]
    assert len(listed) == len(set(listed)) == 6


@pytest.mark.ch("CH-011")
def test_a_server_without_services_says_so() -> None:
    app = create_app(Catalogue(()), OPEN, lambda: NOW, 1000, {"software": "1"})
    server = serve_on_loopback(lambda _: app.wsgi_app, 0)
    try:
        reply = requests.get(f"{server.base_url}{DISCOVERY}", timeout=5)
    finally:
        server.stop()
    assert (reply.status_code, reply.json()) == (200, {"services": []})


@pytest.mark.ch("CH-022", "CH-135", "CH-140")
@pytest.mark.parametrize(
    ("aud", "status"),
    [
        (f"{BASE}{DISCOVERY}", 200),
        ([f"{BASE}{DISCOVERY}", "https://else.example"], 200),
        (BASE, 401),
        (f"{BASE}{DISCOVERY}/", 401),
        (f"{BASE}{DISCOVERY}/aa-trial-titration", 401),
        ("", 401),
    ],
)
def test_discovery_wants_a_token_for_discovery(hospital: Hospital, aud: str, status: int) -> None:
    reply = hospital.send("GET", DISCOVERY, headers={"Authorization": token_for(aud)})
    assert reply.status_code == status
    assert hospital.send("GET", DISCOVERY, headers={"Authorization": None}).status_code == 401


@pytest.mark.ch("CH-023", "CH-071", "CH-072")
@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", f"{DISCOVERY}/aa-trial-titration"),
        ("PUT", f"{DISCOVERY}/aa-trial-titration"),
        ("DELETE", f"{DISCOVERY}/aa-trial-titration"),
        ("PATCH", f"{DISCOVERY}/aa-trial-titration"),
        ("POST", DISCOVERY),
    ],
)
def test_another_method_is_405_and_says_which_are_allowed(hospital: Hospital, method: str, path: str) -> None:
    reply = hospital.send(method, path)
    refusal(reply, 405)
    assert reply.headers["Allow"]


@pytest.mark.ch("CH-071", "CH-072")
@pytest.mark.parametrize("path", ["/cds-services/no-such", "/cds-services/", "/nowhere", "/cds-services//x"])
def test_what_is_not_there_is_404(hospital: Hospital, path: str) -> None:
    refusal(hospital.send("POST", path, json={}), 404)


# ---------------------------------------------------------------- templates

TOKEN = re.compile(r"\{\{(.*?)\}\}")
PARAMETERS = {"patient", "subject", "member", "_count"}


@pytest.mark.ch("CH-044", "CH-045", "CH-046", "CH-047", "CH-050", "CH-051", "CH-048", "CH-049")
def test_tokens_are_root_fields_of_the_context_and_nothing_newer(hospital: Hospital) -> None:
    for service in hospital.discover().values():
        for template in service["prefetch"].values():
            assert TOKEN.findall(template) == ["context.patientId"]
            assert template.count("{") == template.count("}") == 2
            assert "%" not in template


@pytest.mark.ch("CH-052", "CH-053", "CH-054")
def test_queries_stay_in_the_subset_that_every_server_runs(hospital: Hospital) -> None:
    for service in hospital.discover().values():
        for template in service["prefetch"].values():
            kind, _, query = template.partition("?")
            assert re.fullmatch(r"[A-Z][A-Za-z]+(/\{\{context\.patientId\}\})?", kind)
            names = [parameter.partition("=")[0] for parameter in query.split("&") if parameter]
            assert set(names) <= PARAMETERS


@pytest.mark.ch("CH-044", "CH-046", "CH-050", "CH-051", "CH-053")
@pytest.mark.parametrize(
    "template",
    [
        "Observation?patient={{context.draftOrders.subject}}",
        "Observation?patient={{userPractitionerId}}",
        "Observation?date=gt{{today() - 90 days}}",
        "{{%patient.id}}",
        "Observation?patient={{context.patientId}}&_include=Observation:subject",
        "Observation?patient={{context.patientId}}&_revinclude=Provenance:target",
        "Observation?patient.name={{context.patientId}}",
        "Observation?patient={{context.patientId}}&code:not=x",
        "Observation?patient={{context.patientId}}&_has:x=y",
        "Observation",
        "Observation?patient={{context.patientId}}&code=",
    ],
)
def test_a_template_outside_the_subset_cannot_be_built(template: str) -> None:
    with pytest.raises(BadTemplate):
        check_template("key", template)


@pytest.mark.ch("CH-055", "CH-042")
def test_the_queries_we_run_are_the_templates_filled_in(hospital: Hospital) -> None:
    service = hospital.discover()["aa-trial-titration"]
    hospital.cards(**hospital.access())
    asked = {path.removeprefix("/fhir/") for path in hospital.fhir.paths() if path.startswith("/fhir/")}
    run = {key: template for key, template in service["prefetch"].items() if key != SERVICE_REQUESTS}
    filled = {template.replace("{{context.patientId}}", "p1") for template in run.values()}
    assert asked == {*filled, "Medication/sirolimus"}
