"""The demo's FHIR server answers exactly what was asked, or says that it cannot."""

import socket

import pytest
import requests

from cds_service.demo.fhir_server import start_fhir_server
from cds_service.demo.loopback import RunningServer
from tests.demo.asking import get, ids, outcome

# ---------------------------------------------------------------- search


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("AdverseEvent?subject=Patient/a", {"a-e"}),
        ("AdverseEvent?subject=Patient/nobody", set()),
        ("QuestionnaireResponse?patient=a", {"a-q"}),
        ("QuestionnaireResponse?patient=Patient/b&questionnaire=urn:x", {"b-q"}),
        ("QuestionnaireResponse?patient=b&questionnaire=urn:y", set()),
        ("ResearchSubject?patient=b", {"b-r"}),
        ("ResearchSubject?patient=b&status=withdrawn", set()),
        ("Observation?patient=a&date=ge2026-01-25", {"a-o24"}),
        ("Observation?patient=a&date=lt2026-01-02", {"a-o0"}),
        ("Observation?patient=b&code=http://loinc.org|718-7&_count=1&_sort=-date", {"b-o24"}),
        ("Observation?patient=a&code=718-7,777-3&date=2026-01-03", {"a-o2"}),
        ("Patient?_id=a", {"a"}),
        ("Consent?patient=a", set()),
    ],
)
def test_a_search_finds_what_matches_and_nothing_else(
    fhir: RunningServer, query: str, found: set[str]
) -> None:
    assert ids(get(fhir, query)) == found


CHART = (
    "Condition MedicationRequest MedicationDispense MedicationAdministration MedicationStatement Procedure "
    "AllergyIntolerance Consent QuestionnaireResponse ResearchSubject Observation"
)


@pytest.mark.parametrize("kind", CHART.split())
def test_every_part_of_a_chart_can_be_searched_by_patient(fhir: RunningServer, kind: str) -> None:
    found = get(fhir, f"{kind}?patient=a&_count=200").json().get("entry", [])
    for entry in found:
        resource = entry["resource"]
        assert (resource.get("subject") or resource.get("individual"))["reference"] == "Patient/a"


@pytest.mark.parametrize(
    "query",
    [
        "Observation?patient=a&colour=red",
        "ResearchSubject?subject=Patient/a",
        "Observation?patient:strange=a",
        "Observation?patient=",
        "Observation?patient=a&_contained=true",
        "Observation?patient=a&_include=Observation:nothing",
        "Observation?patient=a&_sort=colour",
        "Observation?patient=a&_count=many",
        "Observation?patient=a&_count=-1",
        "Observation?patient=a&_offset=x",
        "Observation?patient=a&date=soon",
        "Observation?patient=a&_filter=x",
    ],
)
def test_a_search_that_would_not_be_honoured_is_an_error_and_never_ignored(
    fhir: RunningServer, query: str
) -> None:
    reply = get(fhir, query)
    assert reply.status_code == 400
    assert outcome(reply)


def test_pages_hold_everything_once_and_end(fhir: RunningServer) -> None:
    url, seen, pages = f"{fhir.base_url}/Observation?patient=a&_count=10", [], 0
    while url:
        page = requests.get(url, timeout=5).json()
        assert page["total"] == 25
        seen += [entry["resource"]["id"] for entry in page["entry"]]
        url = next((link["url"] for link in page["link"] if link["relation"] == "next"), "")
        pages += 1
    assert pages == 3
    assert sorted(seen) == sorted({f"a-o{number}" for number in range(25)})


def test_a_search_posted_as_a_form_finds_the_same(fhir: RunningServer) -> None:
    posted = requests.post(
        f"{fhir.base_url}/Observation/_search",
        data={"_count": "100", "patient": "b"},
        headers={"Accept": "application/json+fhir"},
        timeout=5,
    )
    assert ids(posted) == ids(get(fhir, "Observation?patient=b&_count=100"))
    assert len(ids(posted)) == 25


def test_a_posted_search_with_an_unknown_parameter_is_an_error(fhir: RunningServer) -> None:
    reply = requests.post(f"{fhir.base_url}/ResearchSubject/_search", data={"colour": "red"}, timeout=5)
    assert reply.status_code == 400


# ---------------------------------------------------------------- reading, metadata, formats


def test_metadata_names_the_version_and_what_can_be_searched(fhir: RunningServer) -> None:
    statement = get(fhir, "metadata").json()
    assert statement["fhirVersion"] == "4.0.1"
    assert "synthetic" in statement["implementation"]["description"]
    types = {r["type"]: {p["name"] for p in r["searchParam"]} for r in statement["rest"][0]["resource"]}
    assert {"patient", "study", "status"} <= types["ResearchSubject"]
    assert "subject" in types["AdverseEvent"]


