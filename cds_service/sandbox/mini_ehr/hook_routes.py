"""Moments of care that a page reports, and what the user does with the cards that come."""

from collections.abc import Callable
from typing import Any

from flask import Blueprint, Response, abort, jsonify, redirect, request
from werkzeug.wrappers import Response as AnyResponse

from cds_service.sandbox.json_http import Json
from cds_service.sandbox.launches import launch_address
from cds_service.sandbox.mini_ehr import contexts
from cds_service.sandbox.mini_ehr.actions import NotDoable, entries
from cds_service.sandbox.mini_ehr.consulting import consult, react
from cds_service.sandbox.mini_ehr.desk import USER
from cds_service.sandbox.mini_ehr.memory import Given
from cds_service.sandbox.mini_ehr.order_form import fields_of
from cds_service.sandbox.mini_ehr.pages import checked, desk, only_with_writes, page, said, switches, words
from cds_service.sandbox.mini_ehr.reactions import accepted, overridden
from cds_service.sandbox.mini_ehr.written_order import draft_of_request


def hook_routes() -> Blueprint:
    """`/patients/<id>/hooks/<hook>` and `/cards/<key>/...`."""
    routes = Blueprint("hooks", __name__)

    @routes.post("/patients/<patient_id>/hooks/<hook>")
    def fire(patient_id: str, hook: str) -> Response:
        checked(patient_id)
        if hook not in _MOMENTS:
            abort(404)
        context, draft = _MOMENTS[hook](patient_id)
        if context is None:
            return said("advice.no_visit", ok=False, status=409)
        came = consult(desk(), switches(), hook, context, draft)
        return jsonify(
            ok=not came.silences,
            services=[*came.services, "discovery"],
            html=page("cards.html", came=came, patient_id=patient_id),
            exchanges=page("exchanges.html", came=came),
            said=words()("advice.asked", count=len(came.services), time=f"{desk().clock():%H:%M:%S}"),
            loudest=min((card.rank for card in came.cards), default=9),
        )

    @routes.post("/cards/<key>/suggestions/<int:number>")
    def accept(key: str, number: int) -> Response:
        only_with_writes()
        return _accept(_given(key, "suggestions", number), number)

    @routes.post("/cards/<key>/dismiss")
    def dismiss(key: str) -> Response:
        chosen = request.form.get("reason", "")
        number = int(chosen) if chosen.isdecimal() else None
        given = _given(key, "overrideReasons", number)
        feedback = overridden(given.card, number, request.form.get("comment", "").strip(), desk().clock())
        return _reported("advice.dismissed", given, feedback)

    @routes.get("/cards/<key>/links/<int:number>")
    def launch(key: str, number: int) -> AnyResponse:
        given = _given(key, "links", number)
        link = given.card["links"][number]
        opened = desk().launches.launch_id(given.patient, USER, link.get("appContext"))
        return redirect(launch_address(link["url"], desk().fhir_base, opened), 303)

    return routes


Moment = tuple[Json | None, Json | None]


def _opened(patient_id: str) -> Moment:
    return contexts.who(patient_id), None


def _visit(patient_id: str) -> Moment:
    visit = contexts.visit_under_way(desk().fhir, patient_id)
    if visit is None and desk().may_write:
        encounter = contexts.new_visit(patient_id, desk().clock())
        request_ = {"method": "POST", "url": "Encounter"}
        (reference,) = desk().fhir.transact([{"resource": encounter, "request": request_}])
        visit = reference.removeprefix("Encounter/")
    return (contexts.who(patient_id) | {"encounterId": visit}, None) if visit else (None, None)


def _problem(patient_id: str) -> Moment:
    diagnosis = request.form.get("diagnosis", "")
    if diagnosis not in contexts.DIAGNOSES:
        abort(400)
    condition = contexts.new_problem(patient_id, diagnosis, desk().clock())
    if desk().may_write:
        entry = {"resource": condition, "request": {"method": "POST", "url": "Condition"}}
        (reference,) = desk().fhir.transact([entry])
        condition |= {"id": reference.removeprefix("Condition/")}
    return contexts.problem_listed(patient_id, condition), None


def _select(patient_id: str) -> Moment:
    draft = draft_of_request(patient_id)
    return contexts.order_select(patient_id, draft), draft


def _sign(patient_id: str) -> Moment:
    draft = draft_of_request(patient_id)
    return contexts.order_sign(patient_id, draft), draft


_MOMENTS: dict[str, Callable[[str], Moment]] = {
    "patient-view": _opened,
    "encounter-start": _visit,
    "problem-list-item-create": _problem,
    "order-select": _select,
    "order-sign": _sign,
}


def _given(key: str, name: str, number: int | None) -> Given:
    """The card on show, with an entry of this number in that list; else 404."""
    given = desk().memory.card(key)
    if given is None or (number is not None and number >= len(given.card.get(name) or [])):
        abort(404)
    return given


def _accept(given: Given, number: int) -> Response:
    suggestion = given.card["suggestions"][number]
    feedback = accepted(given.card, number, desk().clock())
    if corrected := _for_the_form(suggestion, given.draft):
        return _reported("order.corrected", given, feedback, fields=corrected)
    try:
        desk().fhir.transact(entries(suggestion, given.patient))
    except NotDoable as fault:
        return said("advice.not_doable", ok=False, status=409, why=fault.reason)
    return _reported("advice.accepted", given, feedback, changed=True)


def _for_the_form(suggestion: Json, draft: Json | None) -> dict[str, str]:
    """A suggestion that only corrects the order being written changes the form, not the record."""
    actions = suggestion.get("actions") or []
    if draft is None or len(actions) != 1 or actions[0].get("type") != "update":
        return {}
    resource = actions[0].get("resource") or {}
    same = (resource.get("resourceType"), resource.get("id")) == (draft["resourceType"], draft["id"])
    return fields_of(resource) if same and "meta" not in draft else {}


def _reported(key: str, given: Given, feedback: Json | None, **more: Any) -> Response:
    """What was done, and whether the service has been told."""
    if feedback is None:
        return said(f"{key}_untold", **more)
    why = react(desk(), desk().client(switches()), given.service, feedback)
    return said(key, **more) if why is None else said(f"{key}_unheard", why=why, untold=True, **more)
