"""Settings: every fault at once, production refuses what is insecure, a secret never prints."""

from decimal import Decimal
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from cryptography.hazmat.primitives.serialization import Encoding
from hypothesis import given, settings
from hypothesis import strategies as st

from cds_service.fhir_client.base_url_allow_list import read_base
from cds_service.settings.environment import (
    BadSettings,
    ClientAuthentication,
    Environment,
    Secret,
    read_settings,
)
from cds_service.settings.site_file import BadSite, read_site
from cds_service.settings.site_limits import overrides_of
from cds_service.settings.tablet_settings import doses_from, grid_of, tablet_limits
from cds_service.trials.nct06802055.assess import load_protocol
from cds_service.trials.nct06802055.trial_arms import Arm
from cds_service.trials.nct06802055.two_drugs import Drug
from fhir_mappings.clinical_model.studies import StudyState
from fhir_mappings.readers.reader_settings import StandIn
from tests.certificates import an_authority
from tests.installation import A_KEY

HOSPITAL = an_authority("the hospital's authority")
FULL = """
language = "zh"
time_zone = "Europe/Berlin"
ca_bundle = "hospital.pem"
[trial]
study_references = ["ResearchStudy/17"]
[arms]
"arm A" = "sirolimus"
"arm B" = "sirolimus+ciclosporin"
[tablets]
sirolimus = [0.5, 1]
[thresholds]
"titration.sirolimus_aim" = 7.5
[codes]
concept_maps = ["labs.json"]
leave_out = ["snomed"]
[[fhir_servers]]
base = "https://EHR.example:443/fhir/"
[participation]
group = [{name = "Group/a", arm = "sirolimus"}, {name = "Group/b", state = "screening"}]
"""


@pytest.fixture
def site_file(tmp_path):
    def write(text):
        (tmp_path / "labs.json").write_text('{"resourceType": "ConceptMap"}')
        (tmp_path / "hospital.pem").write_bytes(HOSPITAL.pem)
        path = tmp_path / "site.toml"
        path.write_text(text, encoding="utf-8")
        return path

    return write


def faults_of(path):
    with pytest.raises(BadSite) as caught:
        read_site(path)
    return "\n".join(caught.value.faults)


def test_a_full_site_file_says_what_it_says(site_file, tmp_path):
    site = read_site(site_file(FULL))
    assert site.language == "zh"
    assert site.zone == ZoneInfo("Europe/Berlin")
    assert site.study_references == ("ResearchStudy/17",)
    assert site.arms == {"arm A": Arm.SIROLIMUS, "arm B": Arm.COMBINED}
    assert site.tablets == {Drug.SIROLIMUS: (Decimal("0.5"), Decimal(1))}
    assert site.thresholds == {"titration.sirolimus_aim": Decimal("7.5")}
    assert site.concept_maps == (tmp_path / "labs.json",)
    assert site.code_lists_left_out == ("snomed",)
    assert site.fhir_bases == (read_base("https://ehr.example/fhir"),)
    assert site.ca_bundle == tmp_path / "hospital.pem"
    assert site.stand_ins == (
        StandIn("Group", "Group/a", arm=Arm.SIROLIMUS),
        StandIn("Group", "Group/b", StudyState.SCREENING),
    )


def test_an_empty_site_file_is_a_site_with_the_defaults(site_file):
    site = read_site(site_file(""))
    assert (site.language, str(site.zone), site.fhir_bases) == ("en", "Asia/Shanghai", ())


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("language = 'fr'", "language"),
        ("time_zone = 'Mars/Olympus'", "time_zone"),
        ("time_zone = '../etc/passwd'", "time_zone"),
        ("languages = 'en'", "languages: no such setting"),
        ("[trial]\nstudy = 'x'", "trial"),
        ("[arms]\n'arm A' = 'placebo'", "arms"),
        ("[tablets]\naspirin = [100]", "tablets"),
        ("[tablets]\nsirolimus = [0]", "tablets.sirolimus"),
        ("[tablets]\nsirolimus = []", "tablets.sirolimus"),
        ("[codes]\nconcept_maps = ['gone.json']", "gone.json"),
        ("[[fhir_servers]]\nbase = 'ehr.example'", "fhir_servers"),
        ("[[fhir_servers]]\nbase = 'https://u:p@ehr.example'", "user name"),
        ("[participation]\ngroup = [{name='Group/1'}]\nflag = [{name='Flag/1'}]", "participation"),
        ("[participation]\ngroup = [{name='Group/1', state='here'}]", "participation"),
        ("ca_bundle = 'gone.pem'", "gone.pem: no such file"),
        ("ca_bundle = 'labs.json'", "ca_bundle: labs.json cannot be read, holds no certificate in PEM form"),
        ("x = ", "site.toml"),
    ],
)
def test_each_fault_of_a_site_file_is_named(site_file, text, said):
    assert said in faults_of(site_file(text))


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n",
        HOSPITAL.pem + HOSPITAL.pem.replace(b"MII", b"MIJ"),
        HOSPITAL.pem[:-100],
        HOSPITAL.secret_pem,
        HOSPITAL.certificate.public_bytes(Encoding.DER),
    ],
    ids=["empty", "damaged", "one of two damaged", "cut off", "a key", "DER"],
)
def test_a_file_that_proves_no_certificate_is_found_before_the_start(site_file, tmp_path, content):
    path = site_file("ca_bundle = 'hospital.pem'")
    (tmp_path / "hospital.pem").write_bytes(content)
    said = "ca_bundle: hospital.pem cannot be read, holds no certificate in PEM form, or a damaged one"
    assert faults_of(path) == f"site.toml: {said}"


