"""The applications that `make bench` compares: ours, and the floor view of the design's budget."""

import json
import logging
import os
from datetime import datetime
from pathlib import Path
from typing import Any

import orjson
from flask import Flask, Response, request

from cds_service.cds_hooks.service_urls import Endpoints
from cds_service.cds_hooks.trusted_keys import read_key_set
from cds_service.services.catalogue import catalogue_of
from cds_service.settings.client_list import ListedClient
from cds_service.settings.environment import ClientAuthentication, Secret
from cds_service.settings.site_file import Site
from cds_service.web.client_authentication import Door, admit_everybody
from cds_service.web.log_redaction import configure_logging
from cds_service.web.wsgi_app import create_app
from cds_service.wiring import build_app, build_installation, remembering_visits
from tests.builders import NOW
from tests.installation import an_installation
from tests.standard.tokens import BASE, CLIENTS, EHR

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


def bare() -> Flask:
    """The service without client trust and without a memory, as the first budget has it."""
    configure_logging(level=logging.ERROR)  # a line for each call would bury the figures
    settings = an_installation(database=Secret("sqlite:////nowhere/unused.sqlite3"))
    door = Door(Endpoints(settings.public_base_url), admit_everybody)
    catalogue = catalogue_of(build_installation(settings))
    return create_app(catalogue, door, _fixed_clock, settings.max_body_bytes, {})


def visiting() -> Flask:
    """The same, and what a chart came to is kept for the calls of its visit, as in production."""
    configure_logging(level=logging.ERROR)
    settings = an_installation(database=Secret("sqlite:////nowhere/unused.sqlite3"))
    door = Door(Endpoints(settings.public_base_url), admit_everybody)
    installation = remembering_visits(settings, build_installation(settings))
    return create_app(catalogue_of(installation), door, _fixed_clock, settings.max_body_bytes, {})


def audited() -> Flask:
    """The service as in production: every call proves who calls, and is on record before it is answered."""
    configure_logging(level=logging.ERROR)
    keys = read_key_set(Path(os.environ["BENCH_KEY_SET"]).read_bytes())
    listed = ListedClient(CLIENTS[EHR], keys)
    settings = an_installation(
        Site(trusted_clients=(listed,)),
        url=BASE,
        database=Secret(os.environ["BENCH_DATABASE_URL"]),
        client_authentication=ClientAuthentication.JWT,
    )
    return build_app(settings, clock=_fixed_clock)


def ours(language: str = "en", **site: Any) -> Flask:
    """The whole service with "now" fixed to the bodies' day, and nothing to fetch from; `site` says more of it."""
    configure_logging(level=logging.ERROR)  # a line for each call would bury the figures
    return build_app(an_installation(Site(language=language, **site)), clock=_fixed_clock)


def _fixed_clock() -> datetime:
    return NOW.instant
