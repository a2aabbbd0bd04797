"""What the user does with a card: accept a suggestion, dismiss it, follow its link to an app."""

from typing import Any

from flask import Blueprint, Response, abort, redirect, request
from werkzeug.wrappers import Response as AnyResponse

from cds_service.demo.json_http import Json
from cds_service.demo.mini_ehr.actions import NotDoable, entries
from cds_service.demo.mini_ehr.consulting import react
from cds_service.demo.mini_ehr.ehr_memory import Given, Undoable
from cds_service.demo.mini_ehr.order_form import fields_of
from cds_service.demo.mini_ehr.page_responses import desk, only_with_writes, said
from cds_service.demo.mini_ehr.reactions import accepted, overridden
from cds_service.demo.mini_ehr.undoing import carry_out, remember
from cds_service.demo.mini_ehr.written_order import draft_of_request


def card_routes() -> Blueprint:
    """`/cards/<key>/...`."""
    routes = Blueprint("cards", __name__)

    @routes.post("/cards/<key>/suggestions/<int:number>")
    def accept(key: str, number: int) -> Response:
        only_with_writes()
        return _accept(_given(key, "suggestions", number), number)

    @routes.post("/cards/<key>/dismiss")
    def dismiss(key: str) -> Response:
        chosen = request.form.get("reason", "")
        number = int(chosen) if chosen.isdecimal() else None
        given = _given(key, "overrideReasons", number)
        comment = request.form.get("comment", "").strip()
        if given.card.get("indicator") == "critical" and number is None and not _in_words(given, comment):
            return said("advice.why_needed", ok=False, status=400)
        feedback = overridden(given.card, number, comment, desk().clock())
        undo = remember(desk().memory, Undoable(given.patient, given=given))
        return _reported("advice.dismissed", given, feedback, undo=undo)

    @routes.get("/cards/<key>/links/<int:number>")
    def launch(key: str, number: int) -> AnyResponse:
        given = _given(key, "links", number)
        if not desk().can_launch:
            abort(404)
        link = given.card["links"][number]
        return redirect(desk().launch(link["url"], given.patient, link.get("appContext")), 303)

    return routes


def _given(key: str, name: str, number: int | None) -> Given:
    """The card on show, with an entry of this number in that list; else 404."""
    given = desk().memory.card(key)
    if given is None or (number is not None and number >= len(given.card.get(name) or [])):
        abort(404)
    return given


def _in_words(given: Given, comment: str) -> bool:
    """Is a comment enough? Only where the card offers no reasons to choose from."""
    return bool(comment) and not given.card.get("overrideReasons")


def _accept(given: Given, number: int) -> Response:
    suggestion = given.card["suggestions"][number]
    feedback = accepted(given.card, number, desk().clock())
    if corrected := _for_the_form(suggestion, given.draft):
        if draft_of_request(given.patient) != given.draft:
            return said("order.outdated", ok=False, status=409)
        return _reported("order.corrected", given, feedback, fields=corrected, replaces=_replaced(suggestion))
    try:
        written = entries(suggestion, given.patient)
        undo = carry_out(desk().fhir, desk().memory, given.patient, written, given)
    except NotDoable as fault:
        return said("advice.not_doable", ok=False, status=409, why=fault.reason)
    if any(action.get("type") != "create" for action in suggestion["actions"]):
        return _reported("advice.took_effect", given, feedback, go="advice.took_effect", undo=undo)
    return _reported("advice.accepted", given, feedback, go="advice.accepted", undo=undo)


def _for_the_form(suggestion: Json, draft: Json | None) -> dict[str, str]:
    """A suggestion that only corrects the order being written changes the form, not the record."""
    actions = suggestion.get("actions") or []
    if draft is None or request.form.get("key") != draft["id"]:
        return {}
    if len(actions) != 1 or actions[0].get("type") != "update":
        return {}
    resource = actions[0].get("resource") or {}
    same = (resource.get("resourceType"), resource.get("id")) == (draft["resourceType"], draft["id"])
    return fields_of(resource, desk().products) if same else {}


def _replaced(suggestion: Json) -> str:
    """The id of the order that the corrected one takes the place of; "" where it names none."""
    prior = suggestion["actions"][0]["resource"].get("priorPrescription") or {}
    return str(prior.get("reference", "")).rpartition("/")[2]


def _reported(key: str, given: Given, feedback: Json | None, **more: Any) -> Response:
    """What was done, and whether the service has been told."""
    if feedback is None:
        return said(f"{key}_untold", **more)
    why = react(desk(), desk().client(given.asked_as), given.service, feedback)
    return said(key, **more) if why is None else said(f"{key}_unheard", why=why, untold=True, **more)
