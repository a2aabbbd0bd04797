"""FHIR R4 charts written by hand in a line, and the road from them to an assessment.

`assessed(patient(), condition(icd("D61.9")), observation("718-7", 84, "g/L"))` decodes, reads, judges and
words the chart as `cds-service assess` does, and checks the result against the contract's schema. A moment
is days before TODAY (`7`), a FHIR date as text, or None for none; extra members override any element.
"""

import itertools
import json
from collections.abc import Iterable
from datetime import date, timedelta
from functools import cache
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import jsonschema

from cds_service.chart.context_bundle import ContextResources
from cds_service.cli import moments
from cds_service.rules.as_of import AsOf
from cds_service.services.chart_file import assessment_of, read_chart, read_draft_file
from cds_service.services.handler import Installation
from cds_service.settings.environment import Settings
from cds_service.settings.site_file import Site
from cds_service.wiring import build_installation
from tests.builders import NOW, TODAY
from tests.installation import an_installation

Json = dict[str, Any]
Moment = int | str | None

SNOMED = "http://snomed.info/sct"
LOINC = "http://loinc.org"
RXNORM = "http://www.nlm.nih.gov/research/umls/rxnorm"
ATC = "http://www.whocc.no/atc"
ICD10 = "http://hl7.org/fhir/sid/icd-10"
ICD10CM = "http://hl7.org/fhir/sid/icd-10-cm"
ICD10PCS = "http://www.cms.gov/Medicare/Coding/ICD10"
UCUM = "http://unitsofmeasure.org"
HL7 = "http://terminology.hl7.org/CodeSystem/"
SUBJECT = {"reference": "Patient/p1"}
DOCTOR = {"reference": "Practitioner/dr1"}
TRIAL = "NCT06802055"
OUR_STUDY = {"reference": "ResearchStudy/ours"}
SCHEMA = jsonschema.Draft202012Validator(
    json.loads((Path(__file__).parents[1] / "standard/schemas/assessment.schema.json").read_text("utf-8"))
)
_serial = itertools.count(1)


# ---------------------------------------------------------------- from chart to assessment


def assessed(
    *resources: Json, as_of: str | None = None, drafts: Iterable[Json] = (), site: Site | None = None
) -> Json:
    """The assessment of the chart (a patient of 40 years is added when it holds none) on TODAY, 09:00."""
    installation = clinic_of(site)
    told = assessment_of(
        installation,
        read_chart(as_bytes(*with_patient(*resources))),
        _drafts(drafts),
        _now(as_of, installation.zone),
    )
    SCHEMA.validate(told)
    return told


def with_patient(*resources: Json) -> tuple[Json, ...]:
    """The chart with a Patient in it."""
    has_one = any(r.get("resourceType") == "Patient" for r in resources)
    return resources if has_one else (patient(), *resources)


def as_bytes(*resources: Json) -> bytes:
    """A collection Bundle."""
    entries = [{"resource": r} for r in resources]
    return json.dumps({"resourceType": "Bundle", "type": "collection", "entry": entries}).encode()


def clinic_of(site: Site | None = None) -> Installation:
    """The wired clinic of a site; the default one is built once."""
    return build_installation(_settings(site)) if site is not None else _default_clinic()


@cache
def _default_clinic() -> Installation:
    return build_installation(_settings(Site()))


def _settings(site: Site) -> Settings:
    return an_installation(site)


def site_with_codes(folder: Path, *mapped: tuple[str, str, str, str]) -> Site:
    """A site whose ConceptMap says (own system, own code, listed system, listed code) for each row."""
    groups = [
        {"source": own, "target": listed, "element": [_equal(own_code, listed_code)]}
        for own, own_code, listed, listed_code in mapped
    ]
    file = folder / "site.conceptmap.json"
    file.write_text(json.dumps({"resourceType": "ConceptMap", "status": "active", "group": groups}))
    return Site(concept_maps=(file,))


def _equal(own: str, listed: str) -> Json:
    return {"code": own, "target": [{"code": listed, "equivalence": "equivalent"}]}


def _now(text: str | None, zone: ZoneInfo) -> AsOf:
    return NOW if text is None else moments.moment(text, zone)


def _drafts(drafts: Iterable[Json]) -> ContextResources:
    listed = list(drafts)
    return read_draft_file(as_bytes(*listed), "p1") if listed else ContextResources()


