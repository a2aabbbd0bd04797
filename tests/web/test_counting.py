"""What is counted for Prometheus: each line of the log that counts, into which series, and no other line."""

import io

import pytest
import structlog
from prometheus_client import CollectorRegistry

from cds_service.web.log_redaction import configure_logging
from cds_service.web.metrics import Metrics

ANSWERED = {
    "service": "s",
    "milliseconds": 40.0,
    "indicators": ["critical", "info"],
    "rules": [["R1", "R2"], ["R1"]],
    "missed": ["observations"],
}
CALLS = 'cds_calls_total{service="%s",status="%s"}'
COUNTED = {
    "hook_answered": (
        ANSWERED,
        {
            CALLS % ("s", 200): 1,
            'cds_cards_total{indicator="critical",rule="R1"}': 1,
            'cds_cards_total{indicator="critical",rule="R2"}': 1,
            'cds_cards_total{indicator="info",rule="R1"}': 1,
            'cds_prefetch_missed_total{key="observations"}': 1,
            'cds_call_seconds_count{service="s"}': 1,
            'cds_call_seconds_sum{service="s"}': 0.04,
        },
    ),
    "hook_refused": (
        {"service": "s", "status": 412, "missed": ["patient", "consents"]},
        {
            CALLS % ("s", 412): 1,
            'cds_refusals_total{status="412"}': 1,
            'cds_prefetch_missed_total{key="patient"}': 1,
            'cds_prefetch_missed_total{key="consents"}': 1,
        },
    ),
    "http_refused": ({"status": 413}, {CALLS % ("", 413): 1, 'cds_refusals_total{status="413"}': 1}),
    "client_refused": (
        {"status": 401, "reason": "audience"},
        {
            CALLS % ("", 401): 1,
            'cds_refusals_total{status="401"}': 1,
            'cds_auth_failures_total{reason="audience"}': 1,
        },
    ),
    "fetch_failed": (
        {"failures": {"Observation": "timeout", "Consent": "timeout", "Patient": "forbidden"}},
        {
            'cds_fetch_failures_total{reason="timeout"}': 2,
            'cds_fetch_failures_total{reason="forbidden"}': 1,
        },
    ),
    "fault": ({"service": "s"}, {CALLS % ("s", 500): 1, "cds_faults_total": 1}),
    "store_unavailable": (
        {"status": 503},
        {CALLS % ("", 503): 1, 'cds_refusals_total{status="503"}': 1, "cds_store_failures_total": 1},
    ),
    "store_damaged": ({}, {"cds_store_damaged_total": 1}),
}
"""A line of the log, and by how much each series is higher after it."""


def series(registry):
    return {
        _name(sample): sample.value
        for metric in registry.collect()
        for sample in metric.samples
        if not sample.name.endswith(("_created", "_bucket")) and sample.value
    }


def _name(sample):
    labels = ",".join(f'{name}="{value}"' for name, value in sorted(sample.labels.items()))
    return f"{sample.name}{{{labels}}}" if labels else sample.name


@pytest.mark.parametrize("event", COUNTED)
def test_each_line_counts_into_its_series_and_is_passed_on(event):
    line, expected = COUNTED[event]
    count = Metrics(registry := CollectorRegistry())
    assert count(None, "info", {"event": event, **line}) == {"event": event, **line}
    assert series(registry) == pytest.approx(expected)


def test_a_line_that_is_logged_is_counted_once_and_written():
    configure_logging(stream := io.StringIO(), watchers=[Metrics(registry := CollectorRegistry())])
    structlog.get_logger().warning("store_damaged", reason="not a database", patient="SECRET")
    assert series(registry) == {"cds_store_damaged_total": 1}
    assert "store_damaged" in stream.getvalue()
    assert "SECRET" not in stream.getvalue()


def test_the_table_has_every_line_that_is_counted():
    assert COUNTED.keys() == Metrics(CollectorRegistry())._counted.keys()


def test_another_line_is_passed_on_and_not_counted():
    count = Metrics(registry := CollectorRegistry())
    assert count(None, "info", {"event": "server", "status": 500}) == {"event": "server", "status": 500}
    assert series(registry) == {}


@pytest.mark.parametrize(
    ("milliseconds", "bucket"),
    [
        (5, "0.005"),
        (6, "0.01"),
        (20, "0.02"),
        (50, "0.05"),
        (100, "0.1"),
        (200, "0.2"),
        (500, "0.5"),
        (1000, "1.0"),
        (2000, "2.0"),
        (5000, "5.0"),
        (10_000, "10.0"),
        (10_001, "+Inf"),
    ],
)
def test_a_call_falls_into_the_narrowest_span_that_holds_it(milliseconds, bucket):
    count = Metrics(registry := CollectorRegistry())
    count(None, "info", {"event": "hook_answered", **ANSWERED, "milliseconds": milliseconds})
    (spans,) = (m for m in registry.collect() if m.name == "cds_call_seconds")
    holding = [s.labels["le"] for s in spans.samples if s.name.endswith("_bucket") and s.value]
    assert holding[0] == bucket
