"""The site file and all that it names may be written by their owner alone, or production does not start."""

import grp
import os
import pwd
import re
from types import SimpleNamespace

import msgspec
import pytest

from cds_service.settings.client_list import ClientEntry
from cds_service.settings.environment import BadSettings, read_settings
from cds_service.settings.research_page import ResearchEntry
from cds_service.settings.site_file import BadSite, read_site
from cds_service.settings.smart_apps import SmartEntry
from cds_service.settings.writable_by_others import writable_by_others
from tests.installation import A_KEY

SITE = """
ca_bundle = "ca.pem"
[codes]
concept_maps = ["labs.json", "drugs.json"]
[[trusted_clients]]
iss = "https://ehr.example"
jwks_file = "ehr.jwks.json"
[[trusted_clients.smart]]
fhir_base = "https://ehr.example/fhir"
client_id = "explain"
client_secret_file = "explain.secret"
[[trusted_clients.smart]]
fhir_base = "https://ehr.example/fhir2"
client_id = "explain"
private_key_file = "explain.jwk.json"
[research]
issuer = "https://id.example"
client_id = "research"
role = "team"
client_secret_file = "research.secret"
"""
NAMED = (
    "site.toml",
    "ca.pem",
    "labs.json",
    "drugs.json",
    "ehr.jwks.json",
    "explain.secret",
    "explain.jwk.json",
    "research.secret",
)


@pytest.fixture
def file(tmp_path):
    made = tmp_path / "site.toml"
    made.touch()
    return made


def test_every_file_that_a_site_file_names_is_known(tmp_path):
    (tmp_path / "site.toml").write_text(SITE)
    with pytest.raises(BadSite) as caught:  # the files are not there
        read_site(tmp_path / "site.toml")
    assert {path.name for path in caught.value.readable.files} == set(NAMED)


def test_every_setting_that_names_a_file_is_among_them():
    entries = (ClientEntry, SmartEntry, ResearchEntry)
    settings = {field.name for entry in entries for field in msgspec.structs.fields(entry)}
    assert {name for name in settings if name.endswith("_file")} == set(re.findall(r"\w+_file", SITE))


@pytest.mark.parametrize("mode", [0o400, 0o600, 0o640, 0o644, 0o444])
def test_a_file_that_only_its_owner_writes_is_in_order(file, mode):
    file.chmod(mode)
    assert writable_by_others([file, file.with_name("not there")]) == []


@pytest.mark.parametrize("mode", [0o602, 0o646, 0o666, 0o777, 0o002])
def test_a_file_that_everybody_writes_is_not(file, mode):
    file.chmod(mode)
    assert writable_by_others([file, file]) == [f"{file}: may be changed by everybody; chmod go-w it"]


@pytest.fixture
def owned(file, monkeypatch):
    """The file may be written by its group, which has this name and these members beside its owner."""
    file.chmod(0o664)

    def set_up(group, members, owner="cds"):
        monkeypatch.setattr(pwd, "getpwuid", lambda _: SimpleNamespace(pw_name=owner))
        monkeypatch.setattr(grp, "getgrgid", lambda _: SimpleNamespace(gr_name=group, gr_mem=members))
        return writable_by_others([file])

    return set_up


@pytest.mark.parametrize(
    ("group", "members", "is_fine"),
    [
        ("cds", [], True),
        ("cds", ["cds"], True),
        ("cds", ["cds", "mallory"], False),
        ("cds", ["mallory"], False),
        ("staff", [], False),
        ("staff", ["cds"], False),
    ],
)
def test_a_group_may_write_only_where_it_is_the_owners_alone(owned, group, members, is_fine):
    assert (owned(group, members) == []) is is_fine


def test_a_group_or_owner_without_a_name_is_somebody_else(file):
    file.chmod(0o664)
    if os.geteuid() == 0:
        os.chown(file, 61234, 61234)
        assert writable_by_others([file]) == [f"{file}: may be changed by its group; chmod go-w it"]


@pytest.mark.parametrize("name", ["site.toml", "labs.json"])
def test_production_refuses_and_development_says_so(tmp_path, name):
    (tmp_path / "site.toml").write_text('[codes]\nconcept_maps = ["labs.json"]\n')
    (tmp_path / "labs.json").write_text('{"resourceType": "ConceptMap", "group": []}')
    environ = {
        "CDS_PUBLIC_BASE_URL": "https://cds.hospital.example",
        "CDS_SITE_FILE": str(tmp_path / "site.toml"),
        "CDS_CLIENT_AUTHENTICATION": "proxy",
        "CDS_PSEUDONYM_KEY": A_KEY,
    }
    read_settings(environ)
    (tmp_path / name).chmod(0o666)
    with pytest.raises(BadSettings) as caught:
        read_settings(environ)
    assert caught.value.faults == (f"{tmp_path / name}: may be changed by everybody; chmod go-w it",)
    assert read_settings(environ | {"CDS_ENVIRONMENT": "development"}).insecure == caught.value.faults