# ---------------------------------------------------------------- reading the answer


def status(told: Json, number: str) -> str:
    """The status of one criterion; `I4.1` and `I4.2` are the parts of I4."""
    main, _, part = number.partition(".")
    found = criterion(told, main)
    return str(found["parts"][number] if part else found["status"])


def basis(told: Json, number: str) -> str:
    """The basis of one criterion."""
    return str(criterion(told, number)["basis"])


def holds(expected: str, *resources: Json, **more: Any) -> None:
    """Fail unless the chart gives what `expected` says: "I2 met mixed; overall undetermined; I3 unknown".

    A criterion's basis may be left out.
    """
    told = assessed(*resources, **more)
    for line in expected.split(";"):
        number, wanted, *on = line.split()
        found = overall(told) if number == "overall" else status(told, number)
        seen = "" if number == "overall" else criterion(told, number.partition(".")[0])
        assert found == wanted, f"{number} is {found}, not {wanted}: {seen}"
        assert not on or basis(told, number) == on[0], (
            f"{number} on {basis(told, number)}, not {on[0]}: {seen}"
        )


def criterion(told: Json, number: str) -> Json:
    """One of the twenty criteria."""
    (found,) = [c for c in told["eligibility"]["criteria"] if c["id"] == number]
    return dict(found)


def overall(told: Json) -> str:
    """`eligibility.status`."""
    return str(told["eligibility"]["status"])


def problems(told: Json) -> list[str]:
    """The codes of `dataQuality`, in order."""
    return [entry["problem"] for entry in told["dataQuality"]]


# ---------------------------------------------------------------- elements


def ago(days: int) -> str:
    """The day so many days before TODAY (negative: after it)."""
    return (TODAY - timedelta(days=days)).isoformat()


def moment(when: Moment | date) -> str | None:
    """A FHIR date or dateTime; a number is days before TODAY, at 08:00 in Beijing."""
    if isinstance(when, int):
        return f"{ago(when)}T08:00:00+08:00"
    return when.isoformat() if isinstance(when, date) else when


def _kept(parts: Json) -> Json:
    return {name: value for name, value in parts.items() if value is not None}


def concept(*codings: tuple[str, str] | tuple[str, str, str], text: str | None = None) -> Json:
    """A CodeableConcept from (system, code[, display]) triples, and its text."""
    coded = [dict(zip(("system", "code", "display"), c, strict=False)) for c in codings]
    return _kept({"coding": coded or None, "text": text})


def icd(code: str, text: str | None = None, system: str = ICD10) -> Json:
    """A WHO ICD-10 code; `system=ICD10CM` for the American edition."""
    return concept((system, code), text=text)


def icd_cm(code: str, text: str | None = None) -> Json:
    """An ICD-10-CM code."""
    return icd(code, text, ICD10CM)


def snomed(code: str, text: str | None = None) -> Json:
    """A SNOMED CT code."""
    return concept((SNOMED, code), text=text)


def rxnorm(code: str, text: str | None = None) -> Json:
    """An RxNorm code."""
    return concept((RXNORM, code), text=text)


def atc(code: str, text: str | None = None) -> Json:
    """An ATC code."""
    return concept((ATC, code), text=text)


def text(words: str) -> Json:
    """Words without a code."""
    return {"text": words}


SIROLIMUS_1MG = rxnorm("349208", "sirolimus 1 MG Oral Tablet")
CICLOSPORIN_25MG = rxnorm("835894", "cyclosporine, modified 25 MG Oral Capsule")
CICLOSPORIN = atc("L04AD01", "ciclosporin")


def quantity(value: Any, unit: str | None = None, comparator: str | None = None, ucum: bool = True) -> Json:
    """An amount with its unit as code and words."""
    coded = {"unit": unit, "code": unit, "system": UCUM} if unit and ucum else {"unit": unit}
    return _kept({"value": value, "comparator": comparator, **coded})


# ---------------------------------------------------------------- resources


def patient(birth: str | None = "1986-01-15", gender: str | None = "male", **more: Any) -> Json:
    """Patient/p1."""
    return _kept({"resourceType": "Patient", "id": "p1", "birthDate": birth, "gender": gender} | more)


