"""One patient's record as the FHIR server has it, part by part; a part that cannot be read says so."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from cds_service.demo.json_http import Json, Unanswered
from cds_service.demo.record_client import FhirClient

MOST_RESULTS = 500


@dataclass(frozen=True, slots=True)
class RecordPart:
    """A list of the record. `unread` says why it could not be had; then `resources` says nothing."""

    resources: tuple[Json, ...] = ()
    unread: str | None = None


@dataclass(frozen=True, slots=True)
class Record:
    """What the chart page shows of one patient."""

    patient: Json
    parts: Mapping[str, RecordPart]

    def __getitem__(self, name: str) -> RecordPart:
        return self.parts[name]


_QUERIES = {
    "problems": "Condition?patient={id}",
    "allergies": "AllergyIntolerance?patient={id}",
    "orders": "MedicationRequest?patient={id}",
    "reported": "MedicationStatement?patient={id}",
    "results": "Observation?patient={id}&_sort=-date&_count=" + str(MOST_RESULTS),
    "requests": "ServiceRequest?patient={id}",
    "tasks": "Task?patient={id}",
    "visits": "Encounter?patient={id}",
}


def read_open_record(fhir: FhirClient, patient_id: str) -> Record:
    """The whole record. Raises Unanswered when not even the Patient can be read."""
    patient = fhir.read(f"Patient/{patient_id}")
    parts = {
        name: _part(lambda query=query: fhir.resources(query.format(id=patient_id)))  # type: ignore[misc]
        for name, query in _QUERIES.items()
    }
    return Record(patient, parts)


def _part(read: Callable[[], list[Json]]) -> RecordPart:
    try:
        return RecordPart(tuple(read()))
    except Unanswered as unanswered:
        return RecordPart(unread=unanswered.reason)


def text_of(concept: Json | None) -> str:
    """What a CodeableConcept is called."""
    if not concept:
        return ""
    codings: list[Any] = concept.get("coding") or [{}]
    return str(concept.get("text") or codings[0].get("display") or codings[0].get("code") or "")


def code_of(concept: Json | None) -> str:
    """The first code of a CodeableConcept, or ""."""
    codings: list[Any] = (concept or {}).get("coding") or [{}]
    return str(codings[0].get("code") or "")
