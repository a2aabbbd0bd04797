"""A second, independent judge of the demo's FHIR: `pyrofile` reads each shape of resource the patients have."""

from datetime import date
from typing import Any

from pyrofile_validator import Validator

from cds_service.demo.demo_patients import demo_patients

# The judge's own gaps: its built-in Dosage has no `text` (R4 has), and it has no copy of our Questionnaire.
_ITS_GAPS = ("dosageInstruction[0].text", "dosage[0].text", "QuestionnaireResponse.questionnaire")


def _one_of_each_shape() -> list[dict[str, Any]]:
    """For each type and set of elements one example: the judge takes a twentieth of a second for each."""
    shapes: dict[tuple[str, ...], dict[str, Any]] = {}
    for patient in demo_patients(date(2026, 3, 2)):
        for resource in (*patient.resources, *(draft.resource for draft in patient.drafts)):
            shapes.setdefault((resource["resourceType"], *sorted(resource)), resource)
    return list(shapes.values())


def _errors(resource: dict[str, Any]) -> list[str]:
    found = [i for i in Validator().validate_resource(resource).issues if i.severity.value == "error"]
    return [i.message for i in found if not any(gap in i.message for gap in _ITS_GAPS)]


def test_the_second_judge_finds_no_error_in_any_shape_of_resource() -> None:
    shapes = _one_of_each_shape()
    assert len({shape["resourceType"] for shape in shapes}) >= 15
    assert {str(s["id"]): errors for s in shapes if (errors := _errors(s))} == {}


def test_the_second_judge_does_see_faults() -> None:
    assert _errors({"resourceType": "Observation", "status": "done", "code": {"text": "x"}})
    assert _errors({"resourceType": "Observation", "status": "final", "code": {"text": "x"}, "words": 1})
