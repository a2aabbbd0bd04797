"""Which addresses are ever called: exactly the configured ones, however a URL is dressed up."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cds_service.ehr.bases import NotAnAddress, find_base, read_base

ALLOWED = (read_base("https://ehr.example/fhir"), read_base("http://[::1]:8081/r4/"))


@pytest.mark.parametrize(
    ("given", "called"),
    [
        ("https://ehr.example/fhir", "https://ehr.example/fhir"),
        ("https://ehr.example/fhir/", "https://ehr.example/fhir"),
        ("https://EHR.Example:443/fhir", "https://ehr.example/fhir"),
        ("HTTPS://ehr.example/fhir", "https://ehr.example/fhir"),
        ("https://ehr.example/fhir/tenant-a", "https://ehr.example/fhir/tenant-a"),
        ("http://[0:0:0:0:0:0:0:1]:8081/r4", "http://[::1]:8081/r4"),
    ],
)
def test_an_allowed_base_is_called_in_its_normal_form(given, called):
    assert find_base(given, ALLOWED).url == called


@pytest.mark.parametrize(
    "given",
    [
        "http://ehr.example/fhir",
        "https://ehr.example:444/fhir",
        "https://ehr.example/fhirx",
        "https://ehr.example/FHIR",
        "https://ehr.example/",
        "https://ehr.example",
        "https://ehr.example.evil.example/fhir",
        "https://evil.example/fhir",
        "https://ehr.example@evil.example/fhir",
        "https://user:secret@ehr.example/fhir",
        "https://@ehr.example/fhir",
        "https://ehr.example\\@evil.example/fhir",
        "https://ehr.example/fhir/../admin",
        "https://ehr.example/x/../fhir",
        "https://ehr.example/fhir/./x",
        "https://ehr.example/fhir/%2e%2e/admin",
        "https://ehr.example/fhir/%252e%252e/admin",
        "https://ehr.example/fhir%2fx",
        "https://ehr.example//fhir",
        "https://ehr.example./fhir",
        "https://ehr.example/fhir?x=1",
        "https://ehr.example/fhir#x",
        "https://ehr.example/fhir\r\nHost: evil",
        " https://ehr.example/fhir",
        "https://ehr.exämple/fhir",
        "//ehr.example/fhir",
        "ehr.example/fhir",
        "file:///fhir",
        "https:///fhir",
        "https://ehr.example:0/fhir",
        "https://-ehr.example/fhir",
        "https://[fe80::1%eth0]/fhir",
        "https://ehr.example:port/fhir",
        "https://ehr.example:99999/fhir",
        "http://[::1]/r4",
        "http://[::2]:8081/r4",
        "http://[::1%25eth0]:8081/r4",
        "http://[::1:8081/r4",
        "http://2130706433:8081/r4",
        "http://169.254.169.254/latest/meta-data",
        "",
    ],
)
def test_any_other_address_is_never_called(given):
    assert find_base(given, ALLOWED) is None


@pytest.mark.parametrize(
    ("link", "called"),
    [
        ("https://ehr.example/fhir?_getpages=1&x=a%20b", "https://ehr.example/fhir?_getpages=1&x=a%20b"),
        ("https://ehr.example/fhir/Observation?page=2", "https://ehr.example/fhir/Observation?page=2"),
        ("Observation?page=2", "https://ehr.example/fhir/Observation?page=2"),
        ("?page=2", "https://ehr.example/fhir?page=2"),
        ("https://ehr.example/fhir/next", "https://ehr.example/fhir/next"),
    ],
)
def test_a_paging_link_within_the_base_is_followed(link, called):
    assert ALLOWED[0].link(link) == called


@pytest.mark.parametrize(
    "link",
    [
        "https://evil.example/fhir?page=2",
        "http://ehr.example/fhir?page=2",
        "//evil.example/fhir",
        "/admin",
        "../admin",
        "https://ehr.example/fhir/../admin?page=2",
        "javascript:alert(1)",
        "https://ehr.example/fhir\\..\\admin",
    ],
)
def test_a_paging_link_out_of_the_base_is_not_followed(link):
    with pytest.raises(NotAnAddress):
        ALLOWED[0].link(link)


def test_an_address_with_a_zone_or_a_broken_ipv6_address_is_no_base():
    for text in ("http://[fe80::1%25eth0]/fhir", "http://[fe80::1%eth0]/fhir", "http://[1::2::3]/fhir"):
        with pytest.raises(NotAnAddress):
            read_base(text)


@settings(deadline=None, max_examples=100)
@given(st.text(alphabet="ehr.xample/fhi:@\\?#%2e[]1 ", max_size=30))
def test_whatever_follows_the_scheme_only_the_allowed_server_is_called(rest):
    found = find_base(f"https://{rest}", ALLOWED)
    assert found is None or (found.host, found.port) == ("ehr.example", 443)