def condition(
    code: Json,
    onset: Moment = 200,
    clinical: str | None = "active",
    verification: str | None = "confirmed",
    **more: Any,
) -> Json:
    """A diagnosis."""
    return _made(
        "Condition",
        {
            "code": code,
            "clinicalStatus": concept((HL7 + "condition-clinical", clinical)) if clinical else None,
            "verificationStatus": concept((HL7 + "condition-ver-status", verification))
            if verification
            else None,
            "onsetDateTime": moment(onset),
            "recordedDate": moment(onset),
        },
        more,
    )


def observation(
    loinc: str,
    value: Any = None,
    unit: str | None = None,
    when: Moment = 2,
    comparator: str | None = None,
    **more: Any,
) -> Json:
    """A final result. A number with or without unit is a quantity, text a string, a dict a concept, a bool a bool."""
    return _made(
        "Observation",
        {
            "status": "final",
            "code": concept((LOINC, loinc)),
            "effectiveDateTime": moment(when),
            **_value(value, unit, comparator),
        },
        more,
    )


def _value(value: Any, unit: str | None, comparator: str | None) -> Json:
    match value:
        case None:
            return {}
        case bool():
            return {"valueBoolean": value}
        case str():
            return {"valueString": value}
        case dict():
            return {"valueCodeableConcept": value}
        case _:
            return {"valueQuantity": quantity(value, unit, comparator)}


def count(
    hb: Any = None, plt: Any = None, anc: Any = None, when: Moment = 2, **more: Any
) -> tuple[Json, ...]:
    """The lines of one blood count: haemoglobin in g/L, platelets and neutrophils in 10*9/L."""
    lines = (("718-7", hb, "g/L"), ("777-3", plt, "10*9/L"), ("751-8", anc, "10*9/L"))
    return tuple(observation(code, v, u, when, **more) for code, v, u in lines if v is not None)


def dosage(amount: Any = None, unit: str = "mg", every_hours: int | None = None, **more: Any) -> Json:
    """One dosage line: an amount every so many hours; `text=`, `route=`, `timing=` as they are."""
    timing = {"repeat": {"frequency": 1, "period": every_hours, "periodUnit": "h"}} if every_hours else None
    rate = [{"doseQuantity": quantity(amount, unit)}] if amount is not None else None
    return _kept({"timing": timing, "doseAndRate": rate} | more)


def order(drug: Json = CICLOSPORIN, when: Moment = 10, *lines: Json, **more: Any) -> Json:
    """An active MedicationRequest, authored `when`."""
    return _made(
        "MedicationRequest",
        {
            "status": "active",
            "intent": "order",
            "authoredOn": moment(when),
            "medicationCodeableConcept": drug,
            "dosageInstruction": list(lines) or None,
        },
        more,
    )


def dispense(
    drug: Json = CICLOSPORIN, when: Moment = 10, days: int | None = 30, *lines: Json, **more: Any
) -> Json:
    """A completed MedicationDispense, handed over `when`, with `days` of supply."""
    return _made(
        "MedicationDispense",
        {
            "status": "completed",
            "whenHandedOver": moment(when),
            "daysSupply": quantity(days, "d") if days is not None else None,
            "medicationCodeableConcept": drug,
            "dosageInstruction": list(lines) or None,
        },
        more,
    )


def administration(drug: Json = CICLOSPORIN, when: Moment = 1, mg: Any = None, **more: Any) -> Json:
    """A completed MedicationAdministration."""
    dose = {"dose": quantity(mg, "mg")} if mg is not None else None
    return _made(
        "MedicationAdministration",
        {
            "status": "completed",
            "effectiveDateTime": moment(when),
            "medicationCodeableConcept": drug,
            "dosage": dose,
        },
        more,
    )


def statement(
    drug: Json = CICLOSPORIN, start: Moment = 200, end: Moment = None, *lines: Json, **more: Any
) -> Json:
    """A MedicationStatement of a drug taken from `start`; completed when it has an `end`."""
    return _made(
        "MedicationStatement",
        {
            "status": "completed" if end is not None else "active",
            "effectivePeriod": period(start, end),
            "medicationCodeableConcept": drug,
            "dosage": list(lines) or None,
        },
        more,
    )


def period(start: Moment = None, end: Moment = None) -> Json:
    """A Period."""
    return _kept({"start": moment(start), "end": moment(end)})


