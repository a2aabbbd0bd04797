"""Settings of the server itself: limits, patience, metrics, and the web pages that may read answers."""

import pytest

from cds_service.settings.environment import BadSettings, read_settings
from cds_service.settings.site_file import BadSite, read_site
from tests.installation import A_KEY
from tests.standard.tokens import jwk, jwk_set

CLIENT = "[[trusted_clients]]\niss = 'https://ehr.example'\njwks_file = 'ehr.json'\n"


@pytest.fixture
def site_file(tmp_path):
    def write(text):
        (tmp_path / "ehr.json").write_bytes(jwk_set(jwk("ehr-1")))
        path = tmp_path / "site.toml"
        path.write_text(CLIENT + text, encoding="utf-8")
        return path

    return write


def settings_of(**given):
    return read_settings({"CDS_ENVIRONMENT": "development"} | {f"CDS_{k}": v for k, v in given.items()})


def test_a_server_that_is_told_nothing_has_its_limits_and_no_metrics():
    found = settings_of()
    assert (found.client_calls_per_second, found.address_calls_per_second) == (50, 100)
    assert (found.request_seconds, found.metrics_port, found.metrics_host) == (10, 0, "127.0.0.1")


def faults_of(**given):
    try:
        settings_of(**given)
    except BadSettings as error:
        return error.faults
    return ()


NOT_NUMBERS = {
    *("CLIENT_AUTHENTICATION", "DATABASE_URL", "ENVIRONMENT", "METRICS_HOST", "MODE", "PSEUDONYM_KEY"),
    *("PUBLIC_BASE_URL", "SITE_FILE", "TRACES_URL", "UNSIGNED_CONTENT"),
}
USUAL = {
    "ADDRESS_CALLS_PER_SECOND": 100,
    "CLIENT_CALLS_PER_SECOND": 50,
    "FETCH_SECONDS": 4,
    "MAX_BODY_BYTES": 60_000_000,
    "METRICS_PORT": 0,
    "REQUEST_SECONDS": 10,
    "VISIT_SECONDS": 60,
    "WORKERS": 2,
}
"""What an environment that says nothing means; docs/reference has the same."""


def test_each_number_has_its_usual_value_and_may_be_said():
    found = settings_of()
    assert {name: getattr(found, name.lower()) for name in USUAL} == USUAL
    assert settings_of(**{name: str(value) for name, value in USUAL.items()}) == found


@pytest.mark.parametrize("name", sorted(NOT_NUMBERS | USUAL.keys()))
def test_each_setting_is_known(name):
    assert f"CDS_{name}: no such setting" not in faults_of(**{name: "1"})
    assert f"CDS_{name}_: no such setting" in faults_of(**{f"{name}_": "1"})


def test_each_can_be_set():
    found = settings_of(
        CLIENT_CALLS_PER_SECOND="0",
        ADDRESS_CALLS_PER_SECOND="2.5",
        REQUEST_SECONDS="0.5",
        METRICS_PORT="9464",
        METRICS_HOST="10.0.0.5",
    )
    assert (found.client_calls_per_second, found.address_calls_per_second) == (0, 2.5)
    assert (found.request_seconds, found.metrics_port, found.metrics_host) == (0.5, 9464, "10.0.0.5")


@pytest.mark.parametrize(
    ("name", "low", "high", "too_low", "too_high"),
    [
        ("CLIENT_CALLS_PER_SECOND", "0", "100000", "-1", "100001"),
        ("ADDRESS_CALLS_PER_SECOND", "0", "100000", "-0.1", "100001"),
        ("REQUEST_SECONDS", "0.5", "25", "0.4", "25.1"),
        ("METRICS_PORT", "0", "65535", "-1", "65536"),
        ("WORKERS", "1", "64", "0", "65"),
        ("MAX_BODY_BYTES", "1000", "100000000", "999", "100000001"),
        ("VISIT_SECONDS", "0", "60", "-0.1", "60.1"),
        ("FETCH_SECONDS", "0.1", "20", "0.09", "20.1"),
    ],
)
def test_both_ends_of_each(name, low, high, too_low, too_high):
    assert getattr(settings_of(**{name: low}), name.lower()) == float(low)
    assert getattr(settings_of(**{name: high}), name.lower()) == float(high)
    for text in (too_low, too_high, "many"):
        with pytest.raises(BadSettings) as caught:
            settings_of(**{name: text})
        assert [fault for fault in caught.value.faults if fault.startswith(f"CDS_{name}:")]


def test_origins_are_those_of_the_client(site_file):
    (client,) = read_site(
        site_file("origins = ['https://ehr.example', 'https://ehr.example:8443']")
    ).trusted_clients
    assert client.origins == {"https://ehr.example", "https://ehr.example:8443"}
    (client,) = read_site(site_file("")).trusted_clients
    assert client.origins == frozenset()


@pytest.mark.parametrize(
    "text",
    [
        "*",
        "null",
        "ehr.example",
        "https://*.example",
        "https://ehr.example/",
        "https://ehr.example/app",
        "https://EHR.example",
        "https://ehr.example:443",
        "https://u@ehr.example",
        "https://ehr.example?x",
        "https://ehr.exämple",
        "",
    ],
)
def test_what_no_browser_sends_is_no_origin(site_file, text):
    with pytest.raises(BadSite) as caught:
        read_site(site_file(f"origins = ['{text}']"))
    (fault,) = caught.value.faults
    assert f"origins: {text!r} is no origin" in fault


def test_a_page_without_tls_is_for_development_only(site_file):
    environ = {
        "CDS_PUBLIC_BASE_URL": "https://cds.example",
        "CDS_SITE_FILE": str(site_file("origins = ['http://ehr.example']")),
        "CDS_PSEUDONYM_KEY": A_KEY,
    }
    with pytest.raises(BadSettings) as caught:
        read_settings(environ)
    assert (
        "trusted_clients: https://ehr.example: origin http://ehr.example must be https" in caught.value.faults
    )
