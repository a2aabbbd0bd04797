"""Prometheus rules and Grafana dashboard: of metrics that there are, tried by promtool, each alert with its page section."""

import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml
from prometheus_client import CollectorRegistry

from cds_service.web.metrics import Metrics

ROOT = Path(__file__).parents[2]
MONITORING = ROOT / "deploy/monitoring"
ALERTS = [
    rule
    for group in yaml.safe_load((MONITORING / "rules.yaml").read_text())["groups"]
    for rule in group["rules"]
]
PANELS = json.loads((MONITORING / "dashboard.json").read_text())["panels"]
_METRIC = re.compile(r"\bcds_\w+")
_LABELS = re.compile(r"\b(cds_\w+)\{([^}]*)\}")


def samples():
    """Every name that our page shows, with its labels."""
    registry = CollectorRegistry()
    Metrics(registry)
    shown = {}
    for collector in registry._collector_to_names:
        for metric in collector.describe():
            labels = set(collector._labelnames)
            endings = ("_bucket", "_count", "_sum") if metric.type == "histogram" else ("_total",)
            for ending in endings:
                shown[metric.name + ending] = labels | ({"le"} if ending == "_bucket" else set())
    return shown


def expressions():
    yield from (rule["expr"] for rule in ALERTS)
    yield from (target["expr"] for panel in PANELS for target in panel["targets"])


def test_rules_and_dashboard_name_metrics_and_labels_that_there_are():
    shown = samples()
    for expression in expressions():
        assert set(_METRIC.findall(expression)) <= shown.keys(), expression
        for name, matchers in _LABELS.findall(expression):
            assert set(re.findall(r"(\w+)\s*[=!]", matchers)) <= shown[name], expression


def test_the_dashboard_shows_every_metric():
    asked = {
        name for panel in PANELS for target in panel["targets"] for name in _METRIC.findall(target["expr"])
    }
    whole = {name.rpartition("_")[0] for name in asked}
    assert whole == {name.rpartition("_")[0] for name in samples()}


@pytest.mark.parametrize("rule", ALERTS, ids=lambda rule: rule["alert"])
def test_each_alert_has_its_section(rule):
    page, _, anchor = rule["annotations"]["runbook"].partition("#")
    assert anchor == rule["alert"].lower()
    assert f"\n## {rule['alert']}\n" in (ROOT / page).read_text(encoding="utf-8")


def test_no_section_speaks_of_an_alert_that_there_is_not():
    page = (ROOT / "docs/how-to/answer-an-alert.md").read_text(encoding="utf-8")
    assert re.findall(r"^## (Cds\w+)$", page, re.MULTILINE) == [rule["alert"] for rule in ALERTS]


def test_promtool_finds_each_alert_where_it_must_be_and_nowhere_else():
    if shutil.which("promtool") is None:
        pytest.skip("the rules are not tried: there is no promtool (apt-get install prometheus)")
    for asked in (("check", "rules", "rules.yaml"), ("test", "rules", "rules.test.yaml")):
        done = subprocess.run(
            ["promtool", *asked], cwd=MONITORING, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr


def test_each_alert_is_tried_both_ways():
    tried = yaml.safe_load((MONITORING / "rules.test.yaml").read_text())["tests"]
    cases = [case for one in tried for case in one["alert_rule_test"]]
    fires = {case["alertname"] for case in cases if case["exp_alerts"]}
    silent = {case["alertname"] for case in cases if not case["exp_alerts"]}
    assert fires == silent == {rule["alert"] for rule in ALERTS}
