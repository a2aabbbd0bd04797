"""The query of each part of a chart, as it is advertised and as it is asked, with a site's stand-in and without."""

import pytest

from cds_service.chart.chart_queries import chart_queries, further_queries, resource_types
from fhir_mappings.clinical_model.known_unknown import Part
from fhir_mappings.readers.reader_settings import StandIn

BY_PATIENT = {
    "conditions": "Condition",
    "observations": "Observation",
    "medicationRequests": "MedicationRequest",
    "medicationDispenses": "MedicationDispense",
    "medicationAdministrations": "MedicationAdministration",
    "medicationStatements": "MedicationStatement",
    "allergies": "AllergyIntolerance",
    "procedures": "Procedure",
    "researchSubjects": "ResearchSubject",
    "attestations": "QuestionnaireResponse",
    "consents": "Consent",
}
ASKED = {
    "patient": "Patient/{{context.patientId}}",
    "adverseEvents": "AdverseEvent?subject=Patient/{{context.patientId}}&_count=1000",
    **{part: f"{kind}?patient={{{{context.patientId}}}}&_count=1000" for part, kind in BY_PATIENT.items()},
}
"""AdverseEvent has no search by `patient` in R4."""


def test_each_part_has_its_query():
    assert {part.value: query for part, query in chart_queries().items()} == ASKED
    assert {part.value: kind for part, kind in resource_types().items()} == {
        "patient": "Patient",
        "adverseEvents": "AdverseEvent",
        **BY_PATIENT,
    }
    assert set(resource_types()) == set(Part)


@pytest.mark.parametrize(
    ("kind", "query"),
    [
        ("Group", "Group?member=Patient/{{context.patientId}}&_count=1000"),
        ("Flag", "Flag?patient={{context.patientId}}&_count=1000"),
        ("CarePlan", "CarePlan?patient={{context.patientId}}&_count=1000"),
    ],
)
def test_what_a_site_has_in_place_of_a_participation_is_asked_for_instead(kind, query):
    found = chart_queries((StandIn(kind, "x"), StandIn(kind, "y")))
    assert {part.value: told for part, told in found.items()} == ASKED | {"researchSubjects": query}


def test_orders_of_tests_may_be_brought_and_are_never_asked_for():
    assert further_queries() == {
        "serviceRequests": "ServiceRequest?patient={{context.patientId}}&_count=1000"
    }
