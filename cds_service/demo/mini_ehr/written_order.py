"""The order that a request is about: one being written in the form, or a draft that is in the record."""

from flask import abort, request

from cds_service.demo.json_http import Json
from cds_service.demo.mini_ehr.order_form import OrderForm, draft_from
from cds_service.demo.mini_ehr.page_responses import checked, desk


def draft_of_request(patient_id: str) -> Json:
    """The draft order. Raises Unanswered, and FormFault for an unreadable form; 404 for another's order."""
    if reference := request.values.get("draft"):
        return draft_in_record(patient_id, reference)
    subject = {"reference": f"Patient/{patient_id}"}
    form = OrderForm.read(request.form)
    checked(form.key)
    return draft_from(form, desk().products, subject, desk().user.as_author, str(desk().clock().date()))


def draft_in_record(patient_id: str, reference: str) -> Json:
    """A draft by "Type/id", of this patient. Raises Unanswered."""
    kind, _, key = reference.partition("/")
    if kind not in ("MedicationRequest", "ServiceRequest", "Task"):
        abort(404)
    draft = desk().fhir.read(f"{kind}/{checked(key)}")
    subject = draft.get("subject") or draft.get("for") or {}
    if subject.get("reference") != f"Patient/{patient_id}" or draft.get("status") != "draft":
        abort(404)
    return draft
