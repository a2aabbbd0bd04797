"""The site file's list of trusted clients, and that production does not start without somebody who may call."""

import pytest

from cds_service.cds_hooks.trusted_clients import TrustedClient
from cds_service.fhir_client.base_url_allow_list import read_base
from cds_service.settings.client_list import ListedClient
from cds_service.settings.environment import BadSettings, ClientAuthentication, read_settings
from cds_service.settings.site_file import BadSite, read_site
from tests.installation import A_KEY
from tests.standard.tokens import jwk, jwk_set

FULL = """
[[trusted_clients]]
iss = "https://ehr.example"
jku = "https://ehr.example/jwks.json"
tenants = ["haematology", "transplant"]
algorithms = ["ES384"]
language = "zh"
fhir_bases = ["https://ehr.example/fhir/"]
[[trusted_clients]]
iss = "https://other.example"
jwks_file = "other.json"
"""
HALF = "[[trusted_clients]]\niss = 'https://ehr.example'\n"


@pytest.fixture
def site_file(tmp_path):
    def write(text):
        files = {
            "other.json": jwk_set(jwk("other-1")),
            "p256.json": jwk_set(jwk("small-p256")),
            "private.json": jwk_set(jwk("leaked", d="AAAA"), jwk("ehr-1")),
            "empty.json": jwk_set(),
            "page.json": b"<html>",
        }
        for name, content in files.items():
            (tmp_path / name).write_bytes(content)
        path = tmp_path / "site.toml"
        path.write_text(text, encoding="utf-8")
        return path

    return write


def faults_of(path):
    with pytest.raises(BadSite) as caught:
        read_site(path)
    return caught.value.faults


@pytest.mark.parametrize("name", ["aa-cds", None])
def test_what_a_client_calls_us_is_read(site_file, name):
    line = f"fhir_client_id = '{name}'\n" if name else ""
    (listed,) = read_site(site_file(f"{HALF}jku = 'https://ehr.example/jwks.json'\n{line}")).trusted_clients
    assert listed.fhir_client_id == name


def test_what_a_client_calls_us_is_not_empty(site_file):
    text = f"{HALF}jku = 'https://ehr.example/jwks.json'\nfhir_client_id = ''\n"
    assert "fhir_client_id must be" in faults_of(site_file(text))[0]


def test_clients_are_what_the_site_file_says(site_file):
    first, second = read_site(site_file(FULL)).trusted_clients
    assert first == ListedClient(
        TrustedClient(
            "https://ehr.example",
            "https://ehr.example/jwks.json",
            frozenset({"haematology", "transplant"}),
            frozenset({"ES384"}),
        ),
        language="zh",
        fhir_bases=(read_base("https://ehr.example/fhir"),),
    )
    assert second.client == TrustedClient("https://other.example")
    assert second.client.algorithms == {"ES384", "RS384"}
    assert [key.key_id for key in second.key_set.keys] == ["other-1"]
    assert (second.language, second.fhir_bases) == (None, None)


def test_an_issuer_may_publish_at_several_addresses(site_file):
    text = f"{HALF}jku = ['https://ehr.example/a.json', 'https://ehr.example/b.json']\n"
    (listed,) = read_site(site_file(text)).trusted_clients
    assert listed.client.addresses == ("https://ehr.example/a.json", "https://ehr.example/b.json")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (HALF, "https://ehr.example: needs a jku or a jwks_file"),
        (f"{HALF}jku = ''", "needs a jku or a jwks_file"),
        (f"{HALF}jku = 'jwks.json'", "jku must be http or https"),
        (f"{HALF}jku = 'https://u@ehr.example/jwks.json'", "jku must not carry a user name"),
        (f"{HALF}jku = []", "needs a jku or a jwks_file"),
        (f"{HALF}jku = ['']", "needs a jku or a jwks_file"),
        (f"{HALF}jku = ['https://ehr.example/jwks.json', 'jwks.json']", "jku must be http or https"),
        (f"{HALF}jku = ['https://ehr.example/a', 'https://ehr.example/a']", "jku names an address twice"),
        (f"{HALF}jwks_file = 'gone.json'", "gone.json cannot be read"),
        (f"{HALF}jwks_file = 'page.json'", "page.json is no JWK Set"),
        (f"{HALF}jwks_file = 'empty.json'", "empty.json has no key for ES384, RS384"),
        (f"{HALF}jwks_file = 'p256.json'", "p256.json has no key for ES384, RS384"),
        (f"{HALF}jwks_file = 'private.json'", "private.json holds a private key: leaked"),
        (f"{HALF}jwks_file = 'other.json'\ntenants = []", "tenants must name one at least"),
        (f"{HALF}jwks_file = 'other.json'\ntenants = ['']", "tenants must name one at least"),
        (f"{HALF}jwks_file = 'other.json'\nalgorithms = []", "algorithms must be some of"),
        (f"{HALF}jwks_file = 'other.json'\nalgorithms = ['ES384', 'HS256']", "algorithms must be some of"),
        (f"{HALF}jwks_file = 'other.json'\nalgorithms = ['none']", "algorithms must be some of"),
        (f"{HALF}jwks_file = 'other.json'\nfhir_bases = ['ehr']", "fhir_bases: 'ehr'"),
        (f"{HALF}jwks_file = 'other.json'\nlanguage = 'fr'", "trusted_clients"),
        (f"{HALF}jwks_file = 'other.json'\nissuer = 'x'", "trusted_clients"),
        ("[[trusted_clients]]\njwks_file = 'other.json'", "trusted_clients"),
        ("[[trusted_clients]]\niss = ''\njwks_file = 'other.json'", "iss must be"),
        ("[[trusted_clients]]\niss = 'https://ehr.example '\njwks_file = 'other.json'", "iss must be"),
        (f"{HALF}jwks_file = 'other.json'\n{HALF}jwks_file = 'other.json'", "is listed more than once"),
    ],
)
def test_each_fault_of_a_client_is_named(site_file, text, said):
    (fault, *_) = faults_of(site_file(text))
    assert said in fault


