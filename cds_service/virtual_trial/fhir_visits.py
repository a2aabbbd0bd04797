"""A virtual patient's chart as FHIR R4: what a hospital's systems would have written at each visit."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from cds_service.trials.nct06802055.trial_arms import Arm
from cds_service.trials.nct06802055.two_drugs import Drug
from cds_service.virtual_trial.virtual_adults import VirtualAdult

Json = dict[str, Any]
START = date(2026, 3, 2)
"""The day of the first dose, for everybody."""

_LOINC = "http://loinc.org"
_ATC = "http://www.whocc.no/atc"
_UCUM = "http://unitsofmeasure.org"
_HL7 = "http://terminology.hl7.org/CodeSystem/"
_SUBJECT = {"reference": "Patient/virtual"}
_STUDY = {
    "reference": "ResearchStudy/trial",
    "identifier": {"system": "https://clinicaltrials.gov", "value": "NCT06802055"},
}
_PRODUCTS = {Drug.SIROLIMUS: "L04AH01", Drug.CICLOSPORIN: "L04AD01"}
_PER_DAY = {Drug.SIROLIMUS: 1, Drug.CICLOSPORIN: 2}
_TROUGH_CODES = {Drug.SIROLIMUS: "72676-0", Drug.CICLOSPORIN: "48597-9"}
_PLAIN_CODES = {Drug.SIROLIMUS: "29247-4", Drug.CICLOSPORIN: "3520-4"}
_ARMS = {Arm.SIROLIMUS: "Sirolimus", Arm.COMBINED: "Sirolimus + cyclosporin A"}
METHOD = "Abbott Architect CMIA immunoassay"


def visit_moment(day: int, hour: float) -> str:
    """An instant of a study day (0 is the first dose's), as FHIR writes it."""
    at = datetime.combine(START, datetime.min.time()) + timedelta(days=day, hours=hour)
    return f"{at.replace(microsecond=0).isoformat()}+08:00"


def calendar_day(day: int) -> str:
    """The date of a study day."""
    return (START + timedelta(days=day)).isoformat()


@dataclass(frozen=True, slots=True)
class Level:
    """A measured drug level, ng/mL, at an hour of a study day."""

    drug: Drug
    ng_per_ml: float
    hour: float
    is_coded: bool


def person_resources(person: VirtualAdult) -> list[Json]:
    """Who the patient is, the diagnosis, the trial, and the creatinines from before it."""
    birth = date(START.year - person.age, 1, 15)
    return [
        {
            "resourceType": "Patient",
            "id": "virtual",
            "birthDate": birth.isoformat(),
            "gender": "male" if person.is_male else "female",
        },
        _with_subject("Condition", "aa")
        | {
            "clinicalStatus": _hl7("condition-clinical", "active"),
            "verificationStatus": _hl7("condition-ver-status", "confirmed"),
            "code": {"coding": [{"system": "http://hl7.org/fhir/sid/icd-10", "code": "D61.3"}]},
            "onsetDateTime": calendar_day(-400),
        },
        {
            "resourceType": "ResearchSubject",
            "id": "subject",
            "status": "on-study-intervention",
            "study": _STUDY,
            "individual": _SUBJECT,
            "assignedArm": _ARMS[person.arm],
            "period": {"start": calendar_day(-1)},
        },
        *(_creatinine(person, day, person.creatinine) for day in (-21, -7)),
        _observation("29463-7", -7, 7.5, round(person.weight_kg, 1), "kg"),
    ]


def laboratory(person: VirtualAdult, day: int, creatinine: float) -> list[Json]:
    """Blood count, liver, kidney and electrolytes of one morning; creatinine in umol/L."""
    haematocrit = float(person.haematocrit[day])
    rows = (
        ("718-7", haematocrit * 10 / 3, "g/L"),
        ("4544-3", haematocrit, "%"),
        ("777-3", 25 + 2 * max(haematocrit - 25, 0), "10*9/L"),
        ("751-8", 1.1, "10*9/L"),
        ("1742-6", 22, "U/L"),
        ("1920-8", 21, "U/L"),
        ("14631-6", 11, "umol/L"),
        ("2823-3", 4.3, "mmol/L"),
    )
    found = [_observation(code, day, 7.5, round(value, 1), unit) for code, value, unit in rows]
    return [*found, _creatinine(person, day, creatinine)]


def level_resource(level: Level, day: int) -> Json:
    """The result of one drug level; a code that says trough, or one that says nothing of timing."""
    codes = _TROUGH_CODES if level.is_coded else _PLAIN_CODES
    value = round(level.ng_per_ml, 1)
    found = _observation(codes[level.drug], day, level.hour, value, "ng/mL")
    return found | {"method": {"text": METHOD}}


def intake(drug: Drug, day: int, hour: float, mg: float, *, taken: bool) -> Json:
    """A dose of the diary: taken at that hour, or not taken."""
    return _with_subject("MedicationAdministration", f"{drug}-intake-{day}") | {
        "status": "completed" if taken else "not-done",
        "medicationCodeableConcept": _product(drug),
        "effectiveDateTime": visit_moment(day, hour),
        "dosage": {"dose": _quantity(mg, "mg")},
    }


def order(drug: Drug, day: int, mg: float, status: str = "active") -> Json:
    """The prescription written on a day."""
    return _with_subject("MedicationRequest", f"{drug}-order-{day}") | {
        "status": status,
        "intent": "order",
        "authoredOn": visit_moment(day, 9),
        "medicationCodeableConcept": _product(drug),
        "dosageInstruction": [_dosage(drug, mg)],
    }


def supply(drug: Drug, day: int, mg: float, days: int) -> Json:
    """What the pharmacy handed over on a day, for so many days."""
    return _with_subject("MedicationDispense", f"{drug}-supply-{day}") | {
        "status": "completed",
        "medicationCodeableConcept": _product(drug),
        "whenHandedOver": visit_moment(day, 10),
        "daysSupply": _quantity(days, "d"),
        "dosageInstruction": [_dosage(drug, mg)],
    }


def partner_order(atc: str, name: str, first: int, last: int) -> list[Json]:
    """An interacting drug, ordered and handed over on one day for its whole course."""
    product = {"coding": [{"system": _ATC, "code": atc}], "text": name}
    bounds = {"start": calendar_day(first), "end": calendar_day(last - 1)}
    timing = {"repeat": {"frequency": 1, "period": 1, "periodUnit": "d", "boundsPeriod": bounds}}
    common = {"medicationCodeableConcept": product, "dosageInstruction": [{"timing": timing}]}
    asked = {"status": "active", "intent": "order", "authoredOn": visit_moment(first, 9)}
    given = {
        "status": "completed",
        "whenHandedOver": visit_moment(first, 10),
        "daysSupply": _quantity(last - first, "d"),
    }
    return [
        _with_subject("MedicationRequest", f"partner-order-{first}") | common | asked,
        _with_subject("MedicationDispense", f"partner-supply-{first}") | common | given,
    ]


def bundle(resources: Iterable[Json]) -> Json:
    """A collection Bundle."""
    return {"resourceType": "Bundle", "type": "collection", "entry": [{"resource": r} for r in resources]}


def _with_subject(kind: str, key: str) -> Json:
    return {"resourceType": kind, "id": key, "subject": _SUBJECT}


def _hl7(system: str, code: str) -> Json:
    return {"coding": [{"system": _HL7 + system, "code": code}]}


def _product(drug: Drug) -> Json:
    return {"coding": [{"system": _ATC, "code": _PRODUCTS[drug]}], "text": drug.value}


def _dosage(drug: Drug, mg: float) -> Json:
    repeat = {"frequency": _PER_DAY[drug], "period": 1, "periodUnit": "d"}
    return {"timing": {"repeat": repeat}, "doseAndRate": [{"doseQuantity": _quantity(mg, "mg")}]}


def _quantity(value: float, unit: str) -> Json:
    return {"value": value, "unit": unit, "system": _UCUM, "code": unit}


def _observation(loinc: str, day: int, hour: float, value: float, unit: str) -> Json:
    return _with_subject("Observation", f"{loinc}-{day}") | {
        "status": "final",
        "code": {"coding": [{"system": _LOINC, "code": loinc}]},
        "effectiveDateTime": visit_moment(day, hour),
        "valueQuantity": _quantity(value, unit),
    }


def _creatinine(person: VirtualAdult, day: int, value: float) -> Json:
    upper = 104 if person.is_male else 84
    found = _observation("14682-9", day, 7.5, round(value), "umol/L")
    return found | {"referenceRange": [{"high": _quantity(upper, "umol/L")}]}
