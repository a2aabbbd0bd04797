"""`[study_list]` of the site file: what is read, and what is refused with its name."""

import pytest

from cds_service.settings.site_file import BadSite, read_site
from cds_service.settings.study_list_settings import list_insecurities
from cds_service.study_list.registered import Mail

WHOLE = """
[study_list]
fhir_base = "https://ehr.hospital.example/fhir"
client_id = "aa-cds-list"
client_secret_file = "list.secret"
[study_list.digest]
smtp = "smtp.hospital.example:587"
user = "cds"
password_file = "smtp.password"
from = "cds@hospital.example"
to = ["a@hospital.example", "b@hospital.example"]
"""


def read(tmp_path, text):
    (tmp_path / "list.secret").write_text("s3cret")
    (tmp_path / "smtp.password").write_text("passw0rd\n")
    (tmp_path / "site.toml").write_text(text)
    return read_site(tmp_path / "site.toml")


def test_a_whole_table_is_read_and_hides_its_secrets(tmp_path):
    site = read(tmp_path, WHOLE)
    found = site.study_list
    assert found.base.url == "https://ehr.hospital.example/fhir"
    assert found.mail == Mail(
        "smtp.hospital.example", 587, "cds@hospital.example",
        ("a@hospital.example", "b@hospital.example"), "starttls", "cds", "passw0rd",
    )  # fmt: skip
    assert list_insecurities(found) == []
    assert {"list.secret", "smtp.password"} <= {file.name for file in site.files}
    for secret in ("s3cret", "passw0rd"):
        assert secret not in repr(found)


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        ("https://ehr.hospital.example/fhir", "ftp://x", "study_list: fhir_base must be http or https"),
        ('client_secret_file = "list.secret"', "", "needs a private_key_file or a client_secret_file"),
        ("smtp.hospital.example:587", "smtp.hospital.example", "is no host:port"),
        (":587", ":99999", "is no host:port"),
        ("b@hospital.example", "b at hospital", "is no mail address"),
        ('["a@hospital.example", "b@hospital.example"]', "[]", "to names nobody"),
        ("smtp.password", "none.password", "none.password cannot be read"),
        ('user = "cds"', 'user = "cds"\ntls = "none"', "a password is not sent without tls"),
        ('user = "cds"', 'tls = "ssl3"', "study_list"),
        ('user = "cds"', "port = 5", "study_list"),
    ],
)
def test_what_is_wrong_is_named(tmp_path, before, after, said):
    assert before in WHOLE
    with pytest.raises(BadSite) as caught:
        read(tmp_path, WHOLE.replace(before, after))
    assert said in str(caught.value)


def test_an_open_server_or_one_without_tls_is_for_development_only(tmp_path):
    site = read(tmp_path, '[study_list]\nfhir_base = "http://127.0.0.1:8081/fhir"\n')
    assert [line.partition(": ")[2] for line in list_insecurities(site.study_list)] == [
        "http://127.0.0.1:8081/fhir must be https",
        "without a client_id anybody may change the list",
    ]
