"""Writing an order, signing it, and what becomes of drafts in the record."""

import uuid
from datetime import timedelta

from flask import Blueprint, Response, abort, redirect, request
from werkzeug.wrappers import Response as AnyResponse

from cds_service.demo.json_http import Json
from cds_service.demo.mini_ehr.formulary import grouped_products
from cds_service.demo.mini_ehr.frequency import OFTEN
from cds_service.demo.mini_ehr.medication_rows import orders
from cds_service.demo.mini_ehr.order_form import UNITS
from cds_service.demo.mini_ehr.page_responses import (
    checked,
    desk,
    only_with_writes,
    page,
    said,
    words_of_page,
)
from cds_service.demo.mini_ehr.patient_banner import banner_person
from cds_service.demo.mini_ehr.signing import ended, signed
from cds_service.demo.mini_ehr.undoing import carry_out
from cds_service.demo.mini_ehr.written_order import draft_in_record, draft_of_request


def order_routes() -> Blueprint:
    """`/patients/<id>/order`, `/patients/<id>/orders` and what is done with drafts."""
    routes = Blueprint("orders", __name__)

    @routes.get("/patients/<patient_id>/order")
    def write(patient_id: str) -> str:
        patient = desk().fhir.read(f"Patient/{checked(patient_id)}")
        reference = request.args.get("draft", "")
        draft = draft_in_record(patient_id, reference) if reference else None
        return page(
            "order.html",
            person=banner_person(patient, desk().clock().date()),
            draft=orders([draft], words_of_page())[0] if draft else None,
            reference=reference,
            key=f"draft-{uuid.uuid4().hex[:12]}",
            products=grouped_products(desk().products, words_of_page()),
            often=tuple(OFTEN),
            units=tuple(UNITS),
            today=str(desk().clock().date()),
            active=[one for one in orders(_written(patient_id), words_of_page()) if one.status == "active"],
        )

    @routes.post("/patients/<patient_id>/orders")
    def sign(patient_id: str) -> Response:
        only_with_writes()
        return _sign(checked(patient_id))

    @routes.post("/patients/<patient_id>/drafts")
    def settle(patient_id: str) -> AnyResponse:
        only_with_writes()
        return _settle(checked(patient_id))

    return routes


def _written(patient_id: str) -> list[dict[str, object]]:
    return desk().fhir.resources(f"MedicationRequest?patient={patient_id}")


def _sign(patient_id: str) -> Response:
    draft = draft_of_request(patient_id)
    if not ("medicationCodeableConcept" in draft or "medicationReference" in draft):
        return said("order.no_drug", ok=False, status=400)
    if not draft.get("dosageInstruction"):
        return said("order.no_dose", ok=False, status=400)
    chosen = request.form.getlist("stop")
    stopped = [one for one in _written(patient_id) if one.get("id") in chosen]
    now = desk().clock()
    is_new = not request.form.get("draft")
    yesterday = (now - timedelta(days=1)).date()
    entries = ended(stopped, yesterday, words_of_page()("order.replaced"))
    entries = [signed(draft, now, is_new=is_new), *entries]
    undo = carry_out(desk().fhir, desk().memory, patient_id, entries)
    return said("order.signed", go=f"/patients/{patient_id}?said=order.signed&undo={undo}")


def _settle(patient_id: str) -> AnyResponse:
    reference = request.form.get("draft", "")
    draft = draft_in_record(patient_id, reference)
    if request.form.get("do") == "sign" and draft["resourceType"] != "MedicationRequest":
        return _done("order.signed", patient_id, signed(draft, desk().clock(), is_new=False))
    if request.form.get("do") != "discard":
        abort(400)
    return _done("order.discarded", patient_id, {"request": {"method": "DELETE", "url": reference}})


def _done(told: str, patient_id: str, entry: Json) -> AnyResponse:
    undo = carry_out(desk().fhir, desk().memory, patient_id, [entry])
    return redirect(f"/patients/{patient_id}?said={told}&undo={undo}", 303)
