"""Prometheus metrics, counted from the log: what is counted is what was said, by the same few words.

`Metrics` stands in the log's chain of processors, so a line and its count cannot disagree, no part of the
service knows of counting, and nothing of a patient can become a label.
"""

from collections.abc import Callable, Mapping
from typing import Any

from prometheus_client import CollectorRegistry, Counter, Histogram
from structlog.typing import EventDict

_SECONDS = (0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10)
_NO_SERVICE = ""


class Metrics:
    """A structlog processor that counts, and passes every line on unchanged."""

    def __init__(self, registry: CollectorRegistry) -> None:
        def counter(name: str, what: str, *labels: str) -> Counter:
            return Counter(f"cds_{name}", what, labels, registry=registry)

        self._calls = counter("calls", "Calls of a service, by the status answered", "service", "status")
        self._cards = counter("cards", "Cards given, by rule that spoke on them", "rule", "indicator")
        self._missed = counter("prefetch_missed", "Advertised keys that a call did not bring", "key")
        self._fetches = counter("fetch_failures", "Fetches from a FHIR server that failed", "reason")
        self._strangers = counter("auth_failures", "Clients that were not let in", "reason")
        self._refusals = counter("refusals", "Requests refused, by status", "status")
        self._faults = counter("faults", "Faults of this program (500)")
        self._store = counter("store_failures", "Times the database could not do it")
        self._damage = counter("store_damaged", "Times the database file was found damaged")
        self._seconds = Histogram(
            "cds_call_seconds",
            "From a call's first byte at our door to its answer",
            ["service"],
            buckets=_SECONDS,
            registry=registry,
        )
        self._counted: Mapping[str, Callable[[EventDict], None]] = {
            "hook_answered": self._answered,
            "hook_refused": self._refused,
            "http_refused": self._refused,
            "client_refused": self._stranger,
            "fetch_failed": self._fetch_failed,
            "fault": self._fault,
            "store_unavailable": self._store_failed,
            "store_damaged": lambda _: self._damage.inc(),
        }

    def __call__(self, _: Any, __: str, event: EventDict) -> EventDict:
        """Count the line if it is one of those that are counted."""
        if count := self._counted.get(event["event"]):
            count(event)
        return event

    def _answered(self, event: EventDict) -> None:
        service = event["service"]
        self._call(event, 200)
        self._seconds.labels(service).observe(event["milliseconds"] / 1000)
        for indicator, rules in zip(event["indicators"], event["rules"], strict=True):
            for rule in rules:
                self._cards.labels(rule, indicator).inc()

    def _call(self, event: EventDict, status: int) -> None:
        self._calls.labels(event.get("service", _NO_SERVICE), str(status)).inc()
        for key in event.get("missed", ()):
            self._missed.labels(key).inc()

    def _refused(self, event: EventDict) -> None:
        self._call(event, event["status"])
        self._refusals.labels(str(event["status"])).inc()

    def _stranger(self, event: EventDict) -> None:
        self._refused(event)
        self._strangers.labels(event["reason"]).inc()

    def _fetch_failed(self, event: EventDict) -> None:
        for reason in event["failures"].values():
            self._fetches.labels(reason).inc()

    def _fault(self, event: EventDict) -> None:
        self._call(event, 500)
        self._faults.inc()

    def _store_failed(self, event: EventDict) -> None:
        self._refused(event)
        self._store.inc()