def procedure(code: Json, when: Moment = 400, **more: Any) -> Json:
    """A completed Procedure."""
    return _made("Procedure", {"status": "completed", "code": code, "performedDateTime": moment(when)}, more)


def transfusion(product: str = "red", when: Moment = 5, **more: Any) -> Json:
    """A transfusion of "red" cells or "platelets" as a Procedure, in SNOMED CT."""
    code = {"red": "180207008", "platelets": "12719002"}[product]
    return procedure(snomed(code), when, **more)


def allergy(code: Json, when: Moment = 400, active: str = "active", **more: Any) -> Json:
    """A confirmed AllergyIntolerance to a drug."""
    base = {
        "patient": SUBJECT,
        "subject": None,
        "code": code,
        "category": ["medication"],
        "clinicalStatus": concept((HL7 + "allergyintolerance-clinical", active)),
        "verificationStatus": concept((HL7 + "allergyintolerance-verification", "confirmed")),
        "recordedDate": moment(when),
    }
    return _made("AllergyIntolerance", base, more)


def adverse_event(event: Json, suspect: str | None = None, when: Moment = 400, **more: Any) -> Json:
    """An actual AdverseEvent; `suspect` is a reference, e.g. "MedicationRequest/m1"."""
    suspects = [{"instance": {"reference": suspect}}] if suspect else None
    base = {"actuality": "actual", "event": event, "date": moment(when), "suspectEntity": suspects}
    return _made("AdverseEvent", base, more)


def study(name: str | None = TRIAL, key: str = "ours", **more: Any) -> Json:
    """A ResearchStudy with its identifier."""
    base = {"status": "active", "identifier": [{"value": name}] if name else None, "subject": None}
    return _made("ResearchStudy", base, {"id": key} | more)


def participation(
    status: str = "on-study", study: Json = OUR_STUDY, start: Moment = 60, end: Moment = None, **more: Any
) -> Json:
    """A ResearchSubject; the study itself is another resource."""
    base = {
        "status": status,
        "study": study,
        "individual": SUBJECT,
        "subject": None,
        "period": period(start, end) or None,
    }
    return _made("ResearchSubject", base, more)


def enrolled(
    arm: str | None = "Sirolimus + cyclosporin A", start: Moment = 60, **more: Any
) -> tuple[Json, ...]:
    """The patient in this trial since `start`: the study and the participation in it."""
    return study(), participation("on-study", start=start, assignedArm=arm, **more)


def consent(status: str = "active", rule: str = "permit", when: Moment = 5, **more: Any) -> Json:
    """A Consent whose provision names the trial."""
    base = {
        "subject": None,
        "patient": SUBJECT,
        "status": status,
        "scope": concept((HL7 + "consentscope", "research")),
        "category": [concept((LOINC, "59284-0"))],
        "dateTime": moment(when),
        "provision": {
            "type": rule,
            "data": [{"meaning": "related", "reference": {"identifier": {"value": TRIAL}}}],
        },
    }
    return _made("Consent", base, more)


def attestation(answers: dict[str, bool | int], when: Moment = 2, **more: Any) -> Json:
    """A completed form by a practitioner: `{"I2": True, "I8": 1}`."""
    base = {
        "questionnaire": "urn:aa-cds:Questionnaire/eligibility-attestation",
        "status": "completed",
        "authored": moment(when),
        "author": DOCTOR,
        "item": [_answered(line, answer) for line, answer in answers.items()],
    }
    return _made("QuestionnaireResponse", base, more)


def _answered(line: str, answer: bool | int) -> Json:
    kind = "valueBoolean" if isinstance(answer, bool) else "valueInteger"
    return {"linkId": line, "answer": [{kind: answer}]}


def nothing_known(code: str = "11450-4", when: Moment = 5, **more: Any) -> Json:
    """A current, empty List: reviewed, nothing known (by default the problem list)."""
    base = {
        "status": "current",
        "mode": "working",
        "code": concept((LOINC, code)),
        "date": moment(when),
        "emptyReason": concept((HL7 + "list-empty-reason", "nilknown")),
    }
    return _made("List", base, more)


def _made(kind: str, base: Json, more: Json) -> Json:
    named = {"resourceType": kind, "id": f"{kind[:3].lower()}{next(_serial)}", "subject": SUBJECT}
    return _kept(named | base | more)
