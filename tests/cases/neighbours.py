"""Charts beside those of `expected.json`: a case's chart, changed in one place, and what must come out.

`charts(...)` starts from the shipped case; entries are added, dropped by id, or changed by a function.
"""

import json
from collections.abc import Iterable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from cds_service.cli.moments import moment
from cds_service.services.chart_file import assessment_of, read_chart, read_draft_file
from tests.scenarios.fhir_charts import LOINC, RXNORM, SCHEMA, UCUM, as_bytes, clinic_of

Json = dict[str, Any]
FOLDER = Path(__file__).parent
AS_OF = "2026-11-22T12:00:00+08:00"
SUBJECT = {"reference": "Patient/p1"}
SIROLIMUS = {"coding": [{"system": RXNORM, "code": "35302", "display": "sirolimus"}], "text": "sirolimus"}
CICLOSPORIN = {
    "coding": [{"system": RXNORM, "code": "3008", "display": "cyclosporine"}],
    "text": "cyclosporine",
}


def ago(days: int, clock: str = "07:30") -> str:
    """A moment so many days before that of the cases."""
    day = (datetime.fromisoformat(AS_OF) - timedelta(days=days)).date()
    return f"{day}T{clock}:00+08:00"


def entries(case: str) -> list[Json]:
    """The resources of a case's chart."""
    return [one["resource"] for one in json.loads((FOLDER / case).read_text("utf-8"))["entry"]]


def changed(chart: Iterable[Json], **by_id: Json | None) -> list[Json]:
    """The chart with some entries changed, or without those that are None."""
    kept = [r for r in chart if by_id.get(r["id"], {}) is not None]
    return [r | (by_id.get(r["id"]) or {}) for r in kept]


def both_in_range(*more: Json, sirolimus: float | None = 7.2, ciclosporin: float | None = 150) -> list[Json]:
    """Enrolled, combined arm, 2 mg and 75 mg every 12 h, all tests fresh and normal, levels of two days ago."""
    chart = changed(entries("unread/sirolimus-25.4-as-a-json-string.json"), o1=None, o2=None, o10=None)
    levels = []
    if sirolimus is not None:
        levels.append(result("72676-0", sirolimus, "ng/mL", 2, id="srl"))
    if ciclosporin is not None:
        levels.append(result("53828-0", ciclosporin, "ng/mL", 2, id="csa"))
    return [*chart, *levels, *more]


def result(loinc: str, value: Any, unit: str, days: int, **more: Any) -> Json:
    """A final result."""
    return {
        "resourceType": "Observation",
        "id": f"n-{loinc}-{days}",
        "status": "final",
        "subject": SUBJECT,
        "code": {"coding": [{"system": LOINC, "code": loinc}]},
        "effectiveDateTime": ago(days),
        "valueQuantity": {"value": value, "unit": unit, "system": UCUM, "code": unit},
    } | more


def order(drug: Json, mg: float, hours: int, days: int, **more: Any) -> Json:
    """An active order."""
    repeat = {"frequency": 1, "period": hours, "periodUnit": "h"}
    amount = {"value": mg, "unit": "mg", "system": UCUM, "code": "mg"}
    return {
        "resourceType": "MedicationRequest",
        "id": f"n-order-{days}",
        "status": "active",
        "intent": "order",
        "subject": SUBJECT,
        "medicationCodeableConcept": drug,
        "authoredOn": ago(days),
        "dosageInstruction": [{"timing": {"repeat": repeat}, "doseAndRate": [{"doseQuantity": amount}]}],
    } | more


def condition(words: str | None = None, days: int = 2, **more: Any) -> Json:
    """An active, confirmed diagnosis, in words unless `code` says otherwise."""
    return {
        "resourceType": "Condition",
        "id": f"n-condition-{days}",
        "subject": SUBJECT,
        "code": {"text": words},
        "clinicalStatus": {"coding": [{"code": "active"}]},
        "verificationStatus": {"coding": [{"code": "confirmed"}]},
        "onsetDateTime": ago(days)[:10],
        "recordedDate": ago(days)[:10],
    } | more


def assessed(chart: Iterable[Json], *drafts: Json) -> Json:
    """The assessment of a chart, with drafts beside it, held against the schema."""
    clinic = clinic_of()
    held = read_chart(as_bytes(*chart))
    written = read_draft_file(as_bytes(*drafts), held.patient_id) if drafts else held.drafts
    told = assessment_of(clinic, held, written, moment(AS_OF, clinic.zone))
    SCHEMA.validate(told)
    return told
