"""Every key of a site file, made wrong in every way: refused by the start and by `check` alike, or not without effect.

What is passed over in silence is what a site believes to be in force. A fault names the key.
"""

import json
import random
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from joserfc.jwk import ECKey

from cds_service.cli.check import check_installation
from cds_service.cli.report import UNUSABLE
from cds_service.cli.serve import serve
from cds_service.settings.site_file import BadSite, read_site
from cds_service.wiring import INSTALLATION_FAULTS, build_installation, faults_in, offline
from tests.certificates import an_authority
from tests.limits.toml_text import Key, places, toml_file, with_value, without
from tests.scenarios.fhir_charts import LOINC, site_with_codes
from tests.standard.tokens import jwk, jwk_set

SITE: dict[str, Any] = {
    "language": "zh",
    "time_zone": "Europe/Berlin",
    "ordered_by_hand": ["hiv-serology"],
    "ca_bundle": "hospital.pem",
    "trial": {"study_references": ["ResearchStudy/17"]},
    "arms": {"arm A": "sirolimus", "arm B": "sirolimus+ciclosporin"},
    "tablets": {"sirolimus": [1, 2], "ciclosporin": [Decimal("12.5"), 25]},
    "thresholds": {
        "titration.sirolimus_aim": Decimal("7.5"),
        "counts.fresh_max_days": 20,
        "monitoring.phase_ends": [14, 91, 180],
        "eligibility.require_marrow_attestation": False,
        "eligibility.prevention_words": ["prophyla"],
        "eligibility.prevention_drugs": ["levofloxacin 500"],
        "eligibility.attestation_short_items": ["I5"],
        "response_profiles.profile": "china_2022",
        "restraint.quiet_states": ["UNKNOWN"],
        "safety.lost_warns": ["potassium"],
    },
    "codes": {"concept_maps": ["site.conceptmap.json"], "leave_out": ["snomed"]},
    "code_systems": {"http://his.hospital.example/icd": "ICD-10"},
    "fhir_servers": [{"base": "https://ehr.hospital.example/fhir"}],
    "ehr": {
        "not_kept": ["AdverseEvent"],
        "other_names": ["http://fhir.internal:8080/r4"],
        "strict_searches": False,
        "statement_hours": 12,
        "searches": {"Observation": ["category=laboratory"]},
    },
    "participation": {"group": [{"name": "Group/17", "arm": "sirolimus", "state": "screening"}]},
    "trusted_clients": [
        {
            "iss": "https://ehr.hospital.example",
            "jku": "https://ehr.hospital.example/jwks.json",
            "jwks_file": "keys.json",
            "tenants": ["haematology"],
            "algorithms": ["ES384"],
            "language": "en",
            "fhir_bases": ["https://ehr.hospital.example/r4"],
            "fhir_client_id": "cds-service",
            "one_action": True,
            "origins": ["https://ehr.hospital.example"],
            "smart": [
                {
                    "fhir_base": "https://ehr.hospital.example/r4",
                    "client_id": "aa-cds-explain",
                    "client_secret_file": "page.secret",
                    "issuer": "https://ehr.hospital.example/oauth2",
                    "endpoints": ["https://login.hospital.example"],
                    "frame_ancestors": ["https://ehr.hospital.example"],
                }
            ],
        }
    ],
    "research": {
        "issuer": "https://id.hospital.example/realms/staff",
        "client_id": "aa-cds-research",
        "client_secret_file": "page.secret",
        "role": "study-team",
        "role_claim": "realm_access.roles",
        "endpoints": ["https://login.hospital.example"],
        "screening_folder": "screening",
    },
    "bulk_exports": [
        {
            "fhir_base": "https://ehr.hospital.example/fhir",
            "client_id": "aa-cds-screening",
            "private_key_file": "ours.jwk.json",
            "scopes": ["system/Patient.rs"],
            "endpoints": ["https://login.hospital.example"],
            "level": "Group/17",
            "type_filters": ["Observation?category=laboratory"],
            "download_hosts": ["https://files.hospital.example"],
            "leave_out": ["PractitionerRole"],
            "hours": 3,
            "whole_every_days": Decimal("1.5"),
        }
    ],
    "study_list": {
        "fhir_base": "https://ehr.hospital.example/fhir",
        "client_id": "aa-cds-list",
        "client_secret_file": "page.secret",
        "endpoints": ["https://login.hospital.example"],
        "digest": {
            "smtp": "smtp.hospital.example:587",
            "tls": "tls",
            "user": "cds",
            "password_file": "page.secret",
            "from": "cds@hospital.example",
            "to": ["study-team@hospital.example"],
        },
    },
    "forecast": {
        "enabled": True,
        "sirolimus_models": ["mao_2024"],
        "ciclosporin_models": [],
        "sirolimus_days": 10,
        "ciclosporin_days": 5,
    },
}
OURS = ECKey.generate_key("P-384", {"kid": "ours"}, private=True)
ANYWHERE = [
    "",
    " ",
    "no such name",
    17,
    -1,
    10**12,
    Decimal("nan"),
    Decimal("inf"),
    True,
    False,
    [],
    {},
    [""],
    [[]],
    [17],
]
"""What a hand may write in the place of any value."""

PLACES = [(path, value) for path, value in places(SITE) if path]
WRONG = [
    (path, wrong)
    for path, value in PLACES
    for wrong in ANYWHERE
    if wrong != value or type(wrong) is not type(value)
]
TABLES = [path for path, value in places(SITE) if isinstance(value, dict)]


