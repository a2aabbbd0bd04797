"""The demo patients as the tests look at them."""

from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from cds_service.demo.demo_patients import DemoPatient, demo_patients

Json = dict[str, Any]
TODAY = date(2026, 3, 2)
PATIENTS = demo_patients(TODAY)
ENROLLED = [p for p in PATIENTS if p.expects.participation == "enrolled"]
DOSED = [p for p in ENROLLED if p.id != "demo-20"]
by_id = pytest.mark.parametrize("patient", PATIENTS, ids=lambda p: p.id)
SHARED = {"ResearchStudy", "Practitioner", "Medication"}


def of_kind(patient: DemoPatient, kind: str) -> list[Json]:
    return [r for r in patient.resources if r["resourceType"] == kind]


def strings(value: object) -> Iterator[str]:
    if isinstance(value, dict):
        for name, part in value.items():
            if name not in ("birthDate", "boundsPeriod"):
                yield from strings(part)
    elif isinstance(value, list):
        for part in value:
            yield from strings(part)
    elif isinstance(value, str):
        yield value


def days_in(resource: Json) -> Iterator[date]:
    for text in strings({k: v for k, v in resource.items() if k not in ("meta", "id")}):
        if len(text) >= 10 and text[:4].isdigit() and text[4] == text[7] == "-":
            yield date.fromisoformat(text[:10])


def level_of(patient: DemoPatient, loinc: str) -> list[tuple[str, Decimal]]:
    return [
        (o["effectiveDateTime"], Decimal(str(o["valueQuantity"]["value"])))
        for o in of_kind(patient, "Observation")
        if o["code"]["coding"][0]["code"] == loinc
    ]
