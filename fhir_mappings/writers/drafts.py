"""Draft FHIR R4 resources for a card's suggestions: a dose change, a test, a note to the study team.

Every resource is for one patient, has no server id and is nothing but a draft until a clinician accepts it.
Its shape never varies with the patient, so it is judged by `writers.validation` in tests, not in each call.
"""

from datetime import date
from decimal import Decimal
from typing import Any, Final

from fhir_mappings.clinical_model.medications import Dose, Drug

Json = dict[str, Any]
Days = tuple[date | None, date | None]
UCUM: Final = "http://unitsofmeasure.org"
LOINC: Final = "http://loinc.org"
TRIAL: Final = {"system": "https://clinicaltrials.gov", "value": "NCT06802055"}
_RXNORM: Final = "http://www.nlm.nih.gov/research/umls/rxnorm"
_ATC: Final = "http://www.whocc.no/atc"
_DRUG_CODES: Final = {
    Drug.SIROLIMUS: (("L04AH01", _ATC, "sirolimus"), ("35302", _RXNORM, "sirolimus")),
    Drug.CICLOSPORIN: (("L04AD01", _ATC, "ciclosporin"), ("3008", _RXNORM, "cyclosporine")),
}
_ORAL: Final = {"system": "http://snomed.info/sct", "code": "26643006", "display": "Oral route"}


def dose_order(patient: str, drug: Drug, dose: Dose, authored: date, note: str, replaces: str | None) -> Json:
    """A draft MedicationRequest for `dose` of a study drug; `replaces` is the order it takes the place of."""
    amount = {"value": _plain(dose.amount_mg), "unit": "mg", "system": UCUM, "code": "mg"}
    resource: Json = {
        "resourceType": "MedicationRequest",
        "status": "draft",
        "intent": "order",
        "medicationCodeableConcept": {
            "coding": [{"system": s, "code": c, "display": d} for c, s, d in _DRUG_CODES[drug]],
            "text": drug.value,
        },
        "subject": {"reference": patient},
        "authoredOn": authored.isoformat(),
        "supportingInformation": [{"type": "ResearchStudy", "identifier": TRIAL}],
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


def study_team_task(patient: str, description: str, authored: date) -> Json:
    """A draft Task that asks the study team to look at a candidate."""
    return {
        "resourceType": "Task",
        "status": "draft",
        "intent": "proposal",
        "description": description,
        "for": {"reference": patient},
        "authoredOn": authored.isoformat(),
        "groupIdentifier": TRIAL,
    }


def _plain(value: Decimal) -> int | float:
    return int(value) if value == value.to_integral_value() else float(value)
