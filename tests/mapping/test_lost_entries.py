"""What an entry that may not be used still tells of itself: its name, what is written, its day, what it may have been."""

from typing import Any

import pytest

from fhir_mappings.clinical_model.known_unknown import Lost
from tests.mapping.charts import SNOMED, Json, administration, dispense, order, read, statement

CREATININE = {"coding": [{"system": "http://loinc.org", "code": "14682-9", "display": "Creatinine"}]}
HIV = {"coding": [{"system": "http://loinc.org", "code": "5221-7"}], "text": "HIV-1"}
DAY = "2026-02-20"


def lost(resource: Json) -> tuple[Lost, ...]:
    """What is lost with the entry, which names nobody."""
    made = {key: part for key, part in resource.items() if part is not None}
    (gap,) = read(made | {"subject": {"display": "Li"}}).gaps
    assert gap.problem == "SUBJECT_UNRESOLVED"
    return gap.lost


def observation(**parts: Any) -> Json:
    made: Json = {"resourceType": "Observation", "id": "o1", "status": "final", "code": CREATININE}
    return made | {"effectiveDateTime": DAY} | parts


def condition(**parts: Any) -> Json:
    made: Json = {"resourceType": "Condition", "id": "c1", "code": {"text": "aplastic anaemia"}}
    return made | parts


def coded_status(code: str) -> Json:
    system = "http://terminology.hl7.org/CodeSystem/condition-ver-status"
    return {"verificationStatus": {"coding": [{"system": system, "code": code}]}}


MICROMOL = {"value": 180, "unit": "umol/L"}


@pytest.mark.parametrize(
    ("value", "written"),
    [
        ({}, ""),
        ({"valueQuantity": MICROMOL}, "180 umol/L"),
        ({"valueQuantity": {"value": 0, "unit": "umol/L"}}, "0 umol/L"),
        ({"valueQuantity": MICROMOL | {"comparator": "<"}}, "< 180 umol/L"),
        ({"valueQuantity": {"value": 180, "code": "umol/L"}}, "180 umol/L"),
        ({"valueQuantity": {"value": 180, "code": "umol/L", "unit": "micromol/L"}}, "180 micromol/L"),
        ({"valueQuantity": {"unit": "umol/L"}}, ""),
        ({"valueString": "about 180"}, "about 180"),
        ({"valueCodeableConcept": {"text": "raised"}}, "raised"),
        ({"valueCodeableConcept": {"coding": [{"display": "Raised"}]}}, "Raised"),
        ({"valueString": "x" * 81}, "x" * 80),
        (
            {"component": [{"code": CREATININE}, {"code": CREATININE, "valueString": "of a line"}]},
            "of a line",
        ),
    ],
)
def test_a_lost_result_is_told_as_it_is_written(value: Json, written: str) -> None:
    assert lost(observation(**value)) == (
        Lost("Observation", "Creatinine", written, DAY, DAY, analytes=("creatinine",)),
    )


@pytest.mark.parametrize(
    ("dates", "day", "latest"),
    [
        ({}, "", ""),
        ({"effectiveDateTime": DAY}, DAY, DAY),
        ({"effectiveDateTime": "2026-02"}, "2026-02", "2026-02-28"),
        ({"effectiveInstant": "2026-02-20T08:00:00+08:00"}, DAY, DAY),
        ({"effectivePeriod": {"start": "2026-02-18", "end": DAY}}, DAY, DAY),
        ({"effectivePeriod": {"start": "2026-02-18"}}, "2026-02-18", "2026-02-18"),
        ({"issued": "2026-02-21T08:00:00+08:00"}, "2026-02-21", "2026-02-21"),
        ({"effectiveDateTime": DAY, "issued": "2026-02-21T08:00:00+08:00"}, DAY, DAY),
        (
            {"effectiveDateTime": "2926-02-20", "issued": "2026-02-21T08:00:00+08:00"},
            "2026-02-21",
            "2026-02-21",
        ),
        ({"effectiveDateTime": "2926-02-20"}, "2926-02-20", ""),
        ({"effectiveDateTime": "last week"}, "last week", ""),
    ],
)
def test_its_day_is_the_first_that_can_be_believed(dates: Json, day: str, latest: str) -> None:
    (told,) = lost(observation(**({"effectiveDateTime": None} | dates)))
    assert (told.day, told.latest) == (day, latest)


@pytest.mark.parametrize(
    ("resource", "told"),
    [
        (observation(code={"text": "sodium"}), None),
        (observation(code={"text": "肌酐"}), "creatinine"),
        (observation(code=HIV), "hiv_immunoblot"),
        (observation(code={"coding": [{"system": "urn:oid:1.2.3"}]}), ""),
        (observation(code=CREATININE, component=[{"code": HIV}]), "creatinine hiv_immunoblot"),
        (condition(), "aplastic_anaemia.generic"),
        (condition(code={"text": "sprained ankle"}), None),
        (condition(code={"coding": [{"system": SNOMED, "code": "306058006"}]}), "aplastic_anaemia.generic"),
        (condition(**coded_status("refuted")), None),
        (condition(**coded_status("entered-in-error")), None),
        (condition(**coded_status("provisional")), "aplastic_anaemia.generic"),
        (order("sirolimus"), ""),
        (order("sodium chloride"), None),
        (dispense("ciclosporin"), ""),
        (administration("ciclosporin"), ""),
        (statement("sirolimus"), ""),
        *((observation(status=status), None) for status in ("entered-in-error", "cancelled", "registered")),
    ],
)
def test_nothing_is_lost_with_what_names_nothing_that_a_rule_asks_for(
    resource: Json, told: str | None
) -> None:
    named = [" ".join((*one.analytes, *one.concepts)) for one in lost(resource)]
    assert named == ([] if told is None else [told])