@pytest.mark.parametrize("before", [b"", b"Subject: CN=the hospital\n", b"\r\n"])
def test_authorities_may_be_several_with_words_between(site_file, tmp_path, before):
    path = site_file("ca_bundle = 'hospital.pem'")
    (tmp_path / "hospital.pem").write_bytes(before.join([b"", HOSPITAL.pem, an_authority("other").pem]))
    assert read_site(path).ca_bundle == tmp_path / "hospital.pem"


def test_every_fault_of_a_site_file_is_listed_at_once(site_file):
    said = faults_of(
        site_file("language='fr'\ntime_zone='x'\nfoo=1\n[arms]\na=1\n[[fhir_servers]]\nbase='x'")
    )
    assert [word for word in ("language", "time_zone", "foo", "arms", "fhir_servers") if word in said] == [
        "language",
        "time_zone",
        "foo",
        "arms",
        "fhir_servers",
    ]


def test_a_site_file_that_is_not_there_is_a_fault(tmp_path):
    assert "cannot be read" in faults_of(tmp_path / "gone.toml")


# ---------------------------------------------------------------- environment


def secure(path):
    return {
        "CDS_PUBLIC_BASE_URL": "https://cds.hospital.example/",
        "CDS_SITE_FILE": str(path),
        "CDS_CLIENT_AUTHENTICATION": "proxy",
        "CDS_PSEUDONYM_KEY": A_KEY,
        "HOME": "/root",
    }


def test_production_is_the_default_and_starts_with_secure_settings(site_file):
    found = read_settings(secure(site_file(FULL)))
    assert found.environment is Environment.PRODUCTION
    assert found.public_base_url == "https://cds.hospital.example"
    assert found.client_authentication is ClientAuthentication.PROXY
    assert found.insecure == ()
    assert found.site.language == "zh"


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"CDS_PUBLIC_BASE_URL": None}, "CDS_PUBLIC_BASE_URL: must be set"),
        ({"CDS_PUBLIC_BASE_URL": "http://cds.hospital.example"}, "CDS_PUBLIC_BASE_URL: must be https"),
        ({"CDS_CLIENT_AUTHENTICATION": "none"}, "CDS_CLIENT_AUTHENTICATION"),
        ({"CDS_SITE_FILE": None}, "CDS_SITE_FILE: must be set"),
        ({"CDS_PSEUDONYM_KEY": None}, "CDS_PSEUDONYM_KEY: must be set"),
        ({"CDS_PSEUDONYM_KEY": "k" * 64}, "CDS_PSEUDONYM_KEY: has fewer than 8 different characters"),
    ],
)
def test_production_refuses_each_insecure_setting_and_development_names_it(site_file, change, said):
    environ = {k: v for k, v in (secure(site_file(FULL)) | change).items() if v is not None}
    with pytest.raises(BadSettings) as caught:
        read_settings(environ)
    assert [fault for fault in caught.value.faults if fault.startswith(said)] == list(caught.value.faults)
    tolerated = read_settings(environ | {"CDS_ENVIRONMENT": "development"})
    assert tolerated.insecure == caught.value.faults


