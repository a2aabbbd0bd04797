"""FHIR as clients send it, in a line: `read(order("sirolimus 1 mg tablet", lines=[...]))`. Plain JSON in."""

import json
from datetime import datetime
from typing import Any

from msgspec.structs import replace

from fhir_mappings.clinical_model.medications import MedicationEvent
from fhir_mappings.clinical_model.record import ClinicalRecord
from fhir_mappings.readers.bundle import decode
from fhir_mappings.readers.fhir_types import Resource
from fhir_mappings.readers.read_record import read_record
from fhir_mappings.readers.reader_settings import ReaderSettings
from fhir_mappings.readers.reference_addresses import Home

# LOAD
from fhir_mappings.value_sets import load_code_lists
from tests.builders import NOW, OUR_TRIAL, ZONE

Json = dict[str, Any]
RXNORM = "http://www.nlm.nih.gov/research/umls/rxnorm"
UCUM = "http://unitsofmeasure.org"
SNOMED = "http://snomed.info/sct"
PATIENT = {"reference": "Patient/p1"}
SETTINGS = ReaderSettings(zone=ZONE, codes=load_code_lists(), trial=OUR_TRIAL)
HERE = Home(frozenset({"ehr.example/fhir"}))
CODES = {
    "sirolimus 1 MG Oral Tablet": "349208",
    "sirolimus 2 MG Oral Tablet": "360110",
    "sirolimus 1 MG/ML Oral Solution": "314230",
    "sirolimus 0.2 % Topical Gel": "2596864",
    "sirolimus": "35302",
    "cyclosporine, modified 25 MG Oral Capsule": "835894",
    "cyclosporine": "3008",
}


def drug(name: str) -> Json:
    """A CodeableConcept with the drug's RxNorm code where there is one, else its words alone."""
    code = CODES.get(name)
    return {"text": name} | ({"coding": [{"system": RXNORM, "code": code, "display": name}]} if code else {})


def line(amount: Any = None, unit: str = "mg", **parts: Any) -> Json:
    """A dosage line: an amount, and a timing from `code=` (words) or `repeat=`; other parts as they are."""
    made: Json = {}
    timing: Json = parts.pop("timing", {})
    if "code" in parts:
        timing["code"] = {"text": parts.pop("code")}
    if "repeat" in parts:
        timing["repeat"] = parts.pop("repeat")
    if amount is not None:
        made["doseAndRate"] = [{"doseQuantity": {"value": amount, "unit": unit, "code": unit}}]
    return made | ({"timing": timing} if timing else {}) | parts


def order(name: str = "sirolimus 1 MG Oral Tablet", *lines: Json, key: str = "m1", **parts: Any) -> Json:
    """An active order of 20 February 2026."""
    base = {
        "resourceType": "MedicationRequest",
        "id": key,
        "status": "active",
        "intent": "order",
        "subject": PATIENT,
        "authoredOn": "2026-02-20",
        "medicationCodeableConcept": drug(name),
        "dosageInstruction": list(lines),
    }
    return _without_none(base | parts)


def dispense(name: str = "sirolimus 1 MG Oral Tablet", *lines: Json, key: str = "d1", **parts: Any) -> Json:
    """A dispense handed over on 20 February 2026."""
    base = {
        "resourceType": "MedicationDispense",
        "id": key,
        "status": "completed",
        "subject": PATIENT,
        "whenHandedOver": "2026-02-20T10:00:00+08:00",
        "medicationCodeableConcept": drug(name),
        "dosageInstruction": list(lines),
    }
    return _without_none(base | parts)


def administration(name: str = "sirolimus 1 MG Oral Tablet", key: str = "a1", **parts: Any) -> Json:
    """A dose given on 1 March 2026 at 08:05."""
    base = {
        "resourceType": "MedicationAdministration",
        "id": key,
        "status": "completed",
        "subject": PATIENT,
        "effectiveDateTime": "2026-03-01T08:05:00+08:00",
        "medicationCodeableConcept": drug(name),
    }
    return _without_none(base | parts)


def statement(name: str = "sirolimus 1 MG Oral Tablet", *lines: Json, key: str = "s1", **parts: Any) -> Json:
    """What the patient says to take since 1 January 2026."""
    base = {
        "resourceType": "MedicationStatement",
        "id": key,
        "status": "active",
        "subject": PATIENT,
        "effectivePeriod": {"start": "2026-01-01"},
        "medicationCodeableConcept": drug(name),
        "dosage": list(lines),
    }
    return _without_none(base | parts)


def _without_none(parts: Json) -> Json:
    return {name: value for name, value in parts.items() if value is not None}


def bundle(*resources: Json, **parts: Any) -> Json:
    """A searchset of the resources."""
    entries = [{"resource": resource} for resource in resources]
    return {"resourceType": "Bundle", "type": "searchset", "entry": entries} | parts


def resources(*many: Json) -> tuple[Resource, ...]:
    """The resources as they are decoded; a fault in them is the test's own."""
    decoded = decode(json.dumps(bundle(*many)).encode())
    assert not decoded.gaps, decoded.gaps
    return decoded.resources


def read(
    *many: Json, as_of: datetime = NOW.instant, home: Home | None = None, **settings: Any
) -> ClinicalRecord:
    """The record of patient p1 that these resources make, on the fixed day of the builders."""
    return read_record(resources(*many), "p1", as_of, replace(SETTINGS, **settings), home=home)


def event(*many: Json, **settings: Any) -> MedicationEvent:
    """The only medication event of the resources."""
    (only,) = read(*many, **settings).medications
    return only


def problems(record: ClinicalRecord) -> list[str]:
    """The problem codes of the record's gaps."""
    return [gap.problem for gap in record.gaps]
