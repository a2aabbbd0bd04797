"""The compose file: valid by the Compose Specification, and as confined as the image is tried. Validated, not run."""

import json
from pathlib import Path

import pytest
import yaml
from jsonschema import Draft7Validator

from cds_service.cli.commands import _parser
from cds_service.settings import environment

DEPLOY = Path(__file__).parents[2] / "deploy"
FILE = yaml.safe_load((DEPLOY / "compose.yaml").read_text(encoding="utf-8"))
SCHEMA = Draft7Validator(
    json.loads(Path(__file__).with_name("compose_spec.json").read_text(encoding="utf-8"))
)
OURS = ("cds-1", "cds-2", "screening")
SETTINGS_OF_OTHERS = {"PGPASSFILE"}  # libpq's


def test_it_is_valid():
    assert [error.message for error in SCHEMA.iter_errors(FILE)] == []


def test_the_validator_sees_a_mistyped_member():
    wrong = FILE | {"services": {"db": {"imagge": "x"}}}
    assert [error.message for error in SCHEMA.iter_errors(wrong)]


@pytest.mark.parametrize("name", OURS)
def test_our_containers_may_do_nothing_that_they_need_not(name):
    service = FILE["services"][name]
    assert service["read_only"] is True
    assert service["user"] == "10001:10001"
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert "privileged" not in service
    assert "ports" not in service  # nginx alone is reached from outside
    assert service["environment"].keys() <= environment._NAMES | SETTINGS_OF_OTHERS
    _parser().parse_args(service.get("command", ["serve"]))


def test_every_service_has_its_limit_and_the_database_is_reached_by_nobody_outside():
    assert all("mem_limit" in service for service in FILE["services"].values())
    assert FILE["services"]["db"]["networks"] == ["inner"]
    assert FILE["networks"]["inner"] == {"internal": True}
    assert {name for name, service in FILE["services"].items() if "ports" in service} == {"nginx"}


def test_nginx_is_configured_as_on_a_host_but_for_names_and_port():
    shipped = (DEPLOY / "nginx.example.conf").read_text(encoding="utf-8")
    expected = shipped.replace("listen 443 ssl", "listen 8443 ssl")
    expected = expected.replace("127.0.0.1:8080", "cds-1:8080").replace("127.0.0.1:8081", "cds-2:8080")
    assert (DEPLOY / "compose.nginx.conf").read_text(encoding="utf-8") == expected
