"""One FHIR server with two small charts for the tests that only read; a fresh one for those that write."""

from collections.abc import Iterator
from typing import Any

import pytest

from cds_service.demo.fhir_server import start_fhir_server
from cds_service.demo.loopback import RunningServer


def _observation(number: int, patient: str) -> dict[str, Any]:
    return {
        "resourceType": "Observation",
        "id": f"{patient}-o{number}",
        "status": "final",
        "code": {"coding": [{"system": "http://loinc.org", "code": "718-7"}]},
        "subject": {"reference": f"Patient/{patient}"},
        "effectiveDateTime": f"2026-01-{number + 1:02}T08:00:00+08:00",
        "valueQuantity": {"value": 80 + number, "unit": "g/L"},
    }


def _charts() -> tuple[dict[str, Any], ...]:
    resources: list[dict[str, Any]] = []
    for patient in ("a", "b"):
        subject = {"reference": f"Patient/{patient}"}
        study = {"reference": "ResearchStudy/s"}
        answers = {"questionnaire": "urn:x", "status": "completed", "subject": subject}
        resources += [
            {"resourceType": "Patient", "id": patient},
            *(_observation(number, patient) for number in range(25)),
            {"resourceType": "AdverseEvent", "id": f"{patient}-e", "actuality": "actual", "subject": subject},
            {"resourceType": "QuestionnaireResponse", "id": f"{patient}-q", **answers},
            {
                "resourceType": "ResearchSubject",
                "id": f"{patient}-r",
                "status": "on-study",
                "study": study,
                "individual": subject,
            },
        ]
    return (*resources, {"resourceType": "ResearchStudy", "id": "s", "status": "active"})


@pytest.fixture(scope="package")
def fhir() -> Iterator[RunningServer]:
    """A server that tests only read from."""
    running = start_fhir_server(_charts(), page_ports=(8080,))
    yield running
    running.stop()


@pytest.fixture
def fresh_fhir() -> Iterator[RunningServer]:
    """A server of one's own, to write to."""
    running = start_fhir_server(_charts())
    yield running
    running.stop()
