"""Sample patients, none with aplastic anaemia: never a card, never a fault, every assessment valid."""

import gzip
import json
import os
from collections import defaultdict
from pathlib import Path

import pytest

from cds_service.rules.as_of import as_of
from cds_service.services.catalogue import catalogue_of
from cds_service.services.chart_file import assessment_of, read_chart
from cds_service.web.wsgi_app import create_app
from cds_service.wiring import build_installation
from fhir_mappings.clinical_model.known_unknown import Part
from tests.answer_validator import schema
from tests.fhir_client.charts import NOW, TYPES
from tests.fhir_client.stub import searchset
from tests.standard.calls import a_call, context_of
from tests.web.doors import OPEN
from tests.web.test_whole_service import SERVICES, settings_for

DATA = Path(__file__).parents[3] / "shared" / "data"
ASSESSMENT = schema("assessment")
EVERY = int(os.environ.get("SAMPLE_EVERY", "40"))  # one patient in so many; SAMPLE_EVERY=1 takes them all

pytestmark = [
    pytest.mark.shared,
    pytest.mark.skipif(not DATA.is_dir(), reason=f"the sample data is not at {DATA}"),
]


def text_of(path: Path) -> bytes:
    return gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()


def owner(resource):
    if resource["resourceType"] == "Patient":
        return resource["id"]
    subject = resource.get("subject") or resource.get("patient") or {}
    return subject.get("reference", "").rpartition("/")[2]


def charts_of(folder):
    """The charts of a bulk export, by patient."""
    charts = defaultdict(list)
    for path in sorted(folder.glob("*.ndjson*")):
        for line in text_of(path).splitlines():
            resource = json.loads(line) if line.strip() else {}
            if resource.get("resourceType") and owner(resource):
                charts[owner(resource)].append(resource)
    return [
        (patient, chart)
        for patient, chart in sorted(charts.items())
        if any(resource["resourceType"] == "Patient" for resource in chart)
    ]


def prefetch_of(chart):
    by_type = defaultdict(list)
    for resource in chart:
        by_type[resource["resourceType"]].append(resource)
    answers = {part.value: searchset(*by_type[TYPES[part]]) for part in Part}
    return answers | {"patient": by_type["Patient"][0]}


@pytest.fixture(scope="module")
def installation():
    return build_installation(settings_for())


@pytest.fixture(scope="module")
def client(installation):
    return create_app(catalogue_of(installation), OPEN, lambda: NOW, 100_000_000, {}).test_client()


def is_no_candidate(installation, text):
    read = read_chart(text)
    assessment = assessment_of(installation, read, read.drafts, as_of(NOW, installation.zone))
    ASSESSMENT.validate(json.loads(json.dumps(assessment)))
    return assessment["eligibility"]["status"] == "not-a-candidate"


@pytest.mark.parametrize("name", ["bulk-export-10", "bulk-export-100", "clinosim-176", "synthea-615"])
def test_no_patient_of_a_bulk_export_gets_a_card_and_every_assessment_is_valid(name, installation, client):
    charts = charts_of(DATA / name)
    assert charts
    for patient, chart in charts[::EVERY]:
        assert is_no_candidate(installation, "\n".join(map(json.dumps, chart)).encode())
        for service, hook in SERVICES.items():
            call = a_call(hook, context=context_of(hook, patientId=patient), prefetch=prefetch_of(chart))
            response = client.post(f"/cds-services/{service}", json=call)
            assert (response.status_code, response.get_json()) == (200, {"cards": []})


@pytest.mark.parametrize("name", ["carebundle", "synthea-615/bundles"])
def test_no_patient_of_a_transaction_bundle_is_a_candidate(name, installation):
    paths = sorted(path for path in (DATA / name).iterdir() if ".json" in path.name)
    assert paths
    for path in paths[:: min(EVERY, len(paths))]:
        assert is_no_candidate(installation, text_of(path))


def test_the_sample_hook_call_is_refused_for_what_it_lacks(client):
    response = client.post(
        "/cds-services/aa-trial-order-sign",
        data=(DATA / "hook-call-190kb.json").read_bytes(),
        content_type="application/json",
    )
    assert response.status_code == 412
    assert "researchSubjects" in response.get_json()["issue"][0]["diagnostics"]
