"""Absolute references mean exactly their address: every spelling of the own server, and of others."""

import pytest

from fhir_mappings.readers.reference_addresses import NOWHERE, Home, server_of, shared_server
from tests.mapping.charts import HERE

OWN = [
    "https://ehr.example/fhir",
    "https://ehr.example/fhir/",
    "https://EHR.Example/fhir",
    "HTTPS://ehr.example/fhir",
    "https://ehr.example:443/fhir",
    "http://ehr.example/fhir",
    "http://ehr.example:80/fhir",
]
OTHERS = [
    "https://other.hospital/fhir",
    "https://ehr.example",
    "https://ehr.example/fhir/r4",
    "https://ehr.example/FHIR",
    "https://ehr.example/fhirx",
    "https://ehr.example:8443/fhir",
    "https://ehr.example:80/fhir",
    "https://ehr.example.evil.example/fhir",
]
NO_ADDRESSES = [
    "",
    "ftp://ehr.example/fhir",
    "https://user@ehr.example/fhir",
    "https://ehr.example\\@evil.example/fhir",
    "https://ehr.example/x/../fhir",
    "https://ehr.example/./fhir",
    "https://ehr.example/%66hir",
    "https://ehr.example//fhir",
    "https://evil.example/https://ehr.example/fhir",
    "https://ehr.example/fhir;x",
    "https://ehr.example/fhir?x=1",
    "https://ehr.example/fhir#x",
    "https://ehr .example/fhir",
    "https://ehr.example./fhir",
    "https://ehr.example:443:443/fhir",
    "https://ehr.example:x/fhir",
    "https://\u0435hr.example/fhir",
    "https:///fhir",
    "https://",
]


@pytest.mark.parametrize("base", OWN)
def test_the_own_server_is_known_in_every_spelling(base: str) -> None:
    assert server_of(base) == "ehr.example/fhir"
    assert HERE.name(f"{base.rstrip('/')}/Patient/p1") == "Patient/p1"
    assert HERE.name(f"{base.rstrip('/')}/Patient/p1/_history/2") == "Patient/p1"
    assert HERE.name(f"{base.rstrip('/')}/Patient/p1/") == "Patient/p1"


@pytest.mark.parametrize("base", OTHERS)
def test_another_server_keeps_its_address(base: str) -> None:
    assert server_of(base) not in ("", "ehr.example/fhir")
    assert HERE.name(f"{base}/Patient/p1/_history/2") == f"https://{server_of(base)}/Patient/p1"


@pytest.mark.parametrize("base", NO_ADDRESSES)
def test_what_could_be_read_differently_is_no_servers_address(base: str) -> None:
    assert server_of(base) == ""
    if "://" in base:
        assert HERE.name(f"{base}/Patient/p1") == f"{base}/Patient/p1"


@pytest.mark.parametrize(
    "path", ["Patient", "Patient/", "patient/p1", "", "Patient?identifier=p1", "Patient/p1#x"]
)
def test_an_address_of_no_resource_is_left_as_it_stands(path: str) -> None:
    assert HERE.name(f"https://ehr.example/fhir/{path}") == f"https://ehr.example/fhir/{path}"


@pytest.mark.parametrize(
    "written", ["urn:uuid:1", "urn:oid:1.2", "#1", "#https://ehr.example/fhir/Patient/p1"]
)
def test_what_points_into_the_answer_itself_stays(written: str) -> None:
    assert HERE.name(written) == written


def test_where_no_address_is_known_nothing_absolute_is_the_own_servers_but_what_the_site_names() -> None:
    written = "https://ehr.example/fhir/ResearchStudy/s1/_history/1"
    assert NOWHERE.name(written) == "https://ehr.example/fhir/ResearchStudy/s1"
    assert NOWHERE.presumed_name(written) == "ResearchStudy/s1"
    assert NOWHERE.presumed_name("ResearchStudy/s1") == "ResearchStudy/s1"
    assert HERE.presumed_name(written) == "ResearchStudy/s1"
    assert Home(frozenset({"x"})).presumed_name(written) == "https://ehr.example/fhir/ResearchStudy/s1"


@pytest.mark.parametrize(
    ("subjects", "servers"),
    [
        ([], set()),
        (["urn:uuid:1", "#1"], set()),
        (["Patient/p1"], set()),
        (["https://a/fhir/Patient/p1"], {"a/fhir"}),
        (["https://a/fhir/Patient/p1/_history/1", "http://A/fhir/Patient/p2", "urn:uuid:1"], {"a/fhir"}),
        (["https://a/fhir/Patient/p1", "https://b/fhir/Patient/p1"], set()),
        (["https://a/fhir/Patient/p1", "Patient/p1"], set()),
        (["https://a/../fhir/Patient/p1"], set()),
    ],
)
def test_the_own_server_is_told_by_subjects_only_where_all_of_them_lie_on_one(
    subjects: list[str], servers: set[str]
) -> None:
    assert shared_server(subjects) == servers
