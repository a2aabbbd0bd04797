"""The demo's rounds: for each patient the moments of care at which a record system calls its CDS services."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from cds_service.demo.cds_client import Answer, CdsClient, Service
from cds_service.demo.demo_patients import DemoPatient, DraftOrder

USER = "Practitioner/demo-investigator"
NEW_PROBLEM = timedelta(days=7)
Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Moment:
    """A moment of care: which hook it fires, with which context, and what it is in words."""

    hook: str
    context: Mapping[str, Any]
    words: str


@dataclass(frozen=True, slots=True)
class Consulted:
    """One call and what came of it."""

    moment: Moment
    service: Service
    answer: Answer


def consult_all(
    client: CdsClient, services: tuple[Service, ...], patient: DemoPatient, today: date
) -> Iterator[Consulted]:
    """Every call that makes sense for this patient, in the order of a visit. Raises Unanswered by the EHR."""
    for moment in moments(client, patient, today):
        for service in services:
            if service.hook == moment.hook:
                yield Consulted(moment, service, client.call(service, moment.context))


def moments(client: CdsClient, patient: DemoPatient, today: date) -> Iterator[Moment]:
    """Opening the chart, a visit that begins, a problem newly listed, an order being written."""
    who = {"userId": USER, "patientId": patient.id}
    yield Moment("patient-view", who, "the chart is opened")
    for visit in client.resources(f"Encounter?patient={patient.id}&status=arrived"):
        yield Moment("encounter-start", who | {"encounterId": visit["id"]}, "the visit begins")
    new = [c for c in client.resources(f"Condition?patient={patient.id}") if _is_new(c, today)]
    if new:
        yield Moment(
            "problem-list-item-create", who | {"conditions": _bundle(new)}, "a new problem is listed"
        )
    for draft in patient.drafts:
        yield from _order_moments(who, draft)


def _order_moments(who: Json, draft: DraftOrder) -> Iterator[Moment]:
    orders = {"draftOrders": _bundle([draft.resource])}
    selected = {"selections": [f"MedicationRequest/{draft.resource['id']}"]}
    yield Moment("order-select", who | selected | orders, f"an order is chosen: {draft.story}")
    yield Moment("order-sign", who | orders, f"the order is to be signed: {draft.story}")


def _is_new(condition: Json, today: date) -> bool:
    recorded = condition.get("recordedDate", "")
    return bool(recorded) and today - date.fromisoformat(recorded[:10]) <= NEW_PROBLEM


def _bundle(resources: list[Json]) -> Json:
    return {"resourceType": "Bundle", "type": "collection", "entry": [{"resource": r} for r in resources]}
