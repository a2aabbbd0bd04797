"""Moments of care that a page reports to the services."""

from collections.abc import Callable

from flask import Blueprint, Response, abort, jsonify, request

from cds_service.demo.json_http import Json
from cds_service.demo.mini_ehr import contexts
from cds_service.demo.mini_ehr.consulting import Consultation, consult_services
from cds_service.demo.mini_ehr.order_answer import decision_on, drafted_dose, order_answer, piece_of
from cds_service.demo.mini_ehr.order_form import FormFault, why_unread
from cds_service.demo.mini_ehr.order_ruler import order_ruler
from cds_service.demo.mini_ehr.page_responses import checked, desk, page, said, switches, words_of_page
from cds_service.demo.mini_ehr.written_order import draft_of_request


def hook_routes() -> Blueprint:
    """`/patients/<id>/hooks/<hook>`."""
    routes = Blueprint("hooks", __name__)

    @routes.post("/patients/<patient_id>/hooks/<hook>")
    def fire(patient_id: str, hook: str) -> Response:
        checked(patient_id)
        if hook not in _MOMENTS:
            abort(404)
        try:
            context, draft = _MOMENTS[hook](patient_id)
        except FormFault as fault:  # while it is being written: nothing has failed
            return said(why_unread(fault), ok=False, field=fault.field)
        if context is None:
            return said("advice.no_visit", ok=False, status=409)
        came = consult_services(desk(), switches(), hook, context, draft)
        return jsonify(
            ok=not came.silences,
            services=[*came.services, "discovery"],
            html=page("cards.html", came=came, patient_id=patient_id),
            exchanges=page("exchanges.html", came=came),
            judged=[card.judged for card in came.cards if card.judged],
            said=words_of_page()("advice.asked", count=len(came.services), time=f"{desk().clock():%H:%M:%S}"),
            loudest=min((card.rank for card in came.cards), default=9),
            **_answered(came, patient_id, draft),
        )

    return routes


def _answered(came: Consultation, patient_id: str, draft: Json | None) -> Json:
    """For an order that is written: line and ruler beside Sign, by the advice about the patient as of now."""
    if draft is None:
        return {}
    words, piece = words_of_page(), piece_of(draft, desk().products.values())
    about = consult_services(desk(), switches(), "patient-view", contexts.who(desk().user, patient_id))
    kept = [given.card for one in about.cards if (given := desk().memory.card(one.key))]
    decision, dose = decision_on(draft, kept), drafted_dose(draft, piece)
    return {
        "answer": order_answer(came, about, decision, dose, piece, words),
        "ruler": order_ruler(decision, dose, piece, words),
    }


Moment = tuple[Json | None, Json | None]


def _opened(patient_id: str) -> Moment:
    return contexts.who(desk().user, patient_id), None


def _visit(patient_id: str) -> Moment:
    visit = contexts.visit_under_way(desk().fhir, patient_id)
    if visit is None and desk().may_write:
        encounter = contexts.new_visit(patient_id, desk().clock())
        request_ = {"method": "POST", "url": "Encounter"}
        (reference,) = desk().fhir.transact([{"resource": encounter, "request": request_}])
        visit = reference.removeprefix("Encounter/")
    return (contexts.who(desk().user, patient_id) | {"encounterId": visit}, None) if visit else (None, None)


def _problem(patient_id: str) -> Moment:
    diagnosis = request.form.get("diagnosis", "")
    if diagnosis not in contexts.DIAGNOSES:
        abort(400)
    condition = contexts.new_problem(desk().user, patient_id, diagnosis, desk().clock())
    if desk().may_write:
        entry = {"resource": condition, "request": {"method": "POST", "url": "Condition"}}
        (reference,) = desk().fhir.transact([entry])
        condition |= {"id": reference.removeprefix("Condition/")}
    return contexts.problem_listed(desk().user, patient_id, condition), None


def _select(patient_id: str) -> Moment:
    draft = draft_of_request(patient_id)
    return contexts.order_select(desk().user, patient_id, draft, _to_be_stopped(patient_id)), draft


def _sign(patient_id: str) -> Moment:
    draft = draft_of_request(patient_id)
    return contexts.order_sign(desk().user, patient_id, draft, _to_be_stopped(patient_id)), draft


def _to_be_stopped(patient_id: str) -> list[Json]:
    """The orders that the form says this one replaces, as they will be."""
    chosen = request.form.getlist("stop")
    orders = desk().fhir.resources(f"MedicationRequest?patient={patient_id}") if chosen else []
    return [order | {"status": "stopped"} for order in orders if order.get("id") in chosen]


_MOMENTS: dict[str, Callable[[str], Moment]] = {
    "patient-view": _opened,
    "encounter-start": _visit,
    "problem-list-item-create": _problem,
    "order-select": _select,
    "order-sign": _sign,
}
