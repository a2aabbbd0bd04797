"""Small FHIR R4 elements that several kinds of resources share."""

from typing import Any

Json = dict[str, Any]

SYSTEMS = {
    "icd10": "http://hl7.org/fhir/sid/icd-10",
    "icd10cm": "http://hl7.org/fhir/sid/icd-10-cm",
    "snomed": "http://snomed.info/sct",
    "loinc": "http://loinc.org",
    "rxnorm": "http://www.nlm.nih.gov/research/umls/rxnorm",
    "atc": "http://www.whocc.no/atc",
    "cvx": "http://hl7.org/fhir/sid/cvx",
}
UCUM = "http://unitsofmeasure.org"
HL7 = "http://terminology.hl7.org/CodeSystem/"
SYNTHETIC: Json = {
    "security": [{"system": f"{HL7}v3-ActReason", "code": "HTEST", "display": "test health data"}],
    "tag": [{"system": "urn:aa-cds:demo", "code": "synthetic", "display": "Synthetic data: no real patient"}],
}


def resource(kind: str, key: str, **elements: Any) -> Json:
    """A resource with its id and the mark of synthetic data; elements that are None or empty are left out."""
    filled = {name: value for name, value in elements.items() if value not in (None, [], {}, "")}
    return {"resourceType": kind, "id": key, "meta": SYNTHETIC, **filled}


def concept(codes: tuple[str, ...], text: str) -> Json:
    """A CodeableConcept from "<system> <code> <display>" and its words."""
    codings = [_coding(code) for code in codes]
    return {"coding": codings, "text": text} if codings else {"text": text}


def _coding(written: str) -> Json:
    system, code, display = written.split(" ", 2)
    return {"system": SYSTEMS[system], "code": code, "display": display}


def hl7_code(system: str, code: str) -> Json:
    """A CodeableConcept of one of HL7's own code systems."""
    return {"coding": [{"system": HL7 + system, "code": code}]}


def quantity(value: int | float, unit: str) -> Json:
    """An amount in UCUM."""
    return {"value": value, "unit": unit, "system": UCUM, "code": unit}


def number_element(text: str) -> int | float:
    """A JSON number as it is written in a table."""
    return float(text) if "." in text else int(text)


def refer(kind: str, key: str, display: str | None = None) -> Json:
    """A literal reference."""
    return {"reference": f"{kind}/{key}", **({"display": display} if display else {})}
