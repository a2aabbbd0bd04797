"""Which addresses are ever called: exactly the configured ones, however a URL is dressed up."""

import posixpath
import unicodedata
from urllib.parse import unquote, urlsplit

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cds_service.fhir_client.base_url_allow_list import NotAnAddress, find_base, read_base

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
        ("https://ehr.example/fhir/a%20b", "https://ehr.example/fhir/a%20b"),
        ("https://ehr.example/fhir/%E4%B8%80%7C2", "https://ehr.example/fhir/%E4%B8%80%7C2"),
        ("https://ehr.example/fhir/a..b/...", "https://ehr.example/fhir/a..b/..."),
        ("https://ehr.example/fhir/page;session=1", "https://ehr.example/fhir/page;session=1"),
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
        "https://ehr.example/fhir/..;/admin",
        "https://ehr.example/fhir/..;x=1/admin",
        "https://ehr.example/fhir/.;/x",
        "https://ehr.example/fhir/;/x",
        "https://ehr.example/fhir/..%3b/admin",
        "https://ehr.example/fhir/%2e./admin",
        "https://ehr.example/fhir/%c0%ae%c0%ae/admin",
        "https://ehr.example/fhir/%e0%80%ae/admin",
        "https://ehr.example/fhir/%c0%af/admin",
        "https://ehr.example/fhir/%ff",
        "https://ehr.example/fhir/%ef%bc%8e%ef%bc%8e/admin",
        "https://ehr.example/fhir/%E2%80%A5/admin",
        "https://ehr.example/fhir/%u002e%u002e/admin",
        "https://ehr.example/fhir/%",
        "https://ehr.example/fhir/%2",
        "https://ehr.example/fhir/%zz",
        "https://ehr.example/%66hir",
        "https://ehr.example/fhir/%41",
        "https://ehr.example/fhir/%0d%0aHost:evil",
        "https://ehr.example/fhir/%c2%85",
        "https://ehr.example/fhir/%3Fx",
        "https://ehr.example/fhir/%23x",
        "https://ehr.example/fhir/%5cadmin",
        "https://ehr.example/fhir/%7Eroot",
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
        ("./Observation?page=2", "https://ehr.example/fhir/Observation?page=2"),
        ("?q=..;/%252e%2f%41", "https://ehr.example/fhir?q=..;/%252e%2f%41"),
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
        "..;/admin?page=2",
        "x/..;/..;/admin",
        "%2e%2e/admin",
        "?page=%",
        "?page=%zz",
        "https://ehr.example/fhir/..;/admin?page=2",
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


PIECES = st.sampled_from(
    [
        "..",
        ".",
        ";",
        "/",
        "%2e",
        "%2F",
        "%5c",
        "%25",
        "%c0%ae",
        "%ef%bc%8e",
        "%3b",
        "%61",
        "%",
        "a",
        "?",
        "%20",
    ]
)


def as_a_careless_server_reads(path):
    """Escapes undone again and again, wide forms made narrow, path parameters dropped, then dot segments."""
    for _ in range(4):
        path = unicodedata.normalize("NFKC", unquote(path)).replace("\\", "/")
    return posixpath.normpath("/".join(segment.partition(";")[0] for segment in path.split("/")))


@settings(deadline=None, max_examples=500)
@given(st.lists(PIECES, max_size=10).map("".join), st.booleans())
def test_whatever_follows_the_base_even_a_careless_server_stays_below_it(rest, is_link):
    try:
        called = ALLOWED[0].link(f"https://ehr.example/fhir/{rest}" if is_link else rest)
    except NotAnAddress:
        return
    read = as_a_careless_server_reads(urlsplit(called).path)
    assert read == "/fhir" or read.startswith("/fhir/")


@pytest.mark.parametrize(
    ("url", "open_wire"),
    [
        ("http://127.0.0.1:8081/fhir", False),
        ("http://[::1]:8081/fhir", False),
        ("http://localhost/fhir", False),
        ("http://127.0.0.2/fhir", True),
        ("http://localhost.example/fhir", True),
        ("http://ehr.example/fhir", True),
        ("https://ehr.example/fhir", False),
        ("https://localhost/fhir", False),
    ],
)
def test_only_this_computer_is_spoken_to_without_tls(url, open_wire):
    assert read_base(url).is_open_wire is open_wire
