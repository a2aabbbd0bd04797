"""Reading is independent of the order and the wrapping in which a chart arrives."""

import json
import random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from fhir_mappings.clinical_model.record import ClinicalRecord
from fhir_mappings.readers.bundle import decode, decode_ndjson
from fhir_mappings.readers.read_record import canonical_bytes, read_record
from tests.builders import NOW
from tests.mapping.charts import (
    PATIENT,
    SETTINGS,
    Json,
    administration,
    bundle,
    dispense,
    line,
    order,
    statement,
)

DAILY = {"frequency": 1, "period": 1, "periodUnit": "d"}
CODED_COUNT = {"coding": [{"system": "http://loinc.org", "code": "718-7"}]}


def count(key: str, value: float, day: str, **parts: Any) -> Json:
    """A haemoglobin of one day."""
    base = {
        "resourceType": "Observation",
        "id": key,
        "status": "final",
        "code": CODED_COUNT,
        "subject": PATIENT,
        "effectiveDateTime": day,
        "valueQuantity": {
            "value": value,
            "unit": "g/L",
            "system": "http://unitsofmeasure.org",
            "code": "g/L",
        },
    }
    return base | parts


CHART: list[Json] = [
    {"resourceType": "Patient", "id": "p1", "gender": "female", "birthDate": "1982-05-17"},
    order("sirolimus 1 MG Oral Tablet", line(2, "{pill}", repeat=DAILY), key="m1"),
    order("sirolimus 1 MG Oral Tablet", line(3, "{pill}", repeat=DAILY), key="m2", authoredOn="2026-02-20"),
    order("sirolimus", line(3, repeat=DAILY), key="m2", status="stopped", meta={"versionId": "2"}),
    order(key="m3", medicationCodeableConcept=None, medicationReference={"reference": "Medication/med1"}),
    {"resourceType": "Medication", "id": "med1", "code": {"text": "环孢素软胶囊"}},
    dispense("cyclosporine", key="d1", daysSupply={"value": 30, "unit": "d"}),
    dispense("cyclosporine", key="d2", authorizingPrescription=[{"reference": "MedicationRequest/m3"}]),
    administration("sirolimus", key="a1", dosage={"dose": {"value": 2, "unit": "mg"}}),
    {k: v for k, v in administration("sirolimus").items() if k != "id"},
    {k: v for k, v in administration("cyclosporine").items() if k != "id"},
    statement("voriconazole", key="s1"),
    {"resourceType": "ResearchStudy", "id": "s1", "identifier": [{"value": "NCT06802055"}]},
    {
        "resourceType": "ResearchSubject",
        "id": "r1",
        "status": "on-study",
        "individual": PATIENT,
        "study": {"reference": "ResearchStudy/s1"},
        "assignedArm": "sirolimus",
        "consent": {"reference": "Consent/c1"},
    },
    {
        "resourceType": "Consent",
        "id": "c1",
        "status": "active",
        "patient": PATIENT,
        "dateTime": "2026-02-01",
        "provision": {"type": "permit"},
    },
    {
        "resourceType": "Condition",
        "id": "x1",
        "subject": PATIENT,
        "code": {"coding": [{"system": "http://hl7.org/fhir/sid/icd-10", "code": "D61.3"}]},
        "recordedDate": "2025-01-01",
    },
    count("o1", 84, "2026-02-27"),
    count("o2", 85, "2026-02-27"),
    count("o3", 85, "2026-02-27", status="corrected"),
    count("o4", 60, "2027-02-27"),
    order(key="m9", subject={"reference": "Patient/p2"}),
    order(key="m8", authoredOn="2031-01-01"),
]


def record_of(content: bytes) -> ClinicalRecord:
    decoded = decode(content)
    return read_record(decoded.resources, "p1", NOW.instant, SETTINGS, gaps=decoded.gaps)


def as_bytes(*resources: Json) -> bytes:
    return json.dumps(bundle(*resources)).encode()


WHOLE = record_of(as_bytes(*CHART))


def test_the_chart_of_these_laws_has_something_of_everything() -> None:
    assert len(WHOLE.medications) == 9
    assert [s.arm for s in WHOLE.studies] == ["sirolimus"]
    assert WHOLE.consents[0].for_trial
    assert {g.problem for g in WHOLE.gaps} >= {"WRONG_PATIENT", "FUTURE_DATED"}


@settings(deadline=None, max_examples=60)
@given(st.permutations(CHART))
def test_the_record_is_the_same_for_any_order_of_entries(chart: list[Json]) -> None:
    record = record_of(as_bytes(*chart))
    assert record == WHOLE
    assert canonical_bytes(record) == canonical_bytes(WHOLE)


@settings(deadline=None, max_examples=30)
@given(st.permutations(CHART), st.integers(0, len(CHART)))
def test_the_record_is_the_same_from_any_wrapping(chart: list[Json], cut: int) -> None:
    one, other = decode(as_bytes(*chart[:cut])), decode(as_bytes(*chart[cut:]))
    lines = decode_ndjson("\n".join(json.dumps(resource) for resource in chart).encode())
    nested = decode(as_bytes(bundle(*chart[:cut]), *chart[cut:]))
    for resources in ((*other.resources, *one.resources), lines.resources, nested.resources):
        assert read_record(resources, "p1", NOW.instant, SETTINGS) == WHOLE


@settings(deadline=None, max_examples=30)
@given(st.permutations(CHART), st.randoms(use_true_random=False))
def test_reading_a_resource_twice_changes_nothing(chart: list[Json], chance: random.Random) -> None:
    named = [resource for resource in chart if "id" in resource]
    assert record_of(as_bytes(*chart, *chance.sample(named, 5))) == WHOLE


def elsewhere(value: Any) -> Any:
    """The same JSON with absolute, versioned references."""
    if isinstance(value, dict):
        return {k: spelled(v) if k == "reference" else elsewhere(v) for k, v in value.items()}
    return [elsewhere(v) for v in value] if isinstance(value, list) else value


def spelled(reference: Any) -> Any:
    if isinstance(reference, str):
        return f"https://ehr.example/fhir/{reference}/_history/4"
    return elsewhere(reference)


def test_the_record_is_the_same_however_references_are_spelled() -> None:
    assert record_of(as_bytes(*elsewhere(CHART))) == WHOLE


@pytest.mark.parametrize("kind", ["Encounter", "Claim", "GenomicStudy", "Provenance"])
def test_resources_nobody_reads_change_nothing(kind: str) -> None:
    assert record_of(as_bytes({"resourceType": kind, "id": "z"}, *CHART)) == WHOLE


@settings(deadline=None, max_examples=30)
def bare(record: ClinicalRecord) -> ClinicalRecord:
    """The facts alone, without what could not be read or had."""
    return replace(record, gaps=(), unavailable=frozenset())


@given(st.sampled_from(CHART), st.sampled_from(["meta", "id", "implicitRules", "modifierExtension"]))
def test_one_bad_entry_costs_itself_and_no_other_fact(victim: Json, member: str) -> None:
    spoiled = victim | {"id": "bad"} | {member: [17]}
    record = record_of(as_bytes(*CHART, spoiled))
    assert bare(record) == bare(WHOLE)
    assert len(record.gaps) >= len(WHOLE.gaps)