def test_the_faults_of_every_client_are_listed_at_once(site_file):
    said = "\n".join(
        faults_of(site_file(FULL.replace("/jwks.json", "/../x").replace("other.json", "gone.json")))
    )
    assert "https://ehr.example: jku" in said
    assert "https://other.example: gone.json" in said


# ---------------------------------------------------------------- who may start


def live(path, **changes):
    given = {
        "CDS_PUBLIC_BASE_URL": "https://cds.example",
        "CDS_SITE_FILE": str(path),
        "CDS_PSEUDONYM_KEY": A_KEY,
        **changes,
    }
    return {name: value for name, value in given.items() if value is not None}


def test_production_verifies_jwts_without_being_told(site_file):
    found = read_settings(live(site_file(FULL)))
    assert found.client_authentication is ClientAuthentication.JWT
    assert found.insecure == ()


@pytest.mark.parametrize("environment", ["production", "development"])
def test_verifying_jwts_without_a_client_is_refused_everywhere(site_file, environment):
    changes = {"CDS_CLIENT_AUTHENTICATION": "jwt", "CDS_ENVIRONMENT": environment}
    with pytest.raises(BadSettings) as caught:
        read_settings(live(site_file(""), **changes))
    (fault,) = caught.value.faults
    assert "lists no [[trusted_clients]]" in fault


def test_production_does_not_start_without_a_client_unless_a_proxy_stands_in_front(site_file):
    with pytest.raises(BadSettings):
        read_settings(live(site_file("")))
    found = read_settings(live(site_file(""), CDS_CLIENT_AUTHENTICATION="proxy"))
    assert found.client_authentication is ClientAuthentication.PROXY


def test_nobody_is_a_choice_of_development_only_and_is_said(site_file):
    found = read_settings(live(site_file(FULL), CDS_ENVIRONMENT="development"))
    assert found.client_authentication is ClientAuthentication.NONE
    assert [risk.partition(":")[0] for risk in found.insecure] == ["CDS_CLIENT_AUTHENTICATION"]
    with pytest.raises(BadSettings) as caught:
        read_settings(live(site_file(FULL), CDS_CLIENT_AUTHENTICATION="none"))
    assert caught.value.faults == found.insecure


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (f"{HALF}jku = 'http://ehr.example/jwks.json'", "jku must be https"),
        (f"{HALF}jku = ['https://ehr.example/a', 'http://ehr.example/b']", "jku must be https"),
        (
            "[[trusted_clients]]\niss = 'https://sandbox.cds-hooks.org'\njwks_file = 'other.json'",
            "a key that everybody knows",
        ),
        (
            f"{HALF}jwks_file = 'other.json'\nfhir_bases = ['http://ehr.example/fhir']",
            "http://ehr.example/fhir must be https",
        ),
    ],
)
def test_what_only_development_tolerates_of_a_client(site_file, text, said):
    with pytest.raises(BadSettings) as caught:
        read_settings(live(site_file(text)))
    (fault,) = caught.value.faults
    assert said in fault
    changes = {"CDS_ENVIRONMENT": "development", "CDS_CLIENT_AUTHENTICATION": "jwt"}
    assert read_settings(live(site_file(text), **changes)).insecure == (fault,)


def test_an_address_that_is_never_called_need_not_be_https(site_file):
    path = site_file(f"{HALF}jku = 'http://ehr.example/jwks.json'\njwks_file = 'other.json'")
    assert read_settings(live(path)).insecure == ()


@pytest.mark.parametrize(
    ("line", "one"), [("", False), ("one_action = false", False), ("one_action = true", True)]
)
def test_a_client_may_carry_out_one_action_per_suggestion(tmp_path, line, one):
    (tmp_path / "site.toml").write_text(f"{HALF}jku = 'https://ehr.example/jwks.json'\n{line}\n")
    (listed,) = read_site(tmp_path / "site.toml").trusted_clients
    assert listed.one_action is one


def test_a_test_that_no_card_drafts_cannot_be_ordered_by_hand(tmp_path):
    (tmp_path / "site.toml").write_text("ordered_by_hand = ['hiv-serology', 'x-ray']\n")
    with pytest.raises(BadSite, match="ordered_by_hand: x-ray is no test that a card drafts"):
        read_site(tmp_path / "site.toml")
    (tmp_path / "site.toml").write_text("ordered_by_hand = ['hiv-serology']\n")
    assert read_site(tmp_path / "site.toml").ordered_by_hand == {"hiv-serology"}
