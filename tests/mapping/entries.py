"""Laboratory results and other coded entries as hospitals send them, in a line; plain JSON in."""

from datetime import datetime
from typing import Any

from fhir_mappings.clinical_model.record import ClinicalRecord
from fhir_mappings.clinical_model.results import Result
from tests.builders import NOW
from tests.mapping.charts import PATIENT, UCUM, Json, read

LOINC = "http://loinc.org"
ICD10 = "http://hl7.org/fhir/sid/icd-10"
ICD10CM = "http://hl7.org/fhir/sid/icd-10-cm"
INTERPRETATION = "http://terminology.hl7.org/CodeSystem/v3-ObservationInterpretation"
SAMPLED = "2026-02-27T08:00:00+08:00"


def concept(system: str, code: str, display: str | None = None, text: str | None = None) -> Json:
    """A CodeableConcept with one coding."""
    return _without_none(
        {"coding": [_without_none({"system": system, "code": code, "display": display})], "text": text}
    )


def amount(value: Any, unit: str | None = None, comparator: str | None = None) -> Json:
    """A Quantity in UCUM; without a unit, the bare number."""
    coded = {"unit": unit, "code": unit, "system": UCUM} if unit else {}
    return _without_none({"value": value, "comparator": comparator, **coded})


def observation(loinc: str, key: str = "o1", **parts: Any) -> Json:
    """A final result of 27 February 2026, 08:00; `None` leaves an element out."""
    base = {
        "resourceType": "Observation",
        "id": key,
        "status": "final",
        "code": concept(LOINC, loinc),
        "subject": PATIENT,
        "effectiveDateTime": SAMPLED,
    }
    return _without_none(base | parts)


def condition(code: Json | None, key: str = "c1", **parts: Any) -> Json:
    """A confirmed, active diagnosis."""
    base = {
        "resourceType": "Condition",
        "id": key,
        "subject": PATIENT,
        "code": code,
        "recordedDate": "2026-01-05",
        "clinicalStatus": {"coding": [{"code": "active"}]},
        "verificationStatus": {"coding": [{"code": "confirmed"}]},
    }
    return _without_none(base | parts)


def status(code: str) -> Json:
    """A clinical or verification status."""
    return {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/x", "code": code}]}


def patient(**parts: Any) -> Json:
    """The patient of every chart here."""
    return _without_none({"resourceType": "Patient", "id": "p1", **parts})


def results(*many: Json, as_of: datetime = NOW.instant) -> tuple[Result, ...]:
    """The results that these resources make."""
    return chart(*many, as_of=as_of).results


def result(*many: Json) -> Result:
    """The only result of the resources."""
    (only,) = results(*many)
    return only


def chart(*many: Json, as_of: datetime = NOW.instant) -> ClinicalRecord:
    """The record that these resources make."""
    return read(*many, as_of=as_of)


def _without_none(parts: Json) -> Json:
    return {name: value for name, value in parts.items() if value is not None}
