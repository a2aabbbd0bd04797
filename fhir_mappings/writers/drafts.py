"""Draft FHIR R4 resources for a card's suggestions: a dose change, a test, a note to the study team.

Every resource is for one patient, has no server id and is nothing but a draft until a clinician accepts it.
Its shape never varies with the patient, so it is judged by `writers.validation` in tests, not in each call.
"""

from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any, Final

import msgspec

from fhir_mappings.clinical_model.medications import Dose

Json = dict[str, Any]
Days = tuple[date | None, date | None]
UCUM: Final = "http://unitsofmeasure.org"
LOINC: Final = "http://loinc.org"
_ORAL: Final = {"system": "http://snomed.info/sct", "code": "26643006", "display": "Oral route"}


class OrderedDrug(msgspec.Struct, frozen=True):
    """A drug as a draft names it, and the identifier of the trial that it is ordered for."""

    text: str
    coding: Sequence[Mapping[str, str]]
    trial: Mapping[str, str]


def dose_order(
    patient: str, drug: OrderedDrug, dose: Dose, authored: date, note: str, replaces: str | None
) -> Json:
    """A draft MedicationRequest for `dose` of a study drug; `replaces` is the order it takes the place of."""
    amount = {"value": _plain(dose.amount_mg), "unit": "mg", "system": UCUM, "code": "mg"}
    resource: Json = {
        "resourceType": "MedicationRequest",
        "status": "draft",
        "intent": "order",
        "medicationCodeableConcept": {
            "coding": [dict(code) for code in drug.coding],
            "text": drug.text,
        },
        "subject": {"reference": patient},
        "authoredOn": authored.isoformat(),
        "supportingInformation": [{"type": "ResearchStudy", "identifier": dict(drug.trial)}],
        "dosageInstruction": [
            {
                "timing": {"repeat": {"frequency": 1, "period": _plain(dose.every_hours), "periodUnit": "h"}},
                "route": {"coding": [_ORAL]},
                "doseAndRate": [{"doseQuantity": amount}],
            }
        ],
        "note": [{"text": note}],
    }
    if replaces:
        resource["priorPrescription"] = {"reference": replaces}
    return resource


def laboratory_order(
    patient: str, loinc: str, display: str, between: Days, authored: date, note: str
) -> Json:
    """A draft ServiceRequest for one laboratory test, wanted `between` two days, both included; None leaves
    an end open."""
    resource: Json = {
        "resourceType": "ServiceRequest",
        "status": "draft",
        "intent": "order",
        "code": {"coding": [{"system": LOINC, "code": loinc, "display": display}], "text": display},
        "subject": {"reference": patient},
        "authoredOn": authored.isoformat(),
        "note": [{"text": note}],
    }
    ends = zip(("start", "end"), between, strict=True)
    period = {name: day.isoformat() for name, day in ends if day is not None}
    if period:
        resource["occurrencePeriod"] = period
    return resource


def study_team_task(patient: str, description: str, authored: date, trial: Mapping[str, str]) -> Json:
    """A draft Task that asks the study team to look at a candidate of a trial, named by its identifier."""
    return {
        "resourceType": "Task",
        "status": "draft",
        "intent": "proposal",
        "description": description,
        "for": {"reference": patient},
        "authoredOn": authored.isoformat(),
        "groupIdentifier": dict(trial),
    }


def _plain(value: Decimal) -> int | float:
    return int(value) if value == value.to_integral_value() else float(value)