def test_production_refuses_a_fhir_server_without_tls(site_file):
    path = site_file("[[fhir_servers]]\nbase = 'http://ehr.example/fhir'")
    with pytest.raises(BadSettings) as caught:
        read_settings(secure(path))
    assert caught.value.faults == ("fhir_servers: http://ehr.example/fhir must be https",)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("CDS_ENVIRONMENT", "prod"),
        ("CDS_CLIENT_AUTHENTICATION", "maybe"),
        ("CDS_PUBLIC_BASE_URL", "cds.hospital.example"),
        ("CDS_WORKERS", "0"),
        ("CDS_WORKERS", "two"),
        ("CDS_WORKERS", "nan"),
        ("CDS_MAX_BODY_BYTES", "-1"),
        ("CDS_FETCH_SECONDS", "3600"),
        ("CDS_VISIT_SECONDS", "61"),
        ("CDS_VISIT_SECONDS", "-1"),
        ("CDS_SITE_FIEL", "site.toml"),
    ],
)
def test_a_setting_that_cannot_be_is_named(site_file, name, value):
    with pytest.raises(BadSettings) as caught:
        read_settings(secure(site_file(FULL)) | {name: value})
    assert any(fault.startswith(f"{name}:") for fault in caught.value.faults)


def test_faults_of_environment_and_site_file_are_listed_together(site_file):
    with pytest.raises(BadSettings) as caught:
        read_settings({"CDS_WORKERS": "x", "CDS_SITE_FILE": str(site_file("language='fr'"))})
    said = "\n".join(caught.value.faults)
    assert all(word in said for word in ("CDS_WORKERS", "language", "CDS_PUBLIC_BASE_URL"))


@pytest.mark.parametrize("environment", ["production", "development"])
def test_a_key_that_can_be_guessed_is_refused_everywhere(site_file, environment):
    given = secure(site_file(FULL)) | {"CDS_ENVIRONMENT": environment}
    read_settings(given | {"CDS_PSEUDONYM_KEY": A_KEY[:32]})
    with pytest.raises(BadSettings) as caught:
        read_settings(given | {"CDS_PSEUDONYM_KEY": A_KEY[:31]})
    assert caught.value.faults == (
        "CDS_PSEUDONYM_KEY: must have at least 32 characters (openssl rand -hex 32)",
    )


def test_a_secret_never_prints(site_file):
    found = read_settings(secure(site_file("")) | {"CDS_DATABASE_URL": "postgresql://u:hunter2@db/cds"})
    assert "hunter2" not in f"{found!r} {found} {found.database_url} {found.database_url!r}"
    assert found.database_url.reveal() == "postgresql://u:hunter2@db/cds"
    assert f"{Secret('x')}" == "<hidden>"


# ---------------------------------------------------------------- tablets


@pytest.mark.parametrize(
    ("strengths", "doses"),
    [
        (["1"], ["1", "2", "3", "4", "5", "6"]),
        (["2"], ["2", "4", "6", "8", "10", "12"]),
        (["0.5", "1"], ["0.5", "1", "1.5", "2", "2.5", "3", "3.5", "4", "4.5", "5", "5.5", "6"]),
    ],
)
def test_doses_are_what_whole_tablets_make(strengths, doses):
    assert doses_from(map(Decimal, strengths)) == tuple(map(Decimal, doses))


@pytest.mark.parametrize(
    ("strengths", "grid"),
    [(["25", "50"], "25"), (["100"], "100"), (["10", "25"], "5"), (["0.5", "1"], "0.5")],
)
def test_the_grid_is_the_smallest_step_that_capsules_make(strengths, grid):
    assert grid_of(map(Decimal, strengths)) == Decimal(grid)


@settings(deadline=None, max_examples=50)
@given(st.lists(st.integers(1, 400).map(lambda n: Decimal(n) / 4), min_size=1, max_size=4))
def test_every_strength_is_a_dose_and_a_multiple_of_the_grid(strengths):
    assert set(strengths) <= set(doses_from(strengths))
    assert all(strength % grid_of(strengths) == 0 for strength in strengths)


def test_only_the_tablets_that_a_site_names_change_a_limit():
    assert tablet_limits({}) == {}
    assert tablet_limits({Drug.CICLOSPORIN: (Decimal(25), Decimal(100))}) == {
        "titration.ciclosporin_grid_mg": Decimal(25)
    }


def test_the_example_site_file_is_in_order():
    example = read_site(Path(__file__).parents[2] / "deploy" / "site.example.toml")
    assert example.fhir_bases[0].url == "https://ehr.hospital.example/fhir"
    assert overrides_of(example)["titration.sirolimus_aim"] == 8
    load_protocol(overrides_of(example))
