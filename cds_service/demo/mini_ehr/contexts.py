"""The hook contexts of the moments of care that the pages offer."""

from collections.abc import Iterable, Mapping
from datetime import datetime

from cds_service.demo.demo_patients.elements import HL7, Json, concept, hl7_code
from cds_service.demo.mini_ehr.user import User
from cds_service.demo.record_client import FhirClient

DIAGNOSES: Mapping[str, tuple[tuple[str, ...], str]] = {
    "aplastic": (("icd10 D61.9 Aplastic anaemia, unspecified",), "再生障碍性贫血 (aplastic anaemia)"),
    "fanconi": (("icd10 D61.0 Constitutional aplastic anaemia",), "范可尼贫血 (Fanconi anaemia)"),
    "iron": (("icd10 D50.9 Iron deficiency anaemia, unspecified",), "缺铁性贫血 (iron-deficiency anaemia)"),
}
_PRESENT = ("arrived", "in-progress", "triaged")


def who(user: User, patient_id: str) -> Json:
    """What every context holds."""
    return {"userId": user.reference, "patientId": patient_id}


def order_select(user: User, patient_id: str, draft: Json, ended: Iterable[Json] = ()) -> Json:
    """An order is being written; `ended` are those that it is to replace."""
    return who(user, patient_id) | {
        "selections": [f"{draft['resourceType']}/{draft['id']}"],
        "draftOrders": _bundle(draft, *ended),
    }


def order_sign(user: User, patient_id: str, draft: Json, ended: Iterable[Json] = ()) -> Json:
    """An order is about to be signed; `ended` are those that the signature stops."""
    return who(user, patient_id) | {"draftOrders": _bundle(draft, *ended)}


def new_problem(user: User, patient_id: str, diagnosis: str, now: datetime) -> Json:
    """The Condition that is put on the problem list."""
    codes, text = DIAGNOSES[diagnosis]
    return {
        "resourceType": "Condition",
        "clinicalStatus": hl7_code("condition-clinical", "active"),
        "verificationStatus": hl7_code("condition-ver-status", "confirmed"),
        "category": [hl7_code("condition-category", "problem-list-item")],
        "code": concept(codes, text),
        "subject": {"reference": f"Patient/{patient_id}"},
        "recordedDate": str(now.date()),
        "recorder": user.as_author,
    }


def problem_listed(user: User, patient_id: str, condition: Json) -> Json:
    """A problem was put on the list."""
    return who(user, patient_id) | {"conditions": _bundle(condition)}


def visit_under_way(fhir: FhirClient, patient_id: str) -> str | None:
    """The id of the visit that has begun, if one has. Raises Unanswered."""
    visits = fhir.resources(f"Encounter?patient={patient_id}")
    return next((str(visit["id"]) for visit in visits if visit.get("status") in _PRESENT), None)


def new_visit(patient_id: str, now: datetime) -> Json:
    """The Encounter of a visit that begins now."""
    return {
        "resourceType": "Encounter",
        "status": "arrived",
        "class": {"system": f"{HL7}v3-ActCode", "code": "AMB", "display": "ambulatory"},
        "subject": {"reference": f"Patient/{patient_id}"},
        "period": {"start": now.isoformat(timespec="seconds")},
    }


def _bundle(*resources: Json) -> Json:
    entries = [{"resource": resource} for resource in resources]
    return {"resourceType": "Bundle", "type": "collection", "entry": entries}
