"""`[[bulk_exports]]` of the site file: everything that is wrong with it, at once."""

import json

import pytest
from joserfc.jwk import ECKey

from cds_service.cli import main
from cds_service.settings.bulk_exports import open_addresses
from cds_service.settings.environment import BadSettings, read_settings
from cds_service.settings.site_file import BadSite, read_site
from tests.cli.test_settings import secure

BASE = "https://ehr.hospital.example/fhir"
KEY = ECKey.generate_key("P-384", {"kid": "ours"}, private=True)


def site_of(folder, text, base=BASE):
    (folder / "key.json").write_text(json.dumps(KEY.as_dict(private=True)))
    file = folder / "site.toml"
    file.write_text(f'[[bulk_exports]]\nfhir_base = "{base}"\n{text}')
    return file


def test_all_of_it(tmp_path):
    text = """
client_id = "aa-cds-screening"
private_key_file = "key.json"
scopes = ["system/Patient.rs", "system/Condition.rs"]
endpoints = ["https://login.hospital.example"]
level = "Group/17"
type_filters = ["Observation?category=laboratory"]
download_hosts = ["https://files.hospital.example"]
hours = 3
whole_every_days = 1.5
[ehr]
not_kept = ["AdverseEvent"]
"""
    site = read_site(site_of(tmp_path, text))
    (server,) = site.bulk_exports
    assert (server.base.url, server.level, server.hours, server.whole_every_days) == (
        BASE,
        "Group/17",
        3.0,
        1.5,
    )
    assert server.backend.scopes == ("system/Patient.rs", "system/Condition.rs")
    assert server.backend.key.key_id == "ours"
    assert [one.url for one in server.backend.endpoints] == ["https://login.hospital.example"]
    assert [one.url for one in server.download_hosts] == ["https://files.hospital.example"]
    assert server.not_kept == {"AdverseEvent"}
    assert tmp_path / "key.json" in site.files
    assert KEY.as_dict(private=True)["d"] not in repr(site)


def test_nothing_but_a_base(tmp_path):
    (server,) = read_site(site_of(tmp_path, "")).bulk_exports
    assert (server.backend, server.level, server.hours, server.whole_every_days) == (None, "", 12.0, 7.0)


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ('client_id = "a"', "client_id, private_key_file and scopes go together"),
        ('private_key_file = "key.json"', "client_id, private_key_file and scopes go together"),
        ('client_id = "a"\nprivate_key_file = "key.json"\nscopes = []', "go together"),
        ('client_id = "a"\nprivate_key_file = "none.json"', "none.json cannot be read"),
        ('leave_out = ["Condition"]', "leave_out: without Condition nobody can be judged"),
        ('beside_group = ["Medication"]', "belongs to a level of Group"),
        ('level = "Group/1"\nbeside_group = ["Observation"]', "Observation is of patients"),
        ('level = "Group"', "is neither"),
        ('level = "Group/../x"', "is neither"),
        ('level = "patient"', "is neither"),
        ('type_filters = ["category=laboratory"]', "is no search of a type"),
        ('type_filters = ["Observation?category=a b"]', "is no search of a type"),
        ('download_hosts = ["files"]', "download_hosts: 'files' must be http or https"),
        ("hours = 0", "hours"),
        ("hours = 169", "hours"),
        ("whole_every_days = 93", "whole_every_days"),
        ("days = 1", "days"),
    ],
)
def test_what_is_wrong_is_named(text, fault, tmp_path):
    with pytest.raises(BadSite) as raised:
        read_site(site_of(tmp_path, text))
    assert fault in raised.value.faults[0]
    assert raised.value.faults[0].startswith("site.toml: bulk_exports")


def test_a_base_that_is_none_and_one_that_stands_there_twice(tmp_path):
    with pytest.raises(BadSite, match="fhir_base must be http or https"):
        read_site(site_of(tmp_path, "", "ehr"))
    with pytest.raises(BadSite, match="is listed more than once"):
        read_site(site_of(tmp_path, f'[[bulk_exports]]\nfhir_base = "{BASE}/"'))


@pytest.mark.parametrize(
    ("base", "more", "open_ones"),
    [
        (BASE, "", []),
        ("http://127.0.0.1:8080/fhir", "", []),
        ("http://ehr.example/fhir", "", ["http://ehr.example/fhir"]),
        (BASE, 'download_hosts = ["http://files.example"]', ["http://files.example"]),
        (
            BASE,
            'client_id = "a"\nprivate_key_file = "key.json"\nendpoints = ["http://login.example"]',
            ["http://login.example"],
        ),
    ],
)
def test_patients_data_and_keys_do_not_go_openly_over_a_network(base, more, open_ones, tmp_path):
    file = site_of(tmp_path, more, base)
    (server,) = read_site(file).bulk_exports
    assert open_addresses(server) == open_ones
    environ = secure(file)
    try:
        read_settings(environ)
        faults = ()
    except BadSettings as error:
        faults = error.faults
    assert [one for one in faults if "bulk_exports" in one] == [
        f"bulk_exports: {url} must be https" for url in open_ones
    ]


def test_check_says_what_is_not_seen(tmp_path, capsys):
    text = 'level = "Group/17"\ntype_filters = ["Condition?code=x"]\nleave_out = ["Specimen"]'
    assert main(["check", str(site_of(tmp_path, text))]) == 0
    said = capsys.readouterr().err
    assert "only what fits Condition?code=x is seen" in said
    assert "only patients of Group/17 are seen" in said
    assert "Specimen is not fetched" in said