def test_every_parameter_that_metadata_promises_is_understood(fhir: RunningServer) -> None:
    values = {"date": "2026-01-01", "number": "1", "reference": "Patient/a"}
    for resource in get(fhir, "metadata").json()["rest"][0]["resource"]:
        for parameter in resource["searchParam"]:
            query = f"{resource['type']}?{parameter['name']}={values.get(parameter['type'], 'x')}"
            assert get(fhir, query).status_code == 200, query


@pytest.mark.parametrize(
    "accept",
    ["application/fhir+json", "application/json+fhir", "application/json", "*/*", "application/*, text/html"],
)
def test_json_by_any_of_its_names_is_acceptable(fhir: RunningServer, accept: str) -> None:
    reply = get(fhir, "Patient/a", Accept=accept)
    assert reply.status_code == 200
    assert reply.headers["Content-Type"].startswith("application/fhir+json")


def test_xml_is_refused_and_not_faked(fhir: RunningServer) -> None:
    assert get(fhir, "Patient/a", Accept="application/fhir+xml").status_code == 406
    assert get(fhir, "Patient/a?_format=xml").status_code == 406


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("Patient/nobody", 404),
        ("Spaceship/1", 404),
        ("Spaceship?name=x", 404),
        ("Endpoint?status=active", 404),
    ],
)
def test_what_is_not_there_is_an_outcome(fhir: RunningServer, path: str, status: int) -> None:
    reply = get(fhir, path)
    assert reply.status_code == status
    assert outcome(reply)


def test_an_address_or_a_method_that_is_not_there_is_an_outcome(fhir: RunningServer) -> None:
    for method, path, status in (("GET", "a/b/c/d", 404), ("PATCH", "Patient/a", 405)):
        reply = requests.request(method, f"{fhir.base_url}/{path}", timeout=5)
        assert reply.status_code == status
        assert outcome(reply)


def test_every_answer_says_that_the_data_are_synthetic(fhir: RunningServer) -> None:
    for path in ("metadata", "Patient/a", "Patient/nobody"):
        assert "synthetic" in get(fhir, path).headers["X-Demo-Notice"]


# ---------------------------------------------------------------- whom it answers


@pytest.mark.parametrize("host", ["evil.example", "evil.example:{port}", "127.0.0.1", "127.0.0.1:1", ""])
def test_only_loopback_names_with_our_own_port_are_answered(fhir: RunningServer, host: str) -> None:
    reply = get(fhir, "Patient/a", Host=host.format(port=fhir.port))
    assert reply.status_code == 421
    assert "Patient/a" not in reply.text


def test_localhost_is_us_too(fhir: RunningServer) -> None:
    assert get(fhir, "Patient/a", Host=f"localhost:{fhir.port}").status_code == 200


@pytest.mark.parametrize("origin", ["https://evil.example", "null", "http://127.0.0.1:9", "http://localhost"])
@pytest.mark.parametrize("method", ["GET", "POST", "OPTIONS"])
def test_a_foreign_page_is_refused_before_anything_happens(
    fhir: RunningServer, method: str, origin: str
) -> None:
    reply = requests.request(
        method, f"{fhir.base_url}/Patient", headers={"Origin": origin}, data="{}", timeout=5
    )
    assert reply.status_code == 403
    assert "Access-Control-Allow-Origin" not in reply.headers


@pytest.mark.parametrize("origin", ["http://127.0.0.1:8080", "http://localhost:8080"])
def test_the_demos_own_pages_may_ask(fhir: RunningServer, origin: str) -> None:
    asked = requests.options(
        f"{fhir.base_url}/Patient/a",
        headers={"Origin": origin, "Access-Control-Request-Method": "GET"},
        timeout=5,
    )
    assert asked.headers["Access-Control-Allow-Origin"] == origin
    assert "Authorization" in asked.headers["Access-Control-Allow-Headers"]
    assert get(fhir, "Patient/a", Origin=origin).headers["Access-Control-Allow-Origin"] == origin


def test_it_listens_on_the_loopback_address_and_nowhere_else(fhir: RunningServer) -> None:
    assert fhir.base_url == f"http://127.0.0.1:{fhir.port}/fhir"
    with socket.socket() as probe:
        assert probe.connect_ex(("127.0.0.1", fhir.port)) == 0
    with socket.socket() as probe:  # 127.0.0.2 is this computer too, but not the address we bound
        assert probe.connect_ex(("127.0.0.2", fhir.port)) != 0


# ---------------------------------------------------------------- starting and stopping


def test_a_stopped_server_answers_no_more_and_gives_its_port_back() -> None:
    first = start_fhir_server(({"resourceType": "Patient", "id": "a"},))
    first.stop()
    with pytest.raises(requests.ConnectionError):
        get(first, "Patient/a")
    second = start_fhir_server((), first.port)
    assert get(second, "Patient/a").status_code == 404  # nothing is kept
    second.stop()


def test_a_taken_port_is_an_error_at_once(fhir: RunningServer) -> None:
    with pytest.raises(OSError, match="in use"):
        start_fhir_server((), fhir.port)
