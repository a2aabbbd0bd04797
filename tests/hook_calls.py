"""Hook calls as an EHR would send them: a patient's chart as prefetch, in the contract's thirteen keys."""

from collections.abc import Iterable, Mapping
from typing import Any

from cds_service.chart.chart_queries import RESOURCE_TYPES
from fhir_mappings.clinical_model.known_unknown import Part

Json = dict[str, Any]
INSTANCE = "d1577c69-dfbe-44ad-ba6d-3e05e953b2ea"
USER = "Practitioner/1"
HOOKS = {
    "aa-trial-eligibility": "patient-view",
    "aa-trial-diagnosis": "problem-list-item-create",
    "aa-trial-titration": "patient-view",
    "aa-trial-visit": "encounter-start",
    "aa-trial-order-select": "order-select",
    "aa-trial-order-sign": "order-sign",
}
_REFERENCED = {
    Part.RESEARCH_SUBJECTS: ("ResearchStudy",),
    Part.MEDICATION_REQUESTS: ("Medication",),
}


def bundle(resources: Iterable[Json]) -> Json:
    """A searchset."""
    entries = [{"resource": r} for r in resources]
    return {"resourceType": "Bundle", "type": "searchset", "entry": entries}


def prefetch_of(resources: Iterable[Json]) -> Json:
    """Every key, filled from the chart; referenced studies and medications stand in the Bundles, as included."""
    chart = list(resources)
    filled: Json = {}
    for part, kind in RESOURCE_TYPES.items():
        kinds = (kind, *_REFERENCED.get(part, ()))
        filled[part.value] = bundle(r for r in chart if r["resourceType"] in kinds)
    filled[Part.PATIENT.value] = next(r for r in chart if r["resourceType"] == "Patient")
    return filled


def call_body(service: str, patient: str, prefetch: Json | None, **context: Any) -> Json:
    """The body of one call; `prefetch` None leaves the member out."""
    hook = HOOKS[service]
    who: Json = {"userId": USER, "patientId": patient}
    if hook == "encounter-start":
        who["encounterId"] = "e1"
    body: Json = {"hook": hook, "hookInstance": INSTANCE, "context": who | context}
    return body if prefetch is None else body | {"prefetch": prefetch}


def order_context(service: str, drafts: Iterable[Mapping[str, Any]]) -> Json:
    """`draftOrders`, and `selections` where the hook wants them."""
    orders = [dict(draft) for draft in drafts]
    context: Json = {"draftOrders": bundle(orders)}
    if HOOKS[service] == "order-select":
        context["selections"] = [f"{o['resourceType']}/{o['id']}" for o in orders]
    return context
