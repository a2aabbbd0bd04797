"""Results tables -> Observations."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from cds_service.demo.demo_patients.elements import (
    UCUM,
    Json,
    concept,
    hl7_code,
    number_element,
    quantity,
    resource,
)
from cds_service.demo.demo_patients.story import Measure, PatientStory
from cds_service.demo.demo_patients.timeline import Timeline, timeline_rows

REPORTED_AFTER = timedelta(hours=3)
_COMPARATORS = (">=", "<=", ">", "<")
_QUALITATIVE = {
    "positive": "snomed 10828004 Positive (qualifier value)",
    "negative": "snomed 260385009 Negative (qualifier value)",
}


def observations(
    story: PatientStory, subject: Json, days: Timeline, measures: dict[str, Measure]
) -> Iterator[Json]:
    """One Observation for each filled cell; a column may name its unit: "haemoglobin (g/dL)"."""
    serial = 0
    for row in (row for table in story.results for row in timeline_rows(table)):
        when = days.moment(row.pop("day"))
        for column, cell in row.items():
            if cell:
                serial += 1
                name, _, unit = column.partition(" (")
                measure = measures[name]
                yield resource(
                    "Observation",
                    f"{story.id}-observation-{serial:03}",
                    status="final",
                    category=[hl7_code("observation-category", measure.category)],
                    code=concept((f"loinc {measure.loinc} {measure.display}",), measure.display),
                    subject=subject,
                    effectiveDateTime=when,
                    issued=(datetime.fromisoformat(when) + REPORTED_AFTER).isoformat(),
                    method={"text": measure.method} if measure.method else None,
                    specimen={"display": measure.specimen} if measure.specimen else None,
                    referenceRange=_range(measure, story.sex) if not unit else None,
                    **_value(measure, cell, unit.rstrip(")") or measure.unit),
                )


def _value(measure: Measure, cell: str, unit: str) -> Json:
    match measure.kind:
        case "score":
            return {"valueInteger": int(cell)}
        case "presence":
            return {"valueCodeableConcept": concept((_QUALITATIVE[cell],), cell)}
        case "pressure":
            systolic, diastolic = cell.split("/")
            return {
                "component": [
                    _pressure("8480-6", "Systolic", systolic),
                    _pressure("8462-4", "Diastolic", diastolic),
                ]
            }
    sign = next((sign for sign in _COMPARATORS if cell.startswith(sign)), "")
    amount = quantity(number_element(cell.removeprefix(sign)), unit)
    return {"valueQuantity": {**amount, "comparator": sign} if sign else amount}


def _pressure(loinc: str, which: str, value: str) -> Json:
    return {
        "code": concept((f"loinc {loinc} {which} blood pressure",), f"{which} blood pressure"),
        "valueQuantity": {"value": int(value), "unit": "mmHg", "system": UCUM, "code": "mm[Hg]"},
    }


def _range(measure: Measure, sex: str) -> list[Json]:
    low, high = measure.low.get(sex), measure.high.get(sex)
    limits = {
        **({"low": quantity(low, measure.unit)} if low is not None else {}),
        **({"high": quantity(high, measure.unit)} if high is not None else {}),
    }
    return [limits] if limits else []
