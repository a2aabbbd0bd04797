"""What a site copies to have the list and the digest every night: commands that there are, and days that come."""

import configparser
import re
import shlex
from pathlib import Path

import pytest
import yaml

from cds_service.cli.commands import _parser

ROOT = Path(__file__).parents[2]
UNITS = ("cds-study-list", "cds-digest")
PAGE = (ROOT / "docs/how-to/nightly-list.md").read_text(encoding="utf-8")


def unit(name):
    found = configparser.ConfigParser(interpolation=None, strict=False)
    found.optionxform = str
    found.read_string((ROOT / "deploy" / name).read_text(encoding="utf-8"))
    return found


@pytest.mark.parametrize("name", UNITS)
def test_a_unit_runs_a_command_that_there_is_and_ends(name):
    service = unit(f"{name}.service")["Service"]
    program, *arguments = shlex.split(service["ExecStart"])
    assert program.endswith("/cds-service")
    assert _parser().parse_args(arguments).command == name.removeprefix("cds-")
    assert service["Type"] == "oneshot"  # a timer's job is no daemon: Restart would run it for ever
    assert "Restart" not in service


@pytest.mark.parametrize("name", UNITS)
def test_its_timer_catches_up_on_a_night_that_was_missed(name):
    timer = unit(f"{name}.timer")
    assert timer["Timer"]["Persistent"] == "true"
    assert timer["Install"]["WantedBy"] == "timers.target"


def test_the_list_is_written_before_the_digest_is_sent():
    hours = [re.search(r"(\d\d):00", unit(f"{name}.timer")["Timer"]["OnCalendar"])[1] for name in UNITS]
    jobs = list(yaml.safe_load_all((ROOT / "deploy/study-list.cronjobs.yaml").read_text(encoding="utf-8")))
    assert [job["spec"]["schedule"].split()[1].zfill(2) for job in jobs] == hours == sorted(hours)


def test_the_cron_jobs_run_the_same_and_never_twice_at_once():
    jobs = list(yaml.safe_load_all((ROOT / "deploy/study-list.cronjobs.yaml").read_text(encoding="utf-8")))
    assert [job["metadata"]["name"] for job in jobs] == list(UNITS)
    for job, name in zip(jobs, UNITS, strict=True):
        assert job["spec"]["concurrencyPolicy"] == "Forbid"
        (container,) = job["spec"]["jobTemplate"]["spec"]["template"]["spec"]["containers"]
        told = shlex.split(unit(f"{name}.service")["Service"]["ExecStart"])
        assert container["command"] == ["cds-service", *told[1:]]


def test_every_command_of_the_how_to_is_one():
    lines = [line for block in re.findall(r"```sh\n(.*?)```", PAGE, re.S) for line in block.splitlines()]
    ours = [shlex.split(line)[1:] for line in lines if line.startswith("cds-service ")]
    assert len(ours) == 2
    for arguments in ours:
        _parser().parse_args(arguments)
