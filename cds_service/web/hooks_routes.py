"""CDS Hooks over HTTP: discovery and the call of a service, for clients that the door lets in."""

import time
from collections.abc import Callable
from datetime import datetime

import msgspec
import structlog
from flask import Blueprint, Response
from structlog.contextvars import bind_contextvars, clear_contextvars

from cds_service.cards.card_builder import EXTENSION
from cds_service.cds_hooks.card import Card
from cds_service.cds_hooks.discovery import Catalogue
from cds_service.cds_hooks.request import read_hook_request
from cds_service.cds_hooks.service import HookCall
from cds_service.web.client_authentication import Door
from cds_service.web.request_body import json_body

Clock = Callable[[], datetime]
_encoder = msgspec.json.Encoder(decimal_format="number")
_log = structlog.get_logger()


def hooks_routes(catalogue: Catalogue, door: Door, clock: Clock, max_body_bytes: int) -> Blueprint:
    """The routes under `/cds-services`. `clock` gives the aware moment of each call."""
    routes = Blueprint("hooks", __name__)
    discovery = _encoder.encode(catalogue.discovery())

    @routes.get("/cds-services")
    def discover() -> Response:
        door.caller(door.endpoints.discovery(), clock())
        return Response(discovery, content_type="application/json")

    @routes.post("/cds-services/<service_id>")
    def call(service_id: str) -> Response:
        started, now = time.perf_counter(), clock()
        caller = door.caller(door.endpoints.service(service_id), now)
        catalogue.find(service_id)
        asked = read_hook_request(json_body(max_body_bytes))
        service = catalogue.find_for(service_id, asked.hook)
        # what every further line of this call says: enough to find it at the EHR, nothing of the patient
        missed = [key for key in service.prefetch if key not in asked.prefetch]
        bind_contextvars(service=service.id, hook_instance=asked.hook_instance, missed=missed)
        answer = service.advise(HookCall(asked, caller, now))
        body = _encoder.encode(answer.as_json())
        _note(answer.cards, started)
        return Response(body, content_type="application/json")

    @routes.teardown_request
    def end(_: BaseException | None) -> None:
        clear_contextvars()

    return routes


def _note(cards: tuple[Card, ...], started: float) -> None:
    """One line a call, with the rules that spoke on each card, by its decision extension."""
    decisions = [(card.extension or {}).get(EXTENSION) or {} for card in cards]
    _log.info(
        "hook_answered",
        indicators=[card.indicator.value for card in cards],
        rules=[list(decision.get("ruleIds", ())) for decision in decisions],
        milliseconds=round((time.perf_counter() - started) * 1000, 1),
    )
