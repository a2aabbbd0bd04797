"""A second opinion: what our reader accepts, `fhir.resources` (R4B) must accept too.

Where it does not, although a real client sends it, the tolerance has its name and its test below.
"""

import gzip
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fhir.resources.R4B import get_fhir_model_class

from fhir_mappings.readers.bundle import decode, decode_ndjson
from fhir_mappings.readers.patient_match import subject_of
from fhir_mappings.readers.read_record import canonical_bytes, read_record
from tests.builders import NOW
from tests.mapping.charts import SETTINGS, Json, administration, bundle, dispense, line, order, statement
from tests.mapping.test_attestation import listed, response, said
from tests.mapping.test_consent import consent
from tests.mapping.test_research_subject import FLAG, GROUP, PLAN, subject
from tests.properties.test_reading import CHART

SAMPLES = Path(__file__).parents[3] / "shared" / "data"


def judge(resource: Json) -> bool:
    """True when `fhir.resources` takes it for R4B."""
    try:
        get_fhir_model_class(resource["resourceType"]).model_validate(resource)
    except ValueError:
        return False
    return True


def accepted(resource: Json) -> bool:
    """True when our decoding takes it without a gap."""
    return not decode(json.dumps(resource).encode()).gaps


OURS: list[Json] = [
    *CHART,
    dispense("sirolimus", line(2, code="BID"), quantity={"value": 3, "unit": "x"}),
    administration(dosage={"dose": {"value": 2, "unit": "mg"}, "text": "x"}),
    statement("sirolimus", line(2, asNeededBoolean=True), basedOn=[{"reference": "MedicationRequest/m1"}]),
    consent(policy=[{"uri": "urn:x"}], provision={"type": "permit", "data": []}),
    response(*said(I2=True, I8=1)),
    listed(),
    subject(),
    GROUP,
    FLAG,
    PLAN,
]


@pytest.mark.parametrize("resource", OURS, ids=lambda r: f"{r['resourceType']}-{r.get('id', '')}")
def test_what_our_reader_accepts_the_judge_accepts(resource: Json) -> None:
    assert accepted(resource)
    assert judge(_filled(resource)), resource


def _filled(resource: Json) -> Json:
    """With the elements R4 requires and no reader looks at."""
    required: dict[str, Json] = {
        "Consent": {
            "scope": {"text": "research"},
            "category": [{"text": "consent"}],
            "policyRule": {"text": "x"},
        },
        "ResearchStudy": {"status": "active"},
        "ResearchSubject": {"consent": {"reference": "Consent/c1"}},
    }
    return required.get(resource["resourceType"], {}) | resource


# ---------------------------------------------------------------- named tolerances


TOLERATED: dict[str, Json] = {
    "category as an object (official sandbox)": order(category={"text": "inpatient"}),
    "order without status (form half filled)": order(status=None),
    "order without intent (form half filled)": order(intent=None),
    "order without drug (form half filled)": order(medicationCodeableConcept=None),
    "timing unit in words": order(
        "sirolimus", line(2, repeat={"frequency": 1, "period": 1, "periodUnit": "day"})
    ),
    "status of a later FHIR version": statement(status="recorded"),
    "a date that is none": order(authoredOn="last week"),
    "a time without offset": order(authoredOn="2026-02-20T08:00:00"),
}


@pytest.mark.parametrize("name", TOLERATED)
def test_a_named_tolerance_is_read_without_harm(name: str) -> None:
    resource = TOLERATED[name]
    assert accepted(resource)
    found = decode(json.dumps(bundle(resource)).encode()).resources
    record = read_record(found, "p1", NOW.instant, SETTINGS)
    assert canonical_bytes(record)


@pytest.mark.parametrize(
    "name",
    [
        "category as an object (official sandbox)",
        "order without status (form half filled)",
        "order without intent (form half filled)",
        "order without drug (form half filled)",
        "a date that is none",
    ],
)
def test_a_named_tolerance_is_really_one(name: str) -> None:
    assert not judge(TOLERATED[name]), "the judge accepts it: no longer a tolerance"


# ---------------------------------------------------------------- sample data beside the checkout


def samples() -> list[Path]:
    return sorted(
        p for p in SAMPLES.rglob("*") if p.name.endswith((".ndjson.gz", ".ndjson", ".json.gz", ".json"))
    )


def text_of(path: Path) -> bytes:
    return gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()


pytestmark_shared = pytest.mark.skipif(not SAMPLES.is_dir(), reason=f"no sample data at {SAMPLES}")


@pytest.mark.shared
@pytestmark_shared
@pytest.mark.parametrize("path", samples() or [Path("none")], ids=lambda p: f"{p.parent.name}/{p.name}")
def test_every_sample_is_decoded_and_read(path: Path) -> None:
    if path.name in ("log.ndjson", "hook-call-190kb.json"):
        pytest.skip("no FHIR of itself")
    text = text_of(path)[:20_000_000]
    found = decode_ndjson(text) if ".ndjson" in path.name else decode(text)
    assert found.matches
    for patient in first_patients(found.resources):
        canonical_bytes(read_record(found.resources[:3000], patient, NOW.instant, SETTINGS))


def first_patients(resources: Any) -> Iterator[str]:
    """The patients of a few of the resources."""
    for resource in resources[:3000:1000]:
        reference = subject_of(resource)
        if reference and reference.reference:
            yield reference.reference.rsplit(":", 1)[-1].removeprefix("Patient/")


@pytest.mark.shared
@pytestmark_shared
def test_the_measured_hook_call_is_decoded_whole() -> None:
    prefetch = json.loads((SAMPLES / "hook-call-190kb.json").read_bytes())["prefetch"]
    found = [decode(json.dumps(value).encode()) for value in prefetch.values()]
    assert sum(one.matches for one in found) == 300
    assert not any(one.gaps for one in found)
