"""What operations teams read is true: every setting, metric and log line, and the files that they copy."""

import ast
import configparser
import re
import shlex
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry

from cds_service.cli import commands
from cds_service.settings import environment
from cds_service.web.log_redaction import ALLOWED
from cds_service.web.metrics import Metrics

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs/how-to/run-in-production.md").read_text(encoding="utf-8")
UNIT = ROOT / "deploy/cds-service.service"
ENV = ROOT / "deploy/cds-service.env.example"
_LOGGED = re.compile(r"""_log\.(?:info|warning|error)\(\s*"(\w+)\"""")


def test_every_setting_stands_in_the_page() -> None:
    assert set(re.findall(r"^\| `(CDS_\w+)`", PAGE, re.MULTILINE)) == environment._NAMES


@pytest.mark.parametrize(
    ("name", "member"),
    [
        ("CDS_WORKERS", "workers"),
        ("CDS_FETCH_SECONDS", "fetch_seconds"),
        ("CDS_VISIT_SECONDS", "visit_seconds"),
        ("CDS_MAX_BODY_BYTES", "max_body_bytes"),
        ("CDS_REQUEST_SECONDS", "request_seconds"),
        ("CDS_CLIENT_CALLS_PER_SECOND", "client_calls_per_second"),
        ("CDS_ADDRESS_CALLS_PER_SECOND", "address_calls_per_second"),
        ("CDS_METRICS_PORT", "metrics_port"),
    ],
)
def test_the_page_says_the_default_of_each_number(name: str, member: str) -> None:
    usual = environment.read_settings({"CDS_ENVIRONMENT": "development"})
    assert f"| `{name}` | {float(getattr(usual, member)):.15g} " in PAGE


def test_every_metric_stands_in_the_page() -> None:
    registry = CollectorRegistry()
    Metrics(registry)
    there = {metric.name for metric in registry.collect()}
    said = {name.removesuffix("_total") for name in re.findall(r"`(cds_\w+)", PAGE)}
    assert said == there


def test_every_line_of_the_log_stands_in_the_page() -> None:
    sources = [path.read_text("utf-8") for path in (ROOT / "cds_service").rglob("*.py")]
    events = {event for text in sources for event in _LOGGED.findall(text)}
    assert {"hook_answered", "fetch_failed", "fault"} <= events
    assert sorted(event for event in events if f"`{event}`" not in PAGE) == []


def test_what_a_line_of_the_log_is_given_it_says() -> None:
    """What is not on the list of log_redaction is dropped without a word."""
    dropped = [
        f"{path.name}: {call.args[0].value} {given.arg}"
        for path in (ROOT / "cds_service").rglob("*.py")
        for call in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(call, ast.Call)
        and isinstance(call.func, ast.Attribute)
        and call.func.attr in ("info", "warning", "error")
        and call.args
        and isinstance(call.args[0], ast.Constant)
        for given in call.keywords
        if given.arg not in ALLOWED
    ]
    assert dropped == []


def test_the_unit_file_runs_commands_that_there_are() -> None:
    unit = configparser.ConfigParser(interpolation=None, strict=False)
    unit.optionxform = str  # type: ignore[assignment]
    unit.read(UNIT)
    for name in ("ExecStartPre", "ExecStart"):
        program, *arguments = shlex.split(unit["Service"][name])
        assert program.endswith("/cds-service")
        commands._parser().parse_args(arguments)


def test_the_example_environment_has_only_settings_that_there_are() -> None:
    lines = [line for line in ENV.read_text().splitlines() if line and not line.startswith("#")]
    given = dict(line.split("=", 1) for line in lines)
    assert given.keys() <= environment._NAMES
    assert given["CDS_PSEUDONYM_KEY"] == ""  # nobody starts with the example's key
    with pytest.raises(environment.BadSettings) as caught:
        environment.read_settings(given)
    assert {fault.partition(":")[0] for fault in caught.value.faults} <= {
        "CDS_PSEUDONYM_KEY",
        "CDS_CLIENT_AUTHENTICATION",
        "/etc/cds/site.toml",
    }
