"""Stopping an order that runs: first what is stopped, in whom and at which dose; then the stop itself."""

from flask import Blueprint, abort, redirect, request
from werkzeug.wrappers import Response as AnyResponse

from cds_service.demo.json_http import Json
from cds_service.demo.mini_ehr.medication_rows import orders
from cds_service.demo.mini_ehr.page_responses import checked, desk, only_with_writes, page, words_of_page
from cds_service.demo.mini_ehr.patient_banner import banner_person
from cds_service.demo.mini_ehr.signing import ended
from cds_service.demo.mini_ehr.undoing import carry_out


def stop_routes() -> Blueprint:
    """`/patients/<id>/stop`."""
    routes = Blueprint("stops", __name__)

    @routes.get("/patients/<patient_id>/stop")
    def ask(patient_id: str) -> str:
        only_with_writes()
        return _question(checked(patient_id), request.args.get("order", ""))

    @routes.post("/patients/<patient_id>/stop")
    def stop(patient_id: str) -> AnyResponse | tuple[str, int]:
        only_with_writes()
        order = _running(checked(patient_id), request.form.get("order", ""))
        if request.form.get("seen") != _seen(order):
            return _question(patient_id, str(order["id"])), 409
        today = desk().clock().date()
        entries = ended([order], today, words_of_page()("order.stopped_why"))
        undo = carry_out(desk().fhir, desk().memory, patient_id, entries)
        return redirect(f"/patients/{patient_id}?said=order.stopped&undo={undo}", 303)

    return routes


def _question(patient_id: str, order_id: str) -> str:
    order = _running(patient_id, order_id)
    patient = desk().fhir.read(f"Patient/{patient_id}")
    (shown,) = orders([order], words_of_page())
    who = banner_person(patient, desk().clock().date())
    return page("stop.html", person=who, order=shown, seen=_seen(order))


def _running(patient_id: str, order_id: str) -> Json:
    """The patient's active order of this id; else 404."""
    written = desk().fhir.resources(f"MedicationRequest?patient={patient_id}")
    found = [one for one in written if one.get("status") == "active" and one.get("id") == order_id]
    return found[0] if found else abort(404)


def _seen(order: Json) -> str:
    """What the question showed: drug, dose and days. An order that has changed since is asked about again."""
    (shown,) = orders([order], words_of_page())
    return " · ".join((shown.drug, shown.dose, shown.first, shown.last))
