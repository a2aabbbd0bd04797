"""The applications that `make bench` compares: ours, and the floor view of the design's budget."""

import json
import logging
from datetime import datetime
from typing import Any

import orjson
from flask import Flask, Response, request

from cds_service.settings.site_file import Site
from cds_service.web.private_logging import configure_logging
from cds_service.wiring import build_app
from tests.builders import NOW
from tests.installation import an_installation

CARD = json.dumps(
    {"cards": [{"summary": "A constant card", "indicator": "info", "source": {"label": "floor"}}]}
).encode()


def floor() -> Flask:
    """A bare Flask view that does `orjson.loads` on the body and answers a constant card."""
    app = Flask("floor")

    @app.post("/cds-services/<service_id>")
    def call(service_id: str) -> Response:
        body: Any = orjson.loads(request.get_data())
        assert body["hook"]
        assert service_id
        return Response(CARD, mimetype="application/json")

    @app.get("/cds-services")
    def discover() -> Response:
        return Response(b'{"services":[]}', mimetype="application/json")

    return app


def ours(language: str = "en", **site: Any) -> Flask:
    """The whole service with "now" fixed to the bodies' day, and nothing to fetch from; `site` says more of it."""
    configure_logging(level=logging.ERROR)  # a line for each call would bury the figures
    return build_app(an_installation(Site(language=language, **site)), clock=_fixed_clock)


def _fixed_clock() -> datetime:
    return NOW.instant
