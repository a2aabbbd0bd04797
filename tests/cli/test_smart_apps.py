"""`[[trusted_clients.smart]]`: what a site file may say of the page that explains, and every fault named."""

import json

import pytest
from joserfc.jwk import ECKey, RSAKey

from cds_service.cds_hooks.service import Caller
from cds_service.fhir_client.client_proof import ClientKey, ClientSecret
from cds_service.settings.environment import ClientAuthentication, Environment, Secret, Settings
from cds_service.settings.rooms import apps_of
from cds_service.settings.site_file import BadSite, read_site

BASE = "https://ehr.hospital.example/fhir"
CLIENT = '[[trusted_clients]]\niss = "https://ehr"\njku = "https://ehr.hospital.example/jwks"\n'
SMART = f'[[trusted_clients.smart]]\nfhir_base = "{BASE}"\nclient_id = "aa"\n'


@pytest.fixture
def site(tmp_path):
    """Reads a site file with these lines beside the client's."""

    def read(lines="", client=CLIENT):
        file = tmp_path / "site.toml"
        file.write_text(client + lines)
        return read_site(file)

    return read


def faults(site, lines):
    with pytest.raises(BadSite) as bad:
        site(lines)
    return "; ".join(bad.value.faults)


def app_in(found):
    (client,) = found.trusted_clients
    (app,) = client.smart
    return app


def test_a_public_client_with_endpoints_on_the_host_of_its_fhir_base(site):
    app = app_in(site(SMART))
    assert app.fhir_base.url == BASE
    assert app.registration.client_id == "aa"
    assert app.registration.proof is None
    assert [base.url for base in app.registration.below] == ["https://ehr.hospital.example"]
    assert app.frame_ancestors == ()


def test_a_secret_is_read_from_its_file_and_never_printed(site, tmp_path):
    (tmp_path / "explain.secret").write_text(" s3cret\n")
    app = app_in(site(SMART + 'client_secret_file = "explain.secret"\n'))
    assert app.registration.proof == ClientSecret("s3cret")
    assert "s3cret" not in repr(app)


@pytest.mark.parametrize(
    ("key", "algorithm"),
    [
        (ECKey.generate_key("P-384", {"kid": "k"}), "ES384"),
        (RSAKey.generate_key(2048, {"kid": "k"}), "RS384"),
    ],
)
def test_a_private_key_signs_with_an_algorithm_that_smart_servers_know(site, tmp_path, key, algorithm):
    (tmp_path / "key.json").write_text(json.dumps(key.as_dict(private=True)))
    proof = app_in(site(SMART + 'private_key_file = "key.json"\n')).registration.proof
    assert isinstance(proof, ClientKey)
    assert (proof.algorithm, proof.key_id) == (algorithm, "k")
    assert key.as_dict(private=True)["d"] not in repr(proof)


@pytest.mark.parametrize(
    ("lines", "fault"),
    [
        ('client_secret_file = "none"\n', "none cannot be read"),
        ('client_secret_file = "empty"\n', "empty is empty"),
        ('client_secret_file = "a"\nprivate_key_file = "b"\n', "not both"),
        ('private_key_file = "public"\n', "must be one private JSON Web Key with a kid"),
        ('private_key_file = "small"\n', "ES384 or RS384"),
        ('private_key_file = "torn"\n', "torn cannot be used as a key"),
        ('endpoints = ["ftp://x"]\n', "must be http or https"),
        ('frame_ancestors = ["https://ehr.hospital.example/path"]\n', "must be an origin"),
        ('frame_ancestors = ["*"]\n', "must be http or https"),
        ("unknown = 1\n", "unknown"),
    ],
)
def test_each_fault_is_named(site, tmp_path, lines, fault):
    (tmp_path / "empty").write_text("\n")
    small, public = ECKey.generate_key("P-256", {"kid": "k"}), ECKey.generate_key("P-384", {"kid": "k"})
    (tmp_path / "small").write_text(json.dumps(small.as_dict(private=True)))
    (tmp_path / "public").write_text(json.dumps(public.as_dict(private=False)))
    whole = ECKey.generate_key("P-384", {"kid": "k"}).as_dict(private=True)
    (tmp_path / "torn").write_text(json.dumps(whole | {"x": "AAAA"}))
    assert fault in faults(site, SMART + lines)


def test_one_base_is_registered_in_one_way(site):
    assert "more than once" in faults(site, SMART + SMART)
    other = CLIENT.replace("https://ehr", "https://two", 1) + SMART.replace('"aa"', '"bb"')
    assert "in more than one way" in faults(site, SMART + other)
    chinese = CLIENT.replace("https://ehr", "https://two", 1) + 'language = "zh"\n'
    (app,) = apps_of(site(SMART + chinese + SMART).trusted_clients, "en", by_token=True).values()
    assert app.issuers == {"https://ehr": "en", "https://two": "zh"}


def test_production_wants_https_everywhere(site):
    plain = SMART.replace("https", "http") + 'frame_ancestors = ["http://ehr.hospital.example"]\n'
    (client,) = site(plain).trusted_clients
    assert len([risk for risk in client.insecurities() if "smart" in risk]) == 2


def test_whose_patients_they_are_is_known_where_the_tenants_are(site):
    found = site(SMART, CLIENT + 'tenants = ["ward"]\n').trusted_clients
    (app,) = apps_of(found, "en", by_token=True).values()
    assert app.callers == {Caller("https://ehr", "ward")}
    (open_app,) = apps_of(site(SMART).trusted_clients, "en", by_token=True).values()
    assert open_app.callers is None
    (nobody,) = apps_of(site(SMART).trusted_clients, "en", by_token=False).values()
    assert (nobody.issuers, nobody.callers) == ({"": "en"}, {Caller("", "")})


def test_cards_link_to_the_page_for_clients_that_have_it(site):
    def explained(authentication, lines):
        settings = Settings(
            Environment.DEVELOPMENT, "http://127.0.0.1", site(lines), Secret(""), Secret(""), authentication
        )
        return settings.issuers_explained_to

    assert explained(ClientAuthentication.JWT, SMART) == {"https://ehr"}
    assert explained(ClientAuthentication.JWT, "") == frozenset()
    assert explained(ClientAuthentication.PROXY, SMART) == {""}
