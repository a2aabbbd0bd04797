"""The systemd units: what they run is there, and they expose little by systemd's own judgement."""

import configparser
import re
import shlex
import shutil
import subprocess
from pathlib import Path

import pytest

from cds_service.cli import commands

DEPLOY = Path(__file__).parents[2] / "deploy"
SERVICES = sorted(DEPLOY.glob("*.service"))
TIMERS = sorted(DEPLOY.glob("*.timer"))
MOST_EXPOSED = 2.0
_LEVEL = re.compile(r"Overall exposure level for \S+: ([\d.]+)")


def unit(path):
    parser = configparser.ConfigParser(interpolation=None, strict=False)
    parser.optionxform = str
    parser.read(path)
    return parser


def exposure(path):
    """Systemd's own figure, from 0 (nothing) to 10 (all); nothing is started."""
    done = subprocess.run(
        ["systemd-analyze", "security", "--offline=true", "--no-pager", str(path)],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    found = _LEVEL.search(done.stdout)
    assert found, done.stdout + done.stderr
    return float(found[1])


@pytest.fixture(scope="module")
def analyze():
    if shutil.which("systemd-analyze") is None:
        pytest.skip("the units are not judged: there is no systemd-analyze (apt-get install systemd)")


def test_there_are_units_for_all_that_runs_by_itself():
    assert {path.stem for path in TIMERS} == {"cds-deletion", "cds-digest", "cds-screening", "cds-study-list"}
    assert {path.stem for path in SERVICES} == {path.stem for path in TIMERS} | {
        "cds-service",
        "cds-service@",
        "cds-watch",
    }


@pytest.mark.parametrize("path", SERVICES, ids=lambda path: path.name)
def test_a_unit_exposes_little(path, analyze):
    assert exposure(path) < MOST_EXPOSED


def test_a_unit_without_its_hardening_exposes_much(tmp_path, analyze):
    bare = tmp_path / "cds-service.service"
    bare.write_text("[Service]\nExecStart=/bin/true\n")
    assert exposure(bare) > 9


@pytest.mark.parametrize("path", SERVICES, ids=lambda path: path.name)
def test_a_unit_runs_commands_that_there_are_and_is_not_root(path):
    service = unit(path)["Service"]
    for name in ("ExecStartPre", "ExecStart"):
        if name in service:
            program, *arguments = shlex.split(service[name].replace("%i", "8080"))
            assert program == "/opt/cds/.venv/bin/cds-service"
            commands._parser().parse_args(arguments)
    assert service["User"] == "cds"
    assert service["StateDirectory"] == "cds"  # else the file system is read-only to it, SQLite's file too


@pytest.mark.parametrize("path", TIMERS, ids=lambda path: path.name)
def test_a_timer_has_its_service_and_makes_up_for_a_night_when_the_host_was_down(path):
    assert path.with_suffix(".service") in SERVICES
    assert unit(path)["Timer"]["Persistent"] == "true"


def test_both_service_units_are_the_same_but_for_port_and_its_settings():
    one, many = (unit(DEPLOY / name) for name in ("cds-service.service", "cds-service@.service"))
    different = {name for name in one["Service"] if one["Service"][name] != many["Service"].get(name)}
    assert different == {"ExecStart", "EnvironmentFile"}