@pytest.fixture(scope="module")
def site_file(tmp_path_factory: pytest.TempPathFactory) -> Any:
    folder = tmp_path_factory.mktemp("site")
    site_with_codes(folder, ("urn:ours", "HB", LOINC, "718-7"))
    (folder / "hospital.pem").write_bytes(an_authority("the hospital's authority").pem)
    (folder / "keys.json").write_bytes(jwk_set(jwk("ehr-1")))
    (folder / "page.secret").write_text("s3cret")
    (folder / "ours.jwk.json").write_text(json.dumps(OURS.as_dict(private=True)))

    def write(site: dict[str, Any]) -> Path:
        path = folder / "site.toml"
        path.write_text(toml_file(site), "utf-8")
        return path

    return write


def _refused(path: Path) -> list[str]:
    """Why the service does not start with this file; [] where it does."""
    try:
        build_installation(offline(read_site(path)))
    except BadSite as error:
        return list(error.faults)
    except INSTALLATION_FAULTS as error:
        return list(faults_in(error))
    return []


def _names(path: Key, fault: str) -> bool:
    """Does the fault name the key, or one that it stands in?"""
    return not path or any(str(name) in fault for name in path[:2])


def test_the_whole_file_is_in_order(site_file: Any) -> None:
    path = site_file(SITE)
    assert _refused(path) == []
    assert check_installation(str(path)).faults == []


@pytest.mark.parametrize("path", [path for path, _ in PLACES], ids=lambda path: ".".join(map(str, path)))
def test_what_is_wrong_is_refused_and_named_or_has_its_effect(site_file: Any, path: Key) -> None:
    whole = read_site(site_file(SITE))
    for wrong in (wrong for place, wrong in WRONG if place == path):
        file = site_file(with_value(SITE, path, wrong))
        refused = _refused(file)
        if refused:
            assert any(_names(path, fault) for fault in refused), (path, wrong, refused)
        else:
            assert read_site(file) != whole, (path, wrong)


NAMED = [path for path, _ in PLACES if isinstance(path[-1], str) and len(path) > 1]


@pytest.mark.parametrize("path", NAMED, ids=lambda path: ".".join(map(str, path)))
@pytest.mark.parametrize("empty", ["", " "], ids=repr)
def test_an_empty_text_is_never_the_same_as_nothing_at_all(site_file: Any, path: Key, empty: str) -> None:
    """`client_id = ""` would be passed over as if it were left out."""
    if _refused_to_read(site_file(with_value(SITE, path, empty))):
        return
    left_out = site_file(without(SITE, path))
    assert _refused_to_read(left_out) or read_site(left_out) != _read(site_file, path, empty)


def _read(site_file: Any, path: Key, empty: str) -> Any:
    return read_site(site_file(with_value(SITE, path, empty)))


def _refused_to_read(path: Path) -> bool:
    try:
        read_site(path)
    except BadSite:
        return True
    return False


@pytest.mark.parametrize("path", TABLES, ids=lambda path: ".".join(map(str, path)))
def test_a_key_that_does_not_exist_is_named(site_file: Any, path: Key) -> None:
    refused = _refused(site_file(with_value(SITE, (*path, "no such key"), 1)))
    assert any("no such key" in fault and _names(path, fault) for fault in refused)


SAMPLE = random.Random(20260302).sample(WRONG, 24)


@pytest.mark.parametrize(("path", "wrong"), SAMPLE, ids=str)
def test_check_says_all_that_the_start_says(site_file: Any, path: Key, wrong: Any) -> None:
    file = site_file(with_value(SITE, path, wrong))
    told = check_installation(str(file)).faults
    assert set(_refused(file)) <= set(told)
    assert bool(_refused(file)) is bool(told)


def test_every_table_s_faults_are_told_at_once(site_file: Any, capsys: Any, monkeypatch: Any) -> None:
    """By `check` and by the start alike: a wrong table hides neither the next one nor the texts."""
    wrong = {
        **dict.fromkeys(SITE.keys() - {"thresholds", "codes", "tablets", "trusted_clients"}, 17),
        "thresholds": {"nowhere.x": 1, "titration.sirolimus_aim": -1, "counts.fresh_max_days": "x"},
        "codes": {"concept_maps": ["gone.json"], "leave_out": ["no such list"]},
        "tablets": {"sirolimus": [0], "ciclosporin": "x"},
        "trusted_clients": [{"iss": 17, "jku": "x", "smart": [{"client_id": True}]}, {"tenants": "x"}],
    }
    file = site_file(wrong)
    told = "\n".join(check_installation(str(file)).faults)
    monkeypatch.setenv("CDS_SITE_FILE", str(file))
    monkeypatch.setenv("CDS_ENVIRONMENT", "development")
    assert serve("127.0.0.1", 0) == UNUSABLE
    started = capsys.readouterr().err
    for named in (*SITE, *NAMED_TOO):
        assert named in told
        assert named in started


NAMED_TOO = (
    "nowhere.x",
    "titration.sirolimus_aim",
    "counts.fresh_max_days",
    "gone.json",
    "no such list",
    "tablets.ciclosporin",
    "trusted_clients[1].iss",
    "trusted_clients[1].smart[1].client_id",
    "trusted_clients[1].smart[1].fhir_base: is missing",
    "trusted_clients[2].tenants",
    "trusted_clients[2].iss: is missing",
)
