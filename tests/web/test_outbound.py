"""Where the whole service ever calls: the listed FHIR server of the caller, for as long as its token lives."""

import time

import pytest

from cds_service.wiring import build_app
from fhir_mappings.clinical_model.known_unknown import Part
from tests.fhir_client.charts import CHART, NOW, TYPES
from tests.fhir_client.stub import running, says, searchset, sleeps
from tests.standard.calls import PATIENT, a_call, authorization
from tests.web.test_whole_service import TITRATION, settings_for, stub

__all__ = ["stub"]


def client_of(stub, seconds=5.0):
    return build_app(settings_for(stub.base, fetch_seconds=seconds), lambda: NOW).test_client()


def ask(client, server, **token):
    access = authorization(**{"scope": "user/*.rs", **token})
    return client.post(f"/cds-services/{TITRATION}", json=a_call(fhirServer=server, fhirAuthorization=access))


def test_nothing_is_fetched_after_the_token_has_ended(stub):
    stub.answers[f"/fhir/Patient/{PATIENT}"] = sleeps(3.0, says(CHART[Part.PATIENT]))
    client = client_of(stub)
    started = time.monotonic()
    assert ask(client, stub.base, expires_in=1).status_code == 412
    assert time.monotonic() - started < 2.0


@pytest.mark.parametrize(
    "disguise",
    [
        "{other}",
        "{other}/fhir",
        "{own}@{host}/fhir",
        "{own}:1/../fhir",
        "{root}/other",
        "{root}/fhirx",
        "{root}/fhir/../other",
        "{root}/fhir/%2e%2e/other",
        "{root}\\@{host}/fhir",
        "{root}#/fhir",
        "{root}/fhir?x=1",
        "http://localhost:{port}/fhir",
        "http://2130706433:{port}/fhir",
        "http://127.1:{port}/fhir",
        "http://[::ffff:127.0.0.1]:{port}/fhir",
        "https://127.0.0.1:{port}/fhir",
        "file:///etc/passwd",
        "ftp://127.0.0.1:{port}/fhir",
        "//127.0.0.1:{port}/fhir",
        "http://169.254.169.254/fhir",
        "",
    ],
)
def test_no_other_address_is_called_however_it_is_written(stub, disguise):
    client = client_of(stub)
    with running("127.0.0.2") as other:
        server = disguise.format(
            other=other.base,
            own=stub.root,
            root=stub.root,
            host=other.root.removeprefix("http://"),
            port=stub.root.rpartition(":")[2],
        )
        assert ask(client, server).status_code in (400, 412)
        assert other.asked == []
        assert stub.asked == []


def test_proxies_and_credentials_of_the_environment_change_nothing(stub, tmp_path, monkeypatch):
    netrc = tmp_path / ".netrc"
    netrc.write_text("default login thief password stolen\n")
    netrc.chmod(0o600)
    with running("127.0.0.2") as proxy:
        for name in ("http_proxy", "https_proxy", "all_proxy"):
            monkeypatch.setenv(name, proxy.root)
            monkeypatch.setenv(name.upper(), proxy.root)
        monkeypatch.setenv("NETRC", str(netrc))
        monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(tmp_path / "gone.pem"))
        assert ask(client_of(stub), stub.base).status_code == 200
        assert proxy.asked == []
    assert {headers["Authorization"] for _, headers in stub.asked} == {"Bearer opaque-token"}


@pytest.mark.parametrize(
    "reference", ["http://127.0.0.2:{port}/fhir/Medication/x", "Medication/../../x", "//x/y"]
)
def test_a_reference_in_the_chart_leads_nowhere_else(stub, reference):
    with running("127.0.0.2") as other:
        absolute = reference.format(port=other.root.rpartition(":")[2])
        order = {**CHART[Part.MEDICATION_REQUESTS], "medicationReference": {"reference": absolute}}
        stub.gives(TYPES[Part.MEDICATION_REQUESTS], searchset(order))
        assert ask(client_of(stub), stub.base).status_code == 200
        assert other.asked == []
        assert all(path.startswith("/fhir/") and ".." not in path for path in stub.paths())
