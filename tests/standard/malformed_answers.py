"""A negative control, run by `test_judge.py` and by nobody else: tests that look at nothing.

The service is ours; what it is told to answer breaks the standard. Each of these must fail.
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pytest
import requests

from cds_service.cds_hooks.card import Indicator
from cds_service.cds_hooks.discovery import Catalogue
from cds_service.cds_hooks.request import Hook
from cds_service.cds_hooks.service import HookAnswer, HookService
from cds_service.demo.loopback import serve_on_loopback
from cds_service.web.wsgi_app import create_app
from tests.standard.calls import a_call
from tests.web.doors import OPEN

NOW = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)
GOOD = {"summary": "A good card", "indicator": "info", "source": {"label": "Trial record"}}
BAD = {
    "summary-too-long": {**GOOD, "summary": "x" * 140},
    "indicator-unknown": {**GOOD, "indicator": "hard-stop"},
    "detail-null": {**GOOD, "detail": None},
    "extension-empty-inside": {**GOOD, "extension": {"org.example.x": {"y": []}}},
    "suggestions-without-selection": {**GOOD, "suggestions": [{"label": "x"}]},
    "number-not-finite": {**GOOD, "extension": {"org.example.x": float("nan")}},
}


@dataclass
class Told:
    """Stands for a card; says what it was told to say."""

    json: dict[str, Any]
    indicator: Indicator = Indicator.INFO
    extension: None = None

    def as_json(self) -> dict[str, Any]:
        return self.json


def app_saying(card: dict[str, Any], description: str = "Echoes") -> Any:
    """The real application with one service that answers this card."""
    echo = HookService(
        "echo", Hook.PATIENT_VIEW, "Echo", description, {}, lambda _: HookAnswer((Told(card),))
    )
    return create_app(Catalogue([echo]), OPEN, lambda: NOW, 20_000, {"software": "1"})


@pytest.mark.parametrize("name", ["good", *BAD])
@pytest.mark.parametrize("door", ["test client", "loopback"])
def test_that_asserts_nothing(name: str, door: str) -> None:
    app = app_saying(BAD.get(name, GOOD))
    if door == "test client":
        app.test_client().post("/cds-services/echo", json=a_call())
        return
    server = serve_on_loopback(lambda _: app.wsgi_app, 0)
    try:
        requests.post(f"{server.base_url}/cds-services/echo", json=a_call(), timeout=5)
    finally:
        server.stop()


@pytest.mark.parametrize("description", ["Echoes", ""])
def test_of_discovery_that_asserts_nothing(description: str) -> None:
    app_saying(GOOD, description).test_client().get("/cds-services")
