"""A chart for each row of each code list: what is read, and said, of a patient who has just this code.

The code stands on every type of resource that may carry it. Rows that match by their beginning are also asked
with a longer code, ranges at both ends; words stand as text, alone and denied.
"""

import csv
from collections.abc import Iterator
from functools import cache
from typing import Any

from tests.same_answers import doors
from tests.same_answers.charts import Chart

Json = Any
SUBJECT = {"reference": "Patient/p1"}
_HL7 = "http://terminology.hl7.org/CodeSystem/"
_SYSTEMS = {
    "ICD-10": "http://hl7.org/fhir/sid/icd-10",
    "ICD-10-CM": "http://hl7.org/fhir/sid/icd-10-cm",
    "ICD-10-PCS": "http://www.cms.gov/Medicare/Coding/ICD10",
    "ICD-9-CM-3": "http://hl7.org/fhir/sid/icd-9-cm/procedure",
    "ICD-11": "http://id.who.int/icd/release/11/mms",
    "SNOMED CT": "http://snomed.info/sct",
    "LOINC": "http://loinc.org",
    "RxNorm": "http://www.nlm.nih.gov/research/umls/rxnorm",
    "ATC": "http://www.whocc.no/atc",
    "CVX": "http://hl7.org/fhir/sid/cvx",
    "HL7 interpretation": "http://terminology.hl7.org/CodeSystem/v3-ObservationInterpretation",
}
_ASKED_BY_ANSWERS = ("5196-1", "82810-3", "63895-7", "89247-1", "2118-8")
"""HBsAg, pregnancy status, breastfeeding, ECOG, hCG: tests whose results are answers."""

_TERMS = ("terms", "phrases", "names")
_AROUND = {
    "formulation_names": ("ciclosporin {} capsule", "环孢素{}"),
    "stances": (
        "{} aplastic anaemia",
        "aplastic anaemia {}",
        "{}再生障碍性贫血",
        "再生障碍性贫血{}",
        "{} sirolimus",
    ),
    "vaccine_names": ("{}", "{} vaccine", "measles {}"),
}
"""How the words of some lists are put, which mean nothing alone."""


@cache
def rows() -> dict[str, tuple[str, Json]]:
    """What each row is asked with, by its name ("hsct ICD-10 Z94.8"): its list, and a CodeableConcept."""
    found: dict[str, tuple[str, Json]] = {}
    for file, text in sorted(doors.code_list_files().items()):
        lines = [line for line in text.splitlines() if not line.startswith("#")]
        topic = file.removesuffix(".csv")
        for row in csv.DictReader(lines):
            for asked, concept in _asked(topic, row):
                found[f"{topic} {asked}"] = topic, concept
    return found


def _asked(topic: str, row: dict[str, str]) -> Iterator[tuple[str, Json]]:
    """Name and concept of what to ask a row with."""
    if words := _words(row):
        for term in words:
            for around in _AROUND.get(topic, ("{}",)):
                yield around.format(term), {"text": around.format(term)}
    elif "code" in row:
        name = row.get("system") or ("RxNorm" if topic == "products" else "LOINC")
        for code in _codes(row):
            yield f"{name} {code}", {"coding": [{"system": _SYSTEMS[name], "code": code}]}


def _words(row: dict[str, str]) -> list[str]:
    if row.get("system") == "text":
        return row["code"].split("|")
    return next((row[name].split("|") for name in _TERMS if name in row), [])


def _codes(row: dict[str, str]) -> Iterator[str]:
    """The code, and what else the row's way of matching should find."""
    if row.get("match") == "range":
        yield from row["code"].split("-")
        return
    yield row["code"]
    if row.get("match") == "prefix":
        yield row["code"] + ("9" if "." in row["code"] or len(row["code"]) < 3 else ".9")


