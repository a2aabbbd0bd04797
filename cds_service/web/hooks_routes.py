"""CDS Hooks over HTTP: discovery and the call of a service, for clients that the door lets in."""

import time
from collections.abc import Callable
from datetime import datetime

import msgspec
import structlog
from flask import Blueprint, Response, request
from structlog.contextvars import bind_contextvars, clear_contextvars
from werkzeug.exceptions import RequestEntityTooLarge, UnsupportedMediaType

from cds_service.cards.frame import rules_of
from cds_service.hooks.card import Card
from cds_service.hooks.catalogue import Catalogue
from cds_service.hooks.request import HookRequest, read_hook_request
from cds_service.hooks.service import HookCall, HookService
from cds_service.web.door import Door

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
        return _json(discovery)

    @routes.post("/cds-services/<service_id>")
    def call(service_id: str) -> Response:
        started, now = time.perf_counter(), clock()
        caller = door.caller(door.endpoints.service(service_id), now)
        catalogue.find(service_id)
        _need_json()
        asked = read_hook_request(_body(max_body_bytes))
        service = catalogue.find_for(service_id, asked.hook)
        _bind(service, asked)
        cards = service.advise(HookCall(asked, caller, now))
        answer = _json(_encoder.encode({"cards": [card.as_json() for card in cards]}))
        _note(cards, started)
        return answer

    @routes.teardown_request
    def end(_: BaseException | None) -> None:
        clear_contextvars()

    return routes


def _need_json() -> None:
    mimetype = request.mimetype
    if mimetype != "application/json" and not mimetype.endswith("+json"):
        raise UnsupportedMediaType


def _body(limit: int) -> bytes:
    """The whole body. A chunked one is cut off by the framework without a word, one byte past our limit."""
    body = request.get_data(cache=False)
    if len(body) > limit:
        raise RequestEntityTooLarge
    return body


def _json(body: bytes) -> Response:
    return Response(body, content_type="application/json")


def _bind(service: HookService, asked: HookRequest) -> None:
    """What every further line of this call says: enough to find it at the EHR, nothing of the patient."""
    bind_contextvars(
        service=service.id,
        hook_instance=asked.hook_instance,
        missed=[key for key in service.prefetch if key not in asked.prefetch],
    )


def _note(cards: tuple[Card, ...], started: float) -> None:
    """One line a call."""
    _log.info(
        "hook_answered",
        indicators=[card.indicator.value for card in cards],
        rules=[rules_of(card) for card in cards],
        milliseconds=round((time.perf_counter() - started) * 1000, 1),
    )
