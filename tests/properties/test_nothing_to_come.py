"""What a record says of a day to come changes nothing that is said today, whatever kind of fact it is.

A reader drops such a fact (`FUTURE_DATED`); these laws hold of the rules themselves, for each demo patient.
"""

from typing import Any

import pytest
from msgspec.structs import replace

from cds_service.trials.nct06802055.assess import assess, load_protocol
from fhir_mappings.clinical_model.calendar import When
from fhir_mappings.clinical_model.record import ClinicalRecord
from fhir_mappings.clinical_model.results import Analyte
from fhir_mappings.readers.bundle import decode
from fhir_mappings.readers.read_record import read_record
from tests.builders import NOW, result, when
from tests.properties.test_reading import SETTINGS
from tests.scenarios.fhir_charts import as_bytes
from tests.scenarios.visits import PATIENTS

PROTOCOL = load_protocol()
FACTS = (
    "diagnoses",
    "medications",
    "allergies",
    "adverse_events",
    "procedures",
    "studies",
    "consents",
    "attestations",
)
by_patient = pytest.mark.parametrize("patient", sorted(PATIENTS))


def chart(patient: str) -> ClinicalRecord:
    return read_record(
        decode(as_bytes(*PATIENTS[patient].resources)).resources, patient, NOW.instant, SETTINGS
    )


def told(record: ClinicalRecord) -> tuple[Any, ...]:
    found = assess(record, NOW, PROTOCOL)
    return (found.eligibility, found.titration, found.renal, found.safety, found.monitoring, found.response)


def put_off(fact: Any) -> Any:
    """The same fact, of tomorrow."""
    days = {name: when(-1) for name in fact.__struct_fields__ if isinstance(getattr(fact, name), When)}
    return replace(fact, reference=f"{fact.reference}-to-come", **days) if days else None


@by_patient
def test_no_result_of_a_day_to_come_is_used(patient: str) -> None:
    record = chart(patient)
    for number in ("0.01", "9000"):
        for ago in (-1, -20):
            to_come = tuple(result(analyte, number, ago) for analyte in Analyte)
            assert told(replace(record, results=(*record.results, *to_come))) == told(record)


@by_patient
def test_no_other_fact_of_a_day_to_come_is(patient: str) -> None:
    record = chart(patient)
    for facts in FACTS:
        there = getattr(record, facts)
        to_come = tuple(later for fact in there if (later := put_off(fact)))
        assert told(replace(record, **{facts: (*there, *to_come)})) == told(record)


def test_there_is_something_of_each_kind_to_put_off() -> None:
    charts = [chart(patient) for patient in PATIENTS]
    assert [
        facts for facts in FACTS if not any(map(put_off, (f for one in charts for f in getattr(one, facts))))
    ] == []