def chart(name: str) -> Chart:
    """The chart of one row: an enrolled patient on both drugs, and the code on everything that has one."""
    topic, concept = rows()[name]
    told = _answers(concept) if topic.startswith("answers") else _with(concept)
    return Chart((*BASE, *told), source=f"code list {name}")


def _answers(concept: Json) -> Iterator[Json]:
    for place, code in enumerate(_ASKED_BY_ANSWERS):
        test = {"coding": [{"system": "http://loinc.org", "code": code}]}
        day = {"status": "final", "effectiveDateTime": "2026-02-27T08:00:00+08:00"}
        yield _made("Observation", code=test, **day, valueCodeableConcept=concept) | {"id": f"value-{place}"}
        flagged = _made("Observation", code=test, **day, valueQuantity=_amount(5), interpretation=[concept])
        yield flagged | {"id": f"flag-{place}"}


def _with(concept: Json) -> Iterator[Json]:
    confirmed = {"coding": [{"system": f"{_HL7}condition-ver-status", "code": "confirmed"}]}
    active = {"coding": [{"system": f"{_HL7}condition-clinical", "code": "active"}]}
    day = "2026-02-27T08:00:00+08:00"
    yield _made(
        "Condition", code=concept, verificationStatus=confirmed, clinicalStatus=active, onsetDateTime=day
    )
    yield _made("Procedure", code=concept, status="completed", performedDateTime=day)
    yield _made("Observation", code=concept, status="final", effectiveDateTime=day, valueQuantity=_amount(5))
    order = {"status": "active", "intent": "order", "authoredOn": day, "medicationCodeableConcept": concept}
    yield _made("MedicationRequest", **order, dosageInstruction=[_TWICE])
    yield _made("AdverseEvent", event=concept, actuality="actual", date=day)
    yield _made(
        "Immunization", vaccineCode=concept, status="completed", occurrenceDateTime=day, patient=SUBJECT
    )
    allergy = {"code": concept, "patient": SUBJECT, "recordedDate": day}
    yield _made("AllergyIntolerance", **allergy, clinicalStatus=_allergy("clinical", "active"))


def _made(kind: str, **members: Json) -> Json:
    return {"resourceType": kind, "id": f"listed-{kind}", "subject": SUBJECT} | members


def _amount(value: float) -> Json:
    return {"value": value, "unit": "g/L", "system": "http://unitsofmeasure.org", "code": "g/L"}


def _allergy(member: str, code: str) -> Json:
    return {"coding": [{"system": f"{_HL7}allergyintolerance-{member}", "code": code}]}


_TWICE = {
    "timing": {"repeat": {"frequency": 1, "period": 12, "periodUnit": "h"}},
    "doseAndRate": [{"doseQuantity": {"value": 25, "unit": "mg"}}],
}


def _taken(atc: str, mg: float, hours: int) -> Json:
    line = {
        "timing": {"repeat": {"frequency": 1, "period": hours, "periodUnit": "h"}},
        "doseAndRate": [{"doseQuantity": {"value": mg, "unit": "mg"}}],
    }
    coded = {"coding": [{"system": "http://www.whocc.no/atc", "code": atc}]}
    told = {"status": "active", "intent": "order", "authoredOn": "2026-02-01", "dosageInstruction": [line]}
    return (
        {"resourceType": "MedicationRequest", "id": f"taken-{atc}", "subject": SUBJECT}
        | told
        | {"medicationCodeableConcept": coded}
    )


BASE: tuple[Json, ...] = (
    {"resourceType": "Patient", "id": "p1", "birthDate": "1986-01-15", "gender": "female"},
    {
        "resourceType": "ResearchSubject",
        "id": "subject",
        "status": "on-study",
        "study": {"identifier": {"value": "NCT06802055"}},
        "individual": SUBJECT,
        "assignedArm": "Sirolimus + cyclosporin A",
        "period": {"start": "2026-01-01"},
    },
    _taken("L04AH01", 2, 24),
    _taken("L04AD01", 75, 12),
)
