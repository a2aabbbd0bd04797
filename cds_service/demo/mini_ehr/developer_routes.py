"""For developers: what was said on the wire, how the mini-EHR behaves, its keys and what it supports."""

import json

from flask import Blueprint, Response, abort, jsonify, redirect, request
from werkzeug.wrappers import Response as AnyResponse

from cds_service.demo.mini_ehr.ehr_desk import KEYS_PATH
from cds_service.demo.mini_ehr.ehr_memory import Kept
from cds_service.demo.mini_ehr.page_responses import desk
from cds_service.demo.mini_ehr.switches import COOKIES

HOOKS = ("patient-view", "encounter-start", "problem-list-item-create", "order-select", "order-sign")
YEAR = 365 * 24 * 3600


def developer_routes() -> Blueprint:
    """`/switches`, `/exchanges/<n>`, the JWK Set and `/capabilities`."""
    routes = Blueprint("developer", __name__)

    @routes.post("/switches")
    def switch() -> AnyResponse:
        answer = redirect(_inside(request.form.get("back", "/")), 303)
        for name, choices in COOKIES.items():
            chosen = request.form.get(name)
            if chosen in set(choices):
                answer.set_cookie(f"ehr_{name}", chosen, max_age=YEAR, httponly=True, samesite="Strict")
        return answer

    @routes.get("/exchanges/<int:number>")
    def exchange(number: int) -> Response:
        kept = desk().memory.exchange(number)
        if kept is None:
            abort(404)
        return jsonify(request=_request_text(kept), response=_response_text(kept))

    @routes.get(KEYS_PATH)
    def keys() -> Response:
        return jsonify(desk().key.key_set())

    @routes.get("/capabilities")
    def capabilities() -> Response:
        return jsonify(
            version="2.0.1",
            hooks=list(HOOKS),
            feedback=True,
            systemActions=False,
            actionSelectionBehavior=False,
            autolaunchable=False,
            smartLaunch=True,
            prefetchTokens=["context.*", "user*Id", "today() +/- n days"],
        )

    return routes


def _inside(address: str) -> str:
    """An address of ours; anything else is the first page."""
    return address if address.startswith("/") and not address.startswith(("//", "/\\")) else "/"


def _request_text(kept: Kept) -> str:
    """The request without the access token in it, which is nobody's to see (CH-066)."""
    exchange = kept.exchange
    shown = dict(exchange.sent or {})
    if "fhirAuthorization" in shown:
        shown["fhirAuthorization"] = {**shown["fhirAuthorization"], "access_token": "…"}
    body = json.dumps(shown, indent=1, ensure_ascii=False) if shown else ""
    return f"{exchange.method} {exchange.url}\n\n{body}"


def _response_text(kept: Kept) -> str:
    exchange = kept.exchange
    if exchange.content is None:
        return f"{exchange.status}\n\n{exchange.text}"
    return f"{exchange.status}\n\n{json.dumps(exchange.content, indent=1, ensure_ascii=False)}"
