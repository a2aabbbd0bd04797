"""A chart for each test at each of some values: a patient on both drugs, with just this result, on two days.

The values of a row stand around the limits that the trial's rules have for it. Read-outs of response are asked
with three counts, of a patient in Week 13 or 25.
"""

from collections.abc import Iterator
from functools import cache
from typing import Any

from tests.same_answers.charts import Chart
from tests.same_answers.code_rows import BASE, SUBJECT

Json = Any
_DAYS = ("2026-02-20T08:00:00+08:00", "2026-02-27T08:00:00+08:00")

_TESTS: tuple[tuple[str, str, tuple[float, ...]], ...] = (
    ("718-7", "g/L", (3, 45, 60, 80, 89, 90, 120, 160)),
    ("777-3", "10*9/L", (0, 5, 9.9, 10, 19, 20, 29, 30, 50, 100, 250)),
    ("751-8", "10*9/L", (0.1, 0.19, 0.2, 0.49, 0.5, 0.99, 1, 1.5, 6)),
    ("770-8", "%", (2, 40)),
    ("6690-2", "10*9/L", (0.3, 2, 7)),
    ("60474-4", "10*9/L", (10, 19, 20, 60, 80)),
    ("4544-3", "%", (12, 24, 45)),
    ("14682-9", "umol/L", (60, 104, 133, 134, 150, 200, 354, 800)),
    ("14937-7", "mmol/L", (5, 20)),
    ("2823-3", "mmol/L", (2.5, 4.2, 5.4, 5.5, 5.9, 6, 7)),
    ("2601-3", "mmol/L", (0.4, 0.59, 0.6, 0.9)),
    ("1742-6", "U/L", (30, 80, 120, 121, 200, 201, 800)),
    ("1920-8", "U/L", (30, 80, 120, 121, 200, 201, 800)),
    ("14631-6", "umol/L", (10, 31.5, 32, 42, 43, 63, 64, 200)),
    ("14647-2", "mmol/L", (5, 7.75, 7.8, 10.4, 13)),
    ("14927-8", "mmol/L", (1, 1.8, 3.42, 3.5, 5.7, 5.8, 12)),
    ("14771-0", "mmol/L", (5, 6.9, 7, 12)),
    ("2890-2", "mg/g", (100, 999, 1000, 2000, 3499, 3500)),
    ("20454-5", "{plus}", (0, 1, 2, 4)),
    ("72676-0", "ng/mL", (0.5, 2, 3.9, 4, 8, 12, 12.1, 15, 15.1, 20, 20.1, 40)),
    ("29247-4", "ng/mL", (2, 8, 21)),
    ("53828-0", "ng/mL", (20, 99, 100, 150, 200, 201, 250, 399, 400, 401, 900)),
    ("3520-4", "ng/mL", (60, 150, 500)),
    ("32997-9", "ng/mL", (900,)),
    ("90737-8", "%", (0.5, 10, 49, 50, 80)),
    ("90736-0", "%", (0.5, 50)),
    ("33662-8", "%", (0.5, 50)),
    ("53831-4", "%", (0.5, 50)),
    ("42595-9", "[IU]/mL", (0, 19, 2000)),
    ("11011-4", "[IU]/mL", (0, 2000)),
    ("20447-9", "{copies}/mL", (0, 2000)),
    ("19080-1", "[IU]/L", (1, 4.9, 5, 24, 25, 3000)),
    ("8310-5", "Cel", (36.8, 37.9, 38, 39.5)),
    ("8480-6", "mm[Hg]", (120, 139, 140, 159, 160, 200)),
    ("8462-4", "mm[Hg]", (80, 89, 90, 99, 100, 120)),
    ("29463-7", "kg", (35, 40, 60, 120)),
    ("8302-2", "cm", (165,)),
    ("89247-1", "{score}", (0, 2, 3, 4)),
)
_WORDED = ("5196-1", "13952-7", "13955-0", "31201-7", "5221-7", "2118-8", "600-7", "82810-3", "63895-7")
_WORDS = ("positive", "negative", "阳性", "阴性", "not detected", "indeterminate")
_COUNTS = ((70, 15, 0.3), (95, 45, 0.8), (105, 110, 1.6), (85, 45, 0.8), (115, 130, 0.4))
_STARTED = {"W13": "2025-12-01", "W25": "2025-09-08"}


@cache
def charts() -> dict[str, Chart]:
    """Every chart by its name: "718-7 45 g/L", "5196-1 positive", "W25 105 110 1.6"."""
    return {**dict(_numbers()), **dict(_words()), **dict(_read_outs())}


def _numbers() -> Iterator[tuple[str, Chart]]:
    for code, unit, values in _TESTS:
        for value in values:
            amount = {"value": value, "unit": unit, "system": "http://unitsofmeasure.org", "code": unit}
            told = [_result(code, day, place, valueQuantity=amount) for place, day in enumerate(_DAYS)]
            yield f"{code} {value} {unit}", Chart((*BASE, *told), source="measured")


def _words() -> Iterator[tuple[str, Chart]]:
    for code in _WORDED:
        for word in _WORDS:
            told = _result(code, _DAYS[1], 0, valueCodeableConcept={"text": word})
            yield f"{code} {word}", Chart((*BASE, told), source="measured")


def _read_outs() -> Iterator[tuple[str, Chart]]:
    for week, start in _STARTED.items():
        for counts in _COUNTS:
            told = [_count(place, value) for place, value in enumerate(counts)]
            begun = tuple(_begun(resource, start) for resource in BASE)
            yield f"{week} {' '.join(map(str, counts))}", Chart((*begun, *told), source="measured")


def _count(place: int, value: float) -> Json:
    code, unit, _ = _TESTS[place]
    amount = {"value": value, "unit": unit, "system": "http://unitsofmeasure.org", "code": unit}
    return _result(code, _DAYS[1], 0, valueQuantity=amount)


def _begun(resource: Json, start: str) -> Json:
    """The same participation or order, from that day on."""
    if "period" in resource:
        return resource | {"period": {"start": start}}
    return resource | {"authoredOn": start} if "authoredOn" in resource else resource


def _result(code: str, day: str, place: int, **value: Json) -> Json:
    told = {"resourceType": "Observation", "id": f"result-{code}-{place}", "status": "final"}
    coded = {"code": {"coding": [{"system": "http://loinc.org", "code": code}]}}
    return told | {"subject": SUBJECT, "effectiveDateTime": day} | coded | value
