"""The results of one test, to look at and to change: the demo's editor of laboratory data."""

from datetime import tzinfo

from flask import Blueprint, Response, abort, request

from cds_service.demo.json_http import Json
from cds_service.demo.mini_ehr.laboratory import laboratory_rows, result_of
from cds_service.demo.mini_ehr.measuring import ResultFault, another, changed, with_trace
from cds_service.demo.mini_ehr.page_responses import (
    checked,
    desk,
    only_with_writes,
    page,
    said,
    switches,
    words_of_page,
)
from cds_service.demo.mini_ehr.undoing import carry_out
from cds_service.demo.record_client import update_of


def result_routes() -> Blueprint:
    """`/patients/<id>/results/...`."""
    routes = Blueprint("results", __name__)

    @routes.get("/patients/<patient_id>/tests/<key>")
    def results(patient_id: str, key: str) -> tuple[str, int]:
        found = desk().fhir.resources(f"Observation?patient={checked(patient_id)}&_count=500")
        row = next((row for row in laboratory_rows(found, switches().language) if row.key == key), None)
        if row is None:
            return "", 404
        now = desk().clock().strftime("%Y-%m-%dT%H:%M")
        return page("results.html", row=row, patient_id=patient_id, now=now), 200

    @routes.post("/patients/<patient_id>/results/<result_id>")
    def change(patient_id: str, result_id: str) -> Response:
        result = _own(patient_id, result_id)
        try:
            entry = _entry(result, "another" in request.form)
        except ResultFault as fault:
            return said(f"results.bad_{fault.field}", ok=False, status=400)
        undo = carry_out(desk().fhir, desk().memory, patient_id, [entry])
        return said("results.saved", undo=undo)

    return routes


def _entry(result: Json, is_another: bool) -> Json:
    """The transaction entry that writes what the form says, with its trace. Raises ResultFault."""
    words, now, author = words_of_page(), desk().clock(), desk().user.as_author
    value, taken = request.form["value"], request.form["taken"]
    if is_another:
        new = with_trace(another(result, value, taken, _zone()), words("results.entered"), author, now)
        return {"resource": new, "request": {"method": "POST", "url": "Observation"}}
    was = result_of(result)
    before = words("results.was", value=f"{was.value} {was.unit}".strip(), taken=was.moment)
    return update_of(with_trace(changed(result, value, taken, _zone()), before, author, now))


def _zone() -> tzinfo:
    zone = desk().clock().tzinfo
    assert zone
    return zone


def _own(patient_id: str, result_id: str) -> Json:
    """The patient's own result, where it may be changed. Raises Unanswered."""
    only_with_writes()
    result = desk().fhir.read(f"Observation/{checked(result_id)}")
    if (result.get("subject") or {}).get("reference") != f"Patient/{checked(patient_id)}":
        abort(404)
    return result
